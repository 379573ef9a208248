"""Buffers that a formula gives."""

from __future__ import annotations

import torch

from greenroom.nn.tables import table


def test_a_table_is_computed_unless_there_is_no_memory_for_it() -> None:
    assert torch.equal(table(lambda: torch.arange(3.0), 3), torch.arange(3.0))
    with torch.device("meta"):
        made = table(lambda: torch.arange(3.0), 3)
    assert made.is_meta
    assert made.shape == (3,)
