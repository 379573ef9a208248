"""Sums of money."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SYMBOLS = [
    ("$3.50", "three dollars and fifty cents"),
    ("$1", "one dollar"),
    ("$1.00", "one dollar"),
    ("$0.99", "ninety-nine cents"),
    ("$0.01", "one cent"),
    ("$.50", "fifty cents"),
    ("$0", "zero dollars"),
    ("€1,000", "one thousand euros"),
    ("£13.60", "thirteen pounds and sixty pence"),
    ("£0.01", "one penny"),
    ("$43,000", "forty-three thousand dollars"),
    ("¥500", "five hundred yen"),
    ("₹500", "five hundred rupees"),
    ("₩1,000", "one thousand won"),
    ("US$5", "five U.S dollars"),
    ("CA$20", "twenty Canadian dollars"),
    ("HK$5", "five Hong Kong dollars"),
    ("R$10", "ten reais"),
    ("-$5", "minus five dollars"),
    ("$-5", "minus five dollars"),
    ("~$50", "about fifty dollars"),
    ("€3,50", "three euros and fifty cents"),
    ("$1,234.56", "one thousand two hundred thirty-four dollars and fifty-six cents"),
    ("$3.5", "three point five dollars"),
    ("50¢", "fifty cents"),
    ("5€", "five euros"),
    ("5 €", "five euros"),
    ("20€", "twenty euros"),
]

MAGNITUDES = [
    ("$3.5 million", "three point five million dollars"),
    ("$1.2bn", "one point two billion dollars"),
    ("$5m", "five million dollars"),
    ("€3.5m", "three point five million euros"),
    ("$43K", "forty-three thousand dollars"),
    ("$2T", "two trillion dollars"),
    ("£2bn", "two billion pounds"),
    ("a $3.5 million deal", "a three point five million dollar deal"),
    ("a $5-million deal", "a five million dollar deal"),
    ("$5-$10 million", "five to ten million dollars"),
]

RANGES_AND_RATES = [
    ("$10-20", "ten to twenty dollars"),
    ("$10-$20", "ten to twenty dollars"),
    ("$5–10M", "five to ten million dollars"),
    ("$20/month", "twenty dollars per month"),
    ("$0.35/hr", "thirty-five cents per hour"),
    ("$100k/yr", "one hundred thousand dollars per year"),
    ("$5+", "five dollars plus"),
    ("a $20 bill", "a twenty dollar bill"),
]

CODES = [
    ("USD 20", "twenty U.S dollars"),
    ("20 EUR", "twenty euros"),
    ("5 USD", "five U.S dollars"),
    ("USD5", "five U.S dollars"),
    ("JPY 1000", "one thousand yen"),
    ("CHF 20", "twenty Swiss francs"),
    ("3.5 million USD", "three point five million U.S dollars"),
    ("USD 3.5 million", "three point five million U.S dollars"),
    ("Rs. 500", "five hundred rupees"),
    ("$ 5", "five dollars"),
]


@pytest.mark.parametrize(("written", "spoken"), SYMBOLS)
def test_symbols(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), MAGNITUDES)
def test_magnitudes(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), RANGES_AND_RATES)
def test_ranges_and_rates(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), CODES)
def test_codes(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken
