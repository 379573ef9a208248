"""Blocks that come from the host compute what those compute that stay, to the bit, in two slots."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.errors import InputInvalid
from greenroom.nn import streaming
from greenroom.nn.quantised import QuantisedLinear
from greenroom.nn.streaming import Streaming
from greenroom.weights.fp8 import Fp8
from tests.nn.lanes import OutOfOrder, Replayed, Watched

WIDTH = 6


class Stopped(Exception):
    """What a cancelled request raises."""


class Plain(nn.Module):
    """With a convolution whose channels lie innermost, a buffer, and a weight that others read."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(WIDTH, WIDTH)
        self.conv = nn.Conv1d(WIDTH, WIDTH, 3, padding=1)
        self.conv.weight.data = self.conv.weight.data.transpose(1, 2).contiguous().transpose(1, 2)
        self.shared = nn.Linear(WIDTH, WIDTH)
        self.register_buffer("table", torch.randn(WIDTH), persistent=False)
        self.stop = False

    def forward(self, x: Tensor) -> Tensor:
        x = self.linear(x) + self.table
        if self.stop:
            raise Stopped
        out: Tensor = x + self.conv(x.T).T
        return out


class Small(nn.Module):
    """In eight bits."""

    def __init__(self) -> None:
        super().__init__()
        weight = Fp8(torch.randn(WIDTH, WIDTH).to(torch.float8_e4m3fn), torch.tensor(0.5))
        self.linear = QuantisedLinear(weight, torch.randn(WIDTH))
        self.first = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor, by: float) -> Tensor:
        out: Tensor = functional.silu(self.linear(x)) + by * self.first(x)
        return out


class Network(nn.Module):
    def __init__(self, plain: int = 3, small: int = 4) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.plain = [Plain() for _ in range(plain)]
        self.small = [Small() for _ in range(small)]
        self.blocks: list[Plain | Small] = [*self.plain, *self.small]
        self.of = nn.ModuleList(self.blocks)
        self.requires_grad_(requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        for plain in self.plain:
            x = plain(x + plain.shared(x))
        for small in self.small:
            x = small(x, 0.5)
        return x

    def streaming(self) -> Streaming:
        return Streaming(self.blocks, lambda name: name.startswith("shared."))


@pytest.fixture
def lane(monkeypatch: pytest.MonkeyPatch) -> Watched:
    lane = Watched()
    monkeypatch.setattr(streaming, "lane_to", lambda _device: lane)
    return lane


def x_of(seed: int) -> Tensor:
    return torch.randn(5, WIDTH, generator=torch.Generator().manual_seed(seed))


def same(network: Network, wanted: Sequence[Tensor]) -> bool:
    return all(torch.equal(network(x_of(seed)), made) for seed, made in enumerate(wanted))


def wanted() -> list[Tensor]:
    return [Network()(x_of(seed)) for seed in range(3)]


@pytest.mark.parametrize("inference", [True, False])
@pytest.mark.parametrize("resident", [*range(8), None])
def test_the_result_is_the_same_however_many_stay(resident: int | None, inference: bool, lane: Watched) -> None:
    network = Network()
    blocks = network.streaming()
    with torch.inference_mode(inference):
        blocks.keep(resident)
        assert same(network, wanted())
        assert blocks.resident == (None if resident in (7, None) else resident)
        blocks.keep(None)
        assert blocks.held == blocks.taken == 0
        count = len(lane.sent)
        assert same(network, wanted())
        assert len(lane.sent) == count
    assert not any(weight.is_inference() for weight in network.parameters())
    assert all(not module._forward_hooks and not module._forward_pre_hooks for module in network.modules())
    assert all(plain.conv.weight.transpose(1, 2).is_contiguous() for plain in network.plain)


@pytest.mark.parametrize(("resident", "away"), [(0, 7), (2, 5), (3, 4), (4, 3)])
def test_copies_run_ahead_in_the_blocks_order_into_two_slots(resident: int, away: int, lane: Watched) -> None:
    network = Network()
    blocks = network.streaming()
    blocks.keep(resident)
    before: list[int] = []
    behind: list[int] = []
    for place in blocks.streamed(resident):
        network.blocks[place].register_forward_hook(lambda *_: before.append(len(lane.sent)), prepend=True)
        network.blocks[place].register_forward_hook(lambda *_: behind.append(len(lane.sent)))
    for _ in range(3):
        network(x_of(0))
    # When a block has run, the next one's weights are on their way; when it has ended, those of the one after that.
    assert before == [number + 2 for number in range(3 * away)]
    assert behind == [number + 3 for number in range(3 * away)]
    order = [source for source, _ in lane.sent]
    assert len(set(order[:away])) == away
    assert order == [order[place % away] for place in range(len(order))]
    slots = [target for _, target in lane.sent]
    assert len(set(slots)) == 2
    assert all(one != other for one, other in pairwise(slots))


def test_two_blocks_that_have_slots_of_their_own_are_copied_once(lane: Watched) -> None:
    network = Network()
    blocks = network.streaming()
    blocks.keep(5)
    assert same(network, wanted())
    blocks.keep(5)  # nothing changes
    assert same(network, wanted())
    assert len(lane.sent) == 2


def test_what_comes_next_is_not_given_up_for_what_is_called_out_of_turn(lane: Watched) -> None:
    network = Network(plain=3, small=0)
    blocks = network.streaming()
    blocks.keep(0)
    for place in (0, 1):
        network.plain[place](x_of(0))
    assert len(lane.sent) == 4  # the third and the first are there
    network.plain[1](x_of(0))
    assert len(lane.sent) == 6  # the second, and behind it the first again


def test_a_larger_block_than_all_before_may_be_put_away_later(lane: Watched) -> None:
    layers = [nn.Linear(2, 2), nn.Linear(2, 64)]
    given = torch.randn(3, 2)
    made = [layer(given) for layer in layers]
    blocks = Streaming(layers)
    for place in range(2):
        blocks.put_away(place)
        assert all(torch.equal(layer(given), one) for layer, one in zip(layers, made, strict=True))


def test_the_device_has_two_slots_and_what_stays() -> None:
    network = Network()
    whole = {id(block): sum(w.nbytes for w in (*block.parameters(), *block.buffers())) for block in network.blocks}
    blocks = network.streaming()
    blocks.keep(0)
    shared = sum(w.nbytes for plain in network.plain for w in plain.shared.parameters())

    def on_device() -> int:
        """Of all memory that weights and slots are in, each once."""
        tensors = [*network.parameters(), *network.buffers(), *(slot.row for slot in blocks._slots)]
        storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in tensors if t.numel()}
        return sum(storages.values())

    assert on_device() == shared
    assert blocks.taken == 0
    network(x_of(0))
    assert on_device() == shared + blocks.taken
    assert blocks.taken < 2 * (max(whole.values()) + 6 * 256)
    assert blocks.held >= sum(whole.values()) - shared
    blocks.forget()
    assert on_device() == shared
    assert same(network, wanted())


@pytest.mark.parametrize("resident", [0, 1, 3, 4])
@pytest.mark.parametrize("broken", [0, 1, 2])
def test_after_an_exception_the_next_request_is_right(resident: int, broken: int, lane: Watched) -> None:
    network = Network()
    blocks = network.streaming()
    blocks.keep(resident)
    assert same(network, wanted())
    for _ in range(2):
        network.plain[broken].stop = True
        with pytest.raises(Stopped):
            network(x_of(0))
        network.plain[broken].stop = False
        assert same(network, wanted())


def test_a_request_that_ends_between_two_blocks_leaves_nothing_wrong(lane: Watched) -> None:
    network = Network()
    blocks = network.streaming()
    blocks.keep(1)

    class Cancelled(BaseException):
        """No hook of torch is called behind what raises such."""

    def cancel(*_: object) -> None:
        raise Cancelled

    modules: list[nn.Module] = [network.small[2], network.plain[1].linear]
    for module in modules:
        hook = module.register_forward_pre_hook(cancel)
        with pytest.raises(Cancelled):
            network(x_of(1))
        hook.remove()
        assert same(network, wanted())


def test_blocks_in_another_order_are_served(lane: Watched) -> None:
    network, plain = Network(), Network()
    blocks = network.streaming()
    blocks.keep(0)
    for place in (2, 0, 0, 1, 2, 1):
        assert torch.equal(network.plain[place](x_of(place)), plain.plain[place](x_of(place)))
    assert same(network, wanted())


def test_it_is_arranged_again_and_again() -> None:
    network = Network()
    blocks = network.streaming()
    for resident in (2, 5, 0, None, 3, 3, 6, 1):
        blocks.keep(resident)
        assert blocks.resident == resident
        assert same(network, wanted())
    blocks.forget()
    blocks.forget()
    assert same(network, wanted())


def test_a_loader_may_put_blocks_away_one_by_one(lane: Watched) -> None:
    network = Network()
    blocks = network.streaming()
    for place in blocks.streamed(2):
        blocks.put_away(place)
        assert all(not w.numel() for n, w in network.blocks[place].named_parameters() if not n.startswith("shared."))
    blocks.keep(2)
    assert lane.sent == []
    assert same(network, wanted())


def test_weights_that_are_away_are_read_by_nobody() -> None:
    network = Network()
    blocks = network.streaming()
    blocks.keep(0)
    network(x_of(0))
    assert network.plain[2].linear.weight.numel() == 0
    with pytest.raises(RuntimeError):
        network.plain[2].linear(x_of(0))
    network.plain[2].shared(x_of(0))  # stays


def test_those_that_stay_are_spread_evenly() -> None:
    blocks = Streaming([nn.Linear(1, 1) for _ in range(9)])
    assert blocks.streamed(3) == [0, 1, 3, 4, 6, 7]
    assert blocks.streamed(None) == blocks.streamed(9) == blocks.streamed(20) == []
    assert blocks.streamed(0) == [*range(9)]
    with pytest.raises(InputInvalid) as caught:
        blocks.keep(-1)
    assert caught.value.mend


def test_blocks_do_not_hold_what_holds_them() -> None:
    """So that the device's memory is free as soon as a network is, and not when Python looks for circles."""
    network = Network()
    blocks = network.streaming()
    blocks.keep(0)
    network(x_of(0))
    gone = weakref.ref(blocks)
    gc.disable()
    try:
        del blocks
        assert gone() is None
    finally:
        gc.enable()


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
