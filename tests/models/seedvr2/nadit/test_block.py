"""What a block does to video and text. Equality with the original: test_parity."""

from __future__ import annotations

import torch

from greenroom.models.seedvr2.nadit.layout import lay_out
from greenroom.models.seedvr2.nadit.modulation import by_layer
from greenroom.models.seedvr2.nadit.stream import Resident
from tests.models.seedvr2.networks import V1, V2, network_of, normal

GRID, TEXT = (3, 22, 22), 5


def run(network_seed: int, layer: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The rows and the text behind a block of the 3B kind, and the text in front of it."""
    block = network_of(V2, network_seed).layers[layer]
    layouts = lay_out(V2, GRID, TEXT)
    rows, text = normal(3 * 22 * 22, V2.width), normal(TEXT, V2.width, seed=1)
    before = text.clone()
    terms = block.terms(by_layer(normal(6 * V2.width, seed=2)))
    told = block(Resident(rows), text, terms, layouts.of(layer), layouts.text)
    assert torch.equal(text, before)
    return rows, told, text


def test_rows_are_changed_where_they_lie_and_the_text_is_made_anew() -> None:
    rows, told, text = run(0, 0)
    assert not torch.equal(rows, normal(3 * 22 * 22, V2.width))
    assert not torch.equal(told, text)


def test_the_last_block_makes_no_text() -> None:
    _, told, text = run(0, V2.layers - 1)
    assert told is text


def test_shared_weights_are_one_set() -> None:
    network = network_of(V2)
    assert [sorted(block.mlp) for block in network.layers] == [["txt", "vid"], ["all"], ["all"]]
    assert [sorted(block.ada) for block in network_of(V1).layers] == [["txt", "vid"]] * 3
