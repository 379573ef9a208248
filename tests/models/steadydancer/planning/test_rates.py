"""Rates: measured, scaled, or unknown."""

from __future__ import annotations

import pytest

from greenroom.models.steadydancer.planning import rates
from greenroom.models.steadydancer.planning.arithmetic import Flop
from greenroom.models.steadydancer.planning.rates import RATES, Rates, rates_of

H100 = "NVIDIA H100 80GB HBM3"
KNOWN = Rates(6e14, 5e14, 1e15, 2e14, 2e14, from_host=5e10)


def test_what_nobody_measured_is_not_known() -> None:
    assert rates_of("a card of tomorrow") is None
    assert rates_of("") is None
    assert all(not rates.estimated for rates in RATES.values())


def test_other_cards_are_scaled_from_one_that_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "RATES", {H100: KNOWN})
    assert rates_of(H100) == KNOWN
    found = rates_of("NVIDIA A100-SXM4-80GB")
    assert found is not None
    assert found.estimated
    assert 2.5 < KNOWN.linear / found.linear < 3.5
    assert KNOWN.linear / found.linear == pytest.approx(KNOWN.attention / found.attention)
    assert found.from_host < KNOWN.from_host


def test_copies_run_beside_the_work() -> None:
    flop = Flop(6e14, 1e15)
    assert KNOWN.pass_seconds(flop, 0) == pytest.approx(3)
    assert KNOWN.pass_seconds(flop, 10 * 10**9) == pytest.approx(3)
    assert KNOWN.pass_seconds(flop, 200 * 10**9) == pytest.approx(4)
    assert KNOWN.pass_seconds(flop, 0, in_eight_bits=True) == pytest.approx(2.6)


def test_a_pass_takes_as_long_as_it_was_measured_to() -> None:
    """On an H200, 81 frames of 832x480: 3.148 s, and 2.623 s with products in eight bits."""
    measured, flop = RATES["NVIDIA H200"], Flop(857.8e12, 1077.2e12)
    assert measured.pass_seconds(flop, 0) == pytest.approx(3.148, rel=0.005)
    assert measured.pass_seconds(flop, 0, in_eight_bits=True) == pytest.approx(2.623, rel=0.005)
