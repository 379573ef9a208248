"""Times of the day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

CLOCK = [
    ("3:45 p.m.", "three forty-five P.M."),
    ("15:30", "fifteen thirty"),
    ("7:30pm", "seven thirty P.M"),
    ("12:00", "twelve o'clock"),
    ("9:00", "nine o'clock"),
    ("9:05 a.m.", "nine oh five A.M."),
    ("15:00", "fifteen hundred"),
    ("0:30", "zero thirty"),
    ("00:00", "midnight"),
    ("24:00", "twenty-four hundred"),
    ("10:30:15", "ten thirty and fifteen seconds"),
    ("5:00 PM", "five P.M"),
    ("10:30Z", "ten thirty Zulu"),
    ("9.30", "nine point three zero"),
]

HOURS = [
    ("7pm", "seven P.M"),
    ("7 pm", "seven P.M"),
    ("7 p.m. sharp", "seven P.M sharp"),
    ("11 A.M.", "eleven A.M."),
    ("6am", "six A.M"),
]

RANGES = [
    ("9am-5pm", "nine A.M to five P.M"),
    ("7:30-9:00pm", "seven thirty to nine P.M"),
    ("9-5 pm", "nine to five P.M"),
    ("10:00–12:30", "ten o'clock to twelve thirty"),
]

ZONES = [
    ("7 p.m. EST", "seven P.M E.S.T"),
    ("15:30 UTC", "fifteen thirty U.T.C"),
    ("UTC+2", "U.T.C plus two"),
    ("GMT-5", "G.M.T minus five"),
    ("10:00 UTC+05:30", "ten o'clock U.T.C plus five thirty"),
    ("10:30 +02:00", "ten thirty plus two"),
]

ENDS_OF_SENTENCES = [
    ("We left at 7 p.m. Then it rained.", "We left at seven P.M. Then it rained."),
    ("We left at 7 p.m. on Monday.", "We left at seven P.M on Monday."),
    ("It is 7 p.m. Monday there.", "It is seven P.M Monday there."),
    ("It was 7 p.m.", "It was seven P.M."),
]


@pytest.mark.parametrize(("written", "spoken"), CLOCK)
def test_clock(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), HOURS)
def test_hours(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), RANGES)
def test_ranges(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), ZONES)
def test_zones(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), ENDS_OF_SENTENCES)
def test_ends_of_sentences(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken
