"""The visual encoder: layout, segments, its last layer. Equality with the original: test_parity_media."""

from __future__ import annotations

from math import prod

import pytest
import torch
from torch import nn

from greenroom.models.foley.synchformer.checkpoint import UNUSED
from greenroom.models.foley.synchformer.encoder import SpatialPooling, Synchformer, SynchformerConfig
from greenroom.models.foley.watching.lengths import ClipTooShort
from greenroom.weights.fitting import shapes_of
from tests.models.foley.media_parts import tiny_synchformer
from tests.models.foley.networks import normal


def test_the_published_network_has_the_published_weights() -> None:
    with torch.device("meta"):
        shapes = shapes_of(Synchformer())
    assert len(shapes) + len(UNUSED) == 238
    unused = 768 * (3 * 16 * 16 + 1)
    assert sum(prod(shape) for shape in shapes.values()) + unused == pytest.approx(122.4e6, rel=0.0005)
    assert shapes["patch_embed_3d.proj.weight"] == (768, 3, 2, 16, 16)
    assert shapes["pos_embed"] == (1, 197, 768)
    assert shapes["temp_embed"] == (1, 8, 768)
    assert shapes["spatial_attn_agg.self_attn.in_proj_weight"] == (2304, 768)


def test_a_clip_is_looked_at_in_segments_that_overlap() -> None:
    network, frames = tiny_synchformer(), normal(39, 3, 224, 224).clamp(-1, 1)
    features = network.features(frames)
    assert features.shape == (8 * 3, 16)
    for number, start in enumerate((0, 8, 16)):
        alone = network(frames[None, start : start + 16])[0]
        torch.testing.assert_close(features[8 * number : 8 * number + 8], alone, atol=1e-5, rtol=1e-5)
    assert (features[:8] - features[8:16]).abs().max() > 1e-3


def test_how_many_at_once_makes_no_difference() -> None:
    network, frames = tiny_synchformer(), normal(32, 3, 224, 224)
    whole = network.features(frames)
    torch.testing.assert_close(network.features(frames, at_once=1), whole, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(network.features(frames, at_once=2), whole, atol=1e-5, rtol=1e-5)


def test_less_than_a_segment_is_refused() -> None:
    with pytest.raises(ClipTooShort, match="15 frames"):
        tiny_synchformer().features(torch.zeros(15, 3, 224, 224))


def test_each_of_the_eight_tokens_sees_its_own_frames_most() -> None:
    """Two frames that change, change their token more than any other."""
    network, frames = tiny_synchformer(), normal(1, 16, 3, 224, 224)
    changed = frames.clone()
    changed[:, 6:8] = normal(1, 2, 3, 224, 224, seed=1)
    moved = (network(changed) - network(frames)).abs().amax(-1)[0]
    assert int(moved.argmax()) == 3


def test_the_last_layer_is_torch_s_own_asked_by_its_first_token() -> None:
    torch.manual_seed(0)
    theirs = nn.TransformerEncoderLayer(
        16, 2, 64, activation="gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    ).eval()
    ours = SpatialPooling(SynchformerConfig(width=16, heads=2))
    ours.cls_token.data = normal(1, 1, 16)
    ours.load_state_dict(theirs.state_dict() | {"cls_token": ours.cls_token})
    sites = normal(3, 9, 16, seed=1)
    whole = theirs(torch.cat((ours.cls_token.expand(3, 1, 16), sites), dim=1))
    torch.testing.assert_close(ours(sites), whole[:, 0], atol=1e-6, rtol=1e-5)


def test_frames_are_taken_in_the_precision_of_the_weights() -> None:
    network = Synchformer(SynchformerConfig(width=16, depth=1, heads=2)).to(torch.bfloat16)
    assert network.features(torch.zeros(16, 3, 224, 224)).dtype == torch.bfloat16


def test_patches_are_those_of_a_convolution() -> None:
    network, frames = tiny_synchformer(), normal(2, 16, 3, 224, 224)
    wanted = network.patch_embed_3d["proj"](frames.transpose(1, 2)).flatten(3).permute(0, 2, 3, 1)
    wanted = wanted + network.pos_embed[:, None, 1:] + network.temp_embed[:, :, None]
    alone = Synchformer(SynchformerConfig(width=16, depth=0, heads=2))
    alone.load_state_dict(network.state_dict(), strict=False)
    torch.testing.assert_close(alone.tokens(frames)[:, 1:], wanted.flatten(1, 2), atol=1e-5, rtol=1e-5)
