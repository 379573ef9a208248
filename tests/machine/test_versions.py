"""Versions as numbers that compare."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from greenroom.machine.versions import cuda_of_tag, cuda_tag, minor, release

NUMBERS = st.lists(st.integers(0, 999), min_size=1, max_size=4)


def test_versions_compare_as_numbers() -> None:
    assert release("2.9.1") < release("2.10.0+cu128") == release("2.10") < release("2.10.1")
    assert release("535.104.05") < release("535.104.12") < release("580")
    assert release("0.0.29.post3") == (0, 0, 29)
    assert release("unknown") == ()
    assert release("0") == (0,)


def test_minors_and_tags() -> None:
    assert minor("2.10.0+cu128") == "2.10"
    assert minor("13") == "13.0"
    assert cuda_tag("12.8") == "cu128"
    assert cuda_tag("13.0.2") == "cu130"
    assert [cuda_of_tag(tag) for tag in ("cu118", "cu130", "cpu", "cu", "rocm6.4")] == [
        "11.8",
        "13.0",
        None,
        None,
        None,
    ]


@given(NUMBERS, NUMBERS)
def test_order_is_that_of_the_numbers(one: list[int], other: list[int]) -> None:
    padded = [numbers + [0] * (4 - len(numbers)) for numbers in (one, other)]
    assert (release(".".join(map(str, one))) < release(".".join(map(str, other)))) == (padded[0] < padded[1])


@given(st.text())
def test_any_text_has_a_release(text: str) -> None:
    assert all(number >= 0 for number in release(text))
