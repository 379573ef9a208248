"""A way to a GPU that is none, and graphs of one: as late as the real ones may be, and as little forgiving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_leaves, tree_unflatten

from greenroom.nn.packing import HostLane

T = TypeVar("T")


class OutOfOrder(Exception):
    """What CUDA refuses, or does wrong without a word."""


class Watched(HostLane):
    """As a GPU does it: memory that is copied to is lost at once, and what is copied is there when it is waited for,
    with all that was sent before.

    sent: by which memory of the host, into which of the device.  record: what is being recorded.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[int, int]] = []
        self.under_way: dict[int, Callable[[], object]] = {}
        self.record: Replayed[Any] | None = None

    def send(self, pieces: Sequence[Tensor], target: Tensor) -> object:
        if self.record is not None:
            return self.record.send(pieces, target)
        self.sent.append((pieces[0].data_ptr(), target.data_ptr()))
        number = len(self.sent)
        self.under_way[number] = late(pieces, target)
        return number

    def wait(self, sent: object) -> None:
        if self.record is not None:
            self.record.wait(sent)
            return
        if not isinstance(sent, int):
            raise OutOfOrder("waits for what a graph copies")
        land(self.under_way, sent)

    def finish(self) -> None:
        if self.record is not None:
            raise OutOfOrder("waits for the device while it is recorded")
        land(self.under_way, len(self.sent))


def late(pieces: Sequence[Tensor], target: Tensor) -> Callable[[], object]:
    """Begin to copy; what is returned ends it."""
    target.fill_(0xFF)  # not a number, in any type: whoever still reads it shows
    return partial(HostLane().send, pieces, target)


def land(under_way: dict[int, Callable[[], object]], last: int) -> None:
    """End all copies up to one."""
    for number in [number for number in under_way if number <= last]:
        under_way.pop(number)()


class _Moment:
    """In a graph, when what was sent is there."""

    def __init__(self, number: int) -> None:
        self.number = number


class Replayed(Generic[T]):
    """As ``greenroom.runtime.graphs.Recorded``: work is done once and then recorded, which does nothing.

    A replay does every operation anew on the memory that it was recorded on, wherever weights are by now.

    copies: that a replay makes.
    """

    def __init__(self, work: Callable[[], T], _pool: object, lane: Watched) -> None:
        self.copies = 0
        self._lane = lane
        self._joined = 0
        self._steps: list[Callable[[], object]] = []
        self._under_way: dict[int, Callable[[], object]] = {}
        self._before: dict[int, tuple[Tensor, Tensor]] = {}
        work()
        if lane.under_way:
            raise OutOfOrder("copies are under way while work is recorded")
        lane.record = self
        try:
            with _Noting(self):
                self.result = work()
        finally:
            lane.record = None
            with torch.inference_mode():
                for memory, held in self._before.values():
                    memory.copy_(held)
            if self._joined < self.copies:
                raise OutOfOrder("copies that nothing waits for")

    def replay(self) -> None:
        if self._lane.under_way:
            raise OutOfOrder("copies are under way beside a replay")
        with torch.inference_mode():
            for step in self._steps:
                step()

    def send(self, pieces: Sequence[Tensor], target: Tensor) -> object:
        self.copies += 1
        number, memory = self.copies, target.detach()

        def begin() -> None:
            self._under_way[number] = late(pieces, memory)

        self._steps.append(begin)
        return _Moment(number)

    def wait(self, sent: object) -> None:
        if not isinstance(sent, _Moment):
            raise OutOfOrder("waits for what was sent before the record")
        self._joined = max(self._joined, sent.number)
        self._steps.append(partial(land, self._under_way, sent.number))

    def note(self, function: Any, given: tuple[Any, Any]) -> Any:
        """Do an operation, so that its result has a shape, and take note of it."""
        flat, form = tree_flatten(given)
        baked = [one.detach() if isinstance(one, Tensor) else one for one in flat]
        inputs = [one for one in baked if isinstance(one, Tensor)]
        writes = function._schema.is_mutable
        if writes:
            for one in inputs:
                self._before.setdefault(one.untyped_storage()._cdata, (_whole(one), _whole(one).clone()))
        out = function(*given[0], **given[1])
        made = [one.detach() for one in tree_leaves(out) if isinstance(one, Tensor)]
        of = {one.untyped_storage()._cdata for one in inputs}

        def again() -> None:
            args, kwargs = tree_unflatten(baked, form)
            new = [one for one in tree_leaves(function(*args, **kwargs)) if isinstance(one, Tensor)]
            for kept, one in zip(made, new, strict=True):
                if kept.untyped_storage()._cdata not in of:
                    kept.copy_(one)

        self._steps.append(again)
        return out


def _whole(tensor: Tensor) -> Tensor:
    """All of the memory that it is in."""
    return torch.empty(0, dtype=torch.uint8).set_(tensor.untyped_storage())


class _Noting(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch gives its hook no types
    def __init__(self, record: Replayed[Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch gives it none
        self._record = record

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self._record.note(func, (args, kwargs or {}))
