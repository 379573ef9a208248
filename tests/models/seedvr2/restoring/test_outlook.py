"""The time that is left, from steps of stages that alternate."""

from __future__ import annotations

import time

import pytest

from greenroom.models.seedvr2.restoring.outlook import Outlook

SHOTS = ((0, 20), (20, 60), (60, 100))
PACES = {"encoding": 1.0, "restoring": 0.5, "decoding": 2.5}  # seconds a frame


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def run(outlook: Outlook, clock: list[float], shots: tuple[tuple[int, int], ...]) -> None:
    """Restore shots of a clip of 100 frames."""
    for start, stop in shots:
        for stage, pace in PACES.items():
            for frame in range(start, stop):
                outlook.step(stage, frame, 100)
                clock[0] += pace
            outlook.step(stage, stop, 100)


def test_nothing_is_said_before_anything_is_known(clock: list[float]) -> None:
    outlook = Outlook()
    assert outlook.left is None
    assert outlook.share == 0
    outlook.step("finding shots", 3, 100)
    outlook.step("encoding", 0, 100)
    assert (outlook.left, outlook.share) == (None, 0)


def test_after_a_shot_the_pace_of_each_stage_is_known(clock: list[float]) -> None:
    outlook = Outlook()
    run(outlook, clock, SHOTS[:1])
    assert outlook.left == pytest.approx(80 * 4)
    assert outlook.share == pytest.approx(0.2)
    run(outlook, clock, SHOTS[1:2])
    assert outlook.left == pytest.approx(40 * 4)
    run(outlook, clock, SHOTS[2:])
    assert outlook.left == pytest.approx(0)
    assert outlook.share == pytest.approx(1)


def test_before_the_first_decoding_the_usual_shares_are_taken(clock: list[float]) -> None:
    outlook = Outlook()
    for frame in range(21):
        outlook.step("encoding", frame, 100)
        clock[0] += 1
    left = outlook.left
    assert left is not None
    assert 200 < left < 400  # 80 s of encoding, and of the rest what it usually takes beside that


def test_what_an_earlier_run_did_is_no_pace_of_this_one(clock: list[float]) -> None:
    outlook = Outlook()
    run(outlook, clock, SHOTS[1:2])
    assert outlook.left == pytest.approx(40 * 4)
    assert outlook.share == pytest.approx(0.5)


def test_time_of_other_stages_is_not_theirs(clock: list[float]) -> None:
    outlook = Outlook()
    outlook.step("finding shots", 0, 100)
    clock[0] += 1_000
    run(outlook, clock, SHOTS[:1])
    outlook.step("joining", 0, 1)
    clock[0] += 1_000
    outlook.step("joining", 1, 1)
    assert outlook.left == pytest.approx(80 * 4)
