"""Words that count things, and Roman numerals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

SHORT_LABELS = [
    ("No. 5", "number five"),
    ("no. 7", "number seven"),
    ("No.5", "number five"),
    ("Nos. 3 and 4", "numbers three and four"),
    ("No. That is wrong", "No. That is wrong"),
    ("No. I won't go", "No. I won't go"),
    ("No. V was it", "No. V was it"),
    ("№ 5", "number five"),
    ("pp. 3–5", "pages three to five"),
    ("p. 7", "page seven"),
    ("Fig. 3", "figure three"),
    ("Figs. 2 and 3", "figures two and three"),
    ("Vol. II", "volume two"),
    ("Ch. 7", "chapter seven"),
    ("#5", "number five"),
    ("# 5", "number five"),
    ("#4B", "number four B"),
    ("§ 5", "section five"),
    ("Sec. 4.2", "section four point two"),
]

ROMAN_NUMERALS = [
    ("Henry VIII", "Henry the eighth"),
    ("Louis XIV's wife", "Louis the fourteenth's wife"),
    ("Elizabeth II", "Elizabeth the second"),
    ("Elizabeth I was", "Elizabeth the first was"),
    ("Elizabeth I", "Elizabeth the first"),
    ("George I think", "George I think"),
    ("Pope John Paul II", "Pope John Paul the second"),
    ("World War II", "World War two"),
    ("World War I", "World War one"),
    ("World War I began", "World War one began"),
    ("Chapter V", "Chapter five"),
    ("Part I of it", "Part one of it"),
    ("Part I think", "Part I think"),
    ("Chapter IV", "Chapter four"),
    ("Part I", "Part one"),
    ("Super Bowl LVIII", "Super Bowl fifty-eight"),
    ("Rocky IV", "Rocky four"),
    ("Type II error", "Type two error"),
    ("an IV drip", "an I.V drip"),
    ("I am", "I am"),
]

LETTERS = [
    ("vitamin C is", "vitamin C is"),
    ("the part I like", "the part I like"),
    ("plan A worked", "plan eh worked"),
    ("vitamin A is", "vitamin eh is"),
    ("plan B worked", "plan B worked"),
    ("A plan", "A plan"),
]


@pytest.mark.parametrize(("written", "spoken"), SHORT_LABELS)
def test_short_labels(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), ROMAN_NUMERALS)
def test_roman_numerals(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), LETTERS)
def test_letters(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken
