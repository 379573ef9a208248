"""Rates: measured, scaled, or unknown."""

from __future__ import annotations

import pytest

from greenroom.models.foley.architecture import PUBLISHED
from greenroom.models.foley.planning import rates
from greenroom.models.foley.planning.costs import Job, Networks
from greenroom.models.foley.planning.plan import plan
from greenroom.models.foley.planning.rates import Rates, rates_of
from greenroom.runtime.rooms import Room

H100 = "NVIDIA H100 80GB HBM3"
KNOWN = Rates(4e14, 3e14, 5e14, 1e14, memory=2e12, from_host=5e10, batch=0.002, request=0.1)


def test_what_no_data_sheet_is_known_of_is_not_known() -> None:
    assert rates_of("a card of tomorrow") is None
    assert rates_of("") is None


def test_other_cards_are_scaled_from_one_that_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "RATES", {H100: KNOWN})
    assert rates_of(H100) == KNOWN
    found = rates_of("NVIDIA L4")
    assert found is not None
    assert found.estimated
    assert found.memory == pytest.approx(2e12 * 0.3 / 3.35)
    assert found.batch == pytest.approx(0.002 * 3.35 / 0.3)
    assert 5 < KNOWN.denoiser / found.denoiser < 12
    assert KNOWN.denoiser / found.denoiser == pytest.approx(KNOWN.decoder / found.decoder)
    assert found.from_host < KNOWN.from_host


def test_of_work_and_copies_what_takes_longer_is_the_time_of_a_pass() -> None:
    assert KNOWN.pass_seconds(5e14, 2 * 10**12, 0) == pytest.approx(2.002)
    assert KNOWN.pass_seconds(5e14, 0, 4 * 10**10) == pytest.approx(1.002)
    assert KNOWN.pass_seconds(5e14, 0, 10**11) == pytest.approx(2)


def test_a_card_that_was_measured_takes_about_as_long_as_is_told() -> None:
    """XXL on an H200, seconds of a run by ``benchmarks/foley.py``."""
    networks = Networks.of("hunyuanvideo-foley-xxl", PUBLISHED["hunyuanvideo-foley-xxl"], "bf16", 2)
    room = Room("cuda:0", 140 * 10**9, 10**11, "NVIDIA H200", grows=True)
    for job, took in (
        (Job(400, pictures=64, frames=200), 0.78),
        (Job(400, 4, pictures=64, frames=200), 2.31),
        (Job(3008, pictures=480, frames=1500), 5.2),
    ):
        assert plan(networks, job, room).seconds == pytest.approx(took, rel=0.05)
    small = plan(networks.in_eight_bits(), Job(400, pictures=64, frames=200), room)
    assert small.seconds == pytest.approx(0.95, rel=0.05)
    assert not small.estimated
