"""FLOP as torch counts them in the networks, and as they were counted in the originals (issue 8)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode, sdpa_flop_count

from greenroom.models.foley.architecture import PUBLISHED, SYNC_GROUP
from greenroom.models.foley.dac.config import DacConfig
from greenroom.models.foley.dac.vae import DacVAE
from greenroom.models.foley.mmdit.course import Course
from greenroom.models.foley.mmdit.denoising import Denoising
from greenroom.models.foley.mmdit.fixed import Features, conditions, fix
from greenroom.models.foley.mmdit.schedule import sigmas
from greenroom.models.foley.planning.arithmetic import PICTURE_FLOP, SEGMENT_FLOP, decode_flop, step_flop
from greenroom.models.foley.planning.footprint import StepFootprint
from greenroom.models.foley.synchformer.encoder import Synchformer
from greenroom.models.foley.towers.siglip2 import PUBLISHED as PUBLISHED_VISION
from greenroom.models.foley.towers.siglip2 import vision_tower
from tests.models.foley.networks import denoiser_of

_TERA = 1e12


def _attention(query: Any, key: Any, value: Any, *_: Any, out_shape: Any = None, **__: Any) -> int:
    return int(sdpa_flop_count(query, key, value))  # type: ignore[no-untyped-call]  # torch gives it no types


def _counter() -> FlopCounterMode:
    """torch's own counts neither of the CPU's attention."""
    of_cpu = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    return FlopCounterMode(display=False, custom_mapping={of_cpu: _attention})


@pytest.mark.parametrize("guidance", [1.0, 4.5])
def test_a_step_is_what_torch_counts(guidance: float) -> None:
    architecture = replace(PUBLISHED["hunyuanvideo-foley-xl"], triple=3, single=2, heads=3, head_dim=32)
    network = denoiser_of(architecture)
    features = Features(*(torch.zeros(tokens, 768) for tokens in (16, 16, 13, 32)))
    given = conditions(network, features, guidance)
    with torch.inference_mode():
        fixed, course = fix(network, given, 2, 80), Course(network)
        course.set(sigmas(2))
        denoising = Denoising(network, fixed, course)
        with _counter() as counted:
            denoising.advance()
    different = 32 + (SYNC_GROUP if guidance > 1 else 0)
    told = step_flop(StepFootprint(architecture, len(given), 2, 80, 13, 16, different))
    assert told == counted.get_total_flops()


def test_decoding_is_what_torch_counts() -> None:
    with torch.device("meta"):
        network, latents = DacVAE(), torch.zeros(1, 128, 50)
    with _counter() as counted:
        network.decode(latents)
    assert decode_flop(50, DacConfig()) == counted.get_total_flops()
    assert decode_flop(50, DacConfig()) / _TERA == pytest.approx(0.1155, abs=0.0001)


def test_encoders_are_what_torch_counts() -> None:
    with torch.device("meta"):
        pictures, segments = vision_tower(PUBLISHED_VISION), Synchformer()
        picture, segment = torch.zeros(1, 3, 512, 512), torch.zeros(1, 16, 3, 224, 224)
    with _counter() as seen:
        pictures(pixel_values=picture)
    with _counter() as watched:
        segments(segment)
    assert seen.get_total_flops() == pytest.approx(PICTURE_FLOP, rel=0.01)
    assert watched.get_total_flops() == pytest.approx(SEGMENT_FLOP, rel=0.01)


def test_a_published_step_takes_less_than_the_original_s() -> None:
    xxl, xl = (
        step_flop(StepFootprint(PUBLISHED[name], 2, 1, 400, 64, 20, 192 + SYNC_GROUP)) / _TERA
        for name in ("hunyuanvideo-foley-xxl", "hunyuanvideo-foley-xl")
    )
    assert 0.87 * 6.151 < xxl < 0.91 * 6.151
    assert 0.87 * 3.501 < xl < 0.91 * 3.501
