"""Errors keep their code and manner between processes."""

from __future__ import annotations

import pytest

from greenroom.errors import Cancelled, GreenroomError, InputInvalid, UnknownName
from greenroom.serve.workers.errors import (
    DeviceLost,
    DiskFull,
    ModelUnready,
    OutOfMemory,
    Problem,
    WorkerFailure,
    WorkerSilent,
)


@pytest.mark.parametrize(
    "error",
    [
        InputInvalid("no", mend="yes"),
        UnknownName("voice", "jo", ["joe"]),
        DeviceLost("m", "cuda:0"),
        OutOfMemory("m", "cuda:0", 10**10, 10**9, tried_small=True),
        Cancelled(),
        GreenroomError("no"),
        ModelUnready("m", "its worker is away"),
        WorkerFailure(blameless=True),
        WorkerSilent("m", 1800),
        DiskFull("m"),
    ],
)
def test_an_error_arrives_as_it_was_sent(error: GreenroomError) -> None:
    got = Problem.of(error).error()
    assert got.code == error.code
    assert isinstance(got, type(error)) or type(error) in (WorkerFailure, WorkerSilent, DiskFull)
    assert got.blameless == error.blameless
    assert str(got) == str(error)
    assert got.as_dict() == error.as_dict()
    assert got.retryable == error.retryable
    assert isinstance(got, InputInvalid) == isinstance(error, InputInvalid)


def test_an_error_of_a_models_own_keeps_its_code_and_manner() -> None:
    class Odd(InputInvalid):
        code = "odd"
        retryable = True
        blameless = True

    got = Problem.of(Odd("no", mend="yes")).error()
    assert isinstance(got, InputInvalid)
    assert (got.code, got.retryable, got.blameless, got.exit_code) == ("odd", True, True, 2)


def test_out_of_memory_says_its_numbers() -> None:
    said = OutOfMemory("big", "cuda:0", 18_900_000_000, 1_000_000_000, tried_small=True).message
    words = "big ran out of memory, and a smaller plan did not help"
    assert said == f"{words}: its plan is 18.9 GB, 1.0 GB were free on cuda:0"
    assert OutOfMemory("m", "cpu", 0, None, tried_small=False).message == "m ran out of memory: on cpu"
