"""``greenroom install``: from what was asked for to an environment that is current, with a proof after every step."""

from __future__ import annotations

import contextlib
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.errors import Cancelled
from greenroom.machine.environments.errors import EnvironmentDamaged
from greenroom.machine.environments.estimating import estimate, with_sizes
from greenroom.machine.environments.folder import (
    Environments,
    all_environments,
    check_folder,
    linked,
    opened,
)
from greenroom.machine.environments.installer import find_installer
from greenroom.machine.environments.installing import Installation
from greenroom.machine.environments.options import USUAL
from greenroom.machine.environments.request import resolve
from greenroom.plan.place import Place
from greenroom.plan.running import run

if TYPE_CHECKING:
    from greenroom.machine.environments.estimating import Estimate
    from greenroom.machine.environments.folder import Degraded
    from greenroom.machine.environments.installing import Outcome
    from greenroom.machine.environments.options import Options
    from greenroom.machine.environments.request import Request
    from greenroom.plan.plan import Plan
    from greenroom.progress import Step


@dataclass(frozen=True, slots=True)
class Installed:
    """What an install came to.

    outcome: kept as it was here, built, or unpacked from the volume.  command: what users run.  repaired: packages that
    the installer left damaged.  degraded: parts that were wanted and are not there.  removed: older environments.
    activity: the folder of its log.
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
    activity: Path
    seconds: float


def install(request: Request, root: Path, step: Step, options: Options = USUAL) -> Installed:
    """Make the environment that was asked for the current one of ``root``. What works is kept.

    Killed, the next install of the same goes on from the phase in which it was. Raises FolderUnfit, DiskShort,
    InstallerMissing, RequirementsUnresolved, InstallFailed, EnvironmentDamaged, ImportsFailed, LockInvalid,
    ExtraMissing, OutputUnwritable, Cancelled; the environment that was current then still is.
    """
    begun = time.monotonic()
    if options.volume:
        options.volume.check_usable()
    with opened(root, step) as environments, contextlib.ExitStack() as claims:
        work = Installation(request, environments, options, claims)
        work.look()
        _run(work, step)
        environment = work.environment
        assert environment is not None, "a plan that is done has switched to one"  # noqa: S101 - the last phase saw it
        return Installed(
            environment=environment.marker.id,
            folder=environment.path,
            command=environments.root / "current" / "bin" / "greenroom",
            outcome=work.outcome,
            packages=len(environment.lock.packages),
            repaired=work.repaired,
            degraded=environment.marker.degraded,
            removed=environments.prune(),
            warnings=(*work.warnings, *([work.not_shared] if work.not_shared else [])),
            activity=work.activity,
            seconds=time.monotonic() - begun,
        )


def _run(work: Installation, step: Step) -> None:
    """Run its plan, and forget what it had resolved once that is built, or did not do. Raises what ended it."""
    ran = run(work.plan(), Place(work.environments.root, work.activity, is_held=True), jobs=1, step=step)
    if ran.outcome == "stopped":
        raise Cancelled
    # A release that could not be had may have been withdrawn: the next install asks again.
    work.resolution.forget()
    if not ran.ok:
        said = "; ".join(finding.message for finding in ran.findings)
        raise work.calls.error or EnvironmentDamaged(said, mend="look at the disk: greenroom doctor")


def estimate_install(request: Request, root: Path, options: Options = USUAL) -> Estimate:
    """What ``install`` would take; nothing is written there. Raises what it raises before a byte moves."""
    check_folder(root)
    installer = find_installer(None, prefer=options.prefer)
    current = linked(root, "current")
    known = None if options.upgrade or current is None else current.lock
    with tempfile.TemporaryDirectory(prefix="greenroom-wheel-") as folder:
        resolved = resolve(request, request.own.write(Path(folder)), installer, known, options.patience)
        estimated = estimate(with_sizes(resolved.lock), installer, root, all_environments(root))
        return replace(estimated, degraded=resolved.degraded, warnings=resolved.warnings)


def plan_install(request: Request, root: Path, options: Options = USUAL) -> Plan:
    """What ``install`` would do, phase by phase; to be shown, and not to be run."""
    with contextlib.ExitStack() as claims:
        return Installation(request, Environments(root, None), options, claims).plan()
