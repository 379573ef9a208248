"""Numbers as words, without commas and without "and"."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from num2words import num2words

from greenroom.text.english.numerals import cardinal, decade, decimal, digits, ordinal, pairs, plural, whole, year


@given(st.integers(0, 10**21 - 1))
def test_cardinals_are_those_of_num2words(number: int) -> None:
    assert " ".join(cardinal(number)) == num2words(number).replace(",", "").replace(" and ", " ")


@given(st.integers(0, 10**21 - 1))
def test_ordinals_are_those_of_num2words(number: int) -> None:
    assert " ".join(ordinal(number)) == num2words(number, to="ordinal").replace(",", "").replace(" and ", " ")


@pytest.mark.parametrize(
    ("number", "spoken"),
    [
        (1000, "one thousand"),
        (1066, "ten sixty-six"),
        (1800, "eighteen hundred"),
        (1905, "nineteen oh five"),
        (1999, "nineteen ninety-nine"),
        (2000, "two thousand"),
        (2005, "two thousand five"),
        (2010, "twenty ten"),
        (2026, "twenty twenty-six"),
        (79, "seventy-nine"),
    ],
)
def test_years(number: int, spoken: str) -> None:
    assert " ".join(year(number)) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("64", "sixty-four"),
        ("264", "two sixty-four"),
        ("100", "one hundred"),
        ("101", "one oh one"),
        ("4090", "forty ninety"),
        ("1700", "seventeen hundred"),
        ("4000", "four thousand"),
        ("8005", "eighty oh five"),
        ("007", "zero zero seven"),
        ("13900", "thirteen thousand nine hundred"),
        ("1234567", "one two three four five six seven"),
    ],
)
def test_model_numbers_are_read_in_pairs(text: str, spoken: str) -> None:
    assert " ".join(pairs(text)) == spoken


@pytest.mark.parametrize(
    ("words", "spoken"),
    [
        (digits("4-2"), "four two"),
        (whole("1,000"), "one thousand"),
        (whole("05"), "zero five"),
        (whole("9" * 5000), " ".join(["nine"] * 5000)),  # int() refuses it
        (decimal("1,234.50"), "one thousand two hundred thirty-four point five zero"),
        (decimal(".5"), "point five"),
        (decade(1990), "nineteen nineties"),
        (decade(2010), "twenty tens"),
    ],
)
def test_digits_and_decimals(words: tuple[str, ...], spoken: str) -> None:
    assert " ".join(words) == spoken


def test_plurals_of_number_words() -> None:
    assert [plural(word) for word in ("ninety", "six", "ten")] == ["nineties", "sixes", "tens"]
