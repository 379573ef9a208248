"""People are chosen by a word, a number or a box."""

from __future__ import annotations

import pytest

from greenroom.errors import InputInvalid
from greenroom.models.steadydancer.animating.choosing import choice_of
from greenroom.models.steadydancer.pose.persons import Choice
from greenroom.recipes.inputs.steadydancer import AnimateInputs

ASKED = {"picture": "me.png", "video": "dance.mp4", "prompt": "a person dances"}


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (None, None),
        ("surest", Choice("score")),
        ("largest", Choice("size")),
        ("2", Choice("number", number=2)),
        ("10,20, 110.5,220", Choice("box", box=(10, 20, 110.5, 220))),
        ("-5,-5,10,10", Choice("box", box=(-5, -5, 10, 10))),
    ],
)
def test_what_is_said_is_what_is_meant(said: str | None, meant: Choice | None) -> None:
    checked = AnimateInputs.check({**ASKED, "person": said, "picture_person": said})
    assert choice_of(checked.person) == meant
    assert choice_of(checked.picture_person) == meant


@pytest.mark.parametrize("said", ["", "0", "the left one", "1,2,3", "1,2,3,4,5", "nan,0,1,1", "²"])
def test_anything_else_is_refused_before(said: str) -> None:
    with pytest.raises(InputInvalid, match=r"person is .*neither surest, largest, a number from the left"):
        AnimateInputs.check({**ASKED, "person": said})


def test_a_box_without_a_size_is_none() -> None:
    with pytest.raises(InputInvalid, match="person is '10,10,10,20': the box has no area"):
        AnimateInputs.check({**ASKED, "person": "10,10,10,20"})
