"""A number, its sign, a second number, and what is attached."""

from __future__ import annotations

import pytest

from greenroom.text.english.quantities import Quantity, amount, fraction, quantity, ratio_of, with_whole


@pytest.mark.parametrize(
    ("core", "found"),
    [
        ("7", Quantity("", "7", "", "")),
        ("~10-20ms", Quantity("~", "10", "20", "ms")),
        ("-3.5", Quantity("-", "3.5", "", "")),
        ("1,234.5kg", Quantity("", "1,234.5", "", "kg")),
        ("3½", Quantity("", "3½", "", "")),
        ("3/4-inch", Quantity("", "3/4", "", "-inch")),
        ("5–10%", Quantity("", "5", "10", "%")),
        (">=5", Quantity(">=", "5", "", "")),
        ("2026-0042", None),
        ("ms", None),
        ("", None),
        ("1" * 200, None),
    ],
)
def test_quantities_are_taken_apart(core: str, found: Quantity | None) -> None:
    assert quantity(core) == found


@pytest.mark.parametrize(("core", "one"), [("1", True), ("½", True), ("1/2", True), ("1.0", False), ("1-2", False)])
def test_what_is_one_has_its_unit_in_the_singular(core: str, one: bool) -> None:
    found = quantity(core)
    assert found is not None
    assert found.one is one


def test_fractions() -> None:
    assert fraction(1, 2) == ("one", "half")
    assert fraction(3, 4) == ("three", "quarters")
    assert fraction(1, 100) == ("one", "hundredth")
    assert fraction(7, 1000) == ("seven", "thousandths")
    assert fraction(2, 21) == ("two", "twenty-firsts")
    assert ratio_of(7, 3) == ("seven", "over", "three")
    assert with_whole(1, 2) == ("and", "a", "half")
    assert with_whole(2, 3) == ("and", "two", "thirds")
    assert amount("2¾") == ("two", "and", "three", "quarters")
