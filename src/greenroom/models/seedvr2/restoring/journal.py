"""What a restoration has finished, in a folder that outlives it: another run goes on behind it.

A part is a stretch of frames in a file, or a folder of pictures, that has its name once it is whole and on disk. What
the parts depend on stands beside them, so that none is taken for another's; and their plan, by which the next run goes
on, so that its pixels are the same, however much memory is free by then. Where memory ran out, another plan took its
place for what was not finished: parts say by their names which frames they hold, and need none.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

from greenroom.errors import InputInvalid, OutputUnwritable, quoted
from greenroom.files import writing_to
from greenroom.models.identities import differences
from greenroom.models.journals import BOOK, CannotGoOn, WorkRunning, drop, hold, read_book, short_name, write_book
from greenroom.models.seedvr2.nadit.work import Work
from greenroom.models.seedvr2.planning.plan import Plan
from greenroom.models.seedvr2.planning.way import Way
from greenroom.nn.slices import Slices
from greenroom.words import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from greenroom.models.seedvr2.restoring.parts import Parts
    from greenroom.progress import Step

CHECKING = "looking at what is finished"
_LAYOUT = 2
# What lies here is ours by its name; anything else is not touched.
_PART = re.compile(r"[0-9]{8}-[0-9]{8}(\.[a-z0-9]+)?")
_UNFINISHED = re.compile(r"\.[0-9a-f]{12}\.part")
_JOINED = re.compile(r"joined\.[a-z0-9]+")


class RestorationRunning(WorkRunning):
    """Another process restores to the same file."""

    code = "restoration-running"


class PartsDiffer(CannotGoOn, InputInvalid):
    """What an earlier run finished belongs to another request. reason: what differs."""

    code = "parts-differ"

    def __init__(self, output: Path, differ: Sequence[str], parts: int) -> None:
        self.reason = ", ".join(differ)
        super().__init__(
            f"an earlier run of {quoted(output)} was another: {self.reason}",
            mend=f"ask for the same, or throw away its {counted(parts, 'finished part')}: --restart",
        )


@dataclass(frozen=True, slots=True)
class Begun:
    """How a restoration was begun.

    identity: what its pixels depend on.  plan: of what is not finished; small: of less memory than there was.  shots:
    first frames, and the one behind the last.  damaged: whether frames of a source that breaks off were to be kept.
    notes: sentences on the source and on what happened since.  published: how many parts became a result, and its
    bytes; None before that.
    """

    identity: Mapping[str, Any]
    plan: Plan
    small: bool
    shots: tuple[int, ...]
    damaged: str = "refuse"
    notes: tuple[str, ...] = ()
    published: tuple[int, int] | None = None


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
        with writing_to(self.folder), contextlib.ExitStack() as held:
            try:
                handle = hold(self.folder)
            except BlockingIOError as error:
                raise RestorationRunning.at(self.output) from error
            held.callback(os.close, handle)
            for entry in self._own(_UNFINISHED, _JOINED):
                _drop(entry)
            held.pop_all()
        self._handle = handle
        return self

    def begun(self, identity: Mapping[str, Any]) -> Begun | None:
        """What an earlier run of the same request began; None where there is none. Raises PartsDiffer."""
        found = self._read()
        differ = () if found is None else differences(found.identity, identity)
        if found is None or (differ and found.published):  # what was published waits for nobody
            self._clear()
            return None
        if differ:
            raise PartsDiffer(self.output, differ, len(self.parts))
        return found

    def begin(self, begun: Begun) -> None:
        """Note how it is begun, or goes on. Raises OutputUnwritable."""
        write_book(self.folder, _LAYOUT, asdict(begun))

    @property
    def parts(self) -> tuple[Path, ...]:
        """All that are whole."""
        return self._own(_PART)

    def part(self, start: int, stop: int, suffix: str) -> Path:
        """Where the part of the frames from ``start`` until before ``stop`` belongs."""
        return self.folder / f"{start:08d}-{stop:08d}{suffix}"

    def finished(self, parts: Parts, frames: int, step: Step) -> tuple[tuple[int, int], ...]:
        """The frames that are there, in order, each part's first and the first behind it.

        Parts that were damaged since, and those that no clip of so many frames has, are thrown away. Raises
        OutputUnwritable, and what ``step`` raises.
        """
        found: list[tuple[int, int]] = []
        for number, part in enumerate(self.parts):
            step(CHECKING, number, len(self.parts))
            start, stop = places = _frames_of(part)
            in_order = (found[-1][1] if found else 0) <= start < stop <= frames
            if in_order and part == self.part(start, stop, parts.suffix) and parts.frames(part) == stop - start:
                found.append(places)
                continue
            with writing_to(part):
                _drop(part)
        return tuple(found)

    def joined(self, suffix: str) -> Path:
        """Where the whole lies until it is published."""
        return self.folder / f"joined{suffix}"

    def restart(self) -> None:
        """Throw away what is finished."""
        self._clear()

    def published(self, begun: Begun, parts: int, size: int) -> None:
        """The result is there: throw away everything. A run that is killed meanwhile leaves a note of that.

        parts: how many it was made of.  size: in bytes. Raises OutputUnwritable.
        """
        self.begin(replace(begun, published=(parts, size)))
        with writing_to(self.folder):
            for entry in self._own(_PART, _UNFINISHED, _JOINED):
                _drop(entry)
        self.remove()

    def remove(self) -> None:
        """Throw away everything, the folder too if nothing else lies there. Raises OutputUnwritable."""
        self._clear()
        drop(self.folder)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is not None and not self.parts and not self._is_published():
                with contextlib.suppress(OSError, OutputUnwritable):  # what ended it is to be said, and not this
                    self.remove()
        finally:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None

    def _is_published(self) -> bool:
        found = self._read()
        return found is not None and found.published is not None

    def _read(self) -> Begun | None:
        data = read_book(self.folder, _LAYOUT)
        if data is None:
            return None
        try:
            data["plan"] = _plan(data["plan"])
            data |= {name: tuple(data[name]) for name in ("shots", "notes", "published") if data[name] is not None}
            return Begun(**data)
        except (ValueError, TypeError, KeyError, AttributeError):
            return None  # without it nobody knows what the parts are of

    def _clear(self) -> None:
        # The book first: parts without it count for nothing, and a book without its parts would do no harm either.
        with writing_to(self.folder):
            (self.folder / BOOK).unlink(missing_ok=True)
            for entry in self._own(_PART, _UNFINISHED, _JOINED):
                _drop(entry)

    def _own(self, *shapes: re.Pattern[str]) -> tuple[Path, ...]:
        entries = self.folder.iterdir() if self.folder.is_dir() else ()
        return tuple(sorted(entry for entry in entries if any(shape.fullmatch(entry.name) for shape in shapes)))


def journal_folder(output: Path) -> Path:
    """The hidden folder beside an output in which finished parts wait. Raises OutputUnwritable."""
    if output.is_dir():
        raise OutputUnwritable(f"{quoted(output)} is a folder", mend="name a file")
    return output.with_name(f".{short_name(output)}.parts")


def _plan(data: Mapping[str, Any]) -> Plan:
    """A plan as JSON holds it."""
    way = data["way"]
    cuts = {name: Slices(**way[name]) for name in ("encode", "decode")}
    return Plan(**{**data, "way": Way(**{**way, **cuts, "work": Work(**way["work"])}), "notes": tuple(data["notes"])})


def _frames_of(part: Path) -> tuple[int, int]:
    start, stop = part.stem.split("-")
    return int(start), int(stop)


def _drop(entry: Path) -> None:
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry)
    else:
        entry.unlink(missing_ok=True)
