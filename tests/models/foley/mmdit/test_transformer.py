"""The whole denoiser: names and sizes as published. Equality with the original: test_parity_denoiser."""

from __future__ import annotations

import json
from dataclasses import replace
from math import prod

import pytest
import torch

from greenroom.errors import InputInvalid
from greenroom.models.foley.architecture import PUBLISHED
from greenroom.models.foley.mmdit import mlp, sequence_conv, single_block, triple_block
from greenroom.nn import adaptive_layer_norm as plain_layer_norm
from greenroom.nn.kernels import adaptive_layer_norm, heads, swiglu, unfolding
from greenroom.recipes.catalogue import recipe
from greenroom.weights.fitting import Shape
from tests.models.foley.networks import TINY, denoiser_of, normal, published_shapes

# A file's note on itself; the shortest entry of a tensor is longer.
_NOTE = 100


def file_length(tensors: dict[str, Shape]) -> int:
    """Of a safetensors file with these in bfloat16 and nothing else."""
    entries, start = {}, 0
    for name in sorted(tensors):
        end = start + 2 * prod(tensors[name])
        entries[name] = {"dtype": "BF16", "shape": list(tensors[name]), "data_offsets": [start, end]}
        start = end
    header = len(json.dumps(entries, separators=(",", ":")))
    return 8 + header + -header % 8 + start


@pytest.mark.parametrize(("model", "tensors"), [("hunyuanvideo-foley-xl", 733), ("hunyuanvideo-foley-xxl", 1087)])
def test_there_are_as_many_tensors_and_parameters_as_published(model: str, tensors: int) -> None:
    shapes = published_shapes(model)
    assert len(shapes) == tensors
    assert sum(map(prod, shapes.values())) == recipe(model).parameters
    blocks = {"hunyuanvideo-foley-xl": (95_218_304, 72_464_384), "hunyuanvideo-foley-xxl": (113_311_616, 84_950_272)}
    for prefix, wanted in zip(("triple_blocks.0.", "single_blocks.0."), blocks[model], strict=True):
        assert sum(prod(shape) for name, shape in shapes.items() if name.startswith(prefix)) == wanted


def test_the_published_file_has_these_names_and_shapes_and_nothing_else() -> None:
    names = [file.size.bytes for v in recipe("hunyuanvideo-foley-xl").variants if v.name == "bf16-safetensors"
             for file in v.files if file.size]  # fmt: skip
    (published,) = names
    assert 0 <= published - file_length(published_shapes("hunyuanvideo-foley-xl")) < _NOTE


def test_published_names() -> None:
    assert {name for name in published_shapes("hunyuanvideo-foley-xxl") if "blocks." not in name} == {
        "audio_embedder.proj.weight", "audio_embedder.proj.bias", "visual_proj.w1.weight", "visual_proj.w2.weight",
        "visual_proj.w3.weight", "cond_in.linear_1.weight", "cond_in.linear_1.bias", "cond_in.linear_2.weight",
        "cond_in.linear_2.bias", "time_in.mlp.0.weight", "time_in.mlp.0.bias", "time_in.mlp.2.weight",
        "time_in.mlp.2.bias", "sync_in.0.weight", "sync_in.0.bias", "sync_in.2.w1.weight", "sync_in.2.w2.weight",
        "sync_in.2.w3.weight", "sync_pos_emb", "empty_clip_feat", "empty_sync_feat", "final_layer.linear.weight",
        "final_layer.linear.bias", "final_layer.adaLN_modulation.1.weight", "final_layer.adaLN_modulation.1.bias",
    }  # fmt: skip


def inputs(length: int = 9, sync: int = 16) -> list[torch.Tensor]:
    """Latents, times, text, video, sync features of two samples."""
    f = TINY.text_in
    return [
        normal(2, TINY.latent, length),
        torch.tensor([900.0, 20.0]),
        normal(2, 4, f, seed=1),
        normal(2, 3, f, seed=2),
        normal(2, sync, f, seed=3),
    ]


def test_everything_that_is_given_counts_and_samples_are_apart() -> None:
    network = denoiser_of()
    before = network(*inputs())
    for place in range(5):
        changed = inputs()
        changed[place] = changed[place].clone()
        changed[place][0] += 100.0 if place == 1 else 1.0
        after = network(*changed)
        assert ((after - before)[0].abs() > 1e-4).all(dim=1).any(), place
        torch.testing.assert_close(after[1], before[1])


@pytest.mark.parametrize("resident", [0, 1, 2, 3])
def test_with_blocks_on_the_host_it_is_the_same_to_the_bit(resident: int) -> None:
    network, wanted = denoiser_of(), denoiser_of()(*inputs())
    network.streaming.keep(resident)
    network.modulations.keep(0)
    for _ in range(2):
        assert torch.equal(network(*inputs()), wanted)
    stays = network.triples[0].text_cross_kv
    assert stays.weight.numel() == 2 * TINY.width**2
    network.streaming.keep(None)
    assert network.streaming.held == 0
    assert torch.equal(network(*inputs()), wanted)


def test_sync_tokens_know_their_place_in_their_segment_alone() -> None:
    network = denoiser_of()
    same = normal(1, TINY.sync_in).expand(16, -1)
    synced = network.synced(same)
    torch.testing.assert_close(synced[:8], synced[8:])
    assert not torch.allclose(synced[0], synced[1])


def test_half_a_segment_is_refused() -> None:
    with pytest.raises(InputInvalid) as caught:
        denoiser_of()(*inputs(sync=12))
    assert caught.value.mend


def test_half_precision_is_near() -> None:
    exact, half = denoiser_of(), denoiser_of(dtype=torch.bfloat16)
    half.load_state_dict(exact.state_dict())
    ours, wanted = half(*inputs()), exact(*inputs())
    assert ours.dtype == torch.bfloat16
    assert (ours.float() - wanted).square().mean().sqrt() < 0.03 * wanted.square().mean().sqrt()


def test_with_the_kernels_it_is_the_same_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU, by Triton's interpreter."""
    network = denoiser_of()
    plain = network(*inputs())
    for name in ("norm_modulate", "add_gated", "add_norm_modulate"):
        monkeypatch.setattr(plain_layer_norm, name, getattr(adaptive_layer_norm, name))
    for module in (triple_block, single_block):
        monkeypatch.setattr(module, "place_heads", heads.place_heads)
    for name in ("swiglu", "swiglu_halves"):
        monkeypatch.setattr(mlp, name, getattr(swiglu, name))
    torch.testing.assert_close(network(*inputs()), plain, atol=5e-6, rtol=0)
    monkeypatch.setattr(sequence_conv, "unfolded", unfolding.unfolded)
    mlp.fuse_gates(network)
    sequence_conv.lay_channels_innermost(network)
    torch.testing.assert_close(network(*inputs()), plain, atol=5e-6, rtol=0)


def test_published_sizes_differ_in_nothing_but_their_numbers() -> None:
    xl, xxl = PUBLISHED.values()
    assert replace(xl, name=xxl.name, triple=xxl.triple, single=xxl.single, heads=xxl.heads) == xxl
