"""Telephone numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

NUMBERS = [
    ("555-123-4567", "five five five, one two three, four five six seven"),
    ("(555) 123-4567", "five five five, one two three, four five six seven"),
    ("+1 (555) 123-4567", "plus one, five five five, one two three, four five six seven"),
    ("1 (800) 555-0199", "one, eight zero zero, five five five, zero one nine nine"),
    ("+44 20 7946 0958", "plus four four, two zero, seven nine four six, zero nine five eight"),
    ("1-800-555-0199", "one, eight zero zero, five five five, zero one nine nine"),
    ("555.123.4567", "five five five, one two three, four five six seven"),
    ("+4915112345678", "plus four nine one five one one two three four five six seven eight"),
    ("call 555-1234", "call five five five, one two three four"),
    ("555-1234", "five hundred fifty-five to one thousand two hundred thirty-four"),
    ("Tel.: (212) 555-0100.", "telephone: two one two, five five five, zero one zero zero."),
]


@pytest.mark.parametrize(("written", "spoken"), NUMBERS)
def test_numbers(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken
