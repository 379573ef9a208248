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

    The copy is made when they first leave, in pinned memory where the device is a GPU, and is kept.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._held: list[Tensor] = []
        self._away = False

    def leave(self) -> None:
        """Give back the device's memory, if it is taken."""
        if self._away:
            return
        with torch.inference_mode(mode=False):  # tensors that were made in it cannot take the weights' place
            self._held = self._held or [_on_host(weight) for weight in self._weights()]
            for weight in self._weights():
                weight.data = weight.data.new_empty(0)
        torch.cuda.empty_cache()
        self._away = True

    def come_back(self) -> None:
        """Have the weights on the device. What is asked of it next waits for them."""
        if not self._away:
            return
        torch.cuda.empty_cache()  # weights among the leavings of others would break memory up
        with torch.inference_mode(mode=False):
            for weight, held in zip(self._weights(), self._held, strict=True):
                weight.data = held.to(weight.device, non_blocking=True)
        self._away = False

    def _weights(self) -> Iterator[Tensor]:
        return chain(self._module.parameters(), self._module.buffers())


def _on_host(weight: Tensor) -> Tensor:
    if weight.device.type == "cpu":
        return weight.data
    held = torch.empty(weight.shape, dtype=weight.dtype, pin_memory=True)
    return held.copy_(weight.data)
