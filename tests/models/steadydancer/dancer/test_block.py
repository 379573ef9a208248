"""A block does the same however it is laid out, and lets go of what it has read."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from greenroom.models.steadydancer.dancer.block import Block, Context, Said, SelfAttention
from greenroom.models.steadydancer.dancer.fixed import block_terms, listening_terms
from greenroom.models.steadydancer.dancer.quantised import with_small_layers
from greenroom.models.steadydancer.dancer.rotary import Grid, tables_of
from greenroom.nn.adaptive_layer_norm import Terms
from greenroom.nn.long_stream import LongStream
from tests.models.counting import Counting
from tests.models.steadydancer.networks import TINY, dancer_of, normal

GRID = Grid(2, 2, 3)
TABLES = tables_of(GRID, TINY.head_dim)
X = normal(GRID.tokens, TINY.width)
CONTEXT = Context(normal(TINY.text_tokens, TINY.width, seed=1), normal(TINY.image_tokens, TINY.width, seed=2))


def block_of() -> Block:
    return deepcopy(dancer_of().layers[0])


@torch.inference_mode()
def through(block: Block, heard: Said | Context = CONTEXT, at_once: int = 0) -> Tensor:
    stream = LongStream(X.clone())
    terms = block_terms(0.3 * normal(6, TINY.width, seed=3), listening_terms(block.norm3.weight, block.norm3.bias))
    block(stream, terms, heard, TABLES, at_once)
    return stream.settled()


def test_what_is_said_may_be_made_before() -> None:
    block = block_of()
    with torch.inference_mode():
        said = block.cross_attn.said(CONTEXT)
    assert said.text_key.shape == (1, TINY.heads, TINY.text_tokens, TINY.head_dim)
    assert torch.equal(through(block, said), through(block))
    assert not torch.equal(through(block), X)


@pytest.mark.parametrize("precision", ["bf16", "fp8", "fp8-products"])
@pytest.mark.parametrize("at_once", [1, 5, GRID.tokens - 1, GRID.tokens, 1000])
def test_a_few_tokens_at_once_give_the_same(at_once: int, precision: str) -> None:
    block = block_of()
    if precision != "bf16":
        block.load_state_dict(with_small_layers(block, dict(block.state_dict()), precision), assign=True)
    torch.testing.assert_close(through(block, at_once=at_once), through(block))


def test_one_layer_of_three_gives_the_same() -> None:
    block = block_of()
    wanted, names = through(block), set(block.state_dict())
    block.self_attn.fuse()
    torch.testing.assert_close(through(block), wanted)
    assert names - set(block.state_dict()) == {
        f"self_attn.{part}.{own}" for part in "qkv" for own in ("weight", "bias")
    }
    block.self_attn.fuse()
    torch.testing.assert_close(through(block), wanted)


def test_quantised_layers_stay_three() -> None:
    block = block_of()
    block.load_state_dict(with_small_layers(block, dict(block.state_dict()), "fp8"), assign=True)
    block.self_attn.fuse()
    assert block.self_attn.qkv is None
    assert isinstance(block.self_attn, SelfAttention)


def test_products_in_eight_bits_are_near() -> None:
    block, small = block_of(), block_of()
    small.load_state_dict(with_small_layers(small, dict(small.state_dict()), "fp8-products"), assign=True)
    wanted = through(block)
    assert 0 < (through(small) - wanted).norm() < 0.1 * (wanted - X).norm()


@pytest.mark.parametrize(("hidden", "at_once", "most"), [(64, 0, 5), (320, 0, 12), (320, 5, 5)])
def test_what_has_been_read_is_let_go(hidden: int, at_once: int, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most the stream, what is read, and queries, keys and values are there; or both ends of the MLP's middle.

    Counted as a GPU has it, where what is done in place takes nothing.
    """
    block = deepcopy(dancer_of(replace(TINY, hidden=hidden)).layers[0])
    block.self_attn.fuse()
    monkeypatch.setattr("greenroom.models.steadydancer.dancer.block.norm_turn", lambda x, *_: x)
    monkeypatch.setattr("greenroom.models.steadydancer.dancer.block.attend", lambda query, *_: _beside(query))
    grid = Grid(50, 4, 5)
    tables = tables_of(grid, TINY.head_dim)
    terms = block_terms(torch.zeros(6, TINY.width), listening_terms(block.norm3.weight, block.norm3.bias))
    with torch.inference_mode():
        said = block.cross_attn.said(CONTEXT)
        with Counting() as counted:
            x = torch.zeros(grid.tokens, TINY.width)
            block(_Stream(x), terms, said, tables, at_once)
    assert most - 1 < counted.peak / x.nbytes <= most + 0.1


class _Stream(LongStream):
    """What a GPU does in one pass takes its result alone."""

    def normed(self, ahead: Terms, eps: float, *, small: bool = False) -> Tensor:
        self._branch = None
        return torch.empty_like(self._x)


def _beside(query: Tensor) -> Tensor:
    """As attention's answer lies."""
    return torch.empty(1, query.shape[2], query.shape[1] * query.shape[3])
