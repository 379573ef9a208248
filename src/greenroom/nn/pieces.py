"""Clips in pieces of time: cut as a network takes them, and what holds while one of them is computed."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch import Tensor

    from greenroom.nn.causal_memory import CausalMemory


class Refining(Protocol):
    """The end of a network that makes latents into frames, which may go a few frames at a time."""

    def rise(self, x: Tensor, memory: CausalMemory, /) -> Tensor:
        """The last doubling of time, if there is one."""

    def fine(self, x: Tensor, memory: CausalMemory, /) -> Tensor:
        """The levels that know every frame."""


def split(frames: Tensor, at_once: int) -> tuple[Tensor, ...]:
    """Pieces of so many frames, and before them what is over: whoever waits for a slice's end waits the least."""
    over = len(frames) % at_once
    whole = torch.split(frames[over:], at_once)
    return (frames[:over], *whole) if over and over < len(frames) else (frames,) if over else whole


def cut(pixels: Iterable[Tensor], length: int, unit: int) -> Iterator[tuple[Tensor, bool]]:
    """Pieces of ``length`` frames, the first of one more, each with whether it is the last.

    pixels: frames in pieces of any length.  unit: frames that become one latent frame.  Raises ValueError at the end of
    a clip that is not of unit * n + 1 frames.
    """
    held: list[Tensor] = []
    wanted = length + 1
    for piece in pixels:
        held.append(piece)
        while sum(map(len, held)) > wanted:
            joined = held[0] if len(held) == 1 else torch.cat(held)
            yield joined[:wanted], False
            held, wanted = [joined[wanted:]], length
    rest = sum(map(len, held))
    begun = wanted == length
    if rest % unit != (0 if begun else 1 % unit) or not rest:
        raise ValueError(f"a clip ends {rest} frames into a slice; it is to have {unit}n + 1 frames")
    yield torch.cat(held), True


def refined(
    network: Refining, coarse: Tensor, at_once: int, memory: CausalMemory, *, doubles: bool, last: bool
) -> Iterator[Tensor]:
    """The frames of a slice, a few at a time, whose levels before are done.

    coarse: for ``rise``.  at_once: frames of the result.  doubles: ``rise`` makes two of one.  last: nothing comes
    after the slice.
    """
    pieces = split(coarse, max(1, at_once // (2 if doubles else 1)))
    for number, piece in enumerate(pieces):
        ends = last and number == len(pieces) - 1
        with computing():
            memory.last = ends
            parts = list(split(network.rise(piece, memory), at_once))
            if len(parts) > 1:  # as views of one tensor all of them would be held until the last is done
                parts = [part.clone() for part in parts]
        while parts:
            with computing():
                memory.last = ends and len(parts) == 1
                made = [network.fine(parts.pop(0), memory)]
            yield made.pop()  # not held here while the next ones are made


@contextmanager
def computing() -> Iterator[None]:
    """Without gradients, and with the convolutions that the library thinks best for each size.

    Those that it finds by trying are no faster here, take most of a minute to find, and may be others in the next
    process: a job that is taken up again would go on with other pixels.
    """
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = False
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.backends.cudnn.benchmark = before
