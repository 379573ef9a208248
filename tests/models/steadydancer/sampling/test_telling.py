"""What is told again."""

from __future__ import annotations

import pytest

from greenroom.errors import Cancelled
from greenroom.models.steadydancer.sampling.telling import Telling


def test_what_was_told_last_is_told_again() -> None:
    told: list[tuple[str, float, float]] = []
    telling = Telling(lambda *said: told.append(said))
    telling.again()
    assert told == []
    telling("sampling", 1, 4)
    telling("sampling", 2, 4)
    telling.again()
    assert told == [("sampling", 1, 4), ("sampling", 2, 4), ("sampling", 2, 4)]


def test_whoever_hears_it_may_say_stop() -> None:
    def step(stage: str, done: float, total: float) -> None:
        if said:
            raise Cancelled
        said.append(done)

    said: list[float] = []
    telling = Telling(step)
    telling("sampling", 0, 1)
    with pytest.raises(Cancelled):
        telling.again()
