"""Where tokens stand, and the angles there. Equality with the original: test_parity_denoiser."""

from __future__ import annotations

import pytest
import torch

from greenroom.errors import InputInvalid
from greenroom.models.foley.mmdit.rotary import places, turned, visual_places
from greenroom.nn.heads import Placement


def angles(placement: Placement) -> list[float]:
    """Of each token's first pair, which turns by one radian a place."""
    tables, turns, _ = placement
    return torch.atan2(tables.sin[turns, 0], tables.cos[turns, 0]).tolist()


def test_video_and_audio_share_a_line_of_places() -> None:
    woven = places(16, 1, audio=6, visual=2, text=4).woven
    assert visual_places(2, 6).tolist() == [3, 9]
    at = turned(torch.tensor([3, 9, 0, 2, 4, 6, 8, 10]), 16)
    for pair in woven:
        assert torch.equal(pair.tables.cos, at.cos)
        assert torch.equal(pair.tables.sin, at.sin)
    assert woven.visual.turns.tolist() == woven.visual.places.tolist() == [0, 1]
    assert woven.audio.turns.tolist() == woven.audio.places.tolist() == [2, 3, 4, 5, 6, 7]


def test_elsewhere_each_stream_counts_from_its_own_first() -> None:
    found = places(16, 1, audio=3, visual=2, text=4)
    assert angles(found.apart.visual) == pytest.approx([0, 1])
    assert angles(found.apart.audio) == pytest.approx([0, 1, 2])
    assert angles(found.alone) == pytest.approx([0, 1, 2])
    assert torch.atan2(found.text.sin, found.text.cos)[:, 0].tolist() == pytest.approx([0, 1, 2, 3])


def test_in_triple_blocks_tokens_are_outermost_and_in_single_blocks_rows() -> None:
    found = places(16, 2, audio=3, visual=2, text=4)
    for pair in (found.woven, found.apart):
        assert pair.visual.turns.tolist() == [0, 0, 1, 1]
        assert pair.visual.places.tolist() == [0, 1, 2, 3]
        assert pair.audio.turns.tolist() == [2, 2, 3, 3, 4, 4]
        assert pair.audio.places.tolist() == [4, 5, 6, 7, 8, 9]
    assert found.last.turns.tolist() == [0, 0, 1, 1, 2, 2]
    assert found.last.places.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.alone.turns.tolist() == [0, 1, 2, 0, 1, 2]
    assert found.alone.places.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.streams.tolist() == [[1, 1], [1, 1], [0, 0], [0, 0], [0, 0]]


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
