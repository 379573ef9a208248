"""Files of eight bits: plain, and with scales that no network knows the names of."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from greenroom.weights.contents import Stored
from greenroom.weights.fp8 import Fp8, are_finite
from greenroom.weights.reading import open_weights

E4M3, E5M2 = torch.float8_e4m3fn, torch.float8_e5m2


def opened(tmp_path: Path, tensors: dict[str, Tensor]) -> dict[str, Stored]:
    file = tmp_path / "some.safetensors"
    save_file(tensors, file)
    return dict(open_weights(file).tensors)


def scaled(dtype: torch.dtype = E4M3) -> dict[str, Tensor]:
    return {
        "a.weight": torch.ones(2, 3).to(dtype),
        "a.scale_weight": torch.tensor([0.5]),
        "a.scale_input": torch.tensor(2.0),
        "a.bias": torch.ones(2, dtype=torch.float16),
        "scaled_fp8": torch.empty(0, dtype=dtype),
    }


@pytest.mark.parametrize("dtype", [E4M3, E5M2])
def test_scales_are_told_and_not_listed(tmp_path: Path, dtype: torch.dtype) -> None:
    assert opened(tmp_path, scaled(dtype)) == {
        "a.weight": Stored(str(dtype).removeprefix("torch."), (2, 3), scale="a.scale_weight"),
        "a.bias": Stored("float16", (2,)),
    }


def test_a_prefix_does_not_matter(tmp_path: Path) -> None:
    found = opened(tmp_path, {f"model.diffusion_model.{name}": tensor for name, tensor in scaled().items()})
    assert set(found) == {"model.diffusion_model.a.weight", "model.diffusion_model.a.bias"}


def test_a_plain_cast_has_no_scale(tmp_path: Path) -> None:
    assert opened(tmp_path, {"a.weight": torch.ones(2).to(E4M3)}) == {"a.weight": Stored("float8_e4m3fn", (2,))}


@pytest.mark.parametrize(
    "strange",
    [
        {"b.scale_weight": torch.tensor([1.0])},  # of no weight
        {"b.weight": torch.ones(2), "b.scale_weight": torch.tensor([1.0])},  # of one that needs none
        {"b.weight": torch.ones(2).to(E4M3), "b.scale_weight": torch.ones(2)},  # more than one number
        {"b.weight": torch.ones(2).to(E4M3), "b.scale_weight": torch.ones(1).half()},
        {"b.scaled_fp8": torch.ones(3)},
        {"b.weight": torch.ones(2).to(E4M3), "b.weight_scale": torch.ones(1)},
        {"b.weight": torch.ones(128, 128).to(E4M3), "b.weight_scale_inv": torch.ones(1, 1)},
    ],
)
def test_what_is_not_understood_stays_in_the_list(tmp_path: Path, strange: dict[str, Tensor]) -> None:
    found = opened(tmp_path, scaled() | strange)
    assert set(strange) <= set(found)
    assert all(found[name].scale is None for name in strange)


def test_without_fp8_nothing_is_hidden(tmp_path: Path) -> None:
    assert "scaled_fp8" in opened(tmp_path, {"a.weight": torch.ones(2), "scaled_fp8": torch.ones(1)})


def test_a_kept_weight_is_values_times_scale() -> None:
    kept = Fp8(torch.tensor([[1.5, -2.0]]).to(E4M3), torch.tensor(0.1))
    assert kept.shape == (1, 2)
    assert torch.equal(kept.dequantise(torch.float32), torch.tensor([[1.5, -2.0]]) * torch.tensor(0.1))


@pytest.mark.parametrize("dtype", [E4M3, E5M2])
def test_what_is_no_number_is_found_by_its_bits(dtype: torch.dtype) -> None:
    values = torch.arange(256, dtype=torch.uint8)
    found = [bool(are_finite(value, str(dtype).removeprefix("torch."))) for value in values.view(256, 1)]
    assert found == values.view(dtype).float().isfinite().tolist()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("by", [1e-6, 0.02, 448.0, 1e4])
def test_a_weight_is_rounded_to_as_much_as_three_bits_give(by: float, dtype: torch.dtype) -> None:
    weight = (by * torch.randn(64, 32, generator=torch.Generator().manual_seed(0))).to(dtype)
    small = Fp8.rounded(weight)
    assert small.values.dtype == E4M3
    assert small.shape == (64, 32)
    back = small.dequantise(torch.float32)
    assert torch.equal(back, small.dequantise(torch.bfloat16).float())  # rounded once
    lost = (back - weight.float()).square().mean().sqrt() / weight.float().square().mean().sqrt()
    assert 0.02 < lost < 0.03
    # The least scale that has room for the largest.
    assert 224 <= small.values.float().abs().max() <= 448


def test_weights_that_fill_the_type_and_those_that_are_nothing_are_kept() -> None:
    for largest in (448.0, 224.0, 448 * 2.0**-20):
        weight = torch.tensor([[largest, -largest / 2, 0.0]])
        assert torch.equal(Fp8.rounded(weight).dequantise(torch.float32), weight)
    assert Fp8.rounded(torch.tensor([448.0])).scale == 1
    assert Fp8.rounded(torch.tensor([449.0])).scale == 2
    assert torch.equal(Fp8.rounded(torch.zeros(2, 2)).dequantise(torch.float32), torch.zeros(2, 2))
