"""The transformer along the diffusion's path."""

from __future__ import annotations

import torch

from greenroom.models.seedvr2.nadit.condition import condition, model_input
from greenroom.models.seedvr2.nadit.sampling import Sampler
from greenroom.models.seedvr2.nadit.work import Work
from tests.models.seedvr2.networks import V2, network_of, normal

LATENT, NOISE, TEXT = normal(2, 4, 6, 16), normal(2, 4, 6, 16, seed=1), normal(5, 32, seed=2)


def test_one_step_takes_the_velocity_from_the_noise() -> None:
    network = network_of(V2)
    velocity = network(model_input(NOISE, condition(LATENT)), TEXT, network.modulations(1000.0))
    assert torch.equal(Sampler(network, TEXT).restore(LATENT, NOISE), NOISE - velocity)


def test_each_step_has_its_own_time_and_clips_share_them() -> None:
    network = network_of(V2)
    asked: list[float] = []
    network.emb_in.register_forward_hook(lambda _module, args, _out: asked.append(args[0].item()))
    sampler = Sampler(network, TEXT, 4)
    for _ in range(2):
        sampler.restore(LATENT, NOISE)
    assert asked == [1000, 750, 500, 250]


def test_between_steps_it_is_in_the_type_of_the_noise() -> None:
    half = network_of(V2, dtype=torch.bfloat16)
    restored = Sampler(half, TEXT, 2).restore(LATENT, NOISE, Work(8, on_host=True))
    assert restored.dtype == torch.float32
