"""Operations that leave an entry by themselves: what was run, why, with what, what went not as it should, how it ended.

From its beginning to its end an operation is a file of its own (``unfinished``), and then a fragment of the same name.
What fails and was to prove something, or to serve somebody, opens an error; what succeeds there again drafts its
resolution. A ledger that cannot be written is said once, and never in the way of the operation.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from greenroom import __version__
from greenroom.errors import Cancelled, GreenroomError
from greenroom.ledger import unfinished
from greenroom.ledger.accounts import code, last_lines, listed, short, without_places
from greenroom.ledger.failures import Place, Severity, write_failure, write_success
from greenroom.ledger.fragments import free_name, means, minute, publish
from greenroom.ledger.journal import FRAGMENTS, Tag, written
from greenroom.ledger.tasks import TASKS, tasks_of
from greenroom.ledger.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from greenroom.ledger.accounts import Masking
    from greenroom.ledger.unfinished import Unfinished

Kind = Literal["install", "pull", "build", "deploy", "rollback", "verify", "serve"]
_WRONG_COMMAND = 2
_STOPPED = 130
# What the draft of a mend says of the operation.
_MENDED: dict[Kind, str] = {"rollback": "brought back"}


@dataclass(frozen=True, slots=True)
class Ledger:
    """Where entries go. root: of the ledger.  mask: takes secrets out of a text.  warn: told what cannot be written.

    command: that is run, as one would type it, without secrets.
    """

    root: Path
    mask: Masking
    warn: Callable[[str], None]
    command: str = ""

    def shown(self, text: str) -> str:
        """A text without secrets, and without the places of this machine where that can be."""
        return without_places(self.root)(self.mask(text))


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for. subject: in a word or two.  words: what it is to do.

    area: what is affected if it fails, by which its error is found again; empty for what opens none.
    """

    kind: Kind
    subject: str
    words: str
    area: str = ""


@dataclass(slots=True)
class Operation:
    """One operation, as it is told of while it runs. said: what it said last.  warned: what went not as it should.

    Without an end that is told it has done what was asked for. is_kept: whether an entry can be written.
    """

    asked: Asked
    said: Collection[str] = ()
    warned: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    state: str = "done"
    result: str = ""
    code: int = 0
    severity: Severity | None = None
    is_new: bool = True
    is_told: bool = False
    is_kept: bool = False
    is_measured: bool = True

    def uses(self, **names: object) -> None:
        """What it uses, by name: versions, digests, files. What is empty is left out."""
        self.used += [f"{name.replace('_', ' ')} {value}" for name, value in names.items() if value]

    def done(self, result: str, state: str = "done") -> None:
        """It did what was asked for. result: what that came to, in numbers.  state: in a word."""
        self.state, self.result, self.is_told = state, result, True

    def unchanged(self) -> None:
        """All was so already, or nothing was begun: no entry is written."""
        self.is_new, self.is_told = False, True

    def failed(self, result: str, *, state: str = "failed", code: int = 1, severity: Severity | None = None) -> None:
        """It did not. severity: of the error that this opens; None for none."""
        self.state, self.result, self.code, self.severity, self.is_told = state, result, code, severity, True

    def met(self, incident: str, result: str) -> None:
        """Something went wrong, and it goes on. incident: in a word or two.  result: what is known of it."""
        self.done(result, incident)
        self.warned.append(f"{incident}: {result}")
        self.is_measured = False

    def stopped(self, result: str = "stopped by whoever ran it") -> None:
        """It was ended from outside, and nothing is wrong."""
        self.failed(result, state="stopped", code=_STOPPED)

    def _ended_by(self, error: BaseException) -> None:
        if self.is_told:
            return
        if isinstance(error, KeyboardInterrupt | Cancelled):
            self.stopped()
        elif isinstance(error, BrokenPipeError):
            self.stopped("whoever read what it said has gone")
        elif not isinstance(error, GreenroomError):
            # Nobody foresaw it, so nobody knows how far it came.
            severity: Severity | None = "P1" if self.asked.area else None
            self.failed(f"unexpected failure ({type(error).__name__})", severity=severity)
        elif error.exit_code == _WRONG_COMMAND:
            self.unchanged()
        else:
            self.failed(": ".join(filter(None, (error.code, error.message))), code=error.exit_code)
            self.said = [*self.said, f"error: {error.message}", f" mend: {error.mend}"]


def ledger_at(folder: Path) -> Path | None:
    """The root of the ledger at or above a folder, or None."""
    for place in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            if any((place / name).exists() for name in ("CONDUCTOR.md", "JOURNAL.md", FRAGMENTS)):
                return place
    return None


@contextlib.contextmanager
def operation(ledger: Ledger | None, asked: Asked, said: Collection[str] = ()) -> Iterator[Operation]:
    """Keep a record of what is done inside; None for no ledger. said: what is said meanwhile, the last of it.

    Whatever ends the block is kept, and passed on. Raises nothing of its own.
    """
    done = Operation(asked, said)
    record = _Record.begin(ledger, done) if ledger is not None else None
    try:
        yield done
    except BaseException as error:
        done._ended_by(error)
        raise
    finally:
        if record is not None:
            record.end()


def close_interrupted(ledger: Ledger) -> int:
    """Close the operations whose processes are no more; gives how many. Raises OSError, GreenroomError."""
    return unfinished.close_left(ledger.root / FRAGMENTS, publish)


class _Record:
    """An operation's place in the ledger."""

    def __init__(self, ledger: Ledger, operation: Operation, name: str, moment: datetime) -> None:
        self._ledger, self._operation = ledger, operation
        self._place = Place(ledger.root, name, moment)
        self._began = time.monotonic()
        self._task = _task_in_progress(ledger.root)
        self._file: Unfinished | None = None

    @classmethod
    def begin(cls, ledger: Ledger, operation: Operation) -> _Record | None:
        """Say that it is under way, and close what others left; None where nothing can be written."""
        record: _Record | None = None
        with _never_in_the_way(ledger):
            Tree.of(ledger.root)  # raises where there is no such folder: a name that was mistyped makes no ledger
            close_interrupted(ledger)
            moment = datetime.now(UTC)
            begun = cls(ledger, operation, free_name(ledger.root / FRAGMENTS, moment), moment)
            left = f"interrupted: its process ended without a word, some time after {moment:%H:%M} UTC"
            entry = begun._entry("interrupted", left, [left])
            begun._file = unfinished.begin(ledger.root / FRAGMENTS, begun._place.name, entry, operation.asked.kind)
            operation.is_kept, record = True, begun
        return record

    def end(self) -> None:
        """Write how it ended."""
        with _never_in_the_way(self._ledger):
            if self._operation.is_new:
                self._write()
            if self._file is not None:
                self._file.end()
        if self._file is not None:
            self._file.let_go()

    def _write(self) -> None:
        """The entry, and what it does to errors, as one change."""
        done, result, issues = self._operation, self._result(), self._issues()
        area = short(self._ledger.shown(done.asked.area)).replace("|", "/")

        def entry(tags: Sequence[Tag] = (), records: Mapping[str, str] = MappingProxyType({})) -> str:
            return self._entry(done.state, result, issues, tags, records)

        if area and done.severity is not None:
            write_failure(self._place, entry, area, done.severity)
        elif area and not done.code:
            write_success(self._place, entry, area, _MENDED.get(done.asked.kind, "works again"))
        else:
            publish(self._ledger.root / self._place.path, entry())

    def _result(self) -> str:
        done = self._operation
        result = short(self._ledger.shown(done.result))
        if not done.is_measured:
            return result
        seconds = time.monotonic() - self._began
        measured = f"{result or done.state}; {seconds:.1f} s, exit code {done.code}"
        if not done.code or done.code == _STOPPED:
            return measured
        lines = last_lines(map(self._ledger.shown, done.said))
        return f"{measured}; it said last:\n{lines}" if lines else measured

    def _issues(self) -> list[str]:
        done = self._operation
        return [*([done.result or done.state] if done.code else []), *done.warned]

    def _entry(
        self,
        state: str,
        result: str,
        issues: Sequence[str],
        tags: Sequence[Tag] = (),
        records: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        asked, shown, task = self._operation.asked, self._ledger.shown, self._task
        about = [Tag("TASK", task[0])] if task else []
        words, command = short(shown(asked.words)), shown(self._ledger.command)
        if not words.strip("*"):  # hidden whole, which a reader of Markdown takes for a rule
            words = f"{asked.kind} {words}"
        fields = {
            "What": f"{words[:1].upper()}{words[1:]}" + (f": {code(command)}" if command else ""),
            "Why": f"{task[0]}: {task[1]}" if task else f"It was asked for: {words}.",
            "How": short(shown("; ".join([f"greenroom {__version__}", *self._operation.used]))),
            "Issues": listed(map(shown, issues)) or "None.",
            "Result": shown_result(shown, result),
        }
        title = f"{asked.kind.capitalize()} {short(shown(asked.subject))}".rstrip() + f": {short(shown(state))}"
        meanings = means({**(dict([task]) if task else {}), **records})
        return meanings + written(minute(self._place.moment), title, fields, [*about, *tags])


def shown_result(shown: Masking, result: str) -> str:
    """A result: its first line in words, the output below it as it is."""
    first, newline, rest = result.partition("\n")
    return f"{short(shown(first))}{newline}{rest}"


def _task_in_progress(root: Path) -> tuple[str, str] | None:
    """Id and title of the task that is worked on."""
    try:
        text = (root / TASKS).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return next(((task.id, short(task.title)) for task in tasks_of(text).tasks if task.status == "IN_PROGRESS"), None)


@contextlib.contextmanager
def _never_in_the_way(ledger: Ledger) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        why = error.message if isinstance(error, GreenroomError) else getattr(error, "strerror", None) or str(error)
        with contextlib.suppress(OSError):  # nobody hears it
            ledger.warn(f"nothing of this is kept in the ledger {ledger.root}: {why}")
