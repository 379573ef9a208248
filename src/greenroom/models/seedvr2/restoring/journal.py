"""What a restoration has finished, in a folder that outlives it: another run goes on behind it.

A part is a stretch of frames in a file, or a folder of pictures, that has its name once it is whole and on disk. What
the parts depend on stands beside them, so that none is taken for another's; and the memory that their plan counted on,
so that the next run plans alike and its pixels are the same, however much memory is free by then.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from greenroom import locks
from greenroom.errors import GreenroomError, InputInvalid, OutputUnwritable, quoted
from greenroom.files import Publication, writing_to
from greenroom.models.seedvr2.planning.plan import Room
from greenroom.models.seedvr2.restoring.identity import differences

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

    from greenroom.models.seedvr2.restoring.parts import Parts

_BOOK = "journal.json"
_LOCK = "lock"
_LAYOUT = 1
_LONGEST_NAME = 240  # bytes, of the 255 that file systems take
# What lies here is ours by its name; anything else is not touched.
_PART = re.compile(r"[0-9]{8}-[0-9]{8}(\.[a-z0-9]+)?")
_UNFINISHED = re.compile(r"\.[0-9a-f]{12}\.part")
_JOINED = re.compile(r"joined\.[a-z0-9]+")


class RestorationRunning(GreenroomError):
    """Another process makes the same file."""

    code = "restoration-running"
    retryable = True
    blameless = True


class PartsDiffer(InputInvalid):
    """What an earlier run finished belongs to another request."""

    code = "parts-differ"


@dataclass(frozen=True, slots=True)
class Begun:
    """How a restoration was begun.

    identity: what its pixels depend on.  room, small: what its plan counted on.  way: what came of it.  shots: first
    frames, and the one behind the last.  notes: sentences on the source and on what happened since.
    """

    identity: Mapping[str, Any]
    room: Room
    small: bool
    way: Mapping[str, Any]
    shots: tuple[int, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Journal:
    """The folder of one result, held by one process.

    >>> with Journal(folder, output) as journal:
    ...     begun = journal.begun(identity)  # None: nothing is here
    ...     journal.begin(Begun(...))
    ...     journal.part(0, 21, ".mp4")  # where a part belongs; it is whole if it is there
    ...     journal.remove()

    Left with an error, the parts stay. Raises RestorationRunning, OutputUnwritable.
    """

    folder: Path
    output: Path
    _handle: int | None = field(default=None, init=False)

    def __enter__(self) -> Self:
        with writing_to(self.folder):
            self._handle = self._hold()
        for entry in self._own(_UNFINISHED, _JOINED):
            _drop(entry)
        return self

    def _hold(self) -> int:
        path = self.folder / _LOCK
        while True:
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                handle = locks.hold(path)
            except BlockingIOError as error:
                raise RestorationRunning(
                    f"another process is making {quoted(self.output)}",
                    mend="wait until it has ended, or choose another output: -o",
                ) from error
            with contextlib.suppress(FileNotFoundError):
                if os.fstat(handle).st_ino == path.stat().st_ino:
                    return handle
            os.close(handle)  # whoever held it has removed it meanwhile

    def begun(self, identity: Mapping[str, Any]) -> Begun | None:
        """What an earlier run of the same request began; None where there is none. Raises PartsDiffer."""
        found = self._read()
        if found is None:
            self._clear()
            return None
        differ = differences(found.identity, identity)
        if differ:
            raise PartsDiffer(
                f"an earlier run of {quoted(self.output)} was another: {', '.join(differ)}",
                mend=f"ask for the same, or throw away its {len(self.parts)} finished parts: --restart",
            )
        return found

    def begin(self, begun: Begun) -> None:
        """Note how it is begun, or goes on. Raises OutputUnwritable."""
        data = {"layout": _LAYOUT, **asdict(begun)}
        with Publication(self.folder) as out:
            out.write(_BOOK, json.dumps(data).encode())

    @property
    def parts(self) -> tuple[Path, ...]:
        """All that are whole."""
        return self._own(_PART)

    def part(self, start: int, stop: int, suffix: str) -> Path:
        """Where the part of the frames from ``start`` until before ``stop`` belongs."""
        return self.folder / f"{start:08d}-{stop:08d}{suffix}"

    def has(self, part: Path, frames: int, parts: Parts) -> bool:
        """Whether a part is there; one that was damaged since is thrown away. frames: that it has to hold."""
        if not part.exists():
            return False
        if parts.frames(part) == frames:
            return True
        _drop(part)
        return False

    def joined(self, suffix: str) -> Path:
        """Where the whole lies until it is published."""
        return self.folder / f"joined{suffix}"

    def restart(self) -> None:
        """Throw away what is finished."""
        self._clear()

    def remove(self) -> None:
        """The result is published: throw away everything, the folder too if nothing else lies there."""
        self._clear()
        (self.folder / _LOCK).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            if error is not None and not self.parts:
                self.remove()
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _read(self) -> Begun | None:
        try:
            data = json.loads((self.folder / _BOOK).read_bytes())
            if data.pop("layout") != _LAYOUT:
                return None
            data["room"] = Room(**data["room"])
            data["shots"], data["notes"] = tuple(data["shots"]), tuple(data["notes"])
            return Begun(**data)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None  # without it nobody knows what the parts are of

    def _clear(self) -> None:
        # The book first: parts without it count for nothing, and a book without its parts would do no harm either.
        with writing_to(self.folder):
            (self.folder / _BOOK).unlink(missing_ok=True)
            for entry in self._own(_PART, _UNFINISHED, _JOINED):
                _drop(entry)

    def _own(self, *shapes: re.Pattern[str]) -> tuple[Path, ...]:
        entries = self.folder.iterdir() if self.folder.is_dir() else ()
        return tuple(sorted(entry for entry in entries if any(shape.fullmatch(entry.name) for shape in shapes)))


def journal_folder(output: Path) -> Path:
    """The hidden folder beside an output in which finished parts wait. Raises OutputUnwritable."""
    if output.is_dir():
        raise OutputUnwritable(f"{quoted(output)} is a folder", mend="name a file")
    name = output.name
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return output.with_name(f".{name}.parts")


def _drop(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink(missing_ok=True)
