"""The folder of environments: which there are, which one is current, and which one was before.

::

    DIR/env-<id>/        an environment; greenroom-environment.json in it says that it is whole
    DIR/env-<id>.new/    one that is being built, or whose building was cut short: never used, thrown away
    DIR/wheels/          greenroom itself, as each environment has it
    DIR/activity/        what installs did, by what was asked for
    DIR/current          a link to the one in use
    DIR/previous         a link to the one before, for undo
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from greenroom.errors import quoted
from greenroom.files import Publication, writing_to
from greenroom.locks import hold
from greenroom.machine.environments import lock as locks
from greenroom.machine.environments.errors import (
    EnvironmentDamaged,
    FolderUnfit,
    LockInvalid,
    NothingToUndo,
)
from greenroom.machine.environments.record import find_damage, fingerprint
from greenroom.machine.environments.started import MARKER, has_started
from greenroom.machine.probes.disks import is_network, mount_of, mounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.machine.environments.lock import Lock
    from greenroom.progress import Step

# The option by which users choose the folder.
CHOSEN_BY = "--into"
_LOCK_FILE = "pylock.toml"
_PREFIX = "env-"
_CURRENT = "current"
_PREVIOUS = "previous"
_ACTIVITY = "activity"
# What a build, or the taking of a damaged environment's place, leaves when it is cut short.
_UNFINISHED = (".new", ".old")
_SCHEMA = 1
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Degraded:
    """A part that was wanted and is not there; all else works. part: an extra of greenroom."""

    part: str
    reason: str


@dataclass(frozen=True, slots=True)
class Marker:
    """What is written into an environment once it is whole.

    request: what was asked for, as one hash.  tag: the Python it is for.  prefix: where it lies.  fingerprint: of its
    files, when all of them had been hashed.  made: seconds of the epoch.  parts: extras of greenroom that are in it.
    degraded: those that were wanted and are not.
    """

    id: str
    request: str
    tag: str
    prefix: str
    fingerprint: str
    made: float
    parts: tuple[str, ...]
    degraded: tuple[Degraded, ...] = ()
    schema: int = _SCHEMA

    @classmethod
    def read(cls, environment: Path) -> Self | None:
        """The marker of an environment; None where there is none, or none that can be understood."""
        try:
            said: dict[str, Any] = json.loads((environment / MARKER).read_text(encoding="utf-8"))
            if said["schema"] != _SCHEMA:
                return None
            degraded = tuple(Degraded(**entry) for entry in said.pop("degraded"))
            return cls(**{**said, "parts": tuple(said["parts"]), "degraded": degraded})
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, environment: Path) -> None:
        """Write it, in one step and flushed to the disk."""
        with Publication(environment, CHOSEN_BY) as out:
            out.write(MARKER, json.dumps(asdict(self), indent=2).encode())


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment that is whole, or was when it was made."""

    path: Path
    marker: Marker
    lock: Lock

    def is_untouched(self) -> bool:
        """Whether sizes and times of all files are those they had when they were hashed."""
        return bool(self.marker.fingerprint) and fingerprint(self.path, self.lock.packages) == self.marker.fingerprint

    def answering(self, request: str) -> Environment:
        """The same, noted as the answer to another request."""
        if self.marker.request == request:
            return self
        marker = replace(self.marker, request=request)
        marker.write(self.path)
        return replace(self, marker=marker)

    def is_sound(self) -> bool:
        """Whether every file has the hash of its RECORD."""
        return not find_damage(self.path, self.lock.packages)

    @property
    def has_started(self) -> bool:
        """Whether something was served from it."""
        return has_started(self.path)


class Environments:
    """The environments of one folder, as long as its lock is held. handle: that lock; None where nothing is changed."""

    def __init__(self, root: Path, handle: int | None) -> None:
        self.root = root
        self.handle = handle
        self.wheels = root / "wheels"

    def get(self, identity: str) -> Environment | None:
        """The environment of this id, if it was made whole."""
        return read_environment(self.root / f"{_PREFIX}{identity}")

    def current(self) -> Environment | None:
        """The one in use."""
        return linked(self.root, _CURRENT)

    def previous(self) -> Environment | None:
        """The one before."""
        return linked(self.root, _PREVIOUS)

    def building(self, identity: str) -> Path:
        """Where the environment of this id is built; nothing is there."""
        place = self.root / f"{_PREFIX}{identity}.new"
        remove(place)
        return place

    def place(self, identity: str) -> Path:
        """Where the environment of this id lies when it is whole."""
        return self.root / f"{_PREFIX}{identity}"

    def adopt(self, built: Path, identity: str) -> Environment:
        """Give a whole environment its name; a damaged one that has the name makes room."""
        place = self.place(identity)
        with writing_to(place, CHOSEN_BY):
            if place.exists():
                old = place.with_name(f"{place.name}.old")
                remove(old)
                place.rename(old)
            built.rename(place)
            sync_folder(self.root)
        remove(place.with_name(f"{place.name}.old"))
        adopted = read_environment(place)
        if adopted is None:
            raise EnvironmentDamaged(
                f"{quoted(place)} lost its marker as it was named", mend="look at the disk: greenroom doctor"
            )
        return adopted

    def switch(self, environment: Environment) -> bool:
        """Make an environment the current one; False when it is."""
        now = self.current()
        if now is not None and now.path.name == environment.path.name:
            return False
        if now is not None:
            self._link(_PREVIOUS, now.path.name)
        self._link(_CURRENT, environment.path.name)
        return True

    def leave(self, environment: Environment) -> None:
        """Make the environment before the current one again, or none, if this one is."""
        now, before = self.current(), self.previous()
        if now is None or now.path.name != environment.path.name:
            return
        if before is None or before.path.name == now.path.name:
            remove(self.root / _CURRENT)
        else:
            self._link(_CURRENT, before.path.name)

    def undo(self) -> Environment:
        """Go back to the environment before; once more goes forward again. Raises NothingToUndo."""
        before, now = check_undo(self.root), self.current()
        if not before.is_sound():
            raise NothingToUndo(
                f"the earlier environment {before.path.name} is damaged, so {_CURRENT} stays as it is",
                mend="install what it held again: greenroom install MODEL",
            )
        self._link(_CURRENT, before.path.name)
        if now is not None:
            self._link(_PREVIOUS, now.path.name)
        return before

    def discard_unfinished(self) -> None:
        """Throw away what was being built when somebody was killed; what was whole and not yet named gets its name."""
        for place in self.root.glob(f"{_PREFIX}*.old"):
            named = place.with_suffix("")
            built = read_environment(place.with_suffix(".new"))
            if not named.exists() and built is not None:
                built.path.rename(named)
            remove(place)
        for place in self.root.glob(f"{_PREFIX}*.new"):
            remove(place)
        for name in (_CURRENT, _PREVIOUS):
            for staged in self.root.glob(f".{name}.*"):
                remove(staged)

    def prune(self) -> tuple[str, ...]:
        """Remove all but the current environment and the one before, once something was served from the current one."""
        now = self.current()
        gone: list[Environment] = []
        if now is not None and now.has_started:
            kept = {environment.path.name for environment in (now, self.previous()) if environment is not None}
            gone = [other for other in all_environments(self.root) if other.path.name not in kept]
        for other in gone:
            remove(other.path)
        self._prune_wheels()
        self._prune_activity()
        return tuple(other.path.name for other in gone)

    def _prune_wheels(self) -> None:
        """Remove greenroom's own wheels but those of environments that are here: a repair needs them."""
        used = {package.sha256[:16] for known in all_environments(self.root) for package in known.lock.packages}
        for place in self.wheels.glob("*"):
            if place.name not in used:
                remove(place)

    def _prune_activity(self) -> None:
        """Remove the logs of what was asked for and is not here any more."""
        used = {activity_of(self.root, known.marker.request) for known in all_environments(self.root)}
        for place in (self.root / _ACTIVITY).glob("*"):
            if place not in used:
                remove(place)

    def _link(self, name: str, target: str) -> None:
        """Point a link elsewhere, in one step."""
        staged = self.root / f".{name}.{secrets.token_hex(4)}"
        with writing_to(self.root / name, CHOSEN_BY):
            staged.symlink_to(target)
            staged.replace(self.root / name)
            sync_folder(self.root)


@contextlib.contextmanager
def opened(root: Path, step: Step) -> Iterator[Environments]:
    """The environments of a folder, which is made; another who installs there is waited for.

    The lock is the system's: it is free as soon as its holder, and the uv or pip that it started, are gone. Raises
    FolderUnfit, OutputUnwritable.
    """
    check_folder(root)
    with writing_to(root, CHOSEN_BY):
        root.mkdir(parents=True, exist_ok=True)
    handle = _hold(root, step)
    try:
        environments = Environments(root.resolve(), handle)
        environments.discard_unfinished()
        yield environments
    finally:
        os.close(handle)


def check_folder(root: Path) -> None:
    """Whether a folder can hold environments. Raises FolderUnfit."""
    there = next(place for place in (root.absolute(), *root.absolute().parents) if place.exists()).resolve()
    mount = mount_of(str(there), mounts(Path("/")))
    if mount is not None and is_network(mount.filesystem):
        raise FolderUnfit(
            f"{quoted(root)} lies on a network file system ({mount.filesystem}): nothing runs well from there",
            mend=f"keep it there packed, and run it from a local disk: --volume {root} --into /opt/greenroom",
        )
    if (root / "pyvenv.cfg").exists():
        raise FolderUnfit(
            f"{quoted(root)} is a virtual environment itself", mend="name a folder that environments may be made in"
        )
    current = root / _CURRENT
    if current.exists() and not current.is_symlink():
        raise FolderUnfit(
            f"{quoted(current)} is no link of greenroom's", mend="name another folder, or move that out of the way"
        )


def check_undo(root: Path) -> Environment:
    """The environment that undo would go back to. Raises NothingToUndo."""
    now, before = linked(root, _CURRENT), linked(root, _PREVIOUS)
    if before is None or (now is not None and before.path.name == now.path.name):
        raise NothingToUndo(f"there is no earlier environment in {quoted(root)}", mend="greenroom install MODEL")
    return before


def activity_of(root: Path, request: str) -> Path:
    """Where the log of installs of one request is, in a folder of environments."""
    return root / _ACTIVITY / request[: locks.ID_LENGTH]


def read_environment(path: Path) -> Environment | None:
    """The environment that lies there; None where nothing whole does."""
    marker = Marker.read(path)
    if marker is None:
        return None
    try:
        return Environment(path, marker, locks.read(path / _LOCK_FILE))
    except LockInvalid:
        return None


def linked(root: Path, name: str) -> Environment | None:
    """The environment that a link leads to."""
    try:
        target = (root / name).readlink()
    except OSError:
        return None
    return read_environment(root / target.name)


def all_environments(root: Path) -> tuple[Environment, ...]:
    """All whole environments of a folder."""
    places = sorted(root.glob(f"{_PREFIX}*")) if root.is_dir() else []
    whole = (read_environment(place) for place in places if place.suffix not in _UNFINISHED)
    return tuple(environment for environment in whole if environment is not None)


def seal(built: Path, lock: Lock, marker: Marker) -> None:
    """Write lock and marker into an environment whose every file was checked: from here on it is whole."""
    with writing_to(built, CHOSEN_BY):
        (built / _LOCK_FILE).write_text(lock.as_toml(), encoding="utf-8")
    marker.write(built)


def remove(place: Path) -> None:
    """Remove a folder, if it is there. Raises OutputUnwritable."""
    with writing_to(place, CHOSEN_BY):
        if place.is_symlink() or place.is_file():
            place.unlink()
        elif place.exists():
            shutil.rmtree(place)


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _hold(root: Path, step: Step) -> int:
    with writing_to(root / ".lock", CHOSEN_BY):
        while True:
            try:
                return hold(root / ".lock")
            except BlockingIOError:
                step(f"waiting for another install in {root}", 0, 0)
                time.sleep(_LOOK_S)
