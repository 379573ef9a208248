"""FLOP as they were counted in the original's own networks (issue 7; 720p and 1080p of 21 frames, and other clips)."""

from __future__ import annotations

import pytest

from greenroom.models.seedvr2.architecture import PUBLISHED
from greenroom.models.seedvr2.planning.arithmetic import decode_flop, encode_flop, step_flop
from greenroom.models.seedvr2.vae.config import VAEConfig

_TERA = 1e12


@pytest.mark.parametrize(
    ("frames", "height", "width", "encode", "step_3b", "step_7b", "decode"),
    [
        (21, 720, 1280, 178.2, 115.3, 183.9, 463.0),
        (21, 1072, 1920, 405.0, 257.5, 410.5, 1041.0),
        (101, 720, 1280, 844.5, 546.1, 859.3, 2208.1),
        (1, 720, 1280, 11.6, 19.1, 30.6, 26.7),
        (1, 2160, 3840, 134.9, 170.1, 272.0, 271.0),
    ],
)
def test_flop_are_those_that_were_counted(
    frames: int, height: int, width: int, encode: float, step_3b: float, step_7b: float, decode: float
) -> None:
    config = VAEConfig()
    tokens = (frames - 1) // 4 + 1, height // 16, width // 16
    steps = [step_flop(architecture, tokens, 58) for architecture in PUBLISHED.values()]
    ours = [encode_flop(config, frames, height, width), *steps, decode_flop(config, frames, height, width)]
    assert [flop / _TERA for flop in ours] == pytest.approx([encode, step_3b, step_7b, decode], abs=0.1)
