"""Published layouts load exactly, whatever they are stored in; whatever else is given is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from greenroom.errors import GreenroomError, InputInvalid
from greenroom.models.foley.architecture import Architecture
from greenroom.models.foley.dac.synthetic import TINY as TINY_DAC
from greenroom.models.foley.dac.synthetic import synthesise_dac_vae
from greenroom.models.foley.mmdit import checkpoint
from greenroom.models.foley.mmdit.checkpoint import REORDERED, arranged, load_denoiser, recognise, without_weights
from greenroom.models.foley.mmdit.quantised import QuantisedSequenceConv
from greenroom.models.foley.mmdit.synthetic import synthesise_denoiser
from greenroom.models.foley.mmdit.transformer import MMDiT
from greenroom.nn.quantised import QuantisedLayer
from greenroom.weights.fp8 import Fp8
from greenroom.weights.loading import read_quantised
from tests.models.foley.networks import TINY, normal, published_shapes
from tests.weights.altered import Weights, changed, refusal_of

GO = ("audio_mlp.", "v_cond_mlp.", "linear")  # of the names of weights in a block
QKV = "triple_blocks.0.audio_self_attn_qkv.weight"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A file of a tiny denoiser as it would be published."""
    file = tmp_path / "foley.safetensors"
    synthesise_denoiser(file, TINY, seed=1)
    return file


def refusal(file: Path, architecture: Architecture = TINY) -> GreenroomError:
    return refusal_of(file, lambda path: load_denoiser(path, architecture))


def test_every_tensor_comes_from_the_file(published: Path) -> None:
    stored = load_file(published)
    network = load_denoiser(published, TINY)
    assert set(stored) == set(network.state_dict())
    for name, tensor in network.state_dict().items():
        if REORDERED not in name:
            assert torch.equal(tensor, stored[name]), name
    assert not network.training
    assert not any(weight.requires_grad for weight in network.parameters())


def test_queries_keys_and_values_of_single_blocks_are_taken_apart() -> None:
    """Published with the three of a channel side by side."""
    x, weight, bias = normal(5, TINY.width), normal(3 * TINY.width, TINY.width, seed=1), normal(3 * TINY.width, seed=2)
    side_by_side = (x @ weight.T + bias).view(5, TINY.heads, TINY.head_dim, 3)
    state = arranged({"0.linear_qkv.weight": weight, "0.linear_qkv.bias": bias, "1.weight": weight}, TINY)
    in_order, biases = state["0.linear_qkv.weight"], state["0.linear_qkv.bias"]
    assert isinstance(in_order, Tensor)
    assert isinstance(biases, Tensor)
    apart = (x @ in_order.T + biases).view(5, 3, TINY.heads, -1)
    for part in range(3):
        torch.testing.assert_close(apart[:, part], side_by_side[..., part])
    assert state["1.weight"] is weight


def test_torch_files_load_too(published: Path) -> None:
    file = published.with_name("foley.pth")
    torch.save({name: tensor.bfloat16() for name, tensor in load_file(published).items()}, file)
    wanted = load_denoiser(published, TINY, dtype=torch.bfloat16).state_dict()
    for name, tensor in load_denoiser(file, TINY, dtype=torch.bfloat16).state_dict().items():
        assert torch.equal(tensor, wanted[name])


class Trap:
    """What unpickling would run."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("sprung"),)


def test_a_torch_file_runs_nothing(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(published.parent)
    file = published.with_name("foley.pth")
    torch.save({**load_file(published), "more": Trap()}, file)
    refusal(file)
    assert not Path("sprung").exists()


def eight_bits(file: Path, scale: float | None = None, dtype: torch.dtype = torch.float8_e4m3fn) -> Path:
    """The same file in eight bits, plain or with a scale for each tensor."""

    def change(weights: Weights) -> None:
        large = {name: tensor for name, tensor in weights.items() if tensor.ndim > 1 and name.endswith(".weight")}
        weights |= {name: (tensor / (scale or 1.0)).to(dtype) for name, tensor in large.items()}
        if scale:
            weights |= {name.replace(".weight", ".scale_weight"): torch.tensor([scale]) for name in large}

    return changed(file, change)


def test_eight_bits_are_dequantised(published: Path) -> None:
    file = eight_bits(published)
    network = load_denoiser(file, TINY, dtype=torch.bfloat16)
    assert {weight.dtype for weight in network.parameters()} == {torch.bfloat16}
    assert torch.equal(network.get_parameter(QKV), load_file(file)[QKV].bfloat16())


def asked(network: MMDiT) -> Tensor:
    width = TINY.text_in
    text, visual, sync = normal(2, 4, width, seed=1), normal(2, 3, width, seed=2), normal(2, 16, width, seed=3)
    with torch.inference_mode():
        out: Tensor = network(normal(2, TINY.latent, 9), torch.tensor([900.0, 20.0]), text, visual, sync)
    return out


def small_layers(network: MMDiT) -> dict[str, QuantisedLayer]:
    return {name: layer for name, layer in network.named_modules() if isinstance(layer, QuantisedLayer)}


@pytest.mark.parametrize(
    ("scale", "dtype"), [(None, torch.float8_e4m3fn), (None, torch.float8_e5m2), (0.013, torch.float8_e4m3fn)]
)
def test_eight_bits_stay_as_they_are_stored(scale: float | None, dtype: torch.dtype, published: Path) -> None:
    """Also those that are put into another order; what comes out is what comes of the same numbers dequantised."""
    file = eight_bits(published, scale, dtype)
    small, whole = load_denoiser(file, TINY, precision="fp8"), load_denoiser(file, TINY)
    stored = load_file(file)[QKV].view(torch.uint8)
    assert torch.equal(small.get_buffer(QKV.replace("weight", "stored")), stored.view(-1))
    for name, layer in small_layers(small).items():
        weight = layer.dequantised(torch.float32)
        conv = isinstance(layer, QuantisedSequenceConv)
        assert torch.equal(weight.transpose(1, 2) if conv else weight, whole.get_parameter(f"{name}.weight")), name
    torch.testing.assert_close(asked(small), asked(whole), atol=2e-6, rtol=1e-5)


def test_what_is_not_in_eight_bits_is_rounded_to_them(published: Path) -> None:
    """Linear and convolution layers of blocks, but for modulation; and nothing outside of blocks."""
    small, whole = load_denoiser(published, TINY, precision="fp8"), load_denoiser(published, TINY)
    layers = small_layers(small)
    assert {name.split(".", 2)[2] for name in layers} == {
        "audio_self_attn_qkv", "audio_self_proj", "audio_cross_q", "audio_cross_proj", "audio_mlp.fc1", "audio_mlp.fc2",
        "v_cond_attn_qkv", "v_cond_self_proj", "v_cond_cross_q", "v_cond_cross_proj", "v_cond_mlp.fc1", "text_cross_kv",
        "v_cond_mlp.fc2", "linear_qkv", "linear1", "linear2.w1", "linear2.w2", "linear2.w3",
    }  # fmt: skip
    assert len(layers) == TINY.triple * 13 + TINY.single * 5
    for name, layer in layers.items():
        wanted = Fp8.rounded(whole.get_parameter(f"{name}.weight")).dequantise(torch.float32)
        weight = layer.dequantised(torch.float32)
        assert torch.equal(weight.transpose(1, 2) if weight.ndim > 2 else weight, wanted)
    assert torch.equal(load_denoiser(published, TINY, precision="fp8", resident=1).cond_in.linear_1.weight,
                       whole.cond_in.linear_1.weight)  # fmt: skip


@pytest.mark.parametrize("precision", ["bf16", "fp8"])
@pytest.mark.parametrize("resident", [0, 1, 2, 3, None])
def test_however_many_blocks_stay_it_is_the_same_network(resident: int | None, precision: str, published: Path) -> None:
    network = load_denoiser(published, TINY, precision=precision, resident=resident)
    wanted = asked(load_denoiser(published, TINY, precision=precision))
    assert network.streaming.resident == resident
    for _ in range(2):
        assert torch.equal(asked(network), wanted)
    network.modulations.keep(0)
    assert torch.equal(asked(network), wanted)


def has_weights(block: nn.Module) -> bool:
    """Of those that go."""
    return any(w.numel() and not w.is_meta for name, w in block.named_parameters() if name.startswith(GO))


@pytest.mark.parametrize(("resident", "stay"), [(0, []), (1, [3]), (2, [1, 3])])
def test_blocks_that_are_not_to_stay_leave_before_the_next_one_is_read(
    resident: int, stay: list[int], published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[list[int]] = []
    networks: list[MMDiT] = []

    def made(architecture: Architecture) -> MMDiT:
        networks.append(without_weights(architecture))
        return networks[0]

    def read(*given: Any) -> Any:
        blocks = networks[0].blocks.values()
        there.append([place for place, block in enumerate(blocks) if has_weights(block)])
        return read_quantised(*given)

    monkeypatch.setattr(checkpoint, "without_weights", made)
    monkeypatch.setattr(checkpoint, "read_quantised", read)
    load_denoiser(published, TINY, resident=resident)
    # Before what is outside of blocks, and before each of the four blocks.
    assert there == [[]] + [[place for place in stay if place < at] for at in range(4)]


@pytest.mark.parametrize("precision", ["bf16", "fp8"])
@pytest.mark.parametrize("resident", [0, 2, None])
def test_as_on_a_gpu(resident: int | None, precision: str, published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gates in one layer, channels innermost, and modulation on the host from the beginning."""
    wanted = asked(load_denoiser(published, TINY, precision=precision))
    with monkeypatch.context() as patch:
        patch.setattr(MMDiT, "device", torch.device("cuda"))
        whole = load_denoiser(published, TINY, device="cpu", precision=precision)
        network = load_denoiser(published, TINY, device="cpu", precision=precision, resident=resident)
    assert network.streaming.resident == resident
    for one in (whole, network):
        assert one.modulations.resident == 0
        assert one.triples[0].audio_mod.linear.weight.numel() == 0
    torch.testing.assert_close(asked(whole), wanted, atol=2e-6, rtol=1e-5)
    for _ in range(2):
        assert torch.equal(asked(network), asked(whole))
    if precision == "bf16":
        weight = whole.singles[0].linear1.weight
        assert weight.shape[2] == 3
        assert weight.transpose(1, 2).is_contiguous()
        assert "single_blocks.0.linear2.gates.weight" in whole.state_dict()


def test_fewer_blocks_than_none_are_refused_before_anything_is_read(published: Path) -> None:
    with pytest.raises(InputInvalid):
        load_denoiser(published, TINY, resident=-1)


@pytest.mark.parametrize(
    "name", [QKV, "final_layer.adaLN_modulation.1.bias", "empty_sync_feat", "single_blocks.1.linear2.w3.weight"]
)
def test_a_missing_tensor_is_named(name: str, published: Path) -> None:
    assert f"1 missing ({name})" in refusal(changed(published, lambda weights: weights.pop(name))).message


def test_nothing_unknown_is_passed_over(published: Path) -> None:
    refused = refusal(changed(published, lambda weights: weights.update({"projectors.0.weight": torch.ones(2)})))
    assert refused.code == "weights-tensors-differ"
    assert "1 unknown (projectors.0.weight)" in refused.message


def test_not_a_number_is_found(published: Path) -> None:
    refused = refusal(changed(published, lambda weights: weights[QKV][3].fill_(float("nan"))))
    assert refused.code == "weights-not-finite"


def test_the_other_size_is_recognised(published: Path) -> None:
    assert recognise(published_shapes("hunyuanvideo-foley-xl")).startswith("HunyuanVideo-Foley XL (")
    assert recognise(published_shapes("hunyuanvideo-foley-xxl")).startswith("HunyuanVideo-Foley XXL (")
    assert recognise({"a": (1,)}) == ""
    refused = refusal(published, replace(TINY, triple=3, heads=1))
    assert refused.code == "weights-other-network"
    assert "a denoiser of width 32 with 2 triple and 2 single blocks" in refused.message


def test_another_part_of_the_family_is_recognised(tmp_path: Path) -> None:
    synthesise_dac_vae(tmp_path / "vae.safetensors", TINY_DAC)
    refused = refusal(tmp_path / "vae.safetensors")
    assert refused.code == "weights-other-network"
    assert "the audio VAE of HunyuanVideo-Foley" in refused.message
