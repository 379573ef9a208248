"""Latents of a sound from features: a denoiser along its schedule, on a GPU as one graph a step."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import torch

from greenroom.models.foley.mmdit.course import Course
from greenroom.models.foley.mmdit.denoising import Denoising
from greenroom.models.foley.mmdit.fixed import conditions, fix
from greenroom.models.foley.mmdit.schedule import sigmas
from greenroom.models.foley.mmdit.windows import ramp
from greenroom.progress import Step, silent
from greenroom.runtime.graphs import Pool, Recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from greenroom.models.foley.mmdit.fixed import Features, Fixed
    from greenroom.models.foley.mmdit.transformer import MMDiT
    from greenroom.models.foley.mmdit.windows import Window

_ROOM = 16  # tokens: texts are given room in steps of so many, so that most share a graph
_KEPT = 4  # sizes whose graphs are kept; what a step needs beside its request is shared by all


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """A request, and its step as a graph; None where graphs are off."""

    denoising: Denoising
    graph: Recorded[None] | None

    def advance(self) -> None:
        """Go a step."""
        if self.graph is None:
            self.denoising.advance()
        else:
            self.graph.replay()


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A window of a clip. features: of the clip, those that fall into it, and of its section's texts."""

    window: Window
    features: Features


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
        prepared = self._prepare(fix(self._network, given, len(noise), noise.shape[2], self._room(features)))
        prepared.denoising.begin(noise, guidance)
        self._course.set(sigmas(steps))
        step("sampling", 0, steps)
        for done in range(1, steps + 1):
            prepared.advance()
            step("sampling", done, steps)
        return prepared.denoising.latents.clone()

    @torch.inference_mode()
    def sample_parts(
        self, parts: Sequence[Part], noise: Tensor, *, steps: int = 50, guidance: float = 4.5, step: Step = silent
    ) -> Tensor:
        """Latents of a clip in parts that overlap, as ``sample`` gives them; each step is one of the whole clip.

        parts: together all latents of the noise. Raises InputInvalid.
        """
        fixed = self._fixed(parts, len(noise), guidance)
        # Each step goes through all of them: with fewer graphs than sizes, all would be recorded again each time.
        kept = max(_KEPT, len({own.shapes for own in fixed}))
        shares = _shares(parts, noise.shape[2], self._network.device)
        state = noise.to(self._network.device)
        self._course.set(sigmas(steps))
        step("sampling", 0, steps)
        for done in range(steps):
            ahead = torch.zeros_like(state)
            for place, (part, own, share) in enumerate(zip(parts, fixed, shares, strict=True)):
                prepared = self._prepare(own, kept)
                here = slice(part.window.start, part.window.stop)
                prepared.denoising.begin(state[:, :, here], guidance)
                self._course.rewind(done)
                prepared.advance()
                # Steps are straight: their mean is the step along the mean of the velocities.
                ahead[:, :, here] += share * prepared.denoising.latents
                step("sampling", done + (place + 1) / len(parts), steps)
            state = ahead
        return state

    def _fixed(self, parts: Sequence[Part], samples: int, guidance: float) -> list[Fixed]:
        """What stays of each part; what is the same of several is there once."""
        like: dict[tuple[int, ...], Fixed] = {}
        heard: dict[int, Fixed] = {}
        made: list[Fixed] = []
        for part in parts:
            features, section, length = part.features, part.window.section, part.window.length
            numbers = length, len(features.visual), len(features.text)
            given = conditions(self._network, features, guidance)
            room, same, texts = self._room(features), like.get(numbers), heard.get(section)
            made.append(fix(self._network, given, samples, length, room, like=same, heard=texts))
            like.setdefault(numbers, made[-1])
            heard.setdefault(section, made[-1])
        return made

    def _room(self, features: Features) -> int:
        return _ROOM * ceil(len(features.text) / _ROOM) if self._pool else 0

    def forget(self) -> None:
        """Give back the memory of all graphs; they are recorded again when they are needed."""
        self._prepared.clear()

    def _prepare(self, fixed: Fixed, kept: int = _KEPT) -> _Prepared:
        """A request's own memory, or that of the last one of its size. kept: sizes whose graphs are, at most."""
        if self._pool is None:
            return _Prepared(Denoising(self._network, fixed, self._course), None)
        if fixed.shapes in self._prepared:
            self._prepared.move_to_end(fixed.shapes)
            self._prepared[fixed.shapes].denoising.fixed.take(fixed)
            return self._prepared[fixed.shapes]
        while len(self._prepared) >= kept:
            self._prepared.popitem(last=False)
        # Its memory becomes that of later requests: nobody else's.
        denoising = Denoising(self._network, fixed.copied(), self._course)
        # Recording does a step: from zeros, at the first time of whatever schedule was there.
        self._course.rewind()
        self._prepared[fixed.shapes] = _Prepared(denoising, Recorded(denoising.advance, self._pool))
        return self._prepared[fixed.shapes]


def _shares(parts: Sequence[Part], length: int, device: torch.device) -> list[Tensor]:
    """How much each part counts at each of its latents: of all that are there, 1 in sum."""
    ramps = [torch.tensor([ramp(part.window, length, place) for place in range(part.window.length)]) for part in parts]
    total = torch.zeros(length)
    for part, own in zip(parts, ramps, strict=True):
        total[part.window.start : part.window.stop] += own
    return [
        (own / total[part.window.start : part.window.stop]).to(device) for part, own in zip(parts, ramps, strict=True)
    ]
