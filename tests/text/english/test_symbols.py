"""Signs that stand alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SAID = [
    ("A & B", "A and B"),
    ("R&D", "R and D"),
    ("Q&A", "Q and eh"),
    ("AT&T", "A.T and T"),
    ("5 + 3", "five plus three"),
    ("a -> b", "a to b"),
    ("a → b", "a to b"),
    ("a < b", "a is less than b"),
    ("50 % of", "fifty percent of"),
    ("C++", "C plus plus"),
    ("C#", "C sharp"),
    ("F#", "F sharp"),
    ("A/B test", "eh B test"),
]

SILENT = [
    ("yes — no", "yes, no"),
    ("yes - no", "yes, no"),
    ("yes | no", "yes, no"),
    ("* item", "item"),
    ("• item", "item"),
    ("a * b", "a b"),
    ("a ~ b", "a, b"),
    ("=====", ""),
    ("yes ... no", "yes, no"),
]


@pytest.mark.parametrize(("written", "spoken"), SAID)
def test_said(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), SILENT)
def test_silent(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken
