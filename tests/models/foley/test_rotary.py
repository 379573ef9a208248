"""Where tokens stand, and the angles there. Equality with the original: test_parity_denoiser."""

from __future__ import annotations

import pytest
import torch

from greenroom.errors import InputInvalid
from greenroom.models.foley.rotary import tables, turned, visual_places
from greenroom.nn.rotary import RotaryTables


def angles(table: RotaryTables) -> torch.Tensor:
    """Of the first pair, which turns by one radian a place."""
    return torch.atan2(table.sin[:, 0], table.cos[:, 0])


def test_video_and_audio_share_a_line_of_places() -> None:
    woven = tables(16, audio=6, visual=2, text=4).woven
    places = torch.tensor([3, 9, 0, 2, 4, 6, 8, 10])
    assert visual_places(2, 6).tolist() == [3, 9]
    assert torch.equal(woven.cos, turned(places, 16).cos)
    assert torch.equal(woven.sin, turned(places, 16).sin)


def test_elsewhere_each_stream_counts_from_its_own_first() -> None:
    found = tables(16, audio=3, visual=2, text=4)
    assert angles(found.apart).tolist() == pytest.approx([0, 1, 0, 1, 2])
    assert angles(found.text).tolist() == pytest.approx([0, 1, 2, 3])
    assert torch.equal(found.audio.cos, found.apart.cos[2:])


def test_each_pair_has_its_frequency() -> None:
    cos, sin = turned(torch.tensor([300]), 8)
    wanted = 300 * 10_000.0 ** (-torch.arange(4, dtype=torch.float64) / 4)
    torch.testing.assert_close(cos[0].double(), wanted.cos(), atol=3e-5, rtol=0)
    torch.testing.assert_close(sin[0].double(), wanted.sin(), atol=3e-5, rtol=0)
    assert cos.dtype == torch.float32


def test_more_frames_than_audio_are_refused() -> None:
    with pytest.raises(InputInvalid) as caught:
        visual_places(7, 6)
    assert caught.value.mend
