"""Blocks that come from the host compute what those compute that stay, to the bit, in two slots."""

from __future__ import annotations

import gc
import weakref
from itertools import pairwise

import pytest
import torch
from torch import nn

from greenroom.errors import InputInvalid
from greenroom.nn.streaming import Streaming
from tests.nn.lanes import Watched
from tests.nn.streamed import WIDTH, Network, Small, Stopped, same, wanted, x_of


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


def test_another_module_may_stand_in_a_place_before_it_goes() -> None:
    network = Network()
    streaming = Streaming(network.blocks)
    anew = Small()
    streaming.exchange(3, anew)
    x = torch.randn(5, WIDTH)
    wanted = anew(x, 0.5)
    streaming.keep(0)
    assert anew.linear.stored.numel() == 0
    assert network.small[0].linear.stored.numel() > 0
    assert torch.equal(anew(x, 0.5), wanted)
