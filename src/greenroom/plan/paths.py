"""What two phases write: whether it may be the same."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.plan.plan import Phase

_WILD = re.compile(r"[*?\[]")


def collision(one: Phase, other: Phase, folder: Path) -> str | None:
    """A path that both phases write, as the second names it; None if there is none. Both must say what they write.

    folder: what relative paths are relative to.
    """
    known = [_parts(path, folder) for path in one.writes or ()]
    for path in other.writes or ():
        parts = _parts(path, folder)
        if any(_meet(parts, others) for others in known):
            return path
    return None


def may_run_beside(one: Phase, other: Phase, folder: Path) -> bool:
    """Whether two phases may run at once, needs aside."""
    if "sequential" in (one.runs, other.runs) or one.writes is None or other.writes is None:
        return False
    return collision(one, other, folder) is None


def overlap(one: str, other: str, folder: Path) -> bool:
    """Whether two paths may name the same file, or one a folder of the other. Patterns that may meet do.

    Links are followed as they stand now, those below a wildcard excepted.
    """
    return _meet(_parts(one, folder), _parts(other, folder))


def _parts(path: str, folder: Path) -> list[str]:
    parts = posixpath.join(folder.absolute().as_posix(), path).split("/")
    known = next((number for number, part in enumerate(parts) if _WILD.search(part)), len(parts))
    start = posixpath.realpath("/".join(parts[:known]) or "/")
    whole = posixpath.normpath(posixpath.join(start, *parts[known:]))
    return [part for part in whole.split("/") if part]


def _meet(one: list[str], other: list[str]) -> bool:
    if not one or not other:  # what is left of the other lies below
        return True
    if "**" in (one[0], other[0]):
        return True
    return _may_equal(one[0], other[0]) and _meet(one[1:], other[1:])


def _may_equal(one: str, other: str) -> bool:
    match bool(_WILD.search(one)), bool(_WILD.search(other)):
        case False, False:
            return one == other
        case True, False:
            return fnmatch.fnmatchcase(other, one)
        case False, True:
            return fnmatch.fnmatchcase(one, other)
    # Two patterns: told apart by what stands before the first wildcard and behind the last one, if by anything.
    starts = (_WILD.split(one)[0], _WILD.split(other)[0])
    ends = tuple(re.split(r"[*?\]]", pattern)[-1] for pattern in (one, other))
    return (starts[0].startswith(starts[1]) or starts[1].startswith(starts[0])) and (
        ends[0].endswith(ends[1]) or ends[1].endswith(ends[0])
    )
