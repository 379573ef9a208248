"""Numbers, ordinals, ranges, fractions, dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN_NUMBERS = [
    ("0", "zero"),
    ("7 of 12", "seven of twelve"),
    ("1,234,567", "one million two hundred thirty-four thousand five hundred sixty-seven"),
    ("-3.5", "minus three point five"),
    ("−3.5", "minus three point five"),
    ("+7", "plus seven"),
    ("3.14", "three point one four"),
    ("0.05", "zero point zero five"),
    (".5", "point five"),
    ("1,000,000.5", "one million point five"),
    ("007", "zero zero seven"),
    ("1000000", "one million"),
    (
        "12345678901234567890123",
        f"{'one two three four five six seven eight nine zero ' * 2}one two three",
    ),
    ("~50", "about fifty"),
    ("≈3.14", "about three point one four"),
    ("±5", "plus or minus five"),
    (">90", "more than ninety"),
    ("<5", "less than five"),
    ("≥10", "at least ten"),
    ("5k steps", "five thousand steps"),
    ("5M users", "five million users"),
    ("7B parameters", "seven billion parameters"),
    ("10x faster", "ten times faster"),
    ("10× more", "ten times more"),
    ("10,000+ users", "ten thousand plus users"),
    ("4K video", "four K video"),
    ("3D", "three D"),
    ("5G", "five G"),
]

ORDINALS = [
    ("the 1st", "the first"),
    ("2nd", "second"),
    ("3rd", "third"),
    ("11th", "eleventh"),
    ("21st", "twenty-first"),
    ("100th", "one hundredth"),
    ("1,000th", "one thousandth"),
    ("the 1,000,000th visitor", "the one millionth visitor"),
    ("two 3rds", "two thirds"),
]

RANGES = [
    ("10-20", "ten to twenty"),
    ("10–20", "ten to twenty"),
    ("10 – 20", "ten to twenty"),
    ("3-5 days", "three to five days"),
    ("a 3-1 win", "a three to one win"),
    ("Invoice No. 2026-0042", "Invoice number two thousand twenty-six zero zero four two"),
]

FRACTIONS = [
    ("1/2", "one half"),
    ("3/4", "three quarters"),
    ("2/3", "two thirds"),
    ("5/8", "five eighths"),
    ("1/100", "one hundredth"),
    ("7/3", "seven over three"),
    ("3 1/2", "three and a half"),
    ("2 1/4 tsp. of salt", "two and a quarter teaspoons of salt"),
    ("½", "one half"),
    ("3½", "three and a half"),
    ("¾ cup", "three quarters cup"),
    ("step 3/10", "step three of ten"),
    ("he scored 3/10", "he scored three out of ten"),
    ("9.5/10", "nine point five out of ten"),
    ("24/7", "twenty-four seven"),
    ("9/11", "nine eleven"),
    ("50/50", "fifty fifty"),
]

RATIOS_AND_DIMENSIONS = [
    ("16:9", "sixteen to nine"),
    ("3:1", "three to one"),
    ("1:1000", "one to one thousand"),
    ("1280x720", "twelve eighty by seven twenty"),
    ("1920×1080", "nineteen twenty by ten eighty"),
    ("512 x 512", "five twelve by five twelve"),
    ("1280 × 720", "twelve eighty by seven twenty"),
    ("2x4", "two by four"),
    ("10x10x5", "ten by ten by five"),
    ("1080p", "ten eighty p"),
    ("1080p60", "ten eighty p sixty"),
    ("720p", "seven twenty p"),
]

POWERS_AND_EXPONENTS = [
    ("1e6", "one times ten to the power of six"),
    ("1e-4", "one times ten to the power of minus four"),
    ("6.02e23", "six point zero two times ten to the power of twenty-three"),
    ("10²", "ten squared"),
    ("2³", "two cubed"),
    ("2^10", "two to the power of ten"),
    ("10^-3", "ten to the power of minus three"),
]

CALCULATIONS = [
    ("2+2=4", "two plus two equals four"),
    ("2 + 2 = 4", "two plus two equals four"),
    ("5 - 3 = 2", "five minus three equals two"),
    ("10 - 3", "ten minus three"),
    ("3 × 4 = 12", "three times four equals twelve"),
    ("8 ÷ 2", "eight divided by two"),
    ("5 > 3", "five is greater than three"),
    ("x = 5", "x equals five"),
]

WORDS_WITH_NUMBERS = [
    ("16-bit", "sixteen bit"),
    ("a 3-year-old", "a three year old"),
    ("a 19th-century house", "a nineteenth century house"),
    ("3rd-party code", "third party code"),
    ("3/4-inch", "three quarters inch"),
    ("1-on-1", "one on one"),
    ("RTX 4090", "R.T.X forty ninety"),
    ("ISO 9001", "I.S.O ninety oh one"),
    ("GPU 1024 tokens", "G.P.U one thousand twenty-four tokens"),
    ("10 000 people", "ten thousand people"),
    ("1 500 000 tokens", "one million five hundred thousand tokens"),
    ("100 200 300", "one hundred two hundred three hundred"),
    ("100s of people", "hundreds of people"),
    ("10s of thousands", "tens of thousands"),
]


@pytest.mark.parametrize(("written", "spoken"), PLAIN_NUMBERS)
def test_plain_numbers(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), ORDINALS)
def test_ordinals(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), RANGES)
def test_ranges(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), FRACTIONS)
def test_fractions(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), RATIOS_AND_DIMENSIONS)
def test_ratios_and_dimensions(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), POWERS_AND_EXPONENTS)
def test_powers_and_exponents(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), CALCULATIONS)
def test_calculations(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), WORDS_WITH_NUMBERS)
def test_words_with_numbers(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken
