"""The denoiser in a rank of a gang, and what ranks do of a job together.

It is in every rank, whole: each computes a part of every block. To deal its blocks out, their owner would send 0.8 GB
to all before each of them: 2 ms by NVLink, tens by PCIe, where a block takes as long. Where weights stand in the way
they are on the host, in each rank. Encoders and the autoencoder are rank 0's.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

from greenroom.models.steadydancer.dancer.arranging import arranged, fixed_of
from greenroom.models.steadydancer.ranks.handing import hand_out, outlined, taken
from greenroom.models.steadydancer.ranks.rounds import Dealt, Part, follow
from greenroom.models.steadydancer.sampling.blending import nothing
from greenroom.models.steadydancer.sampling.windows import sampled_length
from greenroom.runtime.rooms import pinned, room_beside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from greenroom.models.steadydancer.dancer.fixed import Conditions
    from greenroom.models.steadydancer.dancer.transformer import Dancer
    from greenroom.models.steadydancer.planning.way import Way
    from greenroom.models.steadydancer.ranks.handing import Outline
    from greenroom.models.steadydancer.sampling.windows import Window
    from greenroom.runtime.gang.crew import Crew
    from greenroom.runtime.gang.rank import Member
    from greenroom.runtime.rooms import Room


class RankDancer:
    """Another rank's."""

    def __init__(self, network: Dancer) -> None:
        self.network = network

    @property
    def held(self) -> int:
        """Bytes of the host that stay taken between two jobs."""
        return max(self.network.streaming.held + self.network.hearing.held, pinned())

    def room(self) -> Room:
        """What a plan may take of its device."""
        return room_beside(str(self.network.device))

    def follow(self, member: Member, windows: Sequence[Window], outline: Outline, way: Way) -> None:
        """Do its part of a job."""
        network, device = self.network, member.ranks.device
        try:
            arranged(network, way)
            conditions = taken(member.ranks, outline)
            part = Part(member.ranks, network, windows, fixed_of(network, conditions, way), way.at_once)
            channels, _, height, width = conditions[0].pose.shape
            del conditions
            length = sampled_length(max(window.stop for window in windows))
            follow(member, part, torch.empty(channels, length, height, width, device=device))
        finally:
            network.streaming.forget()
            network.hearing.forget()


@contextmanager
def dealt(
    crew: Crew,
    network: Dancer,
    windows: Sequence[Window],
    conditions: Sequence[Conditions],
    way: Way,
    gate: Callable[[], None] = nothing,
) -> Iterator[Dealt]:
    """In rank 0: what a sampler may ask of all ranks in the block.

    crew: with lanes.  network: arranged.  conditions: of each window.  gate: see ``Windowed``. What is raised in the
    block, but within a pass, stops the others, who are ready for the next job then; a rank that is lost behind the last
    pass is missed by nobody. Raises InputInvalid, RankLost, RanksApart.
    """
    ranks = crew.ready()
    fixed = fixed_of(network, conditions, way)  # what is refused here ends nobody
    outline, tensors = outlined(conditions)
    with crew.together(_follow, tuple(windows), outline, way) as section:
        hand_out(ranks, tensors)
        part = Part(ranks, network, windows, fixed, way.at_once)
        with section.between():
            yield Dealt(windows, part, ranks, section, gate)
        section.dismiss()


def _follow(member: Member, own: RankDancer, windows: Sequence[Window], outline: Outline, way: Way) -> None:
    own.follow(member, windows, outline, way)
