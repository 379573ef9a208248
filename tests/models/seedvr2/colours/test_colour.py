"""Ways to bring colours back. Equality with the original: test_parity_vae."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from greenroom.models.seedvr2.colours.colour import adain, wavelet
from greenroom.models.seedvr2.colours.hsv import from_hsv, to_hsv
from greenroom.models.seedvr2.colours.lab import from_lab, to_lab
from greenroom.models.seedvr2.colours.matching import matched
from greenroom.models.seedvr2.colours.methods import FRAME_BY_FRAME, METHODS
from tests.models.seedvr2.networks import normal

each_method = pytest.mark.parametrize("method", METHODS)


def frames(seed: int = 0, count: int = 2, height: int = 20, width: int = 24) -> Tensor:
    return normal(count, 3, height, width, seed=seed).mul(0.4).clamp(-1, 1)


@each_method
def test_the_source_s_own_colours_stay(method: str) -> None:
    made = METHODS[method](frames(), frames())
    torch.testing.assert_close(made, frames(), atol=2e-4, rtol=0)


@each_method
def test_a_cast_of_colour_goes(method: str) -> None:
    source = frames()
    cast = source * 0.7 + torch.tensor([0.2, 0.0, -0.1])[:, None, None]
    before, after = (cast - source).abs().mean(), (METHODS[method](cast, source) - source).abs().mean()
    # Saturation alone cannot take a cast away.
    assert after < before if method != "hsv" else after.isfinite()


@each_method
def test_arguments_stay_as_they_were(method: str) -> None:
    content, style = frames(), frames(1)
    METHODS[method](content, style)
    assert torch.equal(content, frames())
    assert torch.equal(style, frames(1))


@pytest.mark.parametrize("method", sorted(FRAME_BY_FRAME))
def test_frames_do_not_see_each_other(method: str) -> None:
    content, style = frames(), frames(1)
    made = METHODS[method](content, style)
    torch.testing.assert_close(METHODS[method](content[1:], style[1:]), made[1:])


@each_method
def test_grey_black_and_a_frame_smaller_than_a_blur(method: str) -> None:
    for content in (torch.zeros(1, 3, 4, 4), -torch.ones(1, 3, 4, 4), torch.ones(1, 3, 4, 4)):
        assert METHODS[method](content, frames(1, 1, 4, 4)).isfinite().all()


def test_details_stay_and_low_frequencies_are_the_style_s() -> None:
    content = frames(height=200, width=200)
    made = wavelet(content, content + 0.3)
    torch.testing.assert_close(made, content + 0.3)


def test_means_and_spreads_are_the_style_s() -> None:
    made, style = adain(frames(), frames(1) * 0.5 + 0.1), frames(1) * 0.5 + 0.1
    for measure in (torch.mean, torch.std):
        torch.testing.assert_close(measure(made, dim=(2, 3)), measure(style, dim=(2, 3)), atol=1e-4, rtol=1e-4)


def test_lab_of_known_colours_and_back() -> None:
    known = {(1, 1, 1): (100, 0, 0), (1, -1, -1): (53.24, 80.09, 67.20), (-1, -1, 1): (32.30, 79.19, -107.86)}
    for colour, wanted in known.items():
        made = to_lab(torch.tensor(colour, dtype=torch.float32).view(1, 3, 1, 1)).flatten()
        torch.testing.assert_close(made, torch.tensor(wanted, dtype=torch.float32), atol=0.02, rtol=0)
    torch.testing.assert_close(from_lab(to_lab(frames())), frames(), atol=2e-5, rtol=0)


def test_hsv_of_known_colours_and_back() -> None:
    for colour, wanted in (((1, -1, -1), (0, 1, 1)), ((0, 1, 0), (1 / 3, 0.5, 1)), ((0, -1, 0), (5 / 6, 1, 0.5))):
        made = to_hsv(torch.tensor(colour, dtype=torch.float32).view(1, 3, 1, 1))
        torch.testing.assert_close(torch.cat(made).flatten(), torch.tensor(wanted, dtype=torch.float32))
    torch.testing.assert_close(from_hsv(*to_hsv(frames())), frames(), atol=1e-6, rtol=0)


@pytest.mark.parametrize("count", [1, 7, 50, 400])
def test_matched_values_keep_their_order_and_are_the_others(count: int) -> None:
    values, wanted = normal(50), normal(count, seed=1)
    made = matched(values, wanted)
    assert torch.equal(made[values.argsort()], made.sort().values)
    assert set(made.tolist()) <= set(wanted.tolist())
    assert made.min() == wanted.min()
    assert count > 50 or made.max() == wanted.max()
