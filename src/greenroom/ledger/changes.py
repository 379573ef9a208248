"""A change of several files that is whole or has not begun, at whatever moment its process is killed.

All new contents are written to ``JOURNAL.d/.change`` and flushed; then a list of what goes where is renamed into place,
and with that one rename the change has happened: readers see it through ``overlay`` from then on, and whoever writes
next carries out what is left. Each step of carrying out may be done twice. The list knows what each file held before,
so that nothing written by others in between is ever overwritten.

Writers hold one lock. A record that is one new file of its own needs neither (see ``create``).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from greenroom import locks
from greenroom.errors import GreenroomError, OutputUnwritable, quoted
from greenroom.files import writing_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

T = TypeVar("T")

FOLDER = "JOURNAL.d/.change"
_LIST = "list"
_DONE = "done"  # the list of the last change
_WAIT_S = 30.0
_LOOK_S = 0.01
# Nobody writes one file for so long: what is older was left by a process that died.
_LEFT_S = 3600.0
_CHOSEN_BY = "folder"
# Away and not deleted: an entry that was on its way from one file to another may be nowhere else.
_AS_THEY_ARE = f"move {FOLDER} away to leave all files as they are now; what was to be written lies in it"


class LedgerBusy(GreenroomError):
    """Somebody else was writing the ledger, and was not waited for any longer."""

    code = "ledger-busy"
    retryable = True


class LedgerMoved(GreenroomError):
    """A file is another than it was when the change was worked out; nothing has been changed."""

    code = "ledger-moved"
    retryable = True


class LedgerStuck(GreenroomError):
    """A change was cut off, and somebody has changed one of its files since: it cannot be finished without a person."""

    code = "ledger-stuck"
    exit_code = 2


@dataclass(frozen=True, slots=True)
class _Step:
    """What becomes of a file. before, after: what it holds, as a hash; None where it is not there."""

    path: str
    before: str | None
    after: str | None
    staged: str | None


class Writer:
    """Who holds the lock of a ledger; see ``writing``."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def apply(
        self,
        writes: Mapping[str, bytes],
        deletes: Iterable[str] = (),
        expected: Mapping[str, bytes | None] | None = None,
    ) -> None:
        """Write and delete files, all of them or none. Paths are relative to the root, in posix form.

        expected: what files must hold for the change to be right, None for one that must be absent.
        Raises LedgerMoved, OutputUnwritable.
        """
        for path, data in (expected or {}).items():
            if _hash_of(self.root / path) != (None if data is None else _hash(data)):
                message = f"{quoted(path)} was changed by somebody else meanwhile; nothing was written"
                raise LedgerMoved(message, mend="run it again")
        new = {path: data for path, data in writes.items() if _hash_of(self.root / path) != _hash(data)}
        gone = [path for path in dict.fromkeys(deletes) if path not in writes and (self.root / path).exists()]
        if not (new or gone):
            return
        folder = self.root / FOLDER
        with writing_to(folder, _CHOSEN_BY):
            try:
                steps = [*self._staged(new), *(_Step(path, _hash_of(self.root / path), None, None) for path in gone)]
                _commit(folder, steps)
            except BaseException:
                _clear(folder)
                raise
            _carry_out(self.root, steps)

    def _staged(self, writes: Mapping[str, bytes]) -> Iterator[_Step]:
        folder, token = self.root / FOLDER, secrets.token_hex(8)
        for number, (path, data) in enumerate(writes.items()):
            target = (self.root / path).resolve()
            _check_place(target, folder)
            name = f"{token}-{number}.new"
            _write(folder / name, data)
            if target.exists():
                (folder / name).chmod(target.stat().st_mode & 0o7777)
            yield _Step(path, _hash_of(target), _hash(data), name)


@contextlib.contextmanager
def writing(root: Path, wait_s: float = _WAIT_S) -> Iterator[Writer]:
    """Hold the ledger's lock, an unfinished change carried out first. wait_s: for another writer.

    Raises LedgerBusy, LedgerStuck, OutputUnwritable, and what ``Writer.apply`` raises.
    """
    folder = _folder(root)
    handle = _locked(folder, wait_s)
    try:
        with writing_to(folder, _CHOSEN_BY):
            _finish(root)
        yield Writer(root)
    finally:
        os.close(handle)


def finish(root: Path) -> bool:
    """Carry out a change that was cut off; whether there was one. Raises as ``writing`` does."""
    if not (root / FOLDER / _LIST).exists():
        return False
    with writing(root):
        return True


def overlay(root: Path) -> dict[str, bytes | None]:
    """What files of an unfinished change hold once it is carried out, None for one that goes; empty without one.

    Raises LedgerStuck.
    """
    folder = root / FOLDER
    until = time.monotonic() + _WAIT_S
    while steps := _listed(folder):
        try:
            return {step.path: _to_be(root, step) for step in steps}
        except LedgerStuck:
            # Its writer may live, and have gone on meanwhile.
            if _listed(folder) == steps or time.monotonic() > until:
                raise
    return {}


def steady(root: Path, read: Callable[[], T]) -> T:
    """What ``read`` gives, read again if a change happened in between, so that all of it is from before or after.

    Raises LedgerBusy when changes happen without a pause, and what ``read`` raises.
    """
    until = time.monotonic() + _WAIT_S
    while time.monotonic() < until:
        before = moment(root)
        value = read()
        if moment(root) == before:
            return value
    raise LedgerBusy(f"the ledger in {quoted(root)} changes all the time", mend="run this again later")


def moment(root: Path) -> tuple[tuple[int, int] | None, ...]:
    """Another whenever a change has begun or ended."""
    seen: list[tuple[int, int] | None] = []
    for name in (_LIST, _DONE):
        try:
            about = (root / FOLDER / name).stat()
            seen.append((about.st_ino, about.st_mtime_ns))
        except (FileNotFoundError, NotADirectoryError):
            seen.append(None)
    return tuple(seen)


def create(path: Path, data: bytes) -> None:
    """Make a new file that is whole from the first moment on. Raises FileExistsError, OutputUnwritable."""
    folder = _folder(path.parent.parent)
    staged = folder / f"{secrets.token_hex(8)}.part"
    try:
        with writing_to(path, _CHOSEN_BY):
            _write(staged, data)
            path.parent.mkdir(parents=True, exist_ok=True)
        _link(staged, path)
    finally:
        staged.unlink(missing_ok=True)


def _link(staged: Path, path: Path) -> None:
    try:
        os.link(staged, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if path.exists():
            raise FileExistsError(path) from None
        with writing_to(path, _CHOSEN_BY):
            staged.rename(path)
    _sync_folder(path.parent)


def _folder(root: Path) -> Path:
    """Where changes are prepared; git does not see it."""
    folder = root / FOLDER
    with writing_to(folder, _CHOSEN_BY):
        folder.mkdir(parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    return folder


def _locked(folder: Path, wait_s: float) -> int:
    until = time.monotonic() + wait_s
    while True:
        try:
            return locks.hold(folder / "lock")
        except BlockingIOError as error:
            if time.monotonic() >= until:
                message = f"another process writes the ledger in {quoted(folder.parent.parent)}"
                raise LedgerBusy(message, mend="wait for it, then run this again") from error
            time.sleep(_LOOK_S)
        except OSError as error:
            message = f"{quoted(folder / 'lock')} cannot be locked: {error.strerror or error}"
            raise OutputUnwritable(message, mend=f"choose another {_CHOSEN_BY}, or change its rights") from error


def _commit(folder: Path, steps: list[_Step]) -> None:
    said = [{"path": step.path, "before": step.before, "after": step.after, "staged": step.staged} for step in steps]
    staged = folder / f"{_LIST}.new"
    _write(staged, json.dumps(said, ensure_ascii=False, indent=1).encode("utf-8", "surrogateescape"))
    _sync_folder(folder)
    staged.replace(folder / _LIST)
    _sync_folder(folder)


def _finish(root: Path) -> None:
    """Carry out a change that was cut off, and clear away what was prepared for one that never happened."""
    folder = root / FOLDER
    steps = _listed(folder)
    if steps is not None:
        _carry_out(root, steps)
    _clear(folder)


def _clear(folder: Path) -> None:
    """Remove what was prepared and is not needed. Only one holds the lock, so what ends with .new is nobody else's."""
    if (folder / _LIST).exists():
        return
    for left in folder.iterdir():
        if left.suffix == ".new" or (left.suffix == ".part" and time.time() - left.stat().st_mtime > _LEFT_S):
            left.unlink(missing_ok=True)


def _carry_out(root: Path, steps: list[_Step]) -> None:
    """Put everything in its place. What is there already is left; nobody else's work is overwritten."""
    folder = root / FOLDER
    for step in steps:
        _check_unchanged(root, step)
    for step in steps:
        # What is written goes to where a link leads; of what is deleted the link goes, and nothing that others have.
        target = root / step.path if step.staged is None else (root / step.path).resolve()
        if _hash_of(target) == step.after:
            continue
        if step.staged is None:
            target.unlink(missing_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            (folder / step.staged).replace(target)
    for place in {(root / step.path).resolve().parent for step in steps}:
        if place.is_dir():
            _sync_folder(place)
    (folder / _LIST).replace(folder / _DONE)
    _sync_folder(folder)
    _remove_empty(root, steps)


def _remove_empty(root: Path, steps: list[_Step]) -> None:
    """Folders that hold nothing any more go, as git has it."""
    for step in steps:
        place = (root / step.path).parent
        while step.after is None and place != root and root in place.parents:
            try:
                place.rmdir()
            except OSError:
                break
            place = place.parent


def _to_be(root: Path, step: _Step) -> bytes | None:
    """What a file holds once the change is carried out."""
    _check_unchanged(root, step)
    if step.staged is None:
        return None
    for place in (root / FOLDER / step.staged, root / step.path):
        with contextlib.suppress(FileNotFoundError):
            data = place.read_bytes()
            if _hash(data) == step.after:
                return data
    message = f"a change of the ledger was cut off, and what it writes to {quoted(step.path)} is gone"
    raise LedgerStuck(message, mend=_AS_THEY_ARE)


def _check_unchanged(root: Path, step: _Step) -> None:
    if _hash_of(root / step.path) not in (step.before, step.after):
        message = f"a change of the ledger was cut off, and {quoted(step.path)} is another since"
        mend = f"restore {step.path} as it was, or {_AS_THEY_ARE}"
        raise LedgerStuck(message, mend=mend)


def _listed(folder: Path) -> list[_Step] | None:
    try:
        said: list[dict[str, Any]] = json.loads((folder / _LIST).read_bytes().decode("utf-8", "surrogateescape"))
        return [_Step(**step) for step in said]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError) as error:
        message = f"{quoted(folder / _LIST)} cannot be read"
        raise LedgerStuck(message, mend=f"if your files are as they should be, {_AS_THEY_ARE}") from error


def _check_place(target: Path, folder: Path) -> None:
    """That a staged file can be renamed to its place, before anything has happened."""
    if target.exists() and not target.is_file():
        raise OutputUnwritable(f"{quoted(target)} is no ordinary file", mend="move it away")
    near = next(place for place in target.parents if place.exists())
    if not near.is_dir():
        raise OutputUnwritable(f"{quoted(near)} is no folder", mend="move it away")
    if near.stat().st_dev != folder.stat().st_dev:
        message = f"{quoted(target)} lies on another file system than {quoted(folder)}"
        raise OutputUnwritable(message, mend="keep a ledger on one file system")
    if not os.access(near, os.W_OK | os.X_OK):
        mend = f"choose another {_CHOSEN_BY}, or change its rights"
        raise OutputUnwritable(f"{quoted(near)} may not be written", mend=mend)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError:  # some file systems cannot, and have nothing to flush
        pass
    finally:
        os.close(handle)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _hash_of(path: Path) -> str | None:
    """None for what is no file; what else stands there is found when it is to be replaced."""
    try:
        return _hash(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
