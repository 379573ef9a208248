"""One environment from its lock, in steps, each with its proof: installed, files checked, imported, sealed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from greenroom.machine.environments.errors import EnvironmentDamaged, ImportsFailed, InstallFailed
from greenroom.machine.environments.estimating import unpacked_bytes
from greenroom.machine.environments.folder import Degraded, Marker, remove, seal
from greenroom.machine.environments.imports import Importable, try_imports
from greenroom.machine.environments.installer import Patience
from greenroom.machine.environments.lock import python_tag
from greenroom.machine.environments.record import damaged_packages, find_damage, fingerprint, import_names
from greenroom.machine.environments.relocation import replace_in_activation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from greenroom.machine.environments.folder import Environment, Environments
    from greenroom.machine.environments.imports import Unimportable
    from greenroom.machine.environments.installer import Installer
    from greenroom.machine.environments.lock import Lock, Locked
    from greenroom.machine.environments.own_wheel import OwnWheel
    from greenroom.machine.environments.parts import Parts
    from greenroom.machine.environments.record import Damage
    from greenroom.progress import Step

# Wheels above this come after all others: what is wrong with a small one is then known before the long wait.
_LARGE = 20_000_000
_MOST_NAMED = 3
# Everything at once is tried one time: what fails may be a part, and then the others need not wait for it.
_ONCE = Patience(tries=1)


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
            repaired, unimportable = self._prove(place, lock)
            lock, lost = self._without(place, lock, unimportable)
            # Without a part it is another environment, by another name.
            replace_in_activation(place, str(planned), str(self._environments.place(lock.id)))
            self._seal(place, lock, (*self._order.degraded, *failed, *lost))
        except BaseException:
            remove(place)
            raise
        return Built(self._environments.adopt(place, lock.id), repaired)

    def _install(self, place: Path, lock: Lock) -> tuple[Lock, tuple[Degraded, ...]]:
        """Everything at once; where that fails, all that is needed, then part by part what is gained."""
        parts = parts_of(lock)
        try:
            for batch in _batches(lock.packages):
                self._put(place, batch, _ONCE if parts else self._patience)
        except InstallFailed:
            if not parts:
                raise
        else:
            return lock, ()
        for batch in _batches(lock.only("")):
            self._put(place, batch, self._patience)
        failed: list[Degraded] = []
        for part in parts:
            try:
                for batch in _batches(lock.only(part)):
                    self._put(place, batch, self._patience)
            except InstallFailed as error:
                lock = self._drop(place, lock, part)
                failed.append(Degraded(part, error.message))
        return lock, tuple(failed)

    def _put(self, place: Path, packages: Sequence[Locked], patience: Patience, *, anew: bool = False) -> None:
        total = unpacked_bytes(packages)
        stage = f"installing {len(packages)} packages" if len(packages) > 1 else f"installing {packages[0].name}"

        def written(count: int) -> None:
            self._step(stage, min(count, total), total)

        written(0)
        index = self._order.index
        patience.of(lambda: self._installer.install(place, packages, index=index, anew=anew, written=written))

    def _drop(self, place: Path, lock: Lock, part: str) -> Lock:
        """Take out whatever of a part is there."""
        there = {damage.package for damage in find_damage(place, lock.only(part)) if damage.what == "not installed"}
        names = [package.name for package in lock.only(part) if package.name not in there]
        if names:
            self._installer.remove(place, names)
        return lock.without(part)

    def _prove(self, place: Path, lock: Lock) -> tuple[tuple[str, ...], tuple[Unimportable, ...]]:
        """Hash every file of every package while what greenroom asks for is imported.

        A package with a damaged file is installed anew, once, and then everything is looked at again. Gives the
        packages that were, and the modules that do not import.
        """
        damaged, unimportable = self._look(place, lock)
        if not damaged:
            return (), unimportable
        packages = tuple(damaged_packages(damaged))
        again = [package for package in lock.packages if package.name in packages]
        self._put(place, again, self._patience, anew=True)
        left, unimportable = self._look(place, lock)
        if left:
            raise EnvironmentDamaged(
                f"{len(left)} files differ from their RECORD, also after installing their packages again: "
                f"{', '.join(map(str, left[:_MOST_NAMED]))}",
                mend="look at the disk and at the index: greenroom doctor",
            )
        return packages, unimportable

    def _look(self, place: Path, lock: Lock) -> tuple[tuple[Damage, ...], tuple[Unimportable, ...]]:
        packages = [Importable(modules, size) for _, modules, size in self._asked(place, lock)]
        count = sum(len(package.modules) for package in packages)
        stage = f"checking every file of {len(lock.packages)} packages, importing {count} modules"

        def look() -> None:
            self._step(stage, 0, 1)

        look()
        with ThreadPoolExecutor(1, thread_name_prefix="files") as pool:
            files = pool.submit(find_damage, place, lock.packages)
            unimportable = try_imports(place, packages, holding=self._environments.handle, look=look)
            return files.result(), unimportable

    def _asked(self, place: Path, lock: Lock) -> list[tuple[str, tuple[str, ...], int]]:
        """Part, modules and size of each package that greenroom asks for by name; it is those that it imports."""
        asked = {canonicalize_name(Requirement(line).name) for line in self._order.own.requires}
        return [
            (package.part, import_names(place, package.name), package.size or 0)
            for package in lock.packages
            if package.name in asked
        ]

    def _without(
        self, place: Path, lock: Lock, unimportable: Sequence[Unimportable]
    ) -> tuple[Lock, tuple[Degraded, ...]]:
        """The lock less the parts of which a module does not import. Raises ImportsFailed for what is needed."""
        if not unimportable:
            return lock, ()
        part_of = {module: part for part, modules, _ in self._asked(place, lock) for module in modules}
        lost: dict[str, Unimportable] = {}
        for problem in unimportable:
            lost.setdefault(part_of[problem.module], problem)
        if needed := lost.get(""):
            raise ImportsFailed(
                f"{needed.module} does not import: {needed.reason}",
                mend="install what it names; greenroom doctor says what this machine lacks",
            )
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
