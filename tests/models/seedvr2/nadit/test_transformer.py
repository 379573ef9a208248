"""The whole transformer: names and sizes as published, one clip at a time. Equality with the original: test_parity."""

from __future__ import annotations

import json
from dataclasses import replace
from math import prod
from typing import Any

import pytest
import torch
from torch import Tensor

from greenroom.models.seedvr2.architecture import Architecture
from greenroom.models.seedvr2.nadit import attention, block, mlp
from greenroom.models.seedvr2.nadit.checkpoint import BY_FORMULA
from greenroom.nn.kernels import adaptive_norm, heads, swiglu
from greenroom.recipes.catalogue import recipe
from tests.models.seedvr2.networks import BOTH, V2, network_of, normal, published_shapes


def file_length(tensors: dict[str, tuple[int, ...]], word: str, width: int) -> int:
    """Of a safetensors file with these and nothing else."""
    entries, start = {}, 0
    for name in sorted(tensors):
        end = start + width * prod(tensors[name])
        entries[name] = {"dtype": word, "shape": list(tensors[name]), "data_offsets": [start, end]}
        start = end
    header = len(json.dumps(entries, separators=(",", ":")))
    return 8 + header + -header % 8 + start


def test_published_files_have_these_names_and_shapes_to_the_byte() -> None:
    assert len(published_shapes("seedvr2-3b")) == 635
    assert len(published_shapes("seedvr2-7b")) == 1128
    assert file_length(published_shapes("seedvr2-3b"), "F8_E4M3", 1) == 3_391_544_696
    assert file_length(published_shapes("seedvr2-7b"), "F16", 2) == 16_479_334_424


@pytest.mark.parametrize("model", ["seedvr2-3b", "seedvr2-7b"])
def test_there_are_as_many_parameters_as_published(model: str) -> None:
    counts = [prod(shape) for name, shape in published_shapes(model).items() if not name.endswith(BY_FORMULA)]
    assert sum(counts) == recipe(model).parameters


@pytest.mark.parametrize("architecture", BOTH, ids=lambda a: a.name)
def test_half_precision_is_near(architecture: Architecture) -> None:
    latent, text = normal(2, 16, 20, 33), normal(6, 32, seed=1)
    exact, half = (network_of(architecture, dtype=dtype) for dtype in (torch.float32, torch.bfloat16))
    half.load_state_dict(exact.state_dict())
    ours = half(latent, text, half.modulations(1000.0))
    wanted = exact(latent, text, exact.modulations(1000.0))
    assert ours.dtype == torch.bfloat16
    assert (ours.float() - wanted).square().mean().sqrt() < 0.02 * wanted.square().mean().sqrt()


def test_with_the_kernels_it_is_the_same_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a GPU, by Triton's interpreter."""
    network, latent, text = network_of(replace(V2, layers=2)), normal(1, 4, 6, 33), normal(3, 32, seed=1)
    at = network.modulations(1000.0)
    plain = network(latent, text, at)

    def add_norm_modulate(x: Tensor, branch: Tensor, gate: Tensor, *rest: Any) -> Tensor:
        return adaptive_norm.norm_modulate(x, *rest, branch=branch, gate=gate)

    monkeypatch.setattr(block, "norm_modulate", adaptive_norm.norm_modulate)
    monkeypatch.setattr(block, "add_norm_modulate", add_norm_modulate)
    monkeypatch.setattr(attention, "place_heads", heads.place_heads)
    monkeypatch.setattr(mlp, "swiglu", swiglu.swiglu)
    torch.testing.assert_close(network(latent, text, at), plain, atol=2e-6, rtol=0)


def test_a_picture_is_a_clip_of_one_frame() -> None:
    network = network_of(V2)
    assert network(normal(1, 6, 4, 33), normal(5, 32), network.modulations(1000.0)).shape == (1, 6, 4, 16)


def test_layouts_of_the_last_sizes_are_kept() -> None:
    network = network_of(V2)
    at = network.modulations(1000.0)
    for size in ((1, 4, 4), (1, 4, 6), (1, 4, 6), (1, 4, 8)):
        network(normal(*size, 33), normal(5, 32), at)
    assert [key[0] for key in network._layouts] == [(1, 2, 3), (1, 2, 4)]


def test_the_time_counts() -> None:
    network = network_of(V2)
    latent, text = normal(1, 4, 4, 33), normal(5, 32)
    late, early = (network(latent, text, network.modulations(time)) for time in (1000.0, 100.0))
    assert (late - early).abs().max() > 1e-3
