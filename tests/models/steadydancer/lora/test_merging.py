"""Small changes added to weights."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from greenroom.errors import InputInvalid
from greenroom.models.steadydancer.lora.merging import Lora, LoraUnfit, changed, merged, open_lora
from greenroom.weights.errors import NotACheckpoint, NotFinite, TensorsDiffer, WrongDtype, WrongShape
from tests.models.steadydancer.lora.files import NETWORK, RANK, normal, pair, written

Q = "blocks.0.self_attn.q"


def opened(folder: Path, tensors: dict[str, Tensor], strength: float = 1.0) -> Lora:
    return open_lora(written(folder, tensors), NETWORK, strength)


def product(name: str, down: Tensor, up: Tensor) -> Tensor:
    return (up.flatten(1) @ down.flatten(1)).view(NETWORK[f"{name}.weight"])


@pytest.mark.parametrize("name", [Q, "patch_embedding", "blocks.11.ffn.0", "blocks.11.ffn.2"])
@pytest.mark.parametrize("spelled", ["diffusion_model.{}.lora_down.weight diffusion_model.{}.lora_up.weight",
                                     "{}.lora_A.weight {}.lora_B.weight"])  # fmt: skip
def test_a_product_is_added(name: str, spelled: str, tmp_path: Path) -> None:
    down, up = pair(NETWORK[f"{name}.weight"])
    lora = opened(tmp_path, dict(zip(spelled.format(name, name).split(), (down, up), strict=True)))
    weight = normal(*NETWORK[f"{name}.weight"], seed=5)
    made = merged(f"{name}.weight", weight, [lora])
    torch.testing.assert_close(made, weight + product(name, down, up))
    assert changed([lora]) == {f"{name}.weight"}
    assert torch.equal(weight, normal(*weight.shape, seed=5))


def test_a_product_counts_alpha_to_rank_and_strength(tmp_path: Path) -> None:
    down, up = pair((8, 8))
    tensors = {f"{Q}.lora_down.weight": down, f"{Q}.lora_up.weight": up, f"{Q}.alpha": torch.tensor(6.0)}
    made = merged(f"{Q}.weight", torch.zeros(8, 8), [opened(tmp_path, tensors, 0.25)])
    torch.testing.assert_close(made, up @ down * (6 / RANK * 0.25))


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16, torch.int64])
def test_a_product_that_adds_nothing_is_refused(tmp_path: Path, kind: torch.dtype) -> None:
    down, up = pair((8, 8))
    nothing = torch.zeros((), dtype=kind)
    tensors = {f"{Q}.lora_down.weight": down, f"{Q}.lora_up.weight": up, f"{Q}.alpha": nothing}
    with pytest.raises(LoraUnfit, match=f"small.safetensors has an alpha of {Q}.weight of 0, and so adds nothing"):
        opened(tmp_path, tensors)


def test_differences_are_added(tmp_path: Path) -> None:
    tensors = {
        f"diffusion_model.{Q}.diff_b": normal(8),
        "diffusion_model.blocks.0.diff_m": normal(6, 8, seed=1),  # without the one in front
        "diffusion_model.blocks.0.norm3.diff": normal(8, seed=2),
    }
    lora = opened(tmp_path, tensors, 2.0)
    assert changed([lora]) == {f"{Q}.bias", "blocks.0.modulation", "blocks.0.norm3.weight"}
    torch.testing.assert_close(merged(f"{Q}.bias", torch.ones(8), [lora]), 1 + 2 * normal(8))
    made = merged("blocks.0.modulation", torch.zeros(1, 6, 8), [lora])
    torch.testing.assert_close(made, 2 * normal(6, 8, seed=1)[None])


def test_sums_are_rounded_once(tmp_path: Path) -> None:
    down, up = pair((8, 8))
    lora = opened(tmp_path, {f"{Q}.lora_down.weight": down.bfloat16(), f"{Q}.lora_up.weight": up.bfloat16()})
    weight = normal(8, 8, seed=5).bfloat16()
    made = merged(f"{Q}.weight", weight, [lora, lora])
    assert made.dtype == torch.bfloat16
    each = up.bfloat16().float() @ down.bfloat16().float()
    assert torch.equal(made, (weight.float() + each + each).bfloat16())


def test_what_is_not_changed_is_the_same_tensor(tmp_path: Path) -> None:
    lora, none = (opened(tmp_path, {f"{Q}.diff_b": normal(8)}, strength) for strength in (1.0, 0.0))
    weight = normal(8, 8)
    assert merged(f"{Q}.weight", weight, [lora]) is weight
    assert merged(f"{Q}.bias", weight, [none]) is weight
    assert merged(f"{Q}.bias", weight, []) is weight


def test_alpha_that_is_noted_beside_the_tensors(tmp_path: Path) -> None:
    down, up = pair((8, 8))
    tensors = {"transformer.blocks.0.attn1.to_q.lora_A.weight": down,
               "transformer.blocks.0.attn1.to_q.lora_B.weight": up,
               "transformer.blocks.0.attn1.to_q.lora_B.bias": normal(8)}  # fmt: skip

    def noted(**settings: object) -> Path:
        told = {f"transformer.{name}": value for name, value in settings.items()}
        return written(tmp_path, tensors, {"lora_adapter_metadata": json.dumps(told)})

    lora = open_lora(noted(r=3, lora_alpha=12, alpha_pattern={}, use_rslora=False), NETWORK)
    torch.testing.assert_close(merged(f"{Q}.weight", torch.zeros(8, 8), [lora]), up @ down * 4)
    torch.testing.assert_close(merged(f"{Q}.bias", torch.zeros(8), [lora]), normal(8) * 4)
    for odd in ("use_rslora", "use_dora"):
        with pytest.raises(LoraUnfit, match=odd):
            open_lora(noted(r=3, lora_alpha=12, **{odd: True}), NETWORK)
    for rank, alpha in ((3, "x"), (3, 10**400), (3, math.nan), (3, math.inf), (0, 3), (10**400, 3)):
        with pytest.raises(LoraUnfit, match="alpha"):
            open_lora(noted(r=rank, lora_alpha=alpha), NETWORK)
    with pytest.raises(LoraUnfit, match="has an alpha of 0, and so adds nothing"):
        open_lora(noted(r=3, lora_alpha=0), NETWORK)
    for broken in ("{", "[" * 100_000, "[]"):
        assert open_lora(written(tmp_path, tensors, {"lora_adapter_metadata": broken}), NETWORK).scale == 1


def test_what_is_unknown_is_named(tmp_path: Path) -> None:
    others = {f"diffusion_model.blocks.{block}.self_attn.q.lora_down.weight": normal(2) for block in (2, 3, 4, 5)}
    with pytest.raises(LoraUnfit) as refused:
        opened(tmp_path, {f"{Q}.diff_b": normal(8), **others})
    assert "blocks.2.self_attn.q.lora_down.weight" in refused.value.message
    assert "1 more" in refused.value.message
    with pytest.raises(LoraUnfit, match="empty"):
        opened(tmp_path, {})


@pytest.mark.parametrize("part", ["lora_down.weight", "lora_up.weight", "alpha"])
def test_half_a_change_is_none(part: str, tmp_path: Path) -> None:
    with pytest.raises(TensorsDiffer, match=Q):
        opened(tmp_path, {f"{Q}.{part}": torch.ones(3, 8)})


def test_what_is_said_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoraUnfit, match="twice"):
        opened(tmp_path, {f"{Q}.diff_b": normal(8), f"diffusion_model.{Q}.diff_b": normal(8)})
    down, up = pair((8, 8))
    both = {f"{Q}.lora_down.weight": down, f"{Q}.lora_up.weight": up, f"{Q}.diff": normal(8, 8)}
    with pytest.raises(TensorsDiffer, match="difference"):
        opened(tmp_path, both)


@pytest.mark.parametrize(
    ("down", "up", "alpha"),
    [
        ((3, 7), (8, 3), ()),
        ((3, 8), (9, 3), ()),
        ((3, 8), (8, 4), ()),
        ((3, 8, 1), (8, 3), ()),
        ((8,), (8, 3), ()),
        ((3, 8), (3,), ()),
        ((3, 8), (8, 3, 2), ()),
        ((3, 8), (8, 3), (2,)),
        ((3, 8), (), ()),
        ((0, 8), (8, 0), ()),  # of no rank
    ],
)
def test_other_shapes_are_refused(
    down: tuple[int, ...], up: tuple[int, ...], alpha: tuple[int, ...], tmp_path: Path
) -> None:
    tensors = {"lora_down.weight": torch.ones(down), "lora_up.weight": torch.ones(up), "alpha": torch.ones(alpha)}
    with pytest.raises(WrongShape, match=Q):
        opened(tmp_path, {f"{Q}.{name}": tensor for name, tensor in tensors.items()})


@pytest.mark.parametrize("name", ["patch_embedding", "img_emb.proj.0"])
def test_a_difference_of_another_model_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(WrongShape, match=f"{name}.weight") as refused:
        opened(tmp_path, {f"diffusion_model.{name}.diff": torch.ones(8, 4, 1, 2, 2)})
    assert "text to video" in refused.value.mend


def test_what_is_no_number_is_refused(tmp_path: Path) -> None:
    broken = normal(8)
    broken[3] = math.nan
    with pytest.raises(NotFinite, match=f"{Q}.bias"):
        merged(f"{Q}.bias", torch.zeros(8), [opened(tmp_path, {f"{Q}.diff_b": broken})])
    with pytest.raises(WrongDtype):
        opened(tmp_path, {f"{Q}.diff_b": torch.ones(8, dtype=torch.int32)})
    for strength in (math.nan, math.inf):
        with pytest.raises(InputInvalid):
            opened(tmp_path, {f"{Q}.diff_b": normal(8)}, strength)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "small.safetensors").write_bytes(b"PNG but no weights")
    with pytest.raises(NotACheckpoint):
        open_lora(tmp_path / "small.safetensors", NETWORK)


def test_torchs_own_files_are_taken(tmp_path: Path) -> None:
    torch.save({f"{Q}.diff_b": normal(8)}, tmp_path / "small.pt")
    lora = open_lora(tmp_path / "small.pt", NETWORK)
    assert torch.equal(merged(f"{Q}.bias", torch.zeros(8), [lora]), normal(8))


@given(
    st.sets(st.sampled_from(sorted(name for name, shape in NETWORK.items() if len(shape) in (2, 5))), min_size=1),
    st.integers(1, 9),
    st.none() | st.floats(-8, 8, width=32),
    st.floats(-2, 2, width=32),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_adds_what_it_says(
    tmp_path: Path, names: set[str], rank: int, alpha: float | None, strength: float
) -> None:
    tensors: dict[str, Tensor] = {}
    for name in names:
        down, up = pair(NETWORK[name], rank)
        flat = name.removesuffix(".weight").replace(".", "_")
        tensors |= {f"lora_unet_{flat}.lora_down.weight": down, f"lora_unet_{flat}.lora_up.weight": up}
        if alpha is not None:
            tensors[f"lora_unet_{flat}.alpha"] = torch.tensor(alpha)
    if alpha == 0:
        with pytest.raises(LoraUnfit, match="adds nothing"):
            opened(tmp_path, tensors, strength)
        return
    lora = opened(tmp_path, tensors, strength)
    assert changed([lora]) == names
    for name in names:
        down, up = pair(NETWORK[name], rank)
        scale = strength if alpha is None else strength * alpha / rank
        wanted = 1 + scale * product(name.removesuffix(".weight"), down, up)
        made = merged(name, torch.ones(NETWORK[name]), [lora])
        torch.testing.assert_close(made, wanted, atol=1e-4, rtol=1e-4)
