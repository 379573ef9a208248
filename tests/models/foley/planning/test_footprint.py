"""What stages take of memory is foretold: counted here tensor by tensor, with what the kernels allocate on a GPU.

Networks are as deep and narrow as tests can be, and of the published proportions, which is what formulas are made of.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from greenroom.models.foley.architecture import PUBLISHED, SYNC_GROUP, Architecture
from greenroom.models.foley.dac import vae
from greenroom.models.foley.dac.config import DacConfig
from greenroom.models.foley.dac.vae import DacVAE
from greenroom.models.foley.mmdit import mlp, sequence_conv, single_block, triple_block
from greenroom.models.foley.mmdit.course import Course
from greenroom.models.foley.mmdit.denoising import Denoising
from greenroom.models.foley.mmdit.fixed import Features, conditions, fix
from greenroom.models.foley.mmdit.schedule import sigmas
from greenroom.models.foley.mmdit.sequence_conv import lay_channels_innermost
from greenroom.models.foley.planning import footprint
from greenroom.models.foley.planning.footprint import StepFootprint
from greenroom.models.foley.synchformer.encoder import Synchformer, SynchformerConfig
from greenroom.models.foley.towers.clap import text_tower
from greenroom.models.foley.towers.encoders import see_pictures
from greenroom.models.foley.towers.siglip2 import SiglipPictures, vision_tower
from greenroom.models.foley.watching.preprocess import normalised
from greenroom.nn import adaptive_layer_norm as norms
from tests.models.counting import Counting
from tests.models.foley.networks import denoiser_of

WIDTH, HEADS = 96, 4
WITHIN = 1.15
"""The sums are off by so much at most, towards more."""


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """What kernels do is left out, and what they allocate is not."""
    monkeypatch.setattr(norms, "norm_modulate", lambda x, *_: torch.zeros_like(x))
    monkeypatch.setattr(norms, "add_gated", lambda x, *_: torch.zeros_like(x))
    monkeypatch.setattr(norms, "add_norm_modulate", lambda x, *_, **__: (torch.zeros_like(x), torch.zeros_like(x)))
    for block in (single_block, triple_block):
        monkeypatch.setattr(block, "place_heads", lambda *given: given[-1].zero_())
    monkeypatch.setattr(mlp, "swiglu_halves", _gated)
    monkeypatch.setattr(sequence_conv, "unfolded", lambda x, kernel: x.new_zeros(*x.shape[:-1], kernel * x.shape[-1]))
    monkeypatch.setattr(vae, "snake", lambda x, _: torch.zeros_like(x))


def _gated(both: torch.Tensor, kernel: int = 1) -> torch.Tensor:
    return both.new_zeros(*both.shape[:-1], kernel * both.shape[-1] // 2)


def foretold(counted: Counting, bytes_: int) -> bool:
    """Whether no more lives at once than was told, and not much less."""
    return counted.peak <= bytes_ < WITHIN * counted.peak


def a_denoiser(name: str, heads: int) -> Architecture:
    """Of a published one's proportions."""
    return replace(PUBLISHED[name], triple=2, single=3, heads=heads, head_dim=32)


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize(
    ("latents", "frames", "guidance", "samples"), [(400, 64, 4.5, 1), (640, 103, 4.5, 2), (400, 64, 1.0, 1)]
)
def test_a_step(name: str, latents: int, frames: int, guidance: float, samples: int) -> None:
    architecture = a_denoiser(name, heads=6)
    network, sync = denoiser_of(architecture), 8 * (latents // 16 - 1)
    mlp.fuse_gates(network)
    lay_channels_innermost(network)
    features = Features(*(torch.zeros(tokens, 768) for tokens in (20, 20, frames, sync)))
    given = conditions(network, features, guidance)
    with torch.inference_mode():
        fixed, course = fix(network, given, samples, latents), Course(network)
        course.set(sigmas(2))
        denoising = Denoising(network, fixed, course)
        with Counting() as counted:
            denoising.advance()
    different = sync + (SYNC_GROUP if guidance > 1 else 0)
    told = StepFootprint(architecture, len(given), samples, latents, frames, 20, different, itemsize=4)
    assert foretold(counted, told.step)


@pytest.mark.parametrize("samples", [1, 3])
def test_what_stays_over_all_steps(samples: int) -> None:
    architecture = a_denoiser("hunyuanvideo-foley-xl", heads=6)
    network = denoiser_of(architecture)
    features = Features(*(torch.zeros(tokens, 768) for tokens in (80, 80, 64, 192)))
    given = conditions(network, features, 4.5)
    with torch.inference_mode(), Counting() as counted:
        fixed = fix(network, given, samples, 400)
    told = StepFootprint(architecture, 2, samples, 400, 64, 80, 192 + SYNC_GROUP, itemsize=4)
    assert fixed.samples == samples
    # Tables of angles that several placements read are there once on a CPU, and once for each on a GPU.
    assert counted.held <= told.seen + told.said + told.places < 1.3 * counted.held


@pytest.mark.parametrize("pictures", [1, 2])
def test_pictures_that_are_seen(monkeypatch: pytest.MonkeyPatch, pictures: int) -> None:
    monkeypatch.setattr(footprint, "_WIDTH", 4 * WIDTH)
    sizes = {"hidden_size": 4 * WIDTH, "intermediate_size": 16 * WIDTH, "num_hidden_layers": 2}
    encoder = SiglipPictures(vision_tower({**sizes, "num_attention_heads": HEADS}).eval())
    shown = torch.zeros(pictures, 3, 512, 512, dtype=torch.uint8)
    with torch.inference_mode(), Counting() as counted:
        see_pictures(shown, encoder)
    assert foretold(counted, footprint.seeing(pictures, 4))


@pytest.mark.parametrize("segments", [1, 2])
def test_segments_that_are_watched(monkeypatch: pytest.MonkeyPatch, segments: int) -> None:
    monkeypatch.setattr(footprint, "_WIDTH", 4 * WIDTH)
    network = Synchformer(SynchformerConfig(width=4 * WIDTH, depth=2, heads=HEADS)).eval()
    frames = torch.zeros(8 * (segments + 1), 3, 224, 224)
    with torch.inference_mode(), Counting() as counted:
        network.features(frames, at_once=segments)
    assert foretold(counted, footprint.watching(segments, 4))


def test_frames_that_come_to_be_watched() -> None:
    shown = torch.zeros(5, 3, 224, 224, dtype=torch.uint8)
    with torch.inference_mode(), Counting() as counted:
        frames = normalised(shown)
        assert counted.peak == footprint.normalised(5, 4)
        half = frames.half()
    # Numbers of eight bits are there as well while they are made wider, and are gone before the others are halved.
    assert half.shape == shown.shape
    assert counted.peak == footprint.normalised(5, 2) > footprint.normalised(5, 4) + shown.nbytes


def test_texts_that_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footprint, "_WIDTH", WIDTH)
    monkeypatch.setattr(footprint, "_HEADS", HEADS)
    sizes = {"hidden_size": WIDTH, "intermediate_size": 4 * WIDTH, "num_hidden_layers": 2}
    network = text_tower({**sizes, "num_attention_heads": HEADS}).eval()
    ids = torch.full((2, 512), 5)
    with torch.inference_mode(), Counting() as counted:
        network(input_ids=ids, attention_mask=torch.ones_like(ids))
    assert foretold(counted, footprint.reading(4))


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("latents", [20, 60])
def test_latents_that_are_made_sound(latents: int) -> None:
    config = DacConfig(decoder_dim=128, latent=16)
    network = DacVAE(config).eval()
    with torch.inference_mode(), Counting() as counted:
        network.decode(torch.zeros(1, 16, latents))
    assert foretold(counted, footprint.decoding(latents, config))
