"""SwiGLU by its formula."""

from __future__ import annotations

import torch

from greenroom.nn.swiglu import swiglu, swiglu_halves


def test_the_gate_is_written_over() -> None:
    gate, value = torch.randn(2, 3, 8)
    wanted = gate / (1 + (-gate).exp()) * value
    made = swiglu(gate, value)
    assert made.data_ptr() == gate.data_ptr()
    torch.testing.assert_close(made, wanted)


def test_halves_side_by_side_stay_as_they_are() -> None:
    both = torch.randn(3, 16)
    gate, value = both[:, :8].clone(), both[:, 8:].clone()
    made = swiglu_halves(both)
    assert made.is_contiguous()
    assert torch.equal(both, torch.cat((gate, value), dim=1))
    torch.testing.assert_close(made, swiglu(gate, value))
