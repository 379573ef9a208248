"""Options have the defaults of the corpus, bounds, and names that are checked."""

from __future__ import annotations

from typing import Any

import pytest

from greenroom.captions.options import CaptionInputs
from greenroom.errors import InputInvalid, UnknownName
from greenroom.inputs import fields
from tests.captions.caption_properties import DEFAULTS


def test_the_defaults_are_those_of_the_corpus() -> None:
    values = CaptionInputs().model_dump()
    assert {name: values[name] for name in DEFAULTS} == DEFAULTS


def test_every_option_is_described() -> None:
    assert all(field.help for field in fields(CaptionInputs))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"max_chars": 0}, "max_chars is 0"),
        ({"max_chars": 10_000}, "max_chars is 10000"),
        ({"max_lines": "two"}, "max_lines is 'two'"),
        ({"max_cps": float("nan")}, "max_cps is nan"),
        ({"min_s": -1}, "min_s is -1"),
        ({"count": "letters"}, "count is 'letters'"),
        ({"join": "\n"}, r"join is '\\n': what joins words"),
        ({"join": "a\u2028b"}, "join is"),
        ({"join": "\ud800"}, "join is"),
        ({"join": "         "}, "join has 9"),
        ({"lang": "e"}, "lang is 'e'"),
        ({"min_s": 2.0, "max_s": 1.0}, "min_s is 2, more than max_s 1"),
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(InputInvalid, match=said) as refused:
        CaptionInputs.check(values)
    assert refused.value.mend


def test_a_misspelt_option_is_named_with_the_one_that_was_meant() -> None:
    with pytest.raises(UnknownName, match="'maxchars'") as refused:
        CaptionInputs.check({"maxchars": 30})
    assert "did you mean max_chars?" in refused.value.mend
