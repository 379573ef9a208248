"""The convolutional position embedding."""

from __future__ import annotations

import torch
from torch.nn import functional

from greenroom.nn.conv_position import ConvPosition


def layer() -> ConvPosition:
    torch.manual_seed(0)
    return ConvPosition(32).requires_grad_(False)


def test_two_grouped_convolutions_with_mish_behind_each() -> None:
    made, x = layer(), torch.randn(2, 40, 32)
    y = x.transpose(1, 2)
    for place in (0, 2):
        weight, bias = (made.state_dict()[f"conv1d.{place}.{name}"] for name in ("weight", "bias"))
        assert weight.shape == (32, 2, 31)
        y = functional.mish(functional.conv1d(y, weight, bias, padding=15, groups=16))
    torch.testing.assert_close(made(x), y.transpose(1, 2))


def test_a_padded_row_is_what_it_is_alone() -> None:
    made, x = layer(), torch.randn(2, 60, 32)
    own = torch.arange(60)[None] < torch.tensor([60, 25])[:, None]
    torch.testing.assert_close(made(x, own)[1, :25], made(x[1:, :25])[0], atol=1e-6, rtol=1e-5)
    assert (made(x)[1, :25] - made(x[1:, :25])[0]).abs().max() > 1e-3
