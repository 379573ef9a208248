"""Without memory once more by the smaller plan; a lost device is said in words."""

from __future__ import annotations

import pytest

from greenroom.errors import GreenroomError, InputInvalid
from greenroom.models.seedvr2.restoring.attempts import DeviceLost, MemoryRanOut, attempted


class Restoring:
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


NO_MEMORY = RuntimeError("CUDA out of memory. Tried to allocate 2 GB")


def test_the_first_attempt_is_by_the_whole_plan(said: list[str]) -> None:
    restoring = Restoring(None)
    assert attempted(restoring, "seedvr2-3b", "cuda:0", said.append) == "made"
    assert (restoring.small, said) == ([False], [])


def test_without_memory_the_smaller_plan_is_taken_once(said: list[str]) -> None:
    restoring = Restoring(NO_MEMORY, None)
    assert attempted(restoring, "seedvr2-3b", "cuda:0", said.append) == "made"
    assert restoring.small == [False, True]
    assert said == ["memory ran out: once more, by the smaller plan"]


@pytest.mark.parametrize(
    ("errors", "raised", "code"),
    [
        ((NO_MEMORY, NO_MEMORY), MemoryRanOut, "out-of-memory"),
        ((RuntimeError("CUDA error: unspecified launch failure"),), DeviceLost, "device-lost"),
        ((InputInvalid("no"),), InputInvalid, "input-invalid"),
    ],
)
def test_failures_have_words(
    errors: tuple[Exception, ...], raised: type[GreenroomError], code: str, said: list[str]
) -> None:
    with pytest.raises(raised) as failed:
        attempted(Restoring(*errors), "seedvr2-3b", "cuda:0", said.append)
    assert failed.value.code == code


def test_a_mistake_of_ours_stays_one(said: list[str]) -> None:
    with pytest.raises(KeyError):
        attempted(Restoring(KeyError("x")), "seedvr2-3b", "cuda:0", said.append)


@pytest.fixture
def said() -> list[str]:
    return []
