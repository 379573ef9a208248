"""Failures of a device, in words; others stay as they are."""

from __future__ import annotations

import pytest

from greenroom.errors import GreenroomError, InputInvalid
from greenroom.models.foley.sounding.failing import DeviceLost, MemoryRanOut, in_words


@pytest.mark.parametrize(
    ("raised", "kind", "says"),
    [
        (RuntimeError("CUDA out of memory. Tried to allocate"), MemoryRanOut, "xxl ran out of memory on cuda:0"),
        (MemoryError(), MemoryRanOut, "xxl ran out of memory on cuda:0"),
        (RuntimeError("CUDA error: an illegal memory access"), DeviceLost, "cuda:0 stopped answering while xxl ran"),
        (InputInvalid("steps is 0"), InputInvalid, "steps is 0"),
    ],
)
def test_a_failure_is_said_in_words(raised: Exception, kind: type[GreenroomError], says: str) -> None:
    with pytest.raises(kind, match=says), in_words("xxl", "cuda:0"):
        raise raised
