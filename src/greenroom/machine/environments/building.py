"""One environment from its lock, in steps, each with its proof: installed, files checked, imported, sealed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from greenroom.machine.environments.errors import EnvironmentDamaged, ImportsFailed, InstallFailed
from greenroom.machine.environments.folder import Degraded, Marker, remove, seal
from greenroom.machine.environments.imports import try_imports
from greenroom.machine.environments.lock import python_tag
from greenroom.machine.environments.planning import unpacked_bytes
from greenroom.machine.environments.record import damaged_packages, find_damage, fingerprint, import_names
from greenroom.machine.environments.relocation import replace_in_activation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from greenroom.machine.environments.folder import Environment, Environments
    from greenroom.machine.environments.installer import Installer, Patience
    from greenroom.machine.environments.lock import Lock, Locked
    from greenroom.machine.environments.own_wheel import OwnWheel
    from greenroom.machine.environments.parts import Parts
    from greenroom.progress import Step

# Wheels above this come after all others: what is wrong with a small one is then known before the long wait.
_LARGE = 20_000_000
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Order:
    """What an environment is built for.

    request: what was asked for, as one hash.  index: one more that has some of the packages.  degraded: parts that
    could not even be resolved.
    """

    request: str
    parts: Parts
    own: OwnWheel
    index: str | None = None
    degraded: tuple[Degraded, ...] = ()


@dataclass(frozen=True, slots=True)
class Built:
    """A whole environment under its name. repaired: packages that the installer had left damaged."""

    environment: Environment
    repaired: tuple[str, ...]


class Build:
    """The building of one environment beside the others."""

    def __init__(
        self, order: Order, environments: Environments, installer: Installer, patience: Patience, step: Step
    ) -> None:
        self._order = order
        self._environments = environments
        self._installer = installer
        self._patience = patience
        self._step = step

    def run(self, lock: Lock) -> Built:
        """Build what ``lock`` names.

        Parts that are gained and fail now join those of the order that are degraded.
        Raises InstallFailed, EnvironmentDamaged and ImportsFailed for what is needed; then nothing is left.
        """
        place, planned = self._environments.building(lock.id), self._environments.place(lock.id)
        try:
            self._installer.create(place, planned)
            lock, failed = self._install(place, lock)
            repaired = self._verify(place, lock)
            lock, unimportable = self._import(place, lock)
            # Without a part it is another environment, by another name.
            replace_in_activation(place, str(planned), str(self._environments.place(lock.id)))
            self._seal(place, lock, (*self._order.degraded, *failed, *unimportable))
        except BaseException:
            remove(place)
            raise
        return Built(self._environments.adopt(place, lock.id), repaired)

    def _install(self, place: Path, lock: Lock) -> tuple[Lock, tuple[Degraded, ...]]:
        """Everything that is needed, then part by part what is gained."""
        for batch in _batches(lock.only("")):
            self._put(place, batch)
        failed: list[Degraded] = []
        for part in parts_of(lock):
            try:
                for batch in _batches(lock.only(part)):
                    self._put(place, batch)
            except InstallFailed as error:
                lock = self._drop(place, lock, part)
                failed.append(Degraded(part, error.message))
        return lock, tuple(failed)

    def _put(self, place: Path, packages: Sequence[Locked], *, anew: bool = False) -> None:
        total = unpacked_bytes(packages)
        stage = f"installing {len(packages)} packages" if len(packages) > 1 else f"installing {packages[0].name}"

        def written(count: int) -> None:
            self._step(stage, min(count, total), total)

        written(0)
        index = self._order.index
        self._patience.of(lambda: self._installer.install(place, packages, index=index, anew=anew, written=written))

    def _drop(self, place: Path, lock: Lock, part: str) -> Lock:
        """Take out whatever of a part is there."""
        there = {damage.package for damage in find_damage(place, lock.only(part)) if damage.what == "not installed"}
        names = [package.name for package in lock.only(part) if package.name not in there]
        if names:
            self._installer.remove(place, names)
        return lock.without(part)

    def _verify(self, place: Path, lock: Lock) -> tuple[str, ...]:
        """Every file of every package by its hash; a package with a damaged one is installed anew, once."""
        self._step(f"checking every file of {len(lock.packages)} packages", 0, 1)
        damaged = tuple(damaged_packages(find_damage(place, lock.packages)))
        if damaged:
            self._put(place, [package for package in lock.packages if package.name in damaged], anew=True)
        left = find_damage(place, lock.packages) if damaged else ()
        if left:
            raise EnvironmentDamaged(
                f"{len(left)} files differ from their RECORD, also after installing their packages again: "
                f"{', '.join(map(str, left[:_MOST_NAMED]))}",
                mend="look at the disk and at the index: greenroom doctor",
            )
        return damaged

    def _import(self, place: Path, lock: Lock) -> tuple[Lock, tuple[Degraded, ...]]:
        """What greenroom itself asks for, by module."""
        direct = [package for package in lock.packages if package.name in _asked(self._order.own)]
        names = {package.name: import_names(place, package.name) for package in direct}
        modules = {module: package.part for package in direct for module in names[package.name]}

        def look() -> None:
            self._step(f"importing {len(modules)} modules", 0, 1)

        look()
        failed = try_imports(place, list(names.values()), holding=self._environments.handle, look=look)
        needed = [problem for problem in failed if modules[problem.module] == ""]
        if needed:
            raise ImportsFailed(
                f"{needed[0].module} does not import: {needed[0].reason}",
                mend="install what it names; greenroom doctor says what this machine lacks",
            )
        lost = {modules[problem.module]: problem for problem in reversed(failed)}
        for part in lost:
            lock = self._drop(place, lock, part)
        return lock, tuple(
            Degraded(part, f"{problem.module} does not import: {problem.reason}") for part, problem in lost.items()
        )

    def _seal(self, place: Path, lock: Lock, degraded: tuple[Degraded, ...]) -> None:
        wanted = (*self._order.parts.needs, *self._order.parts.gains)
        lost = {entry.part for entry in degraded}
        marker = Marker(
            id=lock.id,
            request=self._order.request,
            tag=python_tag(),
            prefix=str(self._environments.place(lock.id)),
            fingerprint=fingerprint(place, lock.packages),
            made=time.time(),
            parts=tuple(part for part in wanted if part not in lost),
            degraded=degraded,
        )
        seal(place, lock, marker)


def parts_of(lock: Lock) -> tuple[str, ...]:
    """The parts that are gained, in the order of their names."""
    return tuple(sorted({package.part for package in lock.packages} - {""}))


def _batches(packages: Iterable[Locked]) -> list[list[Locked]]:
    """The small ones, then the large ones."""
    known = list(packages)
    small = [package for package in known if (package.size or 0) <= _LARGE]
    large = [package for package in known if (package.size or 0) > _LARGE]
    return [batch for batch in (small, large) if batch]


def _asked(own: OwnWheel) -> set[str]:
    """The packages that greenroom asks for by name; it is those that it imports."""
    return {canonicalize_name(Requirement(line).name) for line in own.requires}
