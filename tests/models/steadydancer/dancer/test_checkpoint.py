"""Published layouts load exactly, whatever they are stored in; whatever else is given is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from greenroom.errors import GreenroomError, InputInvalid, UnknownName
from greenroom.models.steadydancer.architecture import Architecture
from greenroom.models.steadydancer.dancer import checkpoint
from greenroom.models.steadydancer.dancer.checkpoint import PREFIX, load_dancer, stored_in, without_weights
from greenroom.models.steadydancer.dancer.fixed import fix, velocity
from greenroom.models.steadydancer.dancer.precision import PRECISIONS
from greenroom.models.steadydancer.dancer.recognising import ADDED
from greenroom.models.steadydancer.dancer.synthetic import synthesise_dancer
from greenroom.models.steadydancer.dancer.transformer import Dancer
from greenroom.models.steadydancer.lora.merging import open_lora
from greenroom.models.steadydancer.planning.costs import Networks
from greenroom.models.steadydancer.sampling.guidance import Pass
from greenroom.nn.fp8_linear import Fp8Linear
from greenroom.nn.quantised import QuantisedLinear
from greenroom.weights.fitting import shapes_of
from greenroom.weights.loading import read_quantised
from tests.models.steadydancer.networks import TINY, conditions_of, latents_of, normal
from tests.weights.altered import Weights, changed, refusal_of
from tests.weights.gguf_files import Listed, q8_0, write

QUERY = "blocks.0.self_attn.q.weight"
HEARING = "blocks.1.cross_attn.k_img.weight"


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A file of a tiny dancer as it would be published."""
    file = tmp_path / "dancer.safetensors"
    synthesise_dancer(file, TINY, seed=1)
    return file


def refusal(file: Path, architecture: Architecture = TINY) -> GreenroomError:
    return refusal_of(file, lambda path: load_dancer(path, architecture))


def asked(network: Dancer) -> Tensor:
    return velocity(network, fix(network, conditions_of()), latents_of(), 637, Pass.UNCONDITIONAL)


def sharded(file: Path) -> Path:
    """The same in a folder of two shards with an index."""
    weights = sorted(load_file(file).items())
    folder = file.with_name("transformer")
    folder.mkdir()
    halves = {"a-00001-of-00002.safetensors": weights[::2], "a-00002-of-00002.safetensors": weights[1::2]}
    for name, half in halves.items():
        save_file(dict(half), folder / name)
    index = {key: name for name, half in halves.items() for key, _ in half}
    (folder / "a.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": index}))
    (folder / "config.json").write_text("{}")
    return folder


def test_every_tensor_comes_from_the_file(published: Path) -> None:
    stored = load_file(published)
    network = load_dancer(published, TINY)
    assert set(stored) == set(network.state_dict())
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, stored[name]), name
    assert not network.training
    assert not any(weight.requires_grad for weight in network.parameters())


def test_shards_are_one_checkpoint(published: Path) -> None:
    wanted, folder = asked(load_dancer(published, TINY)), sharded(published)
    shards = sorted(folder.glob("*.safetensors"))
    for path in (folder, folder / "a.safetensors.index.json", shards):
        assert torch.equal(asked(load_dancer(path, TINY)), wanted)


def test_a_folder_holds_one_checkpoint(published: Path) -> None:
    assert torch.equal(asked(load_dancer(published.parent, TINY)), asked(load_dancer(published, TINY)))
    save_file({"a": torch.ones(1)}, published.with_name("other.safetensors"))
    with pytest.raises(GreenroomError, match="2 checkpoints") as caught:
        load_dancer(published.parent, TINY)
    assert caught.value.mend


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_and_a_prefix_are_other_spellings(dtype: torch.dtype, published: Path) -> None:
    def change(weights: Weights) -> None:
        for name in list(weights):
            weights[PREFIX + name] = weights.pop(name).to(dtype)

    stored = load_file(changed(published, change))
    network = load_dancer(published, TINY, dtype=torch.bfloat16)
    for name, tensor in network.state_dict().items():
        kind = torch.float32 if name.startswith("condition_embedding_") else torch.bfloat16
        assert torch.equal(tensor, stored[PREFIX + name].to(kind)), name


def test_one_name_is_not_given_twice(published: Path) -> None:
    refused = refusal(changed(published, lambda weights: weights.update({PREFIX + QUERY: weights[QUERY].clone()})))
    assert "1 unknown" in refused.message


def eight_bits(file: Path, scale: float | None, *, all_of_them: bool = False) -> Path:
    """The same file with matrices of blocks in eight bits, plain or as the community scales them."""

    def change(weights: Weights) -> None:
        large = {
            name: tensor
            for name, tensor in weights.items()
            if tensor.ndim > 1 and name.endswith(".weight") and (all_of_them or name.startswith("blocks."))
        }
        weights |= {name: (tensor / (scale or 1.0)).to(torch.float8_e4m3fn) for name, tensor in large.items()}
        if scale:
            weights |= {name.replace(".weight", ".scale_weight"): torch.tensor([scale]) for name in large}
            weights["scaled_fp8"] = torch.zeros(2, dtype=torch.float8_e4m3fn)

    return changed(file, change)


@pytest.mark.parametrize("all_of_them", [True, False])
@pytest.mark.parametrize("scale", [None, 0.013])
def test_eight_bits_are_dequantised(scale: float | None, published: Path, *, all_of_them: bool) -> None:
    stored = load_file(eight_bits(published, scale, all_of_them=all_of_them))
    network = load_dancer(published, TINY)
    assert torch.equal(network.get_parameter(QUERY), stored[QUERY].float() * (scale or 1.0))
    assert network.condition_embedding_spatial.fc_phi.weight.dtype == torch.float32


@pytest.mark.parametrize("scale", [None, 0.013])
def test_eight_bits_stay_as_they_are_stored(scale: float | None, published: Path) -> None:
    file = eight_bits(published, scale)
    stored, wanted = load_file(file)[QUERY].view(torch.uint8), asked(load_dancer(file, TINY))
    small, products = (load_dancer(file, TINY, precision=precision) for precision in PRECISIONS[1:])
    name = QUERY.removesuffix(".weight")
    assert isinstance(small.get_submodule(name), QuantisedLinear)
    assert isinstance(products.get_submodule(name), Fp8Linear)
    assert isinstance(products.get_submodule(HEARING.removesuffix(".weight")), QuantisedLinear)
    for network in (small, products):
        assert torch.equal(network.get_buffer(f"{name}.stored").flatten(), stored.flatten())
    torch.testing.assert_close(asked(small), wanted, atol=1e-5, rtol=1e-5)
    assert 0 < (asked(products) - wanted).norm() < 0.1 * wanted.norm()


def gguf_of(file: Path) -> Path:
    """The same as GGUF: matrices of blocks in Q8_0, kernels as five dimensions, adapters in float32."""
    listed = []
    for name, tensor in load_file(file).items():
        if name.startswith("blocks.") and name.endswith(".weight") and tensor.ndim == 2:
            listed.append(Listed(name, tuple(tensor.shape), 8, q8_0(tensor)))
        elif name.startswith("condition_embedding_"):
            listed.append(Listed(name, tuple(tensor.shape), 0, tensor.numpy().tobytes()))
        else:
            listed.append(Listed(name, tuple(tensor.shape), 1, tensor.half().numpy().tobytes()))
    return write(file.with_name("dancer.gguf"), *listed)


def test_gguf_blocks_are_dequantised_or_stay(published: Path) -> None:
    file, stored = gguf_of(published), load_file(published)
    whole, small = load_dancer(file, TINY), load_dancer(file, TINY, precision="fp8")
    for name, tensor in whole.state_dict().items():
        assert (tensor - stored[name]).abs().max() < (0.01 if name.startswith("blocks.") else 0.001), name
    layer = small.get_submodule(QUERY.removesuffix(".weight"))
    assert isinstance(layer, QuantisedLinear)
    assert len(layer.stored) == stored[QUERY].numel() * 34 // 32
    torch.testing.assert_close(asked(small), asked(whole))
    products = load_dancer(file, TINY, precision="fp8-products")
    assert 0 < (asked(products) - asked(whole)).norm() < 0.1 * asked(whole).norm()


def test_what_stays_small_is_told_before_it_is_loaded(published: Path) -> None:
    assert stored_in(published) == {}
    file = gguf_of(published)
    layers = load_dancer(file, TINY, precision="fp8").named_modules()
    assert stored_in(file) == {
        f"{name}.weight": layer.size for name, layer in layers if isinstance(layer, QuantisedLinear)
    }


@pytest.mark.parametrize("precision", PRECISIONS[1:])
def test_what_small_changes_touch_is_counted_as_it_is_rounded(precision: str, published: Path) -> None:
    changes = published.with_name("small.safetensors")
    touched = {name.removesuffix(".weight"): (TINY.width, TINY.width) for name in (QUERY, HEARING)}
    save_file({f"diffusion_model.{name}.diff": 0.1 * normal(*shape) for name, shape in touched.items()}, changes)
    lora = open_lora(changes, shapes_of(without_weights(TINY)))
    file = gguf_of(published)
    loaded = load_dancer(file, TINY, precision=precision, loras=[lora])
    told, untouched = (
        Networks.of("tiny", TINY, precision, 4, stored_in(file, loras)).denoiser for loras in ([lora], [])
    )
    assert told == sum(weight.nbytes for weight in loaded.state_dict().values())
    assert told < untouched  # Q8_0 has scales beside its eight bits


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("resident", [0, 1, None])
def test_however_many_blocks_stay_it_is_the_same_network(resident: int | None, precision: str, published: Path) -> None:
    network = load_dancer(published, TINY, precision=precision, resident=resident)
    wanted = asked(load_dancer(published, TINY, precision=precision))
    assert network.streaming.resident == resident
    for _ in range(2):
        assert torch.equal(asked(network), wanted)
    network.hearing.keep(0)
    assert torch.equal(asked(network), wanted)
    given = conditions_of()
    again = velocity(network, fix(network, given, keeps_said=False), latents_of(), 637, Pass.UNCONDITIONAL)
    torch.testing.assert_close(again, wanted)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_what_hears_may_leave_blocks_that_stay(precision: str, published: Path) -> None:
    network = load_dancer(published, TINY, precision=precision, apart=True)
    assert (network.streaming.resident, network.hearing.resident) == (None, 0)
    assert not any(weight.numel() for layer in network.listening for weight in layer.parameters())
    assert torch.equal(asked(network), asked(load_dancer(published, TINY, precision=precision)))


def test_blocks_that_are_not_to_stay_leave_before_the_next_one_is_read(
    published: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[list[int]] = []
    networks: list[Dancer] = []

    def made(architecture: Architecture) -> Dancer:
        networks.append(without_weights(architecture))
        return networks[0]

    def has_weights(tensor: Tensor) -> bool:
        return bool(tensor.numel()) and not tensor.is_meta

    def read(*given: Any) -> Any:
        blocks = networks[0].layers
        there.append(
            [
                place
                for place, block in enumerate(blocks)
                if has_weights(block.self_attn.q.weight) or has_weights(block.cross_attn.k_img.weight)
            ]
        )
        return read_quantised(*given)

    monkeypatch.setattr(checkpoint, "without_weights", made)
    monkeypatch.setattr(checkpoint, "read_quantised", read)
    load_dancer(published, TINY, resident=1)
    # Before the adapters, what else is outside of blocks, and each of the two blocks, of which the last one stays.
    assert there == [[], [], [], []]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("resident", [1, None])
def test_as_on_a_gpu(resident: int | None, precision: str, published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = asked(load_dancer(published, TINY, precision=precision))
    with monkeypatch.context() as patch:
        patch.setattr(Dancer, "device", torch.device("cuda"))
        network = load_dancer(published, TINY, device="cpu", precision=precision, resident=resident)
    assert (network.layers[0].self_attn.qkv is not None) == (precision == "bf16")
    for _ in range(2):
        torch.testing.assert_close(asked(network), wanted, atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_small_changes_are_added_as_weights_are_read(precision: str, published: Path) -> None:
    changes = published.with_name("small.safetensors")
    save_file({f"diffusion_model.{QUERY.removesuffix('.weight')}.diff": 0.1 * normal(TINY.width, TINY.width)}, changes)
    lora = open_lora(changes, shapes_of(without_weights(TINY)))
    made = load_dancer(published, TINY, precision=precision, loras=[lora])
    merged = changed(published, lambda weights: weights[QUERY].add_(0.1 * normal(TINY.width, TINY.width)))
    assert torch.equal(asked(made), asked(load_dancer(merged, TINY, precision=precision)))


def test_precisions_are_known_and_need_a_device(published: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnknownName):
        load_dancer(published, TINY, precision="int8")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: (8, 0))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _device: "A100")
    with pytest.raises(InputInvalid, match="A100 has no products in eight bits"):
        load_dancer(published, TINY, device="cuda", precision="fp8-products")


def test_fewer_blocks_than_none_are_refused_before_anything_is_read(published: Path) -> None:
    with pytest.raises(InputInvalid):
        load_dancer(published, TINY, resident=-1)


@pytest.mark.parametrize(
    "name", [QUERY, "head.modulation", "condition_embedding_align.norm2.bias", "patch_embedding_fuse.weight"]
)
def test_a_missing_tensor_is_named(name: str, published: Path) -> None:
    assert f"1 missing ({name})" in refusal(changed(published, lambda weights: weights.pop(name))).message


def test_nothing_unknown_is_passed_over(published: Path) -> None:
    refused = refusal(changed(published, lambda weights: weights.update({"blocks.0.lora": torch.ones(2)})))
    assert refused.code == "weights-tensors-differ"
    assert "1 unknown (blocks.0.lora)" in refused.message


def test_not_a_number_is_found(published: Path) -> None:
    refused = refusal(changed(published, lambda weights: weights[QUERY][3].fill_(float("nan"))))
    assert refused.code == "weights-not-finite"


def test_the_base_model_is_refused_with_what_it_lacks(published: Path) -> None:
    def change(weights: Weights) -> None:
        for name in [name for name in weights if name.startswith(ADDED)]:
            del weights[name]

    refused = refusal(changed(published, change))
    assert refused.code == "weights-other-network"
    assert "it looks like Wan2.1's image-to-video model" in refused.message
    assert "42 missing (patch_embedding_fuse.weight, patch_embedding_fuse.bias, " in refused.message
    assert "condition_embedding_align (18)" in refused.message


def test_a_gguf_of_another_model_is_refused_with_what_it_holds(tmp_path: Path) -> None:
    names = ("token_embd.weight", "blk.0.attn_q.weight", "blk.0.ffn_down.weight", "output_norm.weight")
    other = [Listed(name, (32, 32), 8, q8_0(normal(32, 32, seed=1))) for name in names]
    refused = refusal(write(tmp_path / "words.gguf", *other))
    assert refused.code == "weights-tensors-differ"
    assert "words.gguf" in refused.message
    assert "token_embd.weight" in refused.message
    assert refused.mend


def test_another_size_is_told(published: Path) -> None:
    refused = refusal(published, replace(TINY, layers=3, heads=1))
    assert refused.code == "weights-other-network"
    assert "a transformer of width 32 and depth 2" in refused.message
