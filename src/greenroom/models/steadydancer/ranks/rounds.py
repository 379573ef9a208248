"""Passes of a step on the ranks of a gang: rank 0 is asked as a sampler asks one device, and the others follow.

Rank 0 has the sampler's loop, its solver and what is saved. Of a step the others are told the time and which passes a
round has, and the latents, 12 MB of the published size; they send what the head gave of their tokens. So a step may
stop, or be resumed, as on one device; and where each pass is one rank's alone, it is the same to the bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from greenroom.models.steadydancer.dancer.embedding import laid_out
from greenroom.models.steadydancer.dancer.fixed import numbers
from greenroom.models.steadydancer.ranks.dealing import rounds
from greenroom.models.steadydancer.ranks.shares import answered, share_of
from greenroom.models.steadydancer.sampling.blending import Windowed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from torch import Tensor

    from greenroom.models.steadydancer.dancer.fixed import Fixed
    from greenroom.models.steadydancer.dancer.transformer import Dancer
    from greenroom.models.steadydancer.sampling.guidance import Pass
    from greenroom.models.steadydancer.sampling.windows import Window
    from greenroom.runtime.gang.gang import Section
    from greenroom.runtime.gang.rank import Member
    from greenroom.runtime.gang.ranks import Ranks

Asked = tuple[int, "Pass"]
"""A pass of a window, which is told by its place."""


@dataclass(frozen=True, slots=True)
class Round:
    """What ranks do side by side. asked: of the lanes, in their order.  begins: of a step, whose latents come first."""

    time: int
    asked: tuple[Asked, ...]
    begins: bool


class Part:
    """A rank's, in all rounds of a job. fixed: of each window.  at_once: see ``velocity``."""

    def __init__(
        self, ranks: Ranks, network: Dancer, windows: Sequence[Window], fixed: Sequence[Fixed], at_once: int
    ) -> None:
        self._ranks = ranks
        self._network = network
        self._places = [torch.tensor(window.places, device=ranks.device) for window in windows]
        self._fixed = fixed
        self._at_once = at_once

    def answers(self, own: Round, latents: Tensor) -> list[Tensor]:
        """The velocities of a round, in all ranks. latents: of the whole clip, on the device."""
        ranks = self._ranks
        lane = ranks.lane(len(own.asked))
        place, which = own.asked[lane.number]
        fixed, window = self._fixed[place], latents[:, self._places[place]].contiguous()
        share = share_of(fixed.grid, self._network.architecture.heads, lane)
        made = numbers(self._network, fixed, window, own.time, which, at_once=self._at_once, share=share)
        grids = [self._fixed[place].grid for place, _ in own.asked]
        lengths = [length for grid in grids for length in answered(grid, lane.size)]
        parts = ranks.gathered(made, lengths)
        return [
            laid_out(torch.cat(parts[number * lane.size : (number + 1) * lane.size]), grid)
            for number, grid in enumerate(grids)
        ]


class Dealt(Windowed):
    """What the sampler asks of a clip, computed by all ranks. Its ``ahead`` is told of each step."""

    def __init__(
        self,
        windows: Sequence[Window],
        part: Part,
        ranks: Ranks,
        section: Section,
        gate: Callable[[], None],
    ) -> None:
        """part: this rank's.  section: that the others follow in.  gate: see ``Windowed``."""
        super().__init__(windows, self._answer, gate)
        self._count = len(windows)
        self._part = part
        self._ranks = ranks
        self._section = section
        self._rounds: Iterator[tuple[Asked, ...]] = iter(())
        self._latents = torch.empty(0)
        self._begins = False
        self._answers: dict[Asked, Tensor] = {}

    def ahead(self, latents: Tensor, time: int, passes: tuple[Pass, ...]) -> None:
        """See ``sampler.Ahead``."""
        asked = [(place, which) for which in passes for place in range(self._count)]
        self._rounds = rounds(asked, self._ranks.size)
        self._latents = latents.to(self._ranks.device, torch.float32).contiguous()
        self._begins = True
        self._answers = {}

    def _answer(self, place: int, latents: Tensor, time: int, which: Pass) -> Tensor:
        while (place, which) not in self._answers:
            asked = next(self._rounds, None)
            if asked is None:
                raise ValueError(f"nobody was told ahead of a pass that is {which.value}")
            self._compute(Round(time, asked, self._begins))
        return self._answers.pop((place, which)).to(latents.device)

    def _compute(self, now: Round) -> None:
        with self._section.under_way():  # from before they are told: where that breaks off they are not at their gate
            self._section.go(*[now] * (self._ranks.size - 1))
            if now.begins:
                self._ranks.broadcast(self._latents)
                self._begins = False
            made = self._part.answers(now, self._latents)
        self._answers.update(zip(now.asked, made, strict=True))


def follow(member: Member, part: Part, latents: Tensor) -> None:
    """In another rank: its part of each round, until rank 0 says that it was the last. latents: memory for them."""
    while (now := member.gate()) is not None:
        if now.begins:
            member.ranks.broadcast(latents)
        part.answers(now, latents)
