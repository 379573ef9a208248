"""The numbers that follow from the autoencoder's options; how far the decoder hears is what its gradients say."""

from __future__ import annotations

import pytest
import torch

from greenroom.errors import InputInvalid, UnknownName
from greenroom.models.foley.dac.config import DacConfig
from greenroom.models.foley.dac.vae import DacVAE
from tests.models.foley.networks import normal

PUBLISHED = {
    "encoder_dim": 128, "encoder_rates": [2, 3, 4, 5, 8], "latent_dim": 128, "decoder_dim": 2048,
    "decoder_rates": [8, 5, 4, 3, 2], "sample_rate": 48_000, "continuous": True,
}  # fmt: skip


def test_published_options_give_the_published_configuration() -> None:
    config = DacConfig.from_options(PUBLISHED)
    assert config == DacConfig()
    assert config.hop == 960
    assert config.reach == (10, 10)


@pytest.mark.parametrize("rates", [(8, 5, 4, 3, 2), (4, 3, 2), (2,), (3,), (3, 4), (5, 5)])
def test_the_reach_is_what_samples_depend_on(rates: tuple[int, ...]) -> None:
    config = DacConfig(
        encoder_rates=rates[::-1], latent=3, decoder_dim=4 << len(rates), decoder_rates=rates, encoder_dim=2
    )
    torch.manual_seed(0)
    vae = DacVAE(config).double()
    place = 30
    latents = normal(1, 3, 61).double().requires_grad_(True)
    own = vae.decode(latents)[0, 0, place * config.hop : (place + 1) * config.hop]
    (gradient,) = torch.autograd.grad(own.square().sum(), latents)
    heard = gradient[0].abs().sum(0).nonzero()[:, 0]
    assert (place - int(heard[0]), int(heard[-1]) - place) == config.reach


@pytest.mark.parametrize(
    ("options", "error", "named"),
    [
        ({"codebooks": 9}, UnknownName, "'codebooks'"),
        ({"continuous": False}, InputInvalid, "continuous is False"),
        ({"encoder_rates": [2, 3, 4, 5, 4]}, InputInvalid, "one latent of 480 samples, the decoder 960"),
    ],
)
def test_what_there_is_no_code_for_is_refused(
    options: dict[str, object], error: type[InputInvalid], named: str
) -> None:
    with pytest.raises(error, match=named):
        DacConfig.from_options(PUBLISHED | options)
