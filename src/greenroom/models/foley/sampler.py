"""Latents of a sound from features: a denoiser along its schedule, on a GPU as one graph a step."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import torch

from greenroom.models.foley.course import Course
from greenroom.models.foley.denoising import Denoising
from greenroom.models.foley.fixed import conditions, fix
from greenroom.models.foley.schedule import sigmas
from greenroom.progress import Step, silent
from greenroom.runtime.graphs import Pool, Recorded

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.models.foley.fixed import Features, Fixed
    from greenroom.models.foley.transformer import MMDiT

_ROOM = 16  # tokens: texts are given room in steps of so many, so that most share a graph
_KEPT = 4  # sizes whose graphs are kept; what a step needs beside its request is shared by all


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """A request, and its step as a graph; None where graphs are off."""

    denoising: Denoising
    graph: Recorded[None] | None


class Sampler:
    """Denoises one request after another, for one thread at a time.

    graphs: steps are recorded, which is for CUDA alone; None for where the network is there.
    """

    def __init__(self, network: MMDiT, *, graphs: bool | None = None) -> None:
        self._network = network
        self._course = Course(network)
        self._pool = Pool() if (network.device.type == "cuda" if graphs is None else graphs) else None
        self._prepared: OrderedDict[tuple[int | torch.Size, ...], _Prepared] = OrderedDict()

    @torch.inference_mode()
    def sample(
        self, features: Features, noise: Tensor, *, steps: int = 50, guidance: float = 4.5, step: Step = silent
    ) -> Tensor:
        """Latents: float32, as the noise is, on the device.

        noise: (samples, channels, length).  guidance: 1 or less for none.  step: told before and behind each step.
        Raises InputInvalid.
        """
        given = conditions(self._network, features, guidance)
        room = _ROOM * ceil(len(features.text) / _ROOM) if self._pool else 0
        prepared = self._prepare(fix(self._network, given, len(noise), noise.shape[2], room))
        prepared.denoising.begin(noise, guidance)
        self._course.set(sigmas(steps))
        step("sampling", 0, steps)
        for done in range(1, steps + 1):
            if prepared.graph is None:
                prepared.denoising.advance()
            else:
                prepared.graph.replay()
            step("sampling", done, steps)
        return prepared.denoising.latents.clone()

    def forget(self) -> None:
        """Give back the memory of all graphs; they are recorded again when they are needed."""
        self._prepared.clear()

    def _prepare(self, fixed: Fixed) -> _Prepared:
        """A request's own memory, or that of the last one of its size."""
        if self._pool is None:
            return _Prepared(Denoising(self._network, fixed, self._course), None)
        if fixed.shapes in self._prepared:
            self._prepared.move_to_end(fixed.shapes)
            self._prepared[fixed.shapes].denoising.fixed.take(fixed)
            return self._prepared[fixed.shapes]
        while len(self._prepared) >= _KEPT:
            self._prepared.popitem(last=False)
        denoising = Denoising(self._network, fixed, self._course)
        # Recording does a step: from zeros, at the first time of whatever schedule was there.
        self._course.rewind()
        self._prepared[fixed.shapes] = _Prepared(denoising, Recorded(denoising.advance, self._pool))
        return self._prepared[fixed.shapes]
