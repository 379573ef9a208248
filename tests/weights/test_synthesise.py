"""Weights that nobody trained: scaled, seeded, written as the library writes them."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from greenroom.weights.synthesise import draw, layout, synthesise, synthesise_on, write_safetensors, write_torch

SHAPES: dict[str, tuple[int, ...]] = {"b.weight": (64, 100), "a.conv.weight": (64, 4, 25), "b.bias": (4000,)}
FIXED = {"step": torch.tensor(5), "flag": torch.tensor(True), "table": torch.arange(3.0)}


@pytest.mark.parametrize(
    ("name", "shape", "centre", "spread"),
    [
        ("x.weight", (64, 1000), 0.0, 1 / sqrt(1000)),
        ("x.conv.weight", (64, 40, 25), 0.0, 1 / sqrt(1000)),
        ("x.norm.weight", (40_000,), 1.0, 0.1),
        ("x.g", (40_000,), 1.0, 0.1),
        ("x.grn.gamma", (1, 1, 40_000), 1.0, 0.1),
        ("x.bias", (40_000,), 0.0, 0.05),
        ("x.grn.beta", (1, 1, 40_000), 0.0, 0.05),
    ],
)
def test_values_are_scaled_by_what_they_do(name: str, shape: tuple[int, ...], centre: float, spread: float) -> None:
    values = draw(name, shape, seed=0)
    assert float(values.mean()) == pytest.approx(centre, abs=0.02 * spread)
    assert float(values.std()) == pytest.approx(spread, rel=0.02)


def test_a_seed_and_a_name_give_the_values() -> None:
    one = dict(synthesise(SHAPES, 1))
    assert all(torch.equal(tensor, dict(synthesise(SHAPES, 1))[name]) for name, tensor in one.items())
    assert not torch.equal(one["b.weight"], dict(synthesise(SHAPES, 2))["b.weight"])
    assert not torch.equal(one["b.weight"].flatten(), dict(synthesise({"c": (64, 100)}, 1))["c"].flatten())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_what_is_drawn_on_a_device_is_scaled_alike(dtype: torch.dtype) -> None:
    drawn = dict(synthesise_on(torch.device("cpu"), {"x.weight": (64, 1000), "x.bias": (40_000,)}, 1, dtype))
    assert {tensor.dtype for tensor in drawn.values()} == {dtype}
    assert float(drawn["x.weight"].float().std()) == pytest.approx(1 / sqrt(1000), rel=0.02)
    assert float(drawn["x.bias"].float().std()) == pytest.approx(0.05, rel=0.02)


def test_on_a_device_a_seed_and_a_name_give_the_values_too() -> None:
    one, same, other = (dict(synthesise_on(torch.device("cpu"), SHAPES, seed)) for seed in (1, 1, 2))
    assert all(torch.equal(tensor, same[name]) for name, tensor in one.items())
    assert not torch.equal(one["b.weight"], other["b.weight"])
    assert not torch.equal(one["b.weight"].flatten(), one["a.conv.weight"].flatten())


def test_the_file_is_the_one_that_the_library_would_write(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    write_safetensors(ours, SHAPES, 1, FIXED)
    save_file(dict(synthesise(SHAPES, 1)) | FIXED, theirs)
    assert ours.read_bytes() == theirs.read_bytes()
    assert torch.equal(load_file(ours)["table"], FIXED["table"])


def test_a_header_ends_on_a_multiple_of_8() -> None:
    for length in range(9):
        header, _ = layout({"n" * length: (1,)}, {})
        assert len(header) % 8 == 0


def test_a_torch_file_holds_the_same(tmp_path: Path) -> None:
    write_torch(tmp_path / "made", SHAPES, 1, FIXED)
    read = torch.load(tmp_path / "made", weights_only=True)
    assert list(read) == [*SHAPES, *FIXED]
    assert torch.equal(read["b.weight"], dict(synthesise(SHAPES, 1))["b.weight"])
