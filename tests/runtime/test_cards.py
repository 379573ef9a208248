"""Cards by their data sheets."""

from __future__ import annotations

import pytest

from greenroom.runtime.cards import CARDS, slower


def test_a_card_is_as_fast_as_itself() -> None:
    assert all(slower(name, name, share) == pytest.approx(1) for name in CARDS for share in (0.0, 0.5, 1.0))


def test_arithmetic_and_memory_are_weighed() -> None:
    h100, l4 = "NVIDIA H100 80GB HBM3", "NVIDIA L4"
    assert slower(l4, h100, 1.0) == pytest.approx(989 / 121)
    assert slower(l4, h100, 0.0) == pytest.approx(3.35 / 0.3)
    assert slower(l4, h100, 0.25) == pytest.approx(0.25 * 989 / 121 + 0.75 * 3.35 / 0.3)


@pytest.mark.parametrize("names", [("a card of tomorrow", "NVIDIA L4"), ("NVIDIA L4", "a card of tomorrow")])
def test_of_unknown_cards_nothing_is_said(names: tuple[str, str]) -> None:
    assert slower(*names, 0.5) is None
