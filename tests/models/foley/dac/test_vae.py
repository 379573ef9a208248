"""The audio autoencoder: lengths, layout, its activation. Equality with the original: test_parity_media."""

from __future__ import annotations

from math import prod

import pytest
import torch
from torch import nn

from greenroom.models.foley.dac.checkpoint import published_layout
from greenroom.models.foley.dac.config import DacConfig
from greenroom.models.foley.dac.synthetic import TINY
from greenroom.models.foley.dac.vae import DacVAE, Posterior, Snake, Up
from tests.models.foley.media_parts import tiny_dac
from tests.models.foley.networks import normal


def test_the_published_network_has_the_published_weights() -> None:
    with torch.device("meta"):
        layout = published_layout(DacVAE(encoder=True))
    assert len(layout) == 298
    assert sum(prod(shape) for shape in layout.values()) == 371_589_058
    assert layout["decoder.model.1.block.1.weight_v"] == (2048, 1024, 16)
    assert layout["decoder.model.1.block.1.weight_g"] == (2048, 1, 1)  # of input channels, in a transposed convolution
    assert layout["decoder.model.1.block.2.block.1.weight_g"] == (1024, 1, 1)
    assert "quant_conv.weight" in layout


def test_without_its_encoder_four_fifths_of_it_are_gone() -> None:
    with torch.device("meta"):
        both, half = (published_layout(DacVAE(encoder=encoder)) for encoder in (True, False))
    assert both.items() > half.items()
    assert {name.partition(".")[0] for name in both.keys() - half.keys()} == {"encoder", "quant_conv"}
    assert sum(prod(shape) for shape in half.values()) == pytest.approx(75.5e6, rel=0.001)


def test_a_latent_becomes_as_many_samples_as_the_hop() -> None:
    vae = tiny_dac()
    wave = vae.decode(normal(2, TINY.latent, 5))
    assert wave.shape == (2, 1, 5 * 960)
    assert wave.abs().max() < 1
    assert wave.std() > 1e-3


@pytest.mark.parametrize("stride", range(2, 10))
def test_every_stride_gives_whole_steps(stride: int) -> None:
    assert Up(4, stride)(normal(1, 4, 7)).shape == (1, 2, 7 * stride)


@pytest.mark.parametrize(("samples", "latents"), [(1, 1), (960, 1), (961, 2), (5000, 6)])
def test_sound_is_filled_up_with_silence(samples: int, latents: int) -> None:
    vae = tiny_dac()
    wave = normal(1, 1, samples)
    posterior = vae.encode(wave)
    assert posterior.mean.shape == posterior.log_variance.shape == (1, TINY.latent, latents)
    silence = torch.zeros(1, 1, latents * 960 - samples)
    torch.testing.assert_close(vae.encode(torch.cat((wave, silence), dim=2)).mean, posterior.mean)


def test_the_variance_has_bounds() -> None:
    vae = DacVAE(TINY, encoder=True)
    bias = torch.cat((torch.full((TINY.latent,), 1000.0), torch.tensor([-1000.0, 1000.0] * (TINY.latent // 2))))
    vae.quant_conv.bias = nn.Parameter(bias)
    posterior = vae.encode(torch.zeros(1, 1, 960))
    assert posterior.mean.mean() > 900
    assert posterior.log_variance[0, :2, 0].tolist() == [-30, 20]


def test_the_deviation_is_the_root_of_the_variance() -> None:
    log_variance = torch.tensor([4.0]).log()
    assert float(Posterior(torch.zeros(1), log_variance).deviation) == pytest.approx(2)


def test_snake_is_its_formula() -> None:
    snake, x = Snake(3), normal(2, 3, 9)
    snake.alpha.data = torch.tensor([0.3, -0.7, 2.0])[None, :, None]
    before = x.clone()
    with torch.inference_mode():
        made = snake(x)
    torch.testing.assert_close(made, x + torch.sin(snake.alpha * x) ** 2 / (snake.alpha + 1e-9))
    assert torch.equal(x, before)


def test_snake_without_a_pitch_is_the_identity() -> None:
    snake = Snake(1)
    snake.alpha.data.zero_()
    torch.testing.assert_close(snake(normal(1, 1, 5)), normal(1, 1, 5))


def test_other_rates() -> None:
    config = DacConfig(encoder_dim=2, encoder_rates=(2, 3, 4), latent=8, decoder_dim=32, decoder_rates=(4, 3, 2))
    vae = tiny_dac(config)
    assert vae.decode(normal(1, 8, 11)).shape == (1, 1, 11 * 24)
    assert vae.encode(normal(1, 1, 49)).mean.shape == (1, 8, 3)
