"""Without memory once more by the smaller plan; a lost device is said in words."""

from __future__ import annotations

import pytest

from greenroom.errors import GreenroomError, InputInvalid
from greenroom.models.attempts import DeviceLost, MemoryRanOut, Mends, attempted
from greenroom.runtime.residency import MemoryShort
from greenroom.runtime.rooms import HostMemoryShort

MENDS = Mends(memory="take less", lost="run it again")
NO_MEMORY = RuntimeError("CUDA out of memory. Tried to allocate 2 GB")
SHORT = MemoryShort("xxl", 1_600_000_000, "cuda:0", 1_800_000_000)
HOST_SHORT = HostMemoryShort("xxl", 1_600_000_000, "cuda:0", 1_500_000_000)


class Working:
    """Raises what it is given, one attempt after another."""

    def __init__(self, *errors: Exception | None) -> None:
        self.errors = list(errors)
        self.small: list[bool] = []

    def __call__(self, small: bool) -> str:
        self.small.append(small)
        error = self.errors.pop(0)
        if error is not None:
            raise error
        return "made"


@pytest.fixture
def said() -> list[str]:
    return []


def test_the_first_attempt_is_by_the_whole_plan(said: list[str]) -> None:
    work = Working(None)
    assert attempted(work, "seedvr2-3b", "cuda:0", MENDS, said.append) == "made"
    assert (work.small, said) == ([False], [])


def test_without_memory_the_smaller_plan_is_taken_once(said: list[str]) -> None:
    work = Working(NO_MEMORY, None)
    assert attempted(work, "seedvr2-3b", "cuda:0", MENDS, said.append) == "made"
    assert work.small == [False, True]
    assert said == ["memory ran out: once more, by the smaller plan"]


@pytest.mark.parametrize(
    ("errors", "raised", "says", "mend"),
    [
        ((NO_MEMORY, NO_MEMORY), MemoryRanOut, "xxl ran out of memory on cuda:0, and a smaller plan", "take less"),
        ((MemoryError(), MemoryError()), MemoryRanOut, "xxl ran out of memory on cuda:0", "take less"),
        (
            (NO_MEMORY, SHORT),
            MemoryRanOut,
            "^xxl ran out .* and a smaller plan did not help$",
            "take less",
        ),
        ((NO_MEMORY, HOST_SHORT), MemoryRanOut, "xxl ran out of memory on cuda:0, and a smaller", "take less"),
        ((SHORT,), MemoryShort, "xxl needs 1.6 GB of memory", SHORT.mend),
        ((RuntimeError("CUDA error: unspecified"),), DeviceLost, "cuda:0 stopped answering while xxl", "run it again"),
        ((NO_MEMORY, RuntimeError("CUDA error: no")), DeviceLost, "cuda:0 stopped answering", "run it again"),
        ((InputInvalid("no", mend="yes"),), InputInvalid, "no", "yes"),
    ],
)
def test_failures_have_words_and_what_helps_by_the_flags_of_who_asks(
    errors: tuple[Exception, ...], raised: type[GreenroomError], says: str, mend: str, said: list[str]
) -> None:
    with pytest.raises(raised, match=says) as failed:
        attempted(Working(*errors), "xxl", "cuda:0", MENDS, said.append)
    assert failed.value.mend == mend


def test_codes_are_those_of_a_server() -> None:
    assert (MemoryRanOut.code, DeviceLost.code, DeviceLost.retryable) == ("out-of-memory", "device-lost", True)


def test_a_mistake_of_ours_stays_one(said: list[str]) -> None:
    with pytest.raises(KeyError):
        attempted(Working(KeyError("x")), "seedvr2-3b", "cuda:0", MENDS, said.append)
