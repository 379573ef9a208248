"""Queries, keys and values: normed, rotated, and put where they belong."""

from __future__ import annotations

import torch

from greenroom.nn.heads import Placement, place_heads
from greenroom.nn.rotary import RotaryTables

TOKENS, HEADS, WIDTH, ROWS = 7, 3, 8, 12


def test_each_pair_is_turned_by_the_angle_of_its_token() -> None:
    random = torch.Generator().manual_seed(0)
    qkv = torch.randn(TOKENS, 3 * HEADS * WIDTH, generator=random)
    table = torch.randn(4, WIDTH // 2, generator=random)
    turns = torch.tensor([0, 1, 2, 3, 0, 1, 3], dtype=torch.int32)
    angles = table[turns]
    places = torch.tensor([0, 1, 3, 4, 5, 8, 11], dtype=torch.int32)
    query, key = torch.randn(2, WIDTH, generator=random)
    out = torch.full((3, ROWS, HEADS, WIDTH), 9.0)
    place_heads(qkv, query, key, 1e-5, Placement(RotaryTables(table.cos(), table.sin()), turns, places), out)
    made = out[:, places.long()]
    given = qkv.view(TOKENS, 3, HEADS, WIDTH)
    assert torch.equal(made[2], given[:, 2])
    for part, weight in enumerate((query, key)):
        x = given[:, part] / (given[:, part].square().mean(-1, keepdim=True) + 1e-5).sqrt() * weight
        turned = torch.view_as_complex(x.view(TOKENS, HEADS, -1, 2)) * torch.polar(torch.ones(()), angles)[:, None]
        torch.testing.assert_close(made[part], torch.view_as_real(turned).flatten(-2))
    others = [row for row in range(ROWS) if row not in places.tolist()]
    assert (out[:, others] == 9).all()


def test_queries_may_come_alone() -> None:
    random = torch.Generator().manual_seed(0)
    qkv, table = torch.randn(TOKENS, 3 * HEADS * WIDTH, generator=random), torch.randn(TOKENS, WIDTH // 2)
    order = torch.arange(TOKENS, dtype=torch.int32)
    placement = Placement(RotaryTables(table.cos(), table.sin()), order, order)
    weight = torch.randn(WIDTH, generator=random)
    whole, alone = (torch.zeros(parts, TOKENS, HEADS, WIDTH) for parts in (3, 1))
    place_heads(qkv, weight, weight, 1e-5, placement, whole)
    place_heads(qkv[:, : HEADS * WIDTH], weight, weight, 1e-5, placement, alone)
    assert torch.equal(alone[0], whole[0])


def test_a_run_of_tokens_counts_its_places_from_its_first() -> None:
    tables = RotaryTables(torch.ones(2, 4), torch.zeros(2, 4))
    whole = Placement(tables, torch.tensor([0, 1, 0, 1]), torch.tensor([0, 2, 5, 6]))
    run = whole.of(slice(1, 3))
    assert run.turns.tolist() == [1, 0]
    assert run.places.tolist() == [0, 3]
