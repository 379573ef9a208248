"""Which frames are looked at. Equality with the original, video by video: test_parity_media."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.foley.watching.cadence import Cadence, picked

times = st.lists(st.floats(0, 4), min_size=1, max_size=120, unique=True).map(sorted)


def constant(rate: int, seconds: int) -> list[float]:
    return [float(Fraction(number, rate)) for number in range(rate * seconds)]


@pytest.mark.parametrize(("rate", "frames"), [(25, 199), (24, 199), (16, 199), (30, 200), (50, 200), (60, 200)])
def test_eight_seconds_may_come_out_a_frame_short(rate: int, frames: int) -> None:
    assert len(picked(constant(rate, 8), 25)) == frames


@pytest.mark.parametrize("rate", [8, 24, 25, 30])
def test_steps_of_an_eighth_are_exact(rate: int) -> None:
    assert len(picked(constant(rate, 8), 8)) == 64


@given(times, st.sampled_from([8, 25]))
def test_places_rise_and_the_clock_is_kept_up_with(begins: list[float], rate: int) -> None:
    places = picked(begins, rate)
    assert places == sorted(places)
    assert len(places) == pytest.approx(begins[-1] * rate + 1, abs=1.001)
    for number, place in enumerate(places):
        assert begins[place] >= number / rate - 1e-9
        assert place == 0 or begins[place - 1] < number / rate + 1e-9


def test_a_slow_video_is_repeated_and_a_fast_one_thinned() -> None:
    assert picked([0, 0.5, 1], 8) == [0, 1, 1, 1, 1, 2, 2, 2, 2]
    assert picked(constant(16, 1), 8) == [0, 2, 4, 6, 8, 10, 12, 14]


def test_a_late_begin_is_filled_with_the_first_frame() -> None:
    assert picked([0.25, 0.26], 8) == [0, 0, 0]


def test_nothing_before_the_first_moment_or_behind_the_fifteenth_second() -> None:
    assert picked([-0.1, 0, 0.01], 8) == [1]
    places = picked([*constant(10, 16)], 25)
    assert (len(places), places[-1]) == (376, 150)


@pytest.mark.parametrize("rate", [8, 16, 24, 25, 30, 50, 60])
def test_an_exact_clock_loses_no_frame(rate: int) -> None:
    cadence = Cadence(25, exact=True)
    shown = [cadence.shown(Fraction(number, rate)) for number in range(8 * rate)]
    assert sum(shown) == (8 * rate - 1) * 25 // rate + 1
    assert rate != 25 or set(shown) == {1}


def test_each_stream_has_a_clock_of_its_own() -> None:
    cadence = Cadence(8)
    assert [cadence.shown(time) for time in (0, 0.1, 0.125, 0.5)] == [1, 0, 1, 3]
