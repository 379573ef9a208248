"""The ConvNeXt V2 block, against its definition."""

from __future__ import annotations

import torch
from torch.nn import functional

from greenroom.nn.convnext import ConvNeXtV2Block


def block() -> ConvNeXtV2Block:
    torch.manual_seed(0)
    made = ConvNeXtV2Block(8, 16)
    made.grn.gamma.data.fill_(0.7)
    made.grn.beta.data.fill_(0.1)
    return made.requires_grad_(False)


def test_it_is_its_definition() -> None:
    made, x = block(), torch.randn(2, 9, 8)
    padded = functional.pad(x, (0, 0, 3, 3))
    y = torch.stack([(padded[:, at : at + 7] * made.dwconv.weight[:, 0].T).sum(1) for at in range(9)], dim=1)
    bias = made.state_dict()["dwconv.bias"]
    y = functional.layer_norm(y + bias, (8,), made.norm.weight, made.norm.bias, 1e-6)
    y = y @ made.pwconv1.weight.T + made.pwconv1.bias
    y = y * 0.5 * (1 + torch.erf(y / 2**0.5))
    y = made.grn(y) @ made.pwconv2.weight.T + made.pwconv2.bias
    torch.testing.assert_close(made(x), x + y)


def test_a_padded_row_is_what_it_is_alone() -> None:
    made, x = block(), torch.randn(2, 9, 8)
    own = (torch.arange(9)[None] < torch.tensor([9, 5])[:, None])[..., None]
    x = x * own
    torch.testing.assert_close(made(x, own)[1, :5], made(x[1:, :5])[0])
