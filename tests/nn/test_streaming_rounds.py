"""Rounds of streamed blocks as graphs: right whatever was done between two replays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from greenroom.nn.streaming import Streaming
from tests.nn.lanes import OutOfOrder, Replayed, Watched
from tests.nn.streamed import WIDTH, Network, Stopped, same, wanted, x_of


class Rounds:
    """A network's rounds as a graph. rows: of what it is given."""

    def __init__(self, network: Network, blocks: Streaming, lane: Watched, rows: int = 5) -> None:
        self._blocks = blocks
        self._given, self._made = torch.zeros(rows, WIDTH), torch.zeros(rows, WIDTH)

        def work() -> None:
            self._made.copy_(network(self._given))

        blocks.ready()
        self.graph = Replayed(lambda: blocks.round(work), None, lane)
        self.generation = blocks.generation

    def __call__(self, x: Tensor) -> Tensor:
        self._given.copy_(x)
        self._blocks.ready()
        self.graph.replay()
        return self._made.clone()


@pytest.mark.parametrize("inference", [True, False])
@pytest.mark.parametrize("resident", [*range(8), None])
def test_a_round_is_recorded_and_replayed(resident: int | None, inference: bool, lane: Watched) -> None:
    network, made = Network(), wanted()
    blocks = network.streaming()
    with torch.inference_mode(inference):
        blocks.keep(resident)
        recorded = Rounds(network, blocks, lane)
        sent = len(lane.sent)
        for _ in range(2):
            assert all(torch.equal(recorded(x_of(seed)), one) for seed, one in enumerate(made))
        assert len(lane.sent) == sent  # a replay begins where the one before has ended
        away = len(blocks.streamed(resident))
        assert recorded.graph.copies == (away if away > 2 else 0)
        assert same(network, made)
        assert torch.equal(recorded(x_of(1)), made[1])
        blocks.keep(None)
        assert same(network, made)


def partly(network: Network, _blocks: Streaming) -> None:
    network.plain[0](x_of(0))
    network.plain[1](x_of(0))


def out_of_turn(network: Network, _blocks: Streaming) -> None:
    for place in (2, 0, 1, 0):
        network.small[place](x_of(0), 0.5)


def broken_off(network: Network, _blocks: Streaming) -> None:
    network.plain[1].stop = True
    with pytest.raises(Stopped):
        network(x_of(0))
    network.plain[1].stop = False


def round_broken_off(network: Network, blocks: Streaming) -> None:
    network.plain[2].stop = True
    with pytest.raises(Stopped):
        blocks.round(lambda: network(x_of(0)))
    network.plain[2].stop = False


def once_round(network: Network, blocks: Streaming) -> None:
    blocks.round(lambda: network(x_of(0)))


BETWEEN = {
    "a round": lambda network, _blocks: network(x_of(0)),
    "two rounds": lambda network, _blocks: (network(x_of(0)), network(x_of(1))),
    "a round that could be recorded": once_round,
    "a part of one": partly,
    "blocks out of turn": out_of_turn,
    "what broke off": broken_off,
    "a round that broke off": round_broken_off,
}


@pytest.mark.parametrize("resident", range(7))
@pytest.mark.parametrize("between", BETWEEN)
def test_a_replay_is_right_whatever_was_done_before(between: str, resident: int, lane: Watched) -> None:
    network, made = Network(), wanted()
    blocks = network.streaming()
    blocks.keep(resident)
    recorded, other = Rounds(network, blocks, lane), Rounds(network, blocks, lane, rows=2)
    small = torch.cat([Network()(x_of(0)[:2]), Network()(x_of(1)[:2])])
    for _ in range(2):
        BETWEEN[between](network, blocks)
        assert all(torch.equal(recorded(x_of(seed)), one) for seed, one in enumerate(made))
        assert torch.equal(torch.cat([other(x_of(0)[:2]), other(x_of(1)[:2])]), small)
        assert torch.equal(recorded(x_of(2)), made[2])
    assert recorded.generation == other.generation == blocks.generation
    assert same(network, made)


@pytest.mark.parametrize("resident", range(7))
@pytest.mark.parametrize("eager", [True, False])
@pytest.mark.parametrize("broken", range(8))
def test_a_record_that_broke_off_leaves_nothing_wrong(broken: int, eager: bool, resident: int, lane: Watched) -> None:
    network, made = Network(), wanted()
    blocks = network.streaming()
    blocks.keep(resident)
    before = Rounds(network, blocks, lane)
    calls = []

    def stop(*_: object) -> None:
        calls.append(1)
        if len(calls) == 2:  # the first is the warming up
            raise Stopped

    broken_off = network.blocks[broken].linear if broken < len(network.blocks) else network
    hook = broken_off.register_forward_hook(stop)
    with pytest.raises(Stopped):
        Rounds(network, blocks, lane, rows=2)
    hook.remove()
    if eager:
        assert same(network, made)
    assert torch.equal(before(x_of(0)), made[0])
    assert same(network, made)
    assert torch.equal(Rounds(network, blocks, lane)(x_of(1)), made[1])


@pytest.mark.parametrize(("resident", "away"), [(0, 7), (3, 4), (4, 3)])
def test_behind_a_round_copies_run_ahead_as_before(resident: int, away: int, lane: Watched) -> None:
    network = Network()
    blocks = network.streaming()
    blocks.keep(resident)
    for _ in range(2):
        blocks.round(lambda: network(x_of(0)))
        sent = len(lane.sent)
        network(x_of(0))
        assert len(lane.sent) == sent + away + 1  # the first was there, and it and the second are so again


def test_who_replays_without_being_ready_would_see(lane: Watched) -> None:
    """That these tests can fail."""
    network, made = Network(), wanted()
    blocks = network.streaming()
    blocks.keep(0)
    recorded = Rounds(network, blocks, lane)
    network(x_of(0))
    with pytest.raises(OutOfOrder):
        recorded.graph.replay()
    lane.finish()
    recorded._given.copy_(x_of(0))
    recorded.graph.replay()
    assert not torch.equal(recorded._made, made[0])


def test_weights_that_went_elsewhere_are_of_another_generation(lane: Watched) -> None:
    network = Network()
    blocks = network.streaming()
    seen = {blocks.generation}
    blocks.forget()  # nothing is held
    blocks.ready()
    assert seen == {blocks.generation}

    def changes(does: Callable[[], object]) -> bool:
        before = blocks.generation
        does()
        assert (blocks.generation == before) == (blocks.generation in seen)
        seen.add(blocks.generation)
        return blocks.generation != before

    assert changes(lambda: blocks.put_away(3))
    assert changes(lambda: blocks.keep(2))
    assert not changes(lambda: blocks.keep(2))
    assert not changes(blocks.ready)
    assert not changes(lambda: network(x_of(0)))
    assert not changes(lambda: blocks.round(lambda: network(x_of(0))))
    assert changes(blocks.forget)
    assert not changes(blocks.forget)
    assert changes(lambda: blocks.keep(4))
    assert changes(lambda: blocks.keep(None))


def test_between_rounds_no_weight_is_read_that_is_away(lane: Watched) -> None:
    network = Network()
    blocks = network.streaming()
    blocks.keep(0)
    recorded = Rounds(network, blocks, lane)
    for _ in range(2):
        weights = [weight for block in network.blocks for weight in block.linear.parameters()]
        assert all(weight.numel() == 0 for weight in weights)
        recorded(x_of(0))
