"""Each word is read once, by the narrowest rule that knows it."""

from __future__ import annotations

import pytest

from greenroom.text.english.reader import paragraph, read


@pytest.mark.parametrize(
    "text", ["", "plain words", "10 GB of Nov. 23, 2026", "USD 3.5 million", "$3.5 million 3 1/2 km"]
)
def test_every_written_word_gets_one_reading(text: str) -> None:
    assert len(list(read(paragraph(text)))) == len(text.split())


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("12/05/1999", "December fifth, nineteen ninety-nine"),  # a date before a fraction
        ("1/2", "one half"),  # a fraction before a path
        ("7:30", "seven thirty"),  # a time before a ratio
        ("16:9", "sixteen to nine"),
        ("1.2.3", "one point two point three"),  # a version before an address
        ("192.168.0.1", "one ninety-two dot one sixty-eight dot zero dot one"),
        ("1990s", "nineteen nineties"),  # a decade before seconds
        ("90s", "ninety seconds"),
        ("5m", "five meters"),  # a length, but money's million
        ("$5m", "five million dollars"),
    ],
)
def test_the_narrower_rule_wins(text: str, spoken: str) -> None:
    assert " ".join(word for said in read(paragraph(text)) for word in said.words) == spoken


def test_a_very_long_word_is_read_without_rules() -> None:
    (said,) = read(paragraph("a1" * 2000))
    assert said.words[:4] == ("eh", "one", "eh", "one")
