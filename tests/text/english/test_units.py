"""Units behind numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

APART = [
    ("10 GB", "ten gigabytes"),
    ("1 GB", "one gigabyte"),
    ("1.5 GB", "one point five gigabytes"),
    ("5 km", "five kilometers"),
    ("70 °C", "seventy degrees Celsius"),
    ("1 °C", "one degree Celsius"),
    ("60 km/h", "sixty kilometers per hour"),
    ("24 kHz", "twenty-four kilohertz"),
    ("16 fps", "sixteen frames per second"),
    ("100 ms", "one hundred milliseconds"),
    ("2 m²", "two square meters"),
    ("3 m/s²", "three meters per second squared"),
    ("10 GB/s", "ten gigabytes per second"),
    ("350 g", "three hundred fifty grams"),
    ("300 K", "three hundred kelvins"),
    ("128 kbps", "one hundred twenty-eight kilobits per second"),
    ("-14 LUFS", "minus fourteen luffs"),
    ("-3 dB", "minus three decibels"),
    ("10 req/s", "ten req per second"),
    ("50 tokens/s", "fifty tokens per second"),
    ("3.5 million km", "three point five million kilometers"),
    ("5 lb 3 oz", "five pounds three ounces"),
]

ATTACHED = [
    ("5km", "five kilometers"),
    ("0.5mm", "zero point five millimeters"),
    ("5m", "five meters"),
    ("24kHz", "twenty-four kilohertz"),
    ("70°F", "seventy degrees Fahrenheit"),
    ("70°", "seventy degrees"),
    ("10-20ms", "ten to twenty milliseconds"),
    ("5–10 GB", "five to ten gigabytes"),
    ("80GB", "eighty gigabytes"),
    ("5ms", "five milliseconds"),
    ("2.4GHz", "two point four gigahertz"),
    ("10µs", "ten microseconds"),
    ("500mg", "five hundred milligrams"),
    ("5in", "five inches"),
    ("90s", "ninety seconds"),
    ("4kWh", "four kilowatt hours"),
    ("100Mbps", "one hundred megabits per second"),
]

PERCENT = [
    ("50%", "fifty percent"),
    ("3.5 %", "three point five percent"),
    ("10-20%", "ten to twenty percent"),
    ("5–10 %", "five to ten percent"),
    ("99.9%", "ninety-nine point nine percent"),
    ("-5%", "minus five percent"),
    ("100%!", "one hundred percent!"),
]

SINGULAR_BEFORE_A_NOUN = [
    ("a 10 km run", "a ten kilometer run"),
    ("a 5-km run", "a five kilometer run"),
    ("a 10 GB file", "a ten gigabyte file"),
    ("an 8 GB card", "an eight gigabyte card"),
    ("1/2 mile", "one half mile"),
]

FEET_AND_INCHES = [
    ("5'10\"", "five foot ten"),
    ("5′10″", "five foot ten"),
    ("6' tall", "six foot tall"),
    ('a 27" monitor', "a twenty-seven inch monitor"),
    ("6 ft. 2 in. tall", "six feet two inches tall"),
    ("he is 6'2", "he is six foot two"),
]

WITH_A_DOT = [
    ("5 ft. tall", "five feet tall"),
    ("10 lbs. of it", "ten pounds of it"),
    ("45 min. Then go", "forty-five minutes. Then go"),
    ("3 hrs., then", "three hours, then"),
]

WITHOUT_A_NUMBER = [
    ("in GHz", "in gigahertz"),
    ("a GB", "a gigabyte"),
    ("many GB", "many gigabytes"),
    ("in km/h", "in kilometers per hour"),
]


@pytest.mark.parametrize(("written", "spoken"), APART)
def test_apart(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), ATTACHED)
def test_attached(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), PERCENT)
def test_percent(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), SINGULAR_BEFORE_A_NOUN)
def test_singular_before_a_noun(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), FEET_AND_INCHES)
def test_feet_and_inches(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), WITH_A_DOT)
def test_with_a_dot(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), WITHOUT_A_NUMBER)
def test_without_a_number(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken
