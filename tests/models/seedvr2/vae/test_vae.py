"""The autoencoder's names, sizes and types, and what becomes of its moments. Equality: test_parity_vae."""

from __future__ import annotations

import pytest
import torch

from greenroom.errors import UnknownName
from greenroom.models.seedvr2.vae.config import VAEConfig
from greenroom.models.seedvr2.vae.streaming import decode, encode
from greenroom.models.seedvr2.vae.synthetic import TINY
from greenroom.models.seedvr2.vae.vae import VideoVAE, posterior
from tests.models.seedvr2.autoencoders import a_clip, a_latent, tiny_vae
from tests.models.seedvr2.networks import normal


def test_it_is_as_large_as_the_published_one() -> None:
    with torch.device("meta"):
        state = VideoVAE().state_dict()
    assert len(state) == 250
    assert sum(tensor.numel() for tensor in state.values()) == 250_648_227
    assert state["encoder.conv_out.weight"].shape == (32, 512, 3, 3, 3)
    assert state["decoder.up_blocks.1.upsamplers.0.upscale_conv.weight"].shape == (4096, 512, 1, 1, 1)


def test_its_state_stays_as_it_was_given() -> None:
    vae = tiny_vae()
    again = VideoVAE.of(vae.state_dict(), TINY)
    for name, tensor in vae.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor)


@pytest.mark.parametrize(("frames", "latents"), [(1, 1), (5, 2), (9, 3)])
def test_sizes(frames: int, latents: int) -> None:
    vae = tiny_vae()
    moments = encode(vae, a_clip(frames))
    assert moments.shape == (latents, 2, 3, 32)
    assert decode(vae, moments[..., :16]).shape == (frames, 16, 24, 3)
    assert (vae.config.latent_frames(frames), vae.config.frames(latents)) == (latents, frames)


def test_no_frame_sees_a_later_one() -> None:
    vae, clip, latent = tiny_vae(), a_clip(9), a_latent(3)
    other = torch.cat((clip[:5], -clip[5:]))
    torch.testing.assert_close(encode(vae, other)[:2], encode(vae, clip)[:2])
    other = torch.cat((latent[:2], -latent[2:]))
    torch.testing.assert_close(decode(vae, other)[:5], decode(vae, latent)[:5])
    assert (decode(vae, other)[5:] - decode(vae, latent)[5:]).abs().max() > 1e-2


def test_half_precision_is_near() -> None:
    clip = a_clip(5)
    exact, rough = (encode(tiny_vae(dtype), clip) for dtype in (torch.float32, torch.bfloat16))
    assert (rough - exact).abs().mean() < 0.02 * exact.std()
    exact, rough = (decode(tiny_vae(dtype), a_latent(2)) for dtype in (torch.float32, torch.bfloat16))
    assert (rough - exact).abs().mean() < 0.02 * exact.std()


def test_norms_and_biases_stay_in_full_precision() -> None:
    state = tiny_vae(torch.bfloat16).state_dict()
    full = {name for name, tensor in state.items() if tensor.dtype == torch.float32}
    assert "decoder.conv_norm_out.weight" in full
    assert "decoder.conv_out.bias" in full
    assert not {name for name in full if state[name].ndim == 5}


def test_a_latent_is_drawn_or_is_the_mean() -> None:
    moments, noise = normal(2, 3, 4, 32), normal(2, 3, 4, 16, seed=1)
    moments[..., 16] = 90.0  # beyond what a variance may be
    mean, log_variance = moments[..., :16], moments[..., 16:].clamp(max=20)
    torch.testing.assert_close(posterior(moments, TINY), 0.9152 * mean)
    torch.testing.assert_close(posterior(moments, TINY, noise), 0.9152 * (mean + (log_variance / 2).exp() * noise))


def test_published_options_give_the_published_configuration() -> None:
    options = {
        "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "latent_channels": 16,
        "norm_num_groups": 32, "temporal_scale_num": 2, "scaling_factor": 0.9152,
    }  # fmt: skip
    assert VAEConfig.from_options(options) == VAEConfig()
    with pytest.raises(UnknownName, match="'width'"):
        VAEConfig.from_options({"width": 3})
