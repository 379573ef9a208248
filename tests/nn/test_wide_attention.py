"""Attention of one wide head, as its definition says."""

from __future__ import annotations

import torch

from greenroom.nn.wide_attention import attend


def test_it_is_the_mean_by_weights() -> None:
    query, key, value = (torch.randn(7, 32, generator=torch.Generator().manual_seed(seed)) for seed in range(3))
    wanted = torch.softmax(query @ key.T / 32**0.5, dim=-1) @ value
    torch.testing.assert_close(attend(query, key, value), wanted)
