"""What is asked for, and the lock that answers it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from greenroom.errors import FileUnreadable, quoted
from greenroom.machine.environments import lock as locks
from greenroom.machine.environments.errors import RequirementsUnresolved
from greenroom.machine.environments.folder import Degraded
from greenroom.machine.environments.index_settings import fingerprint
from greenroom.machine.environments.installer import PATIENCE, Patience, Question
from greenroom.machine.environments.lock import Lock, Locked, python_tag
from greenroom.machine.environments.own_wheel import requirement
from greenroom.machine.torch_build import CPU

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from greenroom.machine.environments.installer import Installer
    from greenroom.machine.environments.own_wheel import OwnWheel
    from greenroom.machine.environments.parts import Parts
    from greenroom.machine.torch_build import TorchBuild


# All parts at once are asked for one time: what fails may be one part, and then the others need not wait for it.
_ONCE = Patience(tries=1)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for.

    constraints: files of them, as pip takes.  torch: the build that this machine runs best, where torch is needed.
    lock: a pylock.toml of the user's own, instead of resolving.
    """

    parts: Parts
    own: OwnWheel
    constraints: tuple[Path, ...] = ()
    torch: TorchBuild | None = None
    lock: Path | None = None

    @property
    def key(self) -> str:
        """The same for the same request, with the same greenroom, Python and indexes. Raises FileUnreadable."""
        torch = [self.torch.requirement, self.torch.index] if self.torch else None
        files = [_text(path) for path in (*self.constraints, *([self.lock] if self.lock else []))]
        said = [python_tag(), self.parts.needs, self.parts.gains, self.own.sha256, files, torch, fingerprint()]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Resolved:
    """A lock, the parts that do not fit into it, and what else is not as it was asked for.

    index: one more that was asked, and that has some of the packages.
    """

    lock: Lock
    index: str | None = None
    degraded: tuple[Degraded, ...] = ()
    warnings: tuple[str, ...] = ()


def pins_torch(constraints: Iterable[Path]) -> bool:
    """Whether constraints say which torch is wanted. Raises FileUnreadable."""
    return any(re.match(r"torch\s*[=<>!~@]", line) for path in constraints for line in _text(path).splitlines())


def resolve(
    request: Request, wheel: Path, installer: Installer, known: Lock | None, patience: Patience = PATIENCE
) -> Resolved:
    """The lock that answers a request: one set of releases for what is needed and what is gained.

    Where none fits all of it, what is needed comes first, then part by part what is gained, changing nothing of it.
    wheel: greenroom's own.  known: an earlier lock, whose releases stay where they fit.  Raises RequirementsUnresolved,
    LockInvalid.
    """
    if request.lock is not None:
        own = Locked("greenroom", request.own.version, wheel.as_uri(), request.own.sha256)
        given = locks.read(request.lock, by_url=True).packages
        return Resolved(Lock.of([*(package for package in given if package.name != own.name), own]))
    if request.parts.gains:
        with contextlib.suppress(RequirementsUnresolved):
            return _together(request, wheel, installer, known)
    return _one_by_one(request, wheel, installer, known, patience)


def _together(request: Request, wheel: Path, installer: Installer, known: Lock | None) -> Resolved:
    """All parts at once; then which part each package came with, of which no index need be asked."""
    needs, gains = request.parts.needs, request.parts.gains
    question = Question((requirement(wheel, (*needs, *gains)),), request.constraints, known=known)
    lock, question, warnings = _with_torch(question, request.torch, installer, _ONCE)
    settled = replace(question, pins=_pins(lock), known=None, settled=True)
    parted = Lock(())
    for number, part in enumerate(("", *gains[:-1])):
        extras = requirement(wheel, (*needs, *gains[:number]))
        of_part = installer.resolve(replace(settled, requirements=(extras, *question.requirements[1:])))
        names = {package.name for package in of_part.packages}
        parted = parted.with_part(part, (package for package in lock.packages if package.name in names))
    return Resolved(parted.with_part(gains[-1], lock.packages), question.index, (), warnings)


def _one_by_one(
    request: Request, wheel: Path, installer: Installer, known: Lock | None, patience: Patience
) -> Resolved:
    """What is needed, then each part that is gained, with the releases that are there already."""
    kept = request.parts.needs
    question = Question((requirement(wheel, kept),), request.constraints, known=known)
    lock, question, warnings = _with_torch(question, request.torch, installer, patience)
    degraded: list[Degraded] = []
    for part in request.parts.gains:
        wanted = (requirement(wheel, (*kept, part)), *question.requirements[1:])
        more = replace(question, requirements=wanted, pins=_pins(lock))
        try:
            lock = lock.with_part(part, patience.of(partial(installer.resolve, more)).packages)
        except RequirementsUnresolved as error:
            degraded.append(Degraded(part, error.message))
        else:
            kept = (*kept, part)
    return Resolved(lock, question.index, tuple(degraded), warnings)


def _pins(lock: Lock) -> tuple[str, ...]:
    return tuple(package.pin for package in lock.packages if package.name != "greenroom")


def _with_torch(
    question: Question, torch: TorchBuild | None, installer: Installer, patience: Patience
) -> tuple[Lock, Question, tuple[str, ...]]:
    """A lock with the torch that fits this machine, what was asked at last, and warnings.

    Where no GPU is, any build runs: then one of the usual index will do.
    """
    if torch is None:
        return patience.of(lambda: installer.resolve(question)), question, ()
    fitting = replace(question, requirements=(*question.requirements, torch.requirement), index=torch.index)
    if torch.cuda != CPU:
        return patience.of(lambda: installer.resolve(fitting)), fitting, ()
    try:
        return installer.resolve(fitting), fitting, ()
    except RequirementsUnresolved as error:
        lock = patience.of(lambda: installer.resolve(question))
        warning = f"torch is the usual build, which is larger, and not the one for the CPU: {error.message}"
        return lock, question, (warning,)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(f"{quoted(path)} cannot be read", mend="check the path and its rights") from error
