"""Room in float16: nothing changes but the size of what nobody sees."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from greenroom.models.steadydancer.vae import vae as module
from greenroom.models.steadydancer.vae.headroom import give_headroom
from greenroom.models.steadydancer.vae.resampling import Down, Up
from greenroom.models.steadydancer.vae.synthetic import TINY, synthetic_vae
from greenroom.models.steadydancer.vae.vae import WanVae

CPU = torch.device("cpu")


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def test_results_stay() -> None:
    vae, roomy = (synthetic_vae(CPU, torch.float32, TINY) for _ in range(2))
    for half in (roomy.encoder, roomy.decoder):
        give_headroom(half)
    for layer in roomy.modules():
        if isinstance(layer, (Down, Up)):
            layer.compose(torch.float32)
    clip, latents = normal(3, 9, 16, 16), normal(16, 3, 2, 2)
    # Powers of two: to the last bit.
    assert torch.equal(roomy.encode(clip), vae.encode(clip))
    assert torch.equal(roomy.decode(latents), vae.decode(latents))


def enlarged() -> dict[str, Tensor]:
    """Weights of which frames between norms are a hundred thousand times as large as usual."""
    weights = {name: tensor.clone() for name, tensor in synthetic_vae(CPU, torch.float32, TINY).state_dict().items()}
    for name in ("encoder.conv1", "decoder.conv1"):
        for kind in ("weight", "bias"):
            weights[f"{name}.{kind}"] *= 1e5
    return weights


def test_large_numbers_have_room() -> None:
    exact, half = WanVae.of(enlarged(), TINY), WanVae.of(enlarged(), TINY, torch.float16)
    clip, latents = normal(3, 5, 16, 16).clamp(-1, 1), normal(16, 2, 2, 2)
    for ours, theirs in ((half.encode(clip), exact.encode(clip)), (half.decode(latents), exact.decode(latents))):
        assert float((ours - theirs).abs().mean()) < 0.02 * float(theirs.std())


def test_without_it_they_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "give_headroom", lambda half: None)
    half = WanVae.of(enlarged(), TINY, torch.float16)
    assert not half.decode(normal(16, 2, 2, 2)).isfinite().all()


def test_weights_that_were_given_are_not_changed() -> None:
    given = enlarged()
    WanVae.of(given, TINY, torch.float16)
    assert all(torch.equal(given[name], tensor) for name, tensor in enlarged().items())
