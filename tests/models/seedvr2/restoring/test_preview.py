"""Before and after beside each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from greenroom.media.video.images import read_image
from greenroom.models.seedvr2.restoring.preview import LINE, side_by_side, write_preview
from tests.media.video.clips import psnr
from tests.models.seedvr2.restorers import drawn


def test_halves_are_equal_in_size(tmp_path: Path) -> None:
    before, after = drawn(0, width=20, height=10), drawn(1, width=40, height=20)
    write_preview(tmp_path / "p.png", before, after)
    made = read_image(tmp_path / "p.png")
    assert made.shape == (20, 40 + LINE + 40, 3)
    assert np.array_equal(made[:, 40 + LINE :], after)
    assert (made[:, 40 : 40 + LINE] == 255).all()
    assert psnr(made[:, :40], drawn(0, width=40, height=20)) > 30


def test_sixteen_bits_become_eight() -> None:
    wide = drawn(0).astype(np.uint16) * 257
    made = side_by_side(drawn(0), wide)
    assert made.dtype == np.uint8
    assert np.array_equal(made[:, : drawn(0).shape[1]], made[:, -drawn(0).shape[1] :])


def test_large_frames_are_shown_smaller() -> None:
    frame = np.zeros((2160, 3840, 3), np.uint8)
    assert side_by_side(frame, frame).shape == (1080, 1920 + LINE + 1920, 3)
