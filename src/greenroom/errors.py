"""What can go wrong, as types: each names the thing, the value and the mend, and has a code that scripts may branch on.

GreenroomError
├── InputInvalid        what was asked for is not possible or not allowed
│   └── UnknownName     no such model, voice, format, ...
├── ExtraMissing        an optional part of greenroom is not installed
├── FileUnreadable      a file that was named cannot be read, or is not what it should be
├── OutputUnwritable    the result cannot be written (rights, disk)
└── Cancelled           the user or the server stopped the work

Errors that belong to one part of greenroom live there and derive from these.
"""

from __future__ import annotations

import difflib
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


class GreenroomError(Exception):
    """Base of all errors shown to users: a message (thing and value), a mend, and a stable code.

    retryable: the same request may well succeed when it is made again.  blameless: the request did not bring it about,
    as far as anyone knows, so an attempt that met it does not count; set on a class or on one error.
    """

    code: ClassVar[str] = "failed"
    exit_code: ClassVar[int] = 1
    retryable: ClassVar[bool] = False
    blameless: bool = False

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def as_dict(self) -> dict[str, str]:
        """The error as machines read it: ``code``, ``message``, ``mend``."""
        return {"code": self.code, "message": self.message, "mend": self.mend}


class InputInvalid(GreenroomError):
    """A value is missing, of the wrong kind, or out of its bounds."""

    code = "input-invalid"
    exit_code = 2


class UnknownName(InputInvalid):
    """A name that is in no list; says which are, the likeliest first."""

    code = "unknown-name"

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = list(known)
        listed = ", ".join(known)
        meant = closest(name, known)
        # A short list says more than a guess; a long one would bury it.
        short = len(known) <= _SHORT_LIST
        otherwise = "choose one of them" if short else f"choose one of these: {listed}"
        if not known:
            super().__init__(f"there is no {kind} {quoted(name)}, and no other")
            return
        super().__init__(
            f"there is no {kind} {quoted(name)}{f'; there is {listed}' if short else ''}",
            mend=f"did you mean {meant}?" if meant else otherwise,
        )


class ExtraMissing(GreenroomError):
    """An optional part is needed and not installed."""

    code = "extra-missing"

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed", mend=f'pip install "greenroom[{extra}]"')


class FileUnreadable(GreenroomError):
    """A named file is absent, may not be read, or does not hold what it should."""

    code = "file-unreadable"


class OutputUnwritable(GreenroomError):
    """The place for a result does not take it: no such folder, no right, no room."""

    code = "output-unwritable"


class Cancelled(GreenroomError):
    """The work was stopped from outside; nothing half-written is left."""

    code = "cancelled"
    exit_code = 130

    def __init__(self, message: str = "stopped before the end", *, mend: str = "") -> None:
        super().__init__(message, mend=mend)


_SHORT_LIST = 16
_LONGEST_MEANT = 100


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that ``name`` was probably meant to be, or None."""
    if len(name) > _LONGEST_MEANT:  # comparing takes time, and nobody meant a name by so much
        return None
    by_lower = {word.lower(): word for word in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def quoted(value: object, limit: int = 60) -> str:
    """A value as it stands in a message: on one line, control characters visible, cut at ``limit``; paths are whole."""
    if isinstance(value, PurePath):
        return repr(str(value))
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
