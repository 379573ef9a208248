"""``greenroom install``: from what was asked for to an environment that is current, with a proof after every step."""

from __future__ import annotations

import contextlib
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from greenroom.errors import OutputUnwritable
from greenroom.leases import LeaseLost
from greenroom.machine.environments.building import Build, Built, Order
from greenroom.machine.environments.errors import PackDamaged
from greenroom.machine.environments.folder import all_environments, check_folder, linked, opened
from greenroom.machine.environments.installer import PATIENCE, Patience, find_installer
from greenroom.machine.environments.planning import check_room, plan, with_sizes
from greenroom.machine.environments.request import resolve

if TYPE_CHECKING:
    from greenroom.errors import GreenroomError
    from greenroom.machine.environments.folder import Degraded, Environment, Environments
    from greenroom.machine.environments.installer import Installer
    from greenroom.machine.environments.planning import Plan
    from greenroom.machine.environments.request import Request, Resolved
    from greenroom.machine.environments.volume import Volume
    from greenroom.progress import Step

Outcome = Literal["kept", "built", "unpacked"]


@dataclass(frozen=True, slots=True)
class Options:
    """How to install.

    volume: where many machines share packed environments.  upgrade: resolve anew, though what was asked for
    is here.  verify: hash every file of what is here, and not only look at sizes and times.  prefer: uv or pip.
    """

    volume: Volume | None = None
    upgrade: bool = False
    verify: bool = False
    prefer: str | None = None
    patience: Patience = PATIENCE


@dataclass(frozen=True, slots=True)
class Installed:
    """What an install came to.

    outcome: kept as it was here, built, or unpacked from the volume.  command: what users run.  repaired: packages that
    the installer left damaged.  degraded: parts that were wanted and are not there.  removed: older environments.
    """

    environment: str
    folder: Path
    command: Path
    outcome: Outcome
    packages: int
    repaired: tuple[str, ...]
    degraded: tuple[Degraded, ...]
    removed: tuple[str, ...]
    warnings: tuple[str, ...]
    seconds: float


def install(request: Request, root: Path, step: Step, options: Options = Options()) -> Installed:
    """Make the environment that was asked for the current one of ``root``. What works is kept.

    Raises FolderUnfit, DiskShort, InstallerMissing, RequirementsUnresolved, InstallFailed, EnvironmentDamaged,
    ImportsFailed, LockInvalid, OutputUnwritable; the environment that was current then still is.
    """
    begun = time.monotonic()
    key = request.key
    with opened(root, step) as environments:
        work = _Install(request, key, environments, step, options)
        here = None if options.upgrade else work.what_is_here()
        result = work.with_volume(options.volume, here) if options.volume else here or work.build()
        environments.switch(result.environment)
        return Installed(
            environment=result.environment.marker.id,
            folder=result.environment.path,
            command=environments.root / "current" / "bin" / "greenroom",
            outcome=result.outcome,
            packages=len(result.environment.lock.packages),
            repaired=result.repaired,
            degraded=result.environment.marker.degraded,
            removed=environments.prune(),
            warnings=result.warnings,
            seconds=time.monotonic() - begun,
        )


def plan_install(request: Request, root: Path, options: Options = Options()) -> Plan:
    """What ``install`` would do and take; nothing is written there."""
    check_folder(root)
    installer = find_installer(None, prefer=options.prefer)
    current = linked(root, "current")
    known = None if options.upgrade or current is None else current.lock
    with tempfile.TemporaryDirectory(prefix="greenroom-wheel-") as folder:
        resolved = resolve(request, request.own.write(Path(folder)), installer, known, options.patience)
        planned = plan(with_sizes(resolved.lock), installer, root, all_environments(root))
        return replace(planned, degraded=resolved.degraded, warnings=resolved.warnings)


@dataclass(frozen=True, slots=True)
class _Result:
    environment: Environment
    outcome: Outcome
    repaired: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def _not_packed(result: _Result, error: GreenroomError) -> _Result:
    return replace(result, warnings=(*result.warnings, f"nothing was packed for others: {error.message}"))


@dataclass(frozen=True, slots=True)
class _Install:
    """One run of install, while the folder's lock is held."""

    request: Request
    key: str
    environments: Environments
    step: Step
    options: Options

    def what_is_here(self) -> _Result | None:
        """The current environment, or another here, if it is what was asked for and nobody touched it."""
        current = self.environments.current()
        others = reversed(all_environments(self.environments.root))
        for environment in (*([current] if current else []), *others):
            if environment.marker.request == self.key and self._is_sound(environment):
                return _Result(environment, "kept")
        return None

    def build(self) -> _Result:
        """Resolve, plan, build."""
        installer = find_installer(self.environments.handle, prefer=self.options.prefer)
        resolved = self._resolve(installer)
        same = self.environments.get(resolved.lock.id)
        if same is not None and not same.marker.degraded and self._is_sound(same):
            return _Result(same.answering(self.key), "kept", warnings=resolved.warnings)
        check_room(plan(resolved.lock, installer, self.environments.root, all_environments(self.environments.root)))
        built = self._built(installer, resolved)
        return _Result(built.environment, "built", built.repaired, resolved.warnings)

    def with_volume(self, volume: Volume, here: _Result | None) -> _Result:
        """Unpack what another machine packed; or have it, or build it here, and pack it for the others."""
        volume.check_usable()
        if result := self._packed(volume, here):
            return result
        with contextlib.ExitStack() as stack:
            try:
                held = stack.enter_context(volume.claim(self.key, self.step))
            except OutputUnwritable as error:  # a volume that is read-only serves what it has
                return _not_packed(here or self.build(), error)
            # Whoever was waited for has packed it.
            if result := self._packed(volume, here):
                return result
            result = here or self.build()
            try:
                volume.add(result.environment, self.key, held, self.step)
            except (OutputUnwritable, LeaseLost) as error:  # what is here works all the same
                return _not_packed(result, error)
            return result

    def _packed(self, volume: Volume, here: _Result | None) -> _Result | None:
        """What is here, or else on the volume, if the volume has it too; None where it does not."""
        packed = None if self.options.upgrade else volume.find(self.key)
        if packed is None or here is not None:
            return here if packed else None
        try:
            return _Result(volume.unpack(packed, self.key, self.environments, self.step), "unpacked")
        except PackDamaged:
            return None

    def _resolve(self, installer: Installer) -> Resolved:
        self.step("resolving", 0, 1)
        current = None if self.options.upgrade else self.environments.current()
        wheel = self.request.own.write(self.environments.wheels)
        known = current.lock if current else None
        resolved = resolve(self.request, wheel, installer, known, self.options.patience)
        return replace(resolved, lock=with_sizes(resolved.lock))

    def _built(self, installer: Installer, resolved: Resolved) -> Built:
        order = Order(self.key, self.request.parts, self.request.own, resolved.index, resolved.degraded)
        return Build(order, self.environments, installer, self.options.patience, self.step).run(resolved.lock)

    def _is_sound(self, environment: Environment) -> bool:
        return environment.is_untouched() and (not self.options.verify or environment.is_sound())
