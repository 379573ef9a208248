"""SwiGLU by its formula."""

from __future__ import annotations

import torch

from greenroom.nn.swiglu import swiglu


def test_the_gate_is_written_over() -> None:
    gate, value = torch.randn(2, 3, 8)
    wanted = gate / (1 + (-gate).exp()) * value
    made = swiglu(gate, value)
    assert made.data_ptr() == gate.data_ptr()
    torch.testing.assert_close(made, wanted)
