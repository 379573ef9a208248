"""Rates: measured, scaled, or unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greenroom.models.foley.planning.rates import RATES, Rates, rates_of

H100 = "NVIDIA H100 80GB HBM3"
KNOWN = Rates(4e14, 3e14, 5e14, 1e14, memory=2e12, from_host=5e10, request=0.1)


def test_what_nobody_measured_is_not_known() -> None:
    assert RATES == {}
    assert rates_of("NVIDIA L4") is None
    assert rates_of("") is None


def test_other_cards_are_scaled_from_one_that_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RATES, H100, KNOWN)
    assert rates_of(H100) == KNOWN
    found = rates_of("NVIDIA L4")
    assert found is not None
    assert found.estimated
    assert found.memory == pytest.approx(2e12 * 0.3 / 3.35)
    assert 5 < KNOWN.denoiser / found.denoiser < 12
    assert KNOWN.denoiser / found.denoiser == pytest.approx(KNOWN.decoder / found.decoder)
    assert found.from_host < KNOWN.from_host
    assert rates_of("a card of tomorrow") is None


def test_what_takes_longest_is_the_time_of_a_pass() -> None:
    assert KNOWN.pass_seconds(5e14, 10**9, 0) == pytest.approx(1)
    assert KNOWN.pass_seconds(1e12, 2 * 10**12, 0) == pytest.approx(1)
    assert KNOWN.pass_seconds(1e12, 10**9, 5 * 10**10) == pytest.approx(1)
    assert replace(KNOWN, estimated=True).pass_seconds(1e12, 10**9, 0) > 0
