"""FLOP as torch counts them in the denoiser, and as the published sizes are known to take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from greenroom.models.steadydancer.architecture import PUBLISHED
from greenroom.models.steadydancer.dancer.fixed import fix, velocity
from greenroom.models.steadydancer.planning.arithmetic import decode_flop, encode_flop, pass_flop
from greenroom.models.steadydancer.planning.footprint import StepFootprint
from greenroom.models.steadydancer.sampling.guidance import Pass
from greenroom.models.steadydancer.vae.config import WanVaeConfig
from tests.models.steadydancer.networks import FRAMES, HEIGHT, TINY, WIDTH, conditions_of, dancer_of, latents_of

_TERA = 1e12


def _attention(query: Any, key: Any, value: Any, *_: Any, out_shape: Any = None, **__: Any) -> int:
    return int(sdpa_flop_count(query, key, value))  # type: ignore[no-untyped-call]  # torch gives it no types


@pytest.mark.parametrize("keeps_said", [True, False])
def test_a_pass_is_what_torch_counts(keeps_said: bool) -> None:
    network = dancer_of()
    fixed = fix(network, conditions_of(), keeps_said=keeps_said)
    of_cpu = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    with torch.inference_mode(), FlopCounterMode(display=False, custom_mapping={of_cpu: _attention}) as counted:
        velocity(network, fixed, latents_of(), 500, Pass.CONDITIONAL)
    told = pass_flop(StepFootprint(TINY, FRAMES, HEIGHT, WIDTH, keeps_said=keeps_said))
    assert told.linear + told.attention == counted.get_total_flops()
    by_kind = counted.get_flop_counts()["Global"]
    assert told.attention == by_kind[of_cpu]


@pytest.mark.parametrize(
    ("height", "width", "linear", "attention"),
    [(480, 832, 861, 1078), (576, 1024, 1270, 2333), (720, 1280, 1983, 5668)],
)
def test_published_passes(height: int, width: int, linear: float, attention: float) -> None:
    told = pass_flop(StepFootprint(PUBLISHED["steadydancer-14b"], 21, height // 8, width // 8))
    assert told.linear / _TERA == pytest.approx(linear, rel=0.005)
    assert told.attention / _TERA == pytest.approx(attention, rel=0.005)


@pytest.mark.parametrize(
    ("height", "width", "clip", "picture", "decoded"),
    [(480, 832, 164, 2.7, 275), (576, 1024, 243, 4.1, 408), (720, 1280, 382, 6.5, 639)],
)
def test_the_published_autoencoder(height: int, width: int, clip: float, picture: float, decoded: float) -> None:
    config = WanVaeConfig()
    assert encode_flop(config, 81, height, width) / _TERA == pytest.approx(clip, abs=0.5)
    assert encode_flop(config, 1, height, width) / _TERA == pytest.approx(picture, abs=0.05)
    assert decode_flop(config, 81, height, width) / _TERA == pytest.approx(decoded, abs=0.5)


def test_what_is_not_kept_is_made_again() -> None:
    kept = StepFootprint(PUBLISHED["steadydancer-14b"], 21, 60, 104)
    made = pass_flop(replace(kept, keeps_said=False)).linear / pass_flop(kept).linear
    assert 1.003 < made < 1.005
