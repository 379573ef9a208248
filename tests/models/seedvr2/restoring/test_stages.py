"""Progress in frames of the clip, and the time of each stage."""

from __future__ import annotations

import time

import pytest

from greenroom.models.seedvr2.restoring.stages import OfShot
from greenroom.models.stages import Stages


def test_what_an_engine_says_of_a_shot_is_said_of_the_clip() -> None:
    said: list[tuple[str, float, float]] = []
    step = OfShot(lambda *told: said.append(told), 100, [(4, 9), (8, 12)], 1000)
    step("encoding", 4, 12)
    step("encoding", 8, 12)
    step("restoring", 0, 2)
    step("restoring", 1, 2)
    step("decoding", 4, 12)
    step("encoding", 8, 12)
    step("restoring", 1, 2)
    assert said == [
        ("encoding", 104, 1000),
        ("encoding", 108, 1000),
        ("restoring", 104, 1000),
        ("restoring", 106.5, 1000),
        ("decoding", 104, 1000),
        ("encoding", 108, 1000),
        ("restoring", 110, 1000),
    ]


def test_time_belongs_to_the_stage_that_was_told_before(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 1.0, 3.0, 4.0, 9.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    stages = Stages(lambda *_: None)
    stages("encoding", 0, 2)
    stages("decoding", 0, 2)
    stages("encoding", 1, 2)
    stages.end()
    assert stages.seconds == {"encoding": 2.0 + 5.0, "decoding": 1.0}
