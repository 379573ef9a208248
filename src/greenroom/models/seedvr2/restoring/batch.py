"""Many sources restored one by one into a folder; what an earlier run finished there is not done again.

Beside each result, in the hidden folder ``.greenroom/restored``, lies a record of what it was made from: the source's
hash and everything that was asked for. A result counts as finished while it is as long as it was, its source is the
same and the same is asked for. Whatever else lies under its name is replaced, as a single restoring does.
"""

from __future__ import annotations

import contextlib
import errno
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from greenroom.errors import Cancelled, FileUnreadable, GreenroomError, OutputUnwritable
from greenroom.files import Publication
from greenroom.models.attempts import DeviceLost
from greenroom.models.identities import fingerprint
from greenroom.models.journals import short_name
from greenroom.models.seedvr2.restoring.journal import CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

    from greenroom.models.seedvr2.restoring.targets import Pair, Targets
    from greenroom.progress import Step

Made = TypeVar("Made")
State = Literal["restored", "finished before", "failed"]

# A full disk, and a folder that takes nothing: the next source would meet the same. A name of its own would not.
_ENDS_ALL = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a source was not restored. Fields as of ``GreenroomError``."""

    code: str
    message: str
    mend: str


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Made]):
    """What became of one source. result: of what was restored by this run."""

    source: Path
    output: Path
    state: State
    result: Made | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Batch(Generic[Made]):
    """What became of all of them.

    failed: how many were not restored.
    """

    folder: Path
    outcomes: tuple[Outcome[Made], ...]
    failed: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "failed", sum(1 for outcome in self.outcomes if outcome.state == "failed"))


def restore_all(
    wanted: Targets,
    asked: Mapping[str, Any],
    restore: Callable[[Pair], Made],
    step: Step,
    *,
    restart: bool = False,
) -> Generator[Outcome[Made], None, None]:
    """Each outcome as soon as it is there; one that fails does not keep the others from being restored.

    asked: what the results depend on besides their sources, as JSON holds it.  restart: nothing counts as finished.
    Raises Cancelled, DeviceLost, and OutputUnwritable where the next one would fail too.
    """
    assert wanted.folder is not None  # noqa: S101 - of several sources
    records = _Records(wanted.folder, asked, step)
    for number, pair in enumerate(wanted.pairs):
        step(CHECKING, number, len(wanted.pairs))
        if not restart and records.has(pair):
            yield Outcome(pair.source, pair.output, "finished before")
            continue
        try:
            made = restore(pair)
        except GreenroomError as error:
            if _ends_all(error):
                raise
            yield Outcome(pair.source, pair.output, "failed", failure=Failure(error.code, error.message, error.mend))
            continue
        records.keep(pair)
        yield Outcome(pair.source, pair.output, "restored", made)


def _ends_all(error: GreenroomError) -> bool:
    """Whether the next source would meet the same."""
    if isinstance(error, OutputUnwritable):
        return isinstance(error.__cause__, OSError) and error.__cause__.errno in _ENDS_ALL
    return isinstance(error, Cancelled | DeviceLost)


class _Records:
    """What the results of a folder were made from. step: told how far a source is read."""

    def __init__(self, folder: Path, asked: Mapping[str, Any], step: Step) -> None:
        self._step = step
        self._folder = folder / ".greenroom" / "restored"
        self._asked = json.loads(json.dumps(asked))

    def has(self, pair: Pair) -> bool:
        """Whether a result is there that would only be made again."""
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, FileUnreadable):
            kept = json.loads((self._folder / _name(pair)).read_bytes())
            return bool(
                kept["asked"] == self._asked
                and kept["bytes"] == pair.output.stat().st_size
                and kept["source"] == fingerprint([pair.source], self._step)
            )
        return False

    def keep(self, pair: Pair) -> None:
        """Note a result; pictures by number are not noted, and made again. Raises OutputUnwritable, FileUnreadable."""
        if not (pair.source.is_file() and pair.output.is_file()):
            return
        record = {
            "asked": self._asked,
            "bytes": pair.output.stat().st_size,
            "source": fingerprint([pair.source], self._step),
        }
        with Publication(self._folder) as out:
            out.write(_name(pair), json.dumps(record, ensure_ascii=False, indent=1).encode())


def _name(pair: Pair) -> str:
    return f"{short_name(pair.output)}.json"
