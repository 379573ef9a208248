"""A clip taken apart into windows and put together again."""

from __future__ import annotations

import torch
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.foley.mmdit.blending import Blend, Row
from greenroom.models.foley.mmdit.windows import GRID, Window, ramp, windows
from tests.models.foley.networks import normal

CHANNELS = 3
CPU = torch.device("cpu")


def grouped(found: tuple[Window, ...], samples: int, most: int) -> list[list[Row]]:
    """Rows of windows of one length, at most so many together."""
    alike: dict[int, list[Row]] = {}
    for place, window in enumerate(found):
        alike.setdefault(window.length, []).extend((place, sample) for sample in range(samples))
    return [rows[at : at + most] for rows in alike.values() for at in range(0, len(rows), most)]


clips = st.lists(st.integers(1, 60), min_size=1, max_size=6).filter(lambda sizes: sum(sizes) > 1)


@given(clips, st.integers(1, 3), st.integers(1, 7))
def test_what_is_only_taken_apart_is_the_same_again(sizes: list[int], samples: int, most: int) -> None:
    begins, length = [GRID * sum(sizes[:place]) for place in range(len(sizes))], GRID * sum(sizes)
    found, noise = windows(length, begins), normal(samples, CHANNELS, length)
    groups = grouped(found, samples, most)
    blend = Blend(found, groups, noise, CPU)
    for place, rows in enumerate(groups):
        here = blend.rows(place)
        for row, (window, sample) in zip(here, rows, strict=True):
            assert torch.equal(row, noise[sample, :, found[window].start : found[window].stop])
        blend.put(place, here)
    blend.blend()
    torch.testing.assert_close(blend.state(), noise, atol=1e-6, rtol=1e-6)


@given(clips, st.integers(1, 2), st.integers(1, 7))
def test_windows_count_by_their_ramps_to_the_bit_whatever_goes_together(
    sizes: list[int], samples: int, most: int
) -> None:
    begins, length = [GRID * sum(sizes[:place]) for place in range(len(sizes))], GRID * sum(sizes)
    found, noise = windows(length, begins), normal(samples, CHANNELS, length)
    made = {
        (place, sample): normal(CHANNELS, window.length, seed=10 * place + sample)
        for place, window in enumerate(found)
        for sample in range(samples)
    }
    states = []
    for together in (most, 100):
        groups = grouped(found, samples, together)
        blend = Blend(found, groups, noise, CPU)
        for place, rows in enumerate(groups):
            blend.put(place, torch.stack([made[row] for row in rows]))
        blend.blend()
        states.append(blend.state())
    assert torch.equal(*states)
    sums, shares = torch.zeros(samples, CHANNELS, length), torch.zeros(length)
    for place, window in enumerate(found):
        own = torch.tensor([ramp(window, length, at) for at in range(window.length)])
        shares[window.start : window.stop] += own
        for sample in range(samples):
            sums[sample, :, window.start : window.stop] += own * made[place, sample]
    torch.testing.assert_close(states[0], sums / shares, atol=1e-5, rtol=1e-5)
