"""Small changes added while a dancer is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Set
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from greenroom.models.steadydancer.dancer.checkpoint import filled, without_weights
from greenroom.models.steadydancer.dancer.fixed import fix, velocity
from greenroom.models.steadydancer.dancer.precision import SMALL
from greenroom.models.steadydancer.lora.loading import changing
from greenroom.models.steadydancer.lora.merging import Lora, changed, merged, open_lora
from greenroom.models.steadydancer.sampling.guidance import Pass
from greenroom.weights.fitting import shapes_of
from tests.models.steadydancer.lora.files import pair
from tests.models.steadydancer.networks import TINY, conditions_of, dancer_of, latents_of

STATE = dancer_of().state_dict()


def read(names: Iterable[str], dtype: torch.dtype, small: Set[str]) -> dict[str, Tensor]:
    return {name: STATE[name].to(dtype) for name in names}


@pytest.fixture
def lora(tmp_path: Path) -> Lora:
    network = shapes_of(without_weights(TINY))
    tensors: dict[str, Tensor] = {}
    for name in ("blocks.0.self_attn.q", "blocks.1.ffn.0", "patch_embedding_fuse"):
        down, up = pair(network[f"{name}.weight"])
        tensors |= {f"diffusion_model.{name}.lora_down.weight": down, f"diffusion_model.{name}.lora_up.weight": up}
    tensors["diffusion_model.blocks.1.diff_m"] = torch.ones(network["blocks.1.modulation"])
    save_file(tensors, tmp_path / "small.safetensors")
    return open_lora(tmp_path / "small.safetensors", network, 0.01)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_network_is_loaded_with_it(dtype: torch.dtype, lora: Lora) -> None:
    state = filled(without_weights(TINY), changing(read, [lora]), dtype).state_dict()
    plain = filled(without_weights(TINY), read, dtype).state_dict()
    assert len(changed([lora])) == 4
    for name, tensor in state.items():
        wanted = merged(name, STATE[name], [lora]).to(plain[name].dtype) if name in lora.parts else plain[name]
        assert tensor.dtype == plain[name].dtype
        assert torch.equal(tensor, wanted), name


def test_it_dances_otherwise(lora: Lora) -> None:
    made = []
    for reads in (read, changing(read, [lora])):
        network = filled(without_weights(TINY), reads, torch.float32)
        made.append(velocity(network, fix(network, conditions_of()), latents_of(), 500, Pass.CONDITIONAL))
    plain, other = made
    assert not torch.allclose(plain, other, atol=1e-3)


def test_what_is_changed_is_rounded_behind_it(lora: Lora) -> None:
    """Blocks in eight bits take what they can as it is stored; a changed matrix cannot be."""
    asked: list[tuple[str, bool]] = []

    def reads(names: Iterable[str], dtype: torch.dtype, small: Set[str]) -> dict[str, Tensor]:
        found = read(names, dtype, small)
        asked.extend((name, name in small) for name in found)
        return found

    filled(without_weights(TINY), changing(reads, [lora]), torch.float32, precision=SMALL)
    assert ("blocks.0.self_attn.q.weight", False) in asked
    assert ("blocks.0.self_attn.k.weight", True) in asked
    assert len(asked) == len(dict(asked)) == len(STATE)
