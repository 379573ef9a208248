"""Said once: the field, the schema and the check agree."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import InputInvalid, UnknownName
from greenroom.inputs import Input, InputField, Inputs, fields


class Example(Inputs):
    """A declaration with one input of every kind."""

    text: Annotated[str, Input("What to say.", min_length=1, max_length=10)]
    steps: Annotated[int, Input("Solver steps.", ge=4, le=64)] = 32
    speed: Annotated[float, Input("Pace.", gt=0, le=2, unit="x")] = 1.0
    colour: Annotated[Literal["wavelet", "none"], Input("Colour fix.")] = "wavelet"
    seed: Annotated[int | None, Input("Seed.", ge=0)] = None
    loud: Annotated[bool, Input("Shout.")] = False


def test_fields_say_all_that_a_flag_or_a_form_needs() -> None:
    assert fields(Example) == (
        InputField("text", "string", "What to say.", required=True, min_length=1, max_length=10),
        InputField("steps", "integer", "Solver steps.", required=False, default=32, minimum=4, maximum=64),
        InputField(
            "speed", "number", "Pace.", required=False, default=1.0, minimum=0, maximum=2, above_minimum=True, unit="x"
        ),
        InputField("colour", "string", "Colour fix.", required=False, default="wavelet", choices=("wavelet", "none")),
        InputField("seed", "integer", "Seed.", required=False, minimum=0),
        InputField("loud", "boolean", "Shout.", required=False, default=False),
    )


def test_ranges_are_words() -> None:
    ranges = {field.name: field.range for field in fields(Example)}
    assert ranges["steps"] == "4 to 64"
    assert ranges["speed"] == "more than 0, at most 2 x"
    assert ranges["seed"] == "0 or more"


@pytest.mark.parametrize(
    ("values", "message", "mend"),
    [
        ({}, "text is missing", "give text"),
        ({"text": "hi", "steps": 99}, "steps is 99: input should be less than or equal to 64", "steps is 4 to 64"),
        ({"text": "hi", "speed": float("nan")}, "speed is nan", "speed is more than 0, at most 2 x"),
        ({"text": "hi", "speed": float("inf")}, "speed is inf", "speed is more than 0, at most 2 x"),
        ({"text": "hi", "steps": "many"}, "steps is 'many'", "steps is 4 to 64"),
        ({"text": "hi", "colour": "wavlet"}, "colour is 'wavlet'", "did you mean wavelet?"),
        ({"text": ""}, "text is empty", "text is 1 to 10 characters"),
        ({"text": "x" * 11}, "text has 11 characters", "text is 1 to 10 characters"),
    ],
)
def test_an_error_names_the_input_the_value_and_the_mend(values: dict[str, Any], message: str, mend: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        Example.check(values)
    assert message in caught.value.message
    assert mend in caught.value.mend


def test_text_that_is_no_text_is_said_in_our_words() -> None:
    class Watching(Inputs):
        """It takes a file."""

        video: Annotated[str, Input("What to see.", min_length=1, media="video")] = ""

    for declaration, values, message, mend in (
        (
            Watching,
            {"video": "caf\udce9.mp4"},
            r"video is 'caf\udce9.mp4': a file whose name is not UTF-8",
            "rename it",
        ),
        (Example, {"text": "\udce9"}, r"text is '\udce9': no UTF-8", "give text as UTF-8"),
    ):
        with pytest.raises(InputInvalid) as caught:
            declaration.check(values)
        assert (caught.value.message, caught.value.mend) == (message, mend)


def test_an_unknown_input_is_named_with_the_likeliest() -> None:
    with pytest.raises(UnknownName, match="'stpes'") as caught:
        Example.check({"text": "hi", "stpes": 4})
    assert "did you mean steps?" in caught.value.mend


@given(
    st.fixed_dictionaries(
        {"text": st.text(max_size=12)},
        optional={
            "steps": st.integers(0, 70),
            "speed": st.floats(-1, 3, allow_nan=False),
            "colour": st.sampled_from(["wavelet", "none", "lab"]),
            "seed": st.none() | st.integers(-1, 5),
            "loud": st.booleans(),
            "other": st.just(1),
        },
    )
)
def test_the_json_schema_accepts_just_what_the_check_accepts(values: dict[str, Any]) -> None:
    by_schema = jsonschema.Draft202012Validator(Example.model_json_schema()).is_valid(values)
    try:
        Example.check(values)
    except InputInvalid:
        by_check = False
    else:
        by_check = True
    assert by_schema == by_check
