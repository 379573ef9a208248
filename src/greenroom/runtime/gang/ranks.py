"""What the ranks of a gang say to each other: tensors, each on the device of its rank or on the host.

Ranks stand in a ring. Beside what all do together, or some of them (``lane``), each hands tensors to the next one
(``give``, ``take``), and to rank 0 (``deliver``, ``collect``). Every such way is a group of two of its own. With NCCL a
group's messages follow each other in one queue, and those of two directions in one queue would wait for each other:
while a rank is ahead, what it has given lies in front of what it is to take.

Only calls that gloo and NCCL both have are used, and tests make them with gloo. Tensors on a GPU go by NCCL, those on
the host by gloo.
"""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import _abort_process_group, _world

from greenroom.runtime.gang.lane import Lane

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

# A rank that is gone is noticed at once, by other means: this is for devices that stand still.
_LONGEST = timedelta(minutes=30)
_BACKENDS = {"cuda": "cpu:gloo,cuda:nccl", "cpu": "gloo"}


class Coming(Protocol):
    """A tensor under way."""

    def wait(self) -> object:
        """Have what is done next wait for it."""

    def is_completed(self) -> bool:
        """Whether it has arrived, as far as this rank knows."""


class Ranks:
    """One rank among its gang. Made by ``join``, once in a process.

    rank: its number, from 0.  size: how many there are.  device: its own.  lanes: whether they may be dealt to several
    lanes of several ranks; else to one, or to one each. Each such lane is one more group, which takes memory.
    """

    def __init__(self, rank: int, size: int, device: torch.device, *, lanes: bool = False) -> None:
        self.rank = rank
        self.size = size
        self.device = device
        self._onward = [dist.new_group([place, (place + 1) % size], _LONGEST) for place in range(size)]
        self._home = [dist.new_group([0, place], _LONGEST) for place in range(1, size)]
        # Made here, since it is only while a gang begins that ranks can agree on groups.
        self._lanes = {among: self._made(among) for among in (divisors(size) if lanes else (1, size))}
        self._sent: list[tuple[Coming, Tensor]] = []
        self._sent_before: list[tuple[Coming, Tensor]] = []
        self._greet()

    def broadcast(self, tensor: Tensor) -> Tensor:
        """Rank 0's values in every rank's tensor, which is contiguous; gives it back."""
        dist.broadcast(tensor, 0)
        return tensor

    def gathered(self, own: Tensor, lengths: Sequence[int]) -> list[Tensor]:
        """Every rank's rows, in all ranks. own: (lengths[rank], ...).  lengths: rows of each rank."""
        longest = max(lengths)
        padded = own.new_empty(longest, *own.shape[1:])
        padded[: len(own)] = own
        whole = [torch.empty_like(padded) for _ in range(self.size)]
        dist.all_gather(whole, padded)
        return [rows[:length] for rows, length in zip(whole, lengths, strict=True)]

    def summed(self, own: Tensor) -> Tensor:
        """The sum over all ranks, in the order of their numbers: the same in each, and each time. own: contiguous."""
        total, *others = self.gathered(own[None], [1] * self.size)
        for other in others:
            total += other
        return total[0]

    def exchanged(self, leaving: Tensor, given: Sequence[int], taken: Sequence[int]) -> Tensor:
        """Rows from each rank for each other.

        See ``Lane.exchanged``.
        """
        return self._lanes[1].exchanged(leaving, given, taken)

    @property
    def has_lanes(self) -> bool:
        """Whether they may be dealt to as many lanes as they go into."""
        return all(among in self._lanes for among in divisors(self.size))

    def lane(self, among: int) -> Lane:
        """This rank's lane, where ranks are dealt to so many, as large as each other."""
        if among not in self._lanes:
            raise ValueError(f"{self.size} ranks were not asked for {among} lanes")
        return self._lanes[among]

    def give(self, tensor: Tensor) -> None:
        """Send a copy to the next rank, rank 0 coming after the last; does not wait."""
        self._send(tensor.clone(), (self.rank + 1) % self.size, self._onward[self.rank])

    def take(self, out: Tensor) -> None:
        """Fill a contiguous tensor with what the rank before gave; what is done next waits for it."""
        before = (self.rank - 1) % self.size
        dist.recv(out, before, self._onward[before])

    def deliver(self, tensor: Tensor) -> None:
        """Send a contiguous tensor, which is not written any more, to rank 0; does not wait."""
        self._send(tensor, 0, self._home[self.rank - 1])

    def collect(self, out: Tensor, rank: int) -> Coming:
        """In rank 0: have a contiguous tensor filled with what another rank delivers next."""
        coming: Coming | None = dist.irecv(out, rank, self._home[rank - 1])
        if coming is None:
            raise ValueError(f"rank {rank} is not among those that rank 0 hears")
        return coming

    def settle(self) -> None:
        """Let go of what was sent before the last call; to be called once in a while.

        What lies on the host is waited for: gloo tells in no other way that it has arrived.
        """
        left = []
        for sent, tensor in self._sent_before:
            if tensor.device.type == "cpu":
                sent.wait()
            elif not sent.is_completed():
                left.append((sent, tensor))
        self._sent_before, self._sent = left + self._sent, []

    def finish(self) -> None:
        """Wait until the device has done what it was asked."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def leave(self) -> None:
        """End the groups, once nothing is under way."""
        self._sent, self._sent_before = [], []
        if dist.is_initialized():
            dist.destroy_process_group()

    def _made(self, among: int) -> Lane:
        """A lane; all ranks make all of them, in the same order."""
        length = self.size // among
        number, rank = divmod(self.rank, length)
        if length in (1, self.size):
            return Lane(number, rank, length, None)
        starts = range(0, self.size, length)
        groups = [dist.new_group(list(range(start, start + length)), _LONGEST) for start in starts]
        return Lane(number, rank, length, groups[number])

    def _send(self, tensor: Tensor, to: int, group: dist.ProcessGroup) -> None:
        sent: Coming | None = dist.isend(tensor, to, group)
        if sent is not None:
            self._sent.append((sent, tensor))

    def _greet(self) -> None:
        """Use every way once, in the same order everywhere: connections are made here, and fail here."""
        word = torch.full((1,), self.rank, device=self.device)
        self.gathered(word, [1] * self.size)
        for lane in self._lanes.values():
            lane.exchanged(word.expand(lane.size).contiguous(), [1] * lane.size, [1] * lane.size)
        for place in range(self.size):
            if place == self.rank:
                self.give(word)
            elif place == (self.rank - 1) % self.size:
                self.take(torch.empty_like(word))
        for place in range(1, self.size):
            if place == self.rank:
                self.deliver(word)
            elif self.rank == 0:
                self.collect(torch.empty_like(word), place).wait()
        self.finish()
        self.settle()


def divisors(size: int) -> tuple[int, ...]:
    """Into how many lanes so many ranks go, each as large as the others."""
    return tuple(among for among in range(1, size + 1) if size % among == 0)


def join(rank: int, size: int, device: torch.device, meeting: Path, *, lanes: bool = False) -> Ranks:
    """Become a rank of a gang, once all of its ranks do. meeting: a file that is not there yet, the same for all.
    lanes: see ``Ranks``; the same for all.

    Raises what torch raises where they do not find together.
    """
    with _environment(surroundings()):
        if device.type == "cuda":
            torch.cuda.set_device(device)
        backend = _BACKENDS[device.type]
        try:
            dist.init_process_group(backend, f"file://{meeting}", _LONGEST, rank=rank, world_size=size)
            return Ranks(rank, size, device, lanes=lanes)
        except BaseException:
            abort()  # or this process could never be among others
            # Nor if it counted on from here, as torch does where the first group was not made: by their numbers groups
            # find together, and ranks that come now begin with none.
            _world.group_count = 0
            raise


def break_up(meeting: Path) -> None:
    """Have whoever waits at a meeting fail at once, from any thread.

    Torch would wait for those who do not come as long as for any message, but it reads no folder in the file's place.
    """
    with suppress(FileNotFoundError):  # its folder: it is over
        while not meeting.is_dir():
            meeting.unlink(missing_ok=True)
            with suppress(FileExistsError):  # somebody wrote in between
                meeting.mkdir()
    abort()


def abort() -> None:
    """End this process's groups and what is under way, from any thread: kernels, too, that wait for who is gone."""
    if dist.is_initialized():
        # Torch's way to end all groups at once, without which those of NCCL may wait for each other.
        _abort_process_group()


def surroundings() -> dict[str, str]:
    """Variables that torch and NCCL read in each rank, where nobody set them.

    Ranks talk by the loopback alone. What goes wrong with NCCL ends its groups and not the process. The GPU has a queue
    for each of its streams, so that none of them waits behind another's. What is said by all to all is small, so that
    NVLink's multicast, which some machines have not, is nothing to set up.
    """
    loopback = next((name for _, name in socket.if_nameindex() if name.startswith("lo")), "lo")
    wanted = {
        "GLOO_SOCKET_IFNAME": loopback,
        "NCCL_SOCKET_IFNAME": loopback,
        "TORCH_NCCL_ASYNC_ERROR_HANDLING": "2",
        "CUDA_DEVICE_MAX_CONNECTIONS": "32",
        "NCCL_NVLS_ENABLE": "0",
    }
    return {name: value for name, value in wanted.items() if name not in os.environ}


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            os.environ.pop(name, None)
