"""What the adapters see, and what they do not."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from greenroom.models.steadydancer.dancer import adapters
from tests.models.steadydancer.networks import FRAMES, TINY, dancer_of, latents_of

NETWORK = dancer_of()


@torch.inference_mode()
def test_a_frame_s_shape_depends_on_no_other_frame() -> None:
    poses, other = latents_of(), latents_of()
    other[:, 0] += 3
    _, shape = NETWORK.posed(poses)
    _, again = NETWORK.posed(other)
    assert torch.equal(again[:, 1:], shape[:, 1:])
    assert not torch.equal(again[:, 0], shape[:, 0])


@torch.inference_mode()
def test_motion_sees_what_comes_too() -> None:
    poses, other = latents_of(), latents_of()
    other[:, -1] += 3
    motion, _ = NETWORK.posed(poses)
    again, _ = NETWORK.posed(other)
    assert all(not torch.equal(again[:, at], motion[:, at]) for at in range(FRAMES))


@torch.inference_mode()
def test_convolutions_take_all_of_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    network, seen = dancer_of(), []
    own = network.condition_embedding_spatial, network.condition_embedding_temporal
    convolutions = [layer for part in own for layer in part.modules() if isinstance(layer, nn.Conv2d | nn.Conv3d)]
    for layer in convolutions:
        layer.register_forward_pre_hook(lambda *_: seen.append(torch.backends.cudnn.allow_tf32))
    for usual in (True, False):
        monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", usual)
        network.posed(latents_of())
        assert torch.backends.cudnn.allow_tf32 is usual
    assert seen == [False] * 2 * len(convolutions)


@torch.inference_mode()
def test_places_are_aligned_apart_and_in_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    poses, latents = latents_of(), latents_of(seed=1)
    align = NETWORK.condition_embedding_align
    whole = align(poses, latents)
    assert whole.shape == poses.shape
    monkeypatch.setattr(adapters, "_AT_ONCE", 7)
    torch.testing.assert_close(align(poses, latents), whole)
    latents[:, 0, 0, 0] += 3
    moved = (align(poses, latents) != whole).any(0)
    assert moved[:, 0, 0].any()
    assert not moved[:, 1:].any()
    assert TINY.latent == len(whole)
