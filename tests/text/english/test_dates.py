"""Dates, years, decades."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

IN_FIGURES = [
    ("2026-11-23", "November twenty-third, twenty twenty-six"),
    ("2026/11/23", "November twenty-third, twenty twenty-six"),
    ("12/05/1999", "December fifth, nineteen ninety-nine"),
    ("23/11/2026", "November twenty-third, twenty twenty-six"),
    ("7/4/2026", "July fourth, twenty twenty-six"),
    ("04/07/26", "April seventh, twenty twenty-six"),
    ("31/12/99", "December thirty-first, nineteen ninety-nine"),
    ("23.11.2026", "November twenty-third, twenty twenty-six"),
    ("2026-11-23T10:30:00Z", "November twenty-third, twenty twenty-six at ten thirty Zulu"),
    ("2026-11-23T09:05+05:30", "November twenty-third, twenty twenty-six at nine oh five plus five thirty"),
    ("2026-13-45", "two thousand twenty-six thirteen forty-five"),
    ("by 1/2", "by one half"),
    ("on 12/05", "on December fifth"),
    ("on 1/2 acre", "on one half acre"),
]

WITH_MONTH_NAMES = [
    ("Nov. 23, 2026", "November twenty-third, twenty twenty-six"),
    ("November 23, 2026", "November twenty-third, twenty twenty-six"),
    ("November 23rd", "November twenty-third"),
    ("Nov 3-5", "November third to fifth"),
    ("Oct. 3–5, 2025", "October third to fifth, twenty twenty-five"),
    ("Nov. 2026", "November twenty twenty-six"),
    ("November 2026", "November twenty twenty-six"),
    ("in May", "in May"),
    ("May 5", "May fifth"),
    ("23 November 2026", "the twenty-third of November, twenty twenty-six"),
    ("23 Nov. 2026", "the twenty-third of November, twenty twenty-six"),
    ("the 23rd of November", "the twenty-third of November"),
    ("4th of July", "fourth of July"),
    ("Sept. 3rd, 1899", "September third, eighteen ninety-nine"),
    ("See you in Oct. Then", "See you in October. Then"),
    ("Mon-Fri", "Monday to Friday"),
    ("Jan–Mar", "January to March"),
    ("Sat., Nov. 5", "Saturday, November fifth"),
    ("The Sun. It set", "The Sun. It set"),
]

YEARS = [
    ("in 1999", "in nineteen ninety-nine"),
    ("in 1066", "in ten sixty-six"),
    ("in 2005", "in two thousand five"),
    ("in 2000", "in two thousand"),
    ("in 2026", "in twenty twenty-six"),
    ("the 2026 model", "the twenty twenty-six model"),
    ("2026 was", "twenty twenty-six was"),
    ("the 2026 models", "the twenty twenty-six models"),
    ("2048 tokens", "two thousand forty-eight tokens"),
    ("1999 people", "one thousand nine hundred ninety-nine people"),
    ("(1987)", "nineteen eighty-seven"),
    ("1999's hits", "nineteen ninety-nine's hits"),
    ("1990–1995", "nineteen ninety to nineteen ninety-five"),
    ("1990-95", "nineteen ninety to ninety-five"),
    ("2019/20", "twenty nineteen twenty"),
    ("class of '05", "class of oh five"),
    ("summer of '69", "summer of sixty-nine"),
    ("FY2025", "F.Y twenty twenty-five"),
]

DECADES = [
    ("the 1990s", "the nineteen nineties"),
    ("the '90s", "the nineties"),
    ("the 90s", "the nineties"),
    ("1800s", "eighteen hundreds"),
    ("2000s", "two thousands"),
    ("the 2010s", "the twenty tens"),
    ("the 1990's", "the nineteen nineties"),
    ("mid-1990s", "mid nineteen nineties"),
    ("mid-90s", "mid nineties"),
]


@pytest.mark.parametrize(("written", "spoken"), IN_FIGURES)
def test_in_figures(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), WITH_MONTH_NAMES)
def test_with_month_names(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), YEARS)
def test_years(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), DECADES)
def test_decades(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken
