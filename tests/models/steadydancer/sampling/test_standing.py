"""Where a request stands, in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from greenroom.errors import OutputUnwritable
from greenroom.models.steadydancer.sampling.standing import Standing, StandingDiffers, keep, kept

IDENTITY = {"seed": 3, "steps": 40, "inputs": ["a", "b"]}


def standing() -> Standing:
    one = torch.arange(6.0).view(2, 3)
    return Standing(
        7, {"solver.latents": one, "solver.begun": one, "cache.latents": one.t(), "solver.at": torch.tensor(7)}
    )


def test_what_is_kept_is_the_same(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "standing.safetensors"
    keep(file, standing(), IDENTITY)
    found = kept(file, {"inputs": ("a", "b"), "steps": 40, "seed": 3})
    assert found is not None
    assert found.at == 7
    assert found.tensors.keys() == standing().tensors.keys()
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in standing().tensors.items())
    assert found.of("cache").keys() == {"latents"}
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


def test_there_is_none(tmp_path: Path) -> None:
    assert kept(tmp_path / "standing.safetensors", IDENTITY) is None


@pytest.mark.parametrize("other", [{"seed": 4}, {"new": 1}, {"inputs": ["a"]}])
def test_another_request_is_refused(other: dict[str, object], tmp_path: Path) -> None:
    file = tmp_path / "standing.safetensors"
    keep(file, standing(), IDENTITY)
    with pytest.raises(StandingDiffers, match=next(iter(other))):
        kept(file, {**IDENTITY, **other})
    lacking = {name: value for name, value in IDENTITY.items() if name not in other}
    if len(lacking) < len(IDENTITY):
        with pytest.raises(StandingDiffers):
            kept(file, lacking)


@pytest.mark.parametrize("left", [0, 7, 100, -1])
def test_one_that_cannot_be_read_is_as_none(left: int, tmp_path: Path) -> None:
    file = tmp_path / "standing.safetensors"
    keep(file, standing(), IDENTITY)
    file.write_bytes(file.read_bytes()[:left])
    assert kept(file, IDENTITY) is None


@pytest.mark.parametrize(
    "told", [{}, {"layout": "1"}, {"layout": "2", "at": "7", "identity": json.dumps(IDENTITY)},
             {"layout": "1", "at": "x", "identity": "{}"}, {"layout": "1", "at": "7", "identity": "[]"}]
)  # fmt: skip
def test_one_of_something_else_is_as_none(told: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "standing.safetensors"
    keep(file, standing(), IDENTITY)
    save_file(load_file(file), file, told)
    with safe_open(file, "pt") as opened:
        assert (opened.metadata() or {}) == told
    assert kept(file, IDENTITY) is None


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    file = tmp_path / "standing.safetensors"
    file.mkdir()
    assert kept(file, IDENTITY) is None
    with pytest.raises(OutputUnwritable):
        keep(file, standing(), IDENTITY)
