"""The time of each stage."""

from __future__ import annotations

import time

import pytest

from greenroom.models.stages import Stages


def test_time_belongs_to_the_stage_that_was_told_before(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 1.0, 3.0, 4.0, 9.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(now))
    stages = Stages(lambda *_: None)
    stages("encoding", 0, 2)
    stages("decoding", 0, 2)
    stages("encoding", 1, 2)
    stages.end()
    assert stages.seconds == {"encoding": 2.0 + 5.0, "decoding": 1.0}
