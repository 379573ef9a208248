"""What verbs that run a model ask and answer alike: which model, which words, and what helps where memory is short."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeVar

from greenroom.errors import InputInvalid, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.models.model import Model

_Family = TypeVar("_Family", bound="Model")


def class_of(name: str, family: type[_Family], *, lacks: str, usual: str) -> type[_Family]:
    """The class of a model of a family. lacks: what others do not do, in words.  usual: the one to take instead.

    Raises UnknownName, NotServed, ModelInvalid, InputInvalid for a model of another family.
    """
    from greenroom.models.registry import find

    found = find(name).model
    if not issubclass(found, family):
        raise InputInvalid(f"{quoted(name)} {lacks}", mend=f"--model {usual}")
    return found


def prompt_of(words: str | None, said: str | None) -> str | None:
    """The prompt, by the argument PROMPT or by --prompt; None for neither. Raises InputInvalid for both."""
    if words is not None and said is not None:
        raise InputInvalid("the prompt is given twice, as PROMPT and with --prompt", mend="give one of them")
    return words if said is None else said


@contextlib.contextmanager
def in_flags(less: str, less_of_host: str = "") -> Iterator[None]:
    """Say what helps where memory is short by the flags of a verb, which those who raise do not know.

    less: what takes less of the device.  less_of_host: what takes less of the host, beside what is said anyway.
    """
    from greenroom.runtime.residency import MemoryShort
    from greenroom.runtime.rooms import HostMemoryShort

    try:
        yield
    except MemoryShort as error:
        if not isinstance(error, HostMemoryShort):
            error.mend = f"take {less}"
        elif less_of_host:
            error.mend = f"take {less_of_host}; or {error.mend}"
        raise
