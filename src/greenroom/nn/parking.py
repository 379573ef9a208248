"""Weights that leave the device while others need its memory, and come back from a copy on the host."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor, nn


class Parking:
    """Of a module that nobody trains: its weights do not change, so nothing is copied back to the host.

    The copy is made when they first leave, in pinned memory where the device is a GPU, and is kept until they are to
    stay. Strides stay what they are, so that a weight laid out for a kernel comes back laid out for it.

    weights: bytes of them, wherever they are.  pinned: of the host, which torch pins in powers of two, once they have
    left a GPU.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        sizes = [weight.nbytes for weight in self._weights()]
        self.weights: int = sum(sizes)
        self.pinned: int = sum(map(_pinned, sizes))
        self._held: list[Tensor] = []
        self._away = False

    @property
    def away(self) -> bool:
        """Whether the weights have left."""
        return self._away

    @property
    def held(self) -> int:
        """Bytes of the host that the copy takes; none of a module on the host."""
        return sum(_pinned(held.nbytes) for held in self._held if held.nbytes and held.is_pinned())

    def leave(self) -> None:
        """Give back the device's memory, if it is taken."""
        if self._away:
            return
        with torch.inference_mode(mode=False):  # tensors that were made in it cannot take the weights' place
            self._held = self._held or [_on_host(weight) for weight in self._weights()]
            self._empty()
        torch.cuda.empty_cache()
        self._away = True

    def come_back(self) -> None:
        """Have the weights on the device. What is asked of it next waits for them.

        Raises torch's errors where memory is short, and then all of them are away.
        """
        if not self._away:
            return
        torch.cuda.empty_cache()  # weights among the leavings of others would break memory up
        with torch.inference_mode(mode=False):
            try:
                for weight, held in zip(self._weights(), self._held, strict=True):
                    weight.data = held.to(weight.device, non_blocking=True)
            except BaseException:
                self._empty()
                raise
        self._away = False

    def stay(self) -> None:
        """Have the weights on the device for long: the host's copy is given up, since who counts memory counts none.

        When they leave again it is made anew. Raises as ``come_back``.
        """
        self.come_back()
        pinned, self._held = self.held, []
        if pinned:
            _give_back_pinned()

    def _empty(self) -> None:
        for weight in self._weights():
            weight.data = weight.data.new_empty(0)

    def _weights(self) -> Iterator[Tensor]:
        return chain(self._module.parameters(), self._module.buffers())


def _pinned(length: int) -> int:
    return 1 << (length - 1).bit_length() if length else 0


def _on_host(weight: Tensor) -> Tensor:
    if weight.device.type == "cpu":
        return weight.data
    held = torch.empty_like(weight.data, device="cpu", pin_memory=True)
    return held.copy_(weight.data)


def _give_back_pinned() -> None:
    """Of pinned memory that was given up torch keeps all, for those alone who ask for as much at once."""
    torch.cuda.synchronize()  # what is still being read is not given back
    empty = getattr(torch._C, "_host_emptyCache", None)  # torch 2.11 has no public name for it
    if empty is not None:  # else it stays counted as taken, see ``runtime.rooms.pinned``
        empty()
