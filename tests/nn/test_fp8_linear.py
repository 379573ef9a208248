"""Products in eight bits: how rows are rounded, and that the CPU computes what a GPU is asked for."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from greenroom.nn import fp8_linear
from greenroom.nn.fp8_linear import LARGEST, Fp8Linear, Rows, can_multiply, rows_of
from greenroom.weights.fp8 import Fp8

ROWS, INPUTS, OUTPUTS = 7, 32, 48


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_largest_number_of_a_row_is_the_largest_there_is() -> None:
    x = normal(ROWS, INPUTS) * torch.logspace(-6, 6, ROWS)[:, None]
    rows = rows_of(x)
    assert rows.values.dtype == torch.float8_e4m3fn
    assert rows.scales.shape == (ROWS, 1)
    assert rows.scales.dtype == torch.float32
    assert (rows.values.float().abs().amax(1) == LARGEST).all()
    torch.testing.assert_close(rows.dequantised(torch.float32), x, rtol=1 / 16, atol=0.0)


def test_rows_of_zeros_and_of_next_to_nothing_stay_numbers() -> None:
    rows = rows_of(torch.stack((torch.zeros(16), torch.full((16,), 1e-30))))
    assert rows.dequantised(torch.float32).isfinite().all()
    assert not rows.dequantised(torch.float32)[0].any()


def test_a_gelu_comes_first() -> None:
    x = 2 * normal(ROWS, INPUTS).bfloat16()
    wanted = rows_of(functional.gelu(x.float(), approximate="tanh"))
    made = rows_of(x, gelu=True)
    assert torch.equal(made.values.view(torch.uint8), wanted.values.view(torch.uint8))
    assert torch.equal(made.scales, wanted.scales)


def test_a_run_of_rows() -> None:
    rows = rows_of(normal(ROWS, INPUTS))
    some = rows.of(slice(2, 4))
    assert torch.equal(some.dequantised(torch.float32), rows.dequantised(torch.float32)[2:4])


def layer(dtype: torch.dtype = torch.float32, small: torch.dtype = torch.float8_e4m3fn) -> Fp8Linear:
    weight = Fp8((4 * normal(OUTPUTS, INPUTS, seed=1)).to(small), torch.tensor(0.3))
    return Fp8Linear(weight, normal(OUTPUTS, seed=2).to(dtype))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_it_is_the_product_of_what_was_rounded(dtype: torch.dtype) -> None:
    x, own = normal(ROWS, INPUTS).to(dtype), layer(dtype)
    weight = 0.3 * own.stored.view(torch.float8_e4m3fn).float()
    wanted = functional.linear(rows_of(x).dequantised(torch.float32), weight, own.bias.float()).to(dtype)
    made = own(x)
    assert made.dtype == dtype
    torch.testing.assert_close(made, wanted, rtol=2**-7 if dtype == torch.bfloat16 else 1e-5, atol=1e-5)
    assert torch.equal(own(rows_of(x)), made)
    exact = functional.linear(x.float(), weight, own.bias.float())
    assert (made.float() - exact).norm() < 0.05 * exact.norm()


def test_a_gpu_is_asked_for_the_same() -> None:
    """Torch's product in eight bits, of which the CPU has one too, with operands as it takes them."""
    own, rows = layer(torch.bfloat16), rows_of(normal(ROWS, INPUTS))
    given = rows.values, own.stored.view(torch.float8_e4m3fn).t(), rows.scales, own.scale, own.bias
    made = fp8_linear._scaled(*given)
    torch.testing.assert_close(made, own(rows), rtol=2**-6, atol=2**-6)
    values, weight, scales, scale, _ = given
    assert values.is_contiguous()
    assert weight.stride() == (1, INPUTS)
    assert (scales.shape, scale.shape) == ((ROWS, 1), (1, OUTPUTS))
    assert scales.is_contiguous()
    assert scale.is_contiguous()


def test_weights_of_the_other_type_are_rounded_again() -> None:
    own = layer(small=torch.float8_e5m2)
    weight = (4 * normal(OUTPUTS, INPUTS, seed=1)).to(torch.float8_e5m2).float() * 0.3
    made = own.stored.view(torch.float8_e4m3fn).float() * own.scale[0, 0]
    torch.testing.assert_close(made, weight, rtol=1 / 16, atol=1e-3)


def test_a_cast_of_the_module_does_not_touch_the_weight() -> None:
    assert layer().to(torch.bfloat16).stored.dtype == torch.uint8


@pytest.mark.parametrize(("capability", "can"), [((8, 0), False), ((8, 9), True), ((9, 0), True), ((12, 0), True)])
def test_which_devices_can(capability: tuple[int, int], *, can: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: capability)
    monkeypatch.setattr(fp8_linear, "makes_products", lambda _device: True)
    assert can_multiply(torch.device("cuda")) is can
    assert can_multiply(torch.device("cpu"))


def test_a_device_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise RuntimeError("CUBLAS_STATUS_NOT_SUPPORTED")

    tried = fp8_linear.makes_products.__wrapped__
    assert tried(torch.device("cpu"))
    monkeypatch.setattr(fp8_linear, "_dequantised", refused)
    assert not tried(torch.device("cpu"))
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _device: (12, 0))
    monkeypatch.setattr(fp8_linear, "makes_products", lambda _device: False)
    assert not can_multiply(torch.device("cuda"))


def test_rows_are_told_from_tensors() -> None:
    assert not isinstance(normal(1, 2), Rows)
