"""The norm over all heads and their rotation, by the formulas."""

from __future__ import annotations

import torch

from greenroom.nn.rotary import RotaryTables
from greenroom.nn.wide_heads import norm_turn

TOKENS, HEADS, HEAD = 5, 3, 8
WIDTH = HEADS * HEAD
EPS = 1e-3


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_each_pair_of_each_head_is_turned_by_the_angle_of_its_token() -> None:
    x, weight, angles = normal(TOKENS, WIDTH), normal(WIDTH, seed=1), normal(TOKENS, HEAD // 2, seed=2)
    normed = x / (x.square().mean(-1, keepdim=True) + EPS).sqrt() * weight
    turned = torch.view_as_complex(normed.view(TOKENS, HEADS, -1, 2)) * torch.polar(torch.ones(()), angles)[:, None]
    made = norm_turn(x, weight, EPS, HEADS, RotaryTables(angles.cos(), angles.sin()))
    assert made is x
    torch.testing.assert_close(made, torch.view_as_real(turned).reshape(TOKENS, WIDTH))


def test_what_lies_beside_stays_and_heads_need_not_be_turned() -> None:
    wide, weight = normal(TOKENS, 3 * WIDTH), normal(WIDTH, seed=1)
    given = wide.clone()
    norm_turn(wide[:, WIDTH : 2 * WIDTH], weight, EPS, HEADS)
    middle = given[:, WIDTH : 2 * WIDTH]
    wanted = middle / (middle.square().mean(-1, keepdim=True) + EPS).sqrt() * weight
    torch.testing.assert_close(wide[:, WIDTH : 2 * WIDTH], wanted)
    assert torch.equal(wide[:, :WIDTH], given[:, :WIDTH])
    assert torch.equal(wide[:, 2 * WIDTH :], given[:, 2 * WIDTH :])
