"""What no step changes is computed once, and equals what a step computes. Equality with the original: test_parity."""

from __future__ import annotations

import pytest
import torch

from greenroom.models.f5tts.architecture import Architecture
from greenroom.models.f5tts.backbone import CONDITIONAL
from greenroom.models.f5tts.sampler import padding_mask
from tests.models.f5tts.networks import VARIANTS, flow_of, normal

X, COND = normal(2, 30, 20, seed=1), normal(2, 30, 20, seed=2)
TEXT = torch.tensor([[3, 7, 1, 0, 9, -1], [5, 5, 8, 2, 2, 2]])
each_variant = pytest.mark.parametrize("architecture", VARIANTS, ids=lambda a: a.name)


@each_variant
def test_conditions_of_a_grid_are_those_of_each_time(architecture: Architecture) -> None:
    network = flow_of(architecture).transformer
    fixed = network.prepare(COND, TEXT)
    times = torch.tensor([0.0, 0.3, 0.9])
    for time, condition in zip(times, network.conditions(times), strict=True):
        hoisted = network.velocity(X, condition, fixed)
        torch.testing.assert_close(hoisted, network(X, COND, TEXT, time, cfg_infer=True), atol=2e-6, rtol=0)


@each_variant
def test_packed_branches_are_the_branches(architecture: Architecture) -> None:
    network = flow_of(architecture).transformer
    time = torch.tensor(0.4)
    packed = network(X, COND, TEXT, time, cfg_infer=True)
    conditional = network(X, COND, TEXT, time)
    unconditional = network(X, COND, TEXT, time, drop_audio_cond=True, drop_text=True)
    torch.testing.assert_close(packed, torch.cat((conditional, unconditional)), atol=2e-6, rtol=0)
    assert (conditional - unconditional).abs().max() > 1e-2


@each_variant
def test_every_input_counts(architecture: Architecture) -> None:
    network = flow_of(architecture).transformer
    time = torch.tensor(0.4)
    usual = network(X, COND, TEXT, time)
    others = (network(X + 1, COND, TEXT, time), network(X, COND + 1, TEXT, time), network(X, COND, TEXT + 1, time))
    assert all((usual - other).abs().max() > 1e-2 for other in (*others, network(X, COND, TEXT, time + 0.5)))


@each_variant
def test_padding_is_nothing_to_rows_that_are_prepared_as_alone(architecture: Architecture) -> None:
    network = flow_of(architecture).transformer
    condition = network.conditions(torch.tensor([0.4]))[0]
    mask = padding_mask([30, 17], 30)
    fixed = network.prepare(COND, TEXT, mask, branches=(CONDITIONAL,), alone=True)
    usual = network.velocity(X, condition, fixed)[1, :17]
    noisy = X.clone()
    noisy[1, 17:] = 50.0
    assert torch.equal(network.velocity(noisy, condition, fixed)[1, :17], usual)
    published = network.prepare(COND, TEXT, mask, branches=(CONDITIONAL,))
    assert (network.velocity(noisy, condition, published)[1, :17] - usual).abs().max() > 1e-3


def test_conditioning_of_another_type_is_cast_to_the_weights() -> None:
    flow = flow_of(VARIANTS[0]).bfloat16()
    condition = flow.transformer.conditions(torch.tensor([0.4]))[0]
    out = flow.transformer.velocity(X, condition, flow.transformer.prepare(COND, TEXT))
    assert out.dtype == torch.bfloat16
