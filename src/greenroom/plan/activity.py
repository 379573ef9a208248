"""The activity log: what was done with a plan, a line a step, on disk before the step is taken and after it.

``[time] phase-N verb detail`` in ``YYYY-MM-DD.log``, lines only added. The log is all that a later run knows: what it
finds under way there had been begun and not ended. Of the verbs, start, done and skip speak for themselves; verify-fail
says that a phase is not done (yet), undo that one is being taken back (``begun``), was (``ok``) or could not be
(``failed``).
"""

from __future__ import annotations

import os
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, Self, get_args

from greenroom.errors import FileUnreadable, quoted
from greenroom.files import writing_to
from greenroom.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path, PurePath
    from types import TracebackType

Verb = Literal["start", "verify-ok", "verify-fail", "done", "undo", "skip"]
State = Literal["waiting", "under way", "failed", "verified", "done", "skipped", "undoing"]
# Phases in these states left something that is the plan's own, to be taken back.
OURS: frozenset[State] = frozenset({"under way", "failed", "verified", "done", "undoing"})
DONE: frozenset[State] = frozenset({"verified", "done"})
_LINE = re.compile(rf"\[([^\]\n]+)\] phase-([0-9]{{1,6}}) ({'|'.join(get_args(Verb))})(?: (.*))?")
_MARK = re.compile(r"\b[0-9a-f]{8}\b")
# Ends a line that a crash cut off; the control character "cancel: what stands before is in error". No detail holds one.
_CANCEL = "\x18"
_LONGEST_DETAIL = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the log. line: its number in file."""

    time: str
    phase: int
    verb: Verb
    detail: str
    file: PurePath
    line: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a phase is. mark: of the undo that was its own when it began.  order: later for what happened later.

    since: when it came to this, as the log says it.  detail: what the log said last.
    """

    state: State = "waiting"
    mark: str = ""
    order: int = 0
    since: str = ""
    detail: str = ""

    def is_of_another(self, mark: str) -> bool:
        """Whether it is of a phase that had this number and another undo: nobody can take that one back."""
        return self.state in OURS and self.mark not in ("", mark)

    def after(self, entry: Entry, order: int) -> Standing:
        """The standing after one more line."""
        state, mark = self.state, self.mark
        match entry.verb:
            case "start":
                found = _MARK.match(entry.detail)
                state, mark = "under way", found[0] if found else ""
            case "verify-ok" if state in ("under way", "failed"):
                state = "verified"
            case "verify-fail" if state in ("under way", "verified"):
                state = "failed"
            case "done":
                state = "done"
            case "skip":
                state = "done" if state in OURS else "skipped"
            case "undo":
                # A log that another tool wrote has one line for it, when it was done.
                state = "undoing" if entry.detail.startswith(("begun", "failed")) else "waiting"
        changed = state != self.state or entry.verb == "start"
        return Standing(
            state, mark, order if changed else self.order, entry.time if changed else self.since, entry.detail
        )


def one_line(detail: str) -> str:
    """A detail as it stands in the log: without control characters, and cut."""
    shown = " ".join("".join(letter if letter.isprintable() else " " for letter in detail).split())
    return shown if len(shown) <= _LONGEST_DETAIL else f"{shown[: _LONGEST_DETAIL - 1]}…"


def entries(folder: Path) -> Iterator[Entry]:
    """The lines of all days, in order. What is no such line, or was cut off by a crash, is passed over.

    Raises FileUnreadable.
    """
    for path in _days(folder):
        try:
            text = path.read_bytes().decode(errors="replace")
        except OSError as error:
            message = f"the log {quoted(path)} cannot be read: {error.strerror or error}"
            raise FileUnreadable(message, mend="make it readable: without it nobody knows what was done") from error
        yield from entries_of(text, path)


def entries_of(text: str, file: PurePath) -> Iterator[Entry]:
    """The lines of one day; see ``entries``. file: as the entries name it."""
    whole = text[: text.rfind("\n") + 1]
    for number, line in enumerate(whole.split("\n"), 1):
        found = _LINE.fullmatch(line.removesuffix("\r"))
        if found and not line.endswith(_CANCEL):
            verb: Verb = found[3]  # type: ignore[assignment]  # the pattern is made from the verbs
            yield Entry(found[1], int(found[2]), verb, found[4] or "", file, number)


def _days(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].log"))


def standings(found: Iterable[Entry]) -> dict[int, Standing]:
    """How far each phase is, by number."""
    known: dict[int, Standing] = {}
    for order, entry in enumerate(found, 1):
        known[entry.phase] = known.get(entry.phase, Standing()).after(entry, order)
    return known


def faults(found: Iterable[Entry], *, answered: bool = True) -> Iterator[Finding]:
    """Lines that cannot follow those before them. answered: a failure has to be followed by a start or an undo."""
    known: dict[int, Standing] = {}
    latest: datetime | None = None
    unanswered: set[int] = set()
    verified: set[int] = set()
    for order, entry in enumerate(found, 1):
        before = known.get(entry.phase, Standing())
        known[entry.phase] = before.after(entry, order)
        time = _time(entry.time)
        if latest and time and time < latest:
            yield _fault(entry, "the time goes back")
        elif entry.verb == "done" and entry.phase not in verified:
            yield _fault(entry, f"phase-{entry.phase} is done without verify-ok")
        elif entry.verb == "start" and before.state in ("under way", "verified"):
            yield _fault(entry, f"phase-{entry.phase} starts twice")
        elif answered and entry.verb == "done" and entry.phase in unanswered:
            yield _fault(entry, f"phase-{entry.phase} failed and is done, with nothing done about it")
        match entry.verb:
            case "verify-ok":
                verified.add(entry.phase)
            case "verify-fail":
                verified.discard(entry.phase)
                unanswered.add(entry.phase)
            case "start" | "undo":
                verified.discard(entry.phase)
                unanswered.discard(entry.phase)
        latest = time or latest  # one line of a wrong time makes no fault of all lines behind it


class Activity:
    """The log of a plan, open for writing by one process; its lines may come from many threads."""

    def __init__(self, folder: Path, said: Callable[[str], None] | None = None) -> None:
        self.folder = folder
        self._said = said
        self._lock = threading.Lock()
        found = list(entries(folder))
        self._standings = standings(found)
        self._count = len(found)
        self._latest = max(filter(None, (_time(entry.time) for entry in found)), default=None)
        # Files are read in the order of their days: another tool may have named one by the time of its place.
        self._first_day = max((path.stem for path in _days(folder)), default="")
        self._day = ""
        self._handle: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def standing(self, number: int) -> Standing:
        """How far a phase is."""
        with self._lock:
            return self._standings.get(number, Standing())

    def standings(self) -> dict[int, Standing]:
        """How far all phases are that it speaks of, by number."""
        with self._lock:
            return dict(self._standings)

    def write(self, number: int, verb: Verb, detail: str = "") -> None:
        """Add a line, and return when it is on the disk. Raises OutputUnwritable, and the line counts for nothing."""
        with self._lock:
            now = datetime.now(UTC).replace(microsecond=0)
            # A clock that was set back does not turn the log around.
            self._latest = max(now, self._latest) if self._latest else now
            shown = one_line(detail)
            time = self._latest.isoformat()
            line = f"[{time}] phase-{number} {verb} {shown}".rstrip()
            path = self.folder / f"{max(time[:10], self._first_day)}.log"
            try:
                with writing_to(path, "folder"):
                    self._append(path, f"{line}\n".encode())
            except BaseException:
                self._close()  # of half a line: whoever writes next ends it first
                raise
            self._count += 1
            entry = Entry(time, number, verb, shown, path, 0)
            self._standings[number] = self._standings.get(number, Standing()).after(entry, self._count)
        if self._said:
            self._said(line)

    def _append(self, path: Path, data: bytes) -> None:
        if self._day != path.name or self._handle is None:
            self._close()
            self._handle = _open(path)
            self._day = path.name
        _write(self._handle, data)
        os.fsync(self._handle)

    def _close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def _open(path: Path) -> int:
    """Open for adding, on a line of its own; the folder knows of the file when this returns."""
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        size = os.fstat(handle).st_size
        if size and os.pread(handle, 1, size - 1) != b"\n":
            _write(handle, f"{_CANCEL}\n".encode())
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except BaseException:
        os.close(handle)
        raise
    return handle


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _fault(entry: Entry, message: str) -> Finding:
    mend = "leave the log to greenroom plan run; it writes each line itself"
    return Finding("plan-log", "error", message, mend, str(entry.file), entry.line)


def _time(text: str) -> datetime | None:
    """A time with an offset, as UTC; None for what is none."""
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo else None
    except (ValueError, OverflowError):
        return None
