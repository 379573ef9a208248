"""Published options, and what follows from them."""

from __future__ import annotations

import pytest

from greenroom.errors import UnknownName
from greenroom.models.steadydancer.vae.config import WanVaeConfig

OPTIONS = {"dim": 3, "z_dim": 2, "dim_mult": [1, 2], "res_blocks": 1, "temporal_downsample": [True], "mean": [0.5, 1.0]}


def test_published_options() -> None:
    config = WanVaeConfig.from_options(OPTIONS | {"std": [2.0, 3.0]})
    assert config == WanVaeConfig(3, (1, 2), 1, 1, (0.5, 1.0), (2.0, 3.0))
    assert (config.latent, config.space, config.time, config.untimed) == (2, 2, 2, 0)


def test_an_option_that_there_is_not() -> None:
    with pytest.raises(UnknownName, match="attn_scales"):
        WanVaeConfig.from_options({"attn_scales": []})


def test_what_is_published() -> None:
    config = WanVaeConfig()
    assert (config.widths, config.latent, config.space, config.time) == ((96, 192, 384, 384), 16, 8, 4)
    assert len(config.spread) == config.latent
    assert [config.latent_frames(frames) for frames in (1, 5, 81)] == [1, 2, 21]
    assert [config.frames(latents) for latents in (1, 2, 21)] == [1, 5, 81]
