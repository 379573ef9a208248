"""Which layers of a block are small, and what they hold."""

from __future__ import annotations

import torch

from greenroom.models.steadydancer.dancer.quantised import matrices, with_small_layers
from greenroom.nn.fp8_linear import Fp8Linear
from greenroom.nn.quantised import QuantisedLinear
from greenroom.weights.fp8 import Fp8
from greenroom.weights.quantised import Quantised
from tests.models.steadydancer.networks import dancer_of

SQUARE = {f"self_attn.{name}" for name in "qkvo"} | {
    f"cross_attn.{name}" for name in ("q", "k", "v", "o", "k_img", "v_img")
}
APART = {f"cross_attn.{name}" for name in ("k", "v", "k_img", "v_img")}


def test_all_ten_square_ones_and_the_two_of_the_mlp() -> None:
    block = dancer_of().layers[0]
    assert set(matrices(block)) == SQUARE | {"ffn.0", "ffn.2"}


def test_they_are_dequantised_at_each_use_or_multiplied_as_they_are() -> None:
    for precision, wanted in (("fp8", set()), ("fp8-products", SQUARE - APART | {"ffn.0", "ffn.2"})):
        block = dancer_of().layers[0]
        weight = block.self_attn.o.weight.clone()
        state = dict(block.state_dict())
        names = set(state)
        made = with_small_layers(block, state, precision)
        block.load_state_dict(made, assign=True)
        assert {name for name, layer in block.named_modules() if isinstance(layer, Fp8Linear)} == wanted
        assert len([layer for layer in block.modules() if isinstance(layer, QuantisedLinear)]) == 12 - len(wanted)
        assert not [name for name in made if name.startswith("self_attn.o.w")]
        assert {name for name in names if not name.endswith(".weight") or "norm" in name} <= set(made)
        rounded = Fp8.rounded(weight).dequantise(torch.float32)
        own = block.get_submodule("self_attn.o")
        held = (
            own.dequantised(torch.float32)
            if isinstance(own, QuantisedLinear)
            else own.get_buffer("stored").view(torch.float8_e4m3fn).float() * own.get_buffer("scale")[0, 0]
        )
        assert torch.equal(held, rounded)


def test_a_file_s_own_blocks_stay_or_are_rounded() -> None:
    blocks = torch.randint(0, 256, (32, 34), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    blocks[:, :2] = torch.tensor([0.01]).half().view(torch.uint8)
    weight = Quantised(blocks, "q8_0", (32, 32))
    for precision in ("fp8", "fp8-products"):
        block = dancer_of().layers[0]
        state = dict(block.state_dict()) | {"self_attn.o.weight": weight}
        block.load_state_dict(with_small_layers(block, state, precision), assign=True)
        own = block.get_submodule("self_attn.o")
        if precision == "fp8":
            assert isinstance(own, QuantisedLinear)
            assert torch.equal(own.dequantised(torch.float32), weight.dequantise(torch.float32))
        else:
            assert isinstance(own, Fp8Linear)
            held = own.stored.view(torch.float8_e4m3fn).float() * own.scale[0, 0]
            torch.testing.assert_close(held, weight.dequantise(torch.float32), rtol=1 / 16, atol=1e-3)
