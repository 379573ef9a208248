"""Errors keep their code and manner between processes."""

from __future__ import annotations

import pytest

from greenroom.errors import Cancelled, GreenroomError, InputInvalid, UnknownName
from greenroom.serve.workers.errors import DeviceLost, OutOfMemory, Problem


@pytest.mark.parametrize(
    "error",
    [
        InputInvalid("no", mend="yes"),
        UnknownName("voice", "jo", ["joe"]),
        DeviceLost("m", "cuda:0"),
        OutOfMemory("m", "cuda:0", 10**10, 10**9, tried_small=True),
        Cancelled(),
        GreenroomError("no"),
    ],
)
def test_an_error_arrives_as_it_was_sent(error: GreenroomError) -> None:
    got = Problem.of(error).error()
    assert isinstance(got, type(error))
    assert str(got) == str(error)
    assert got.as_dict() == error.as_dict()
    assert got.retryable == error.retryable
    assert isinstance(got, InputInvalid) == isinstance(error, InputInvalid)


def test_an_error_of_a_models_own_keeps_its_code_and_manner() -> None:
    class Odd(InputInvalid):
        code = "odd"
        retryable = True

    got = Problem.of(Odd("no", mend="yes")).error()
    assert isinstance(got, InputInvalid)
    assert (got.code, got.retryable, got.exit_code) == ("odd", True, 2)


def test_out_of_memory_says_its_numbers() -> None:
    said = OutOfMemory("big", "cuda:0", 18_900_000_000, 1_000_000_000, tried_small=True).message
    assert said == "big ran out of memory, by its smaller plan too: its plan is 18.9 GB, 1.0 GB were free on cuda:0"
    assert OutOfMemory("m", "cpu", 0, None, tried_small=False).message == "m ran out of memory: on cpu"
