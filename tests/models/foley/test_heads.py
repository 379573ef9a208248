"""Heads lie where the published split has them."""

from __future__ import annotations

import torch

from greenroom.models.foley.heads import by_head


def test_a_part_holds_all_heads() -> None:
    query, key = by_head(torch.arange(2 * 3 * 8).view(2, 3, 8), 2, 2)
    assert query.shape == (2, 2, 3, 2)
    assert query[1, 0, 2].tolist() == [40, 41]
    assert key[1, 1, 2].tolist() == [46, 47]
