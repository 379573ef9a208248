"""Attention divided into time and space, beside the same said token by token."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from greenroom.models.foley.synchformer.divided_attention import Along, DividedAttention
from tests.models.foley.networks import normal

FRAMES, SITES, HEADS, WIDTH = 3, 5, 2, 8


def attention(along: Along) -> DividedAttention:
    torch.manual_seed(0)
    return DividedAttention(WIDTH, HEADS, along)


def seen_by(token: int, along: Along) -> list[int]:
    """The tokens that one attends to."""
    if token == 0:
        return list(range(1 + FRAMES * SITES))
    frame, site = divmod(token - 1, SITES)
    group = [(t, site) for t in range(FRAMES)] if along == "time" else [(frame, s) for s in range(SITES)]
    return [0, *(1 + t * SITES + s for t, s in group)]


def said_the_long_way(module: DividedAttention, x: Tensor, along: Along) -> Tensor:
    query, key, value = (part.unflatten(-1, (HEADS, -1)) for part in module.qkv(x).chunk(3, dim=-1))
    rows = []
    for token in range(x.shape[1]):
        seen = seen_by(token, along)
        scores = (query[:, token, None] * key[:, seen]).sum(-1) * (WIDTH // HEADS) ** -0.5
        rows.append((scores.softmax(1)[..., None] * value[:, seen]).sum(1).flatten(1))
    out: Tensor = module.proj(torch.stack(rows, dim=1))
    return out


@pytest.mark.parametrize("along", ["time", "space"])
def test_tokens_attend_to_their_group_and_the_class_to_all(along: Along) -> None:
    module, x = attention(along), normal(2, 1 + FRAMES * SITES, WIDTH)
    torch.testing.assert_close(module(x, FRAMES), said_the_long_way(module, x, along))


def test_the_two_ways_are_not_the_same() -> None:
    x = normal(1, 1 + FRAMES * SITES, WIDTH)
    assert (attention("time")(x, FRAMES) - attention("space")(x, FRAMES)).abs().max() > 1e-3
