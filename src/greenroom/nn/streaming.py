"""Blocks of a network whose weights lie on the host, and are on the device when their turn comes.

Two slots of the device hold the weights of the block that runs and of the one behind it. When a block has ended, its
slot is filled for the one after the next, so that copies run beside the device's work; behind the last block the first
one follows, since a denoiser goes through its blocks again and again. Blocks called in another order are served as
well, and wait for their weights.

A round, all blocks once, can be recorded as a graph, copies and all (``Streaming.round``). It reads and writes slots by
their addresses, and presumes what they hold: it begins and ends in one state, and whoever replays it asks for that
state before (``Streaming.ready``), and whether the memory is still the same (``Streaming.generation``).
"""

from __future__ import annotations

import weakref
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from greenroom.errors import InputInvalid
from greenroom.nn.packing import Packed, lane_to

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor, nn
    from torch.utils.hooks import RemovableHandle

    from greenroom.nn.packing import Lane

_SLOTS = 2

T = TypeVar("T")


class _Slot:
    """Memory of the device for one block's weights at a time.

    row: uint8.  holds: the place of the block whose weights are there, or on their way.  sent: when what was copied
    last is there; None where whatever is asked of the device next finds it.
    """

    def __init__(self, row: Tensor) -> None:
        self.row = row
        self.holds: int | None = None
        self.sent: object = None
        self.views: dict[int, list[Tensor]] = {}


class Streaming:
    """Of blocks that run one at a time, in their order, none of which is trained. Used by one thread at a time.

    Nothing is streamed before ``keep`` says so. While a block is away, its weights are empty unless they are in a slot;
    parameters and buffers count alike. No weight may belong to two blocks. Works as long as it is held by somebody.

    generation: another one whenever memory is given up that blocks read their weights from. Graphs that were recorded
    before must not be replayed.
    """

    def __init__(self, blocks: Sequence[nn.Module], left_out: Callable[[str], bool] = lambda _name: False) -> None:
        """left_out: of a weight's name in its block, whether it stays on the device."""
        self._blocks = tuple(blocks)
        self._left_out = left_out
        self._away: dict[int, Packed] = {}
        self._hooks: dict[int, list[RemovableHandle]] = {}
        self._slots: list[_Slot] = []
        self._device = torch.device("cpu")
        self._in_round = False
        self.generation = 0

    @cached_property
    def _lane(self) -> Lane:
        """Asked for when weights go, for before that their device is not known."""
        return lane_to(self._device)

    @property
    def resident(self) -> int | None:
        """How many blocks stay on the device; None for all."""
        return len(self._blocks) - len(self._away) if self._away else None

    @property
    def held(self) -> int:
        """Bytes of the host. torch keeps pinned memory that was given back, for the next who asks for as much."""
        return sum(packed.held for packed in self._away.values())

    @property
    def taken(self) -> int:
        """Bytes of the device that slots take now: two blocks as large as the largest, once one has been called."""
        return sum(slot.row.nbytes for slot in self._slots)

    def streamed(self, resident: int | None) -> list[int]:
        """The places of the blocks that go if so many stay, spread evenly. Raises InputInvalid."""
        count = len(self._blocks)
        if resident is None:
            return []
        if resident < 0:
            raise InputInvalid(f"{resident} resident blocks", mend="give 0 or more, or none for all")
        return [at for at in range(count) if (at + 1) * resident // count == at * resident // count]

    def keep(self, resident: int | None) -> None:
        """Arrange that so many blocks stay on the device, spread evenly; None for all, which ends streaming.

        Those that stay no longer go to the host, and those that stay again come from there. Between requests alone.
        Raises InputInvalid; torch's errors where memory is short, and then blocks are where they were or will be.
        """
        wanted = self.streamed(resident)
        if wanted == [*self._away]:
            return
        self.forget()
        for place in wanted:
            self.put_away(place)
        _give_back(self._device)
        for place in [place for place in self._away if place not in wanted]:
            self._bring_back(place)

    def put_away(self, place: int) -> None:
        """Send one block to the host, if it is not there: for a loader, as soon as it has its weights."""
        if place in self._away:
            return
        self.forget()  # the slots may be too small
        block = self._blocks[place]
        named = (*block.named_parameters(), *block.named_buffers())
        weights = [weight for name, weight in named if not self._left_out(name)]
        if not weights:
            return
        self._device = weights[0].device
        with torch.inference_mode(mode=False):  # tensors that were made in it cannot take the weights' place
            packed = Packed(weights, self._lane)
        self.generation += 1
        self._away = dict(sorted({**self._away, place: packed}.items()))
        self._hooks[place] = self._hook(place, block)

    def exchange(self, place: int, block: nn.Module) -> None:
        """Have another module stand in a place from now on: for a loader that makes it anew, before it is away."""
        self._blocks = (*self._blocks[:place], block, *self._blocks[place + 1 :])
        self.generation += 1

    def forget(self) -> None:
        """Give back the slots' memory; they are there again when a block that is away is called."""
        if not self._slots:
            return
        self._lane.finish()
        for slot in self._slots:
            self._vacate(slot)
        self._slots = []
        self.generation += 1
        _give_back(self._device)

    def round(self, work: Callable[[], T]) -> T:
        """Do work that calls the blocks once, in their order, as a graph can record and replay it; ``ready`` before and
        behind it.

        While it is recorded, nothing waits for copies from before, all that it has copied is there at its end, and no
        slot is made: be ``ready`` before that.
        """
        self.ready()
        self._in_round = True
        try:
            out = work()
            self.ready()
        except BaseException:
            # What breaks off while it is recorded has copied nothing; and CUDA ends no record with copies under way.
            for slot in self._slots:
                self._vacate(slot)
            self._settle()
            raise
        finally:
            self._in_round = False
        return out

    def ready(self) -> None:
        """Be where a round begins: the first block that is away in the first slot, and no copy under way. Of no more
        blocks than slots each has its own. The host does not wait. Nothing is asked of the device if it is so already.
        """
        if not self._away:
            return
        with torch.inference_mode(mode=False):
            self._slots = self._slots or self._made()
            self._settle()
            own = len(self._slots) if len(self._away) <= _SLOTS else 1
            for slot, place in zip(self._slots[:own], self._away, strict=False):
                if slot.holds != place:
                    self._take(slot, place)
            for slot in self._slots[own:]:
                self._vacate(slot)
            self._settle()

    def _bring_back(self, place: int) -> None:
        packed, lane = self._away[place], self._lane
        with torch.inference_mode(mode=False):
            row = torch.empty(packed.length, dtype=torch.uint8, device=self._device)
            lane.send(packed.pieces, row)
            lane.finish()  # the host's copy is given up next
            packed.point(packed.views(row))
        self.generation += 1
        del self._away[place]
        for hook in self._hooks.pop(place):
            hook.remove()

    def _hook(self, place: int, block: nn.Module) -> list[RemovableHandle]:
        # Blocks that held this object, which holds them, would keep the device's memory until Python looks for circles.
        begin, end = weakref.WeakMethod(self._begin), weakref.WeakMethod(self._end)

        def before(_module: nn.Module, _args: Any) -> None:
            if method := begin():
                method(place)

        def behind(_module: nn.Module, _args: Any, _out: Any) -> None:
            if method := end():
                method(place)

        return [
            block.register_forward_pre_hook(before),
            block.register_forward_hook(behind),
        ]

    def _begin(self, place: int) -> None:
        """Have a block's weights in a slot before what it asks of the device, and those of the next on their way."""
        with torch.inference_mode(mode=False):
            self._slots = self._slots or self._made()
            slot = self._slot_of(place) or self._fill(self._spare(place), place)
            if slot.sent is not None:
                self._lane.wait(slot.sent)
            if place not in slot.views:
                slot.views[place] = self._away[place].views(slot.row)
            self._away[place].point(slot.views[place])
            coming = self._behind(place)
            if self._slot_of(coming) is None:
                self._fill(next(other for other in self._slots if other is not slot), coming)

    def _end(self, place: int) -> None:
        """Fill the slot of a block that has ended for the one after the next, which is the next to have none.

        Behind the last block of a round that one comes in the next round, which need not wait for it at once.
        """
        if self._in_round and place == next(reversed(self._away)):
            return
        slot, coming = self._slot_of(place), self._behind(self._behind(place))
        if slot is not None and self._slot_of(coming) is None:
            with torch.inference_mode(mode=False):
                self._fill(slot, coming)

    def _made(self) -> list[_Slot]:
        longest = max(packed.length for packed in self._away.values())
        count = min(_SLOTS, len(self._away))
        return [_Slot(torch.empty(longest, dtype=torch.uint8, device=self._device)) for _ in range(count)]

    def _fill(self, slot: _Slot, place: int) -> _Slot:
        """Have a block's weights copied to a slot that no block that runs is in."""
        self._vacate(slot)
        packed = self._away[place]
        slot.sent = self._lane.send(packed.pieces, slot.row)
        slot.holds = place
        return slot

    def _take(self, slot: _Slot, place: int) -> None:
        """Have a block's weights in a slot, from the other one if they are there: an odd number of blocks ends so."""
        other = self._slot_of(place)
        if other is None:
            self._fill(slot, place)
            return
        for own in (slot, other):
            self._vacate(own)
        length = self._away[place].length
        slot.row[:length].copy_(other.row[:length])
        slot.holds = place

    def _settle(self) -> None:
        """Have what is asked of the device next wait for all that is on its way to slots."""
        under_way = [slot.sent for slot in self._slots if slot.sent is not None]
        for slot in self._slots:
            slot.sent = None
        for sent in under_way:
            self._lane.wait(sent)

    def _vacate(self, slot: _Slot) -> None:
        if slot.holds is not None:
            self._away[slot.holds].empty()
            slot.holds = None

    def _slot_of(self, place: int) -> _Slot | None:
        return next((slot for slot in self._slots if slot.holds == place), None)

    def _spare(self, place: int) -> _Slot:
        """The slot whose block is longest from its turn, seen from a place."""
        count = len(self._blocks)
        return max(self._slots, key=lambda slot: count if slot.holds is None else (slot.holds - place) % count)

    def _behind(self, place: int) -> int:
        """The next block that is away, cyclically."""
        return next((other for other in self._away if other > place), next(iter(self._away)))


def _give_back(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
