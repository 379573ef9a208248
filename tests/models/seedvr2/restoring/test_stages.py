"""Progress in frames of the clip."""

from __future__ import annotations

from greenroom.models.seedvr2.restoring.stages import OfShot


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
