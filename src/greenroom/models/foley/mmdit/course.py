"""A schedule as the steps read it: what its times give each block, made once, and which step is next."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from greenroom.errors import InputInvalid
from greenroom.models.foley.mmdit.limits import MOST_STEPS
from greenroom.models.foley.mmdit.schedule import times
from greenroom.models.foley.mmdit.triple_block import VECTORS

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.models.foley.mmdit.transformer import MMDiT


class Moment(NamedTuple):
    """Of one step. length: float32 (1,), how far it goes.  time: (1, width), the time's embedding.  triple: (1, blocks,
    2, vectors, width), what modulates every triple block."""

    length: Tensor
    time: Tensor
    triple: Tensor


class Course:
    """Room for a schedule. Its tensors stay where they are, and ``now`` waits for nothing, so that a graph holds."""

    @torch.inference_mode()
    def __init__(self, network: MMDiT, most: int = MOST_STEPS) -> None:
        self._network = network
        self._of: Tensor | None = None
        width, device, dtype = network.architecture.width, network.device, network.dtype
        self._step = torch.zeros(1, dtype=torch.int64, device=device)
        self._lengths = torch.zeros(most, device=device)
        self._times = torch.zeros(most, width, device=device, dtype=dtype)
        self._triple = torch.zeros(most, len(network.triples), *VECTORS, width, device=device, dtype=dtype)

    @torch.inference_mode()
    def set(self, shares: Tensor) -> None:
        """Stand before the first step of a schedule of ``sigmas``. Raises InputInvalid.

        What breaks off leaves no schedule, and the device as it was.
        """
        steps, most = len(shares) - 1, len(self._lengths)
        if steps > most:
            raise InputInvalid(f"{steps} steps", mend=f"give {most} or fewer")
        self.rewind()
        if self._of is not None and torch.equal(self._of, shares):
            return
        self._of = None  # from here on the tables are neither's
        try:
            self._make(shares)
        finally:
            self._network.modulations.forget()  # on a GPU these came from the host for this
        self._of = shares.clone()

    @torch.inference_mode()
    def now(self) -> Moment:
        """What the next step takes."""
        return Moment(*(table.index_select(0, self._step) for table in (self._lengths, self._times, self._triple)))

    @torch.inference_mode()
    def advance(self) -> None:
        """Stand before the step after it."""
        self._step.add_(1)

    @torch.inference_mode()
    def rewind(self, step: int = 0) -> None:
        """Stand before the first step again, or before another."""
        self._step.fill_(step)

    def _make(self, shares: Tensor) -> None:
        steps, time = len(shares) - 1, self._network.time_in(times(shares))
        self._lengths[:steps] = shares.diff()
        self._times[:steps] = time
        for layer, block in enumerate(self._network.triples):
            self._triple[:steps, layer] = block.terms(time)
