"""What a request will take, as a plan counts it: known before anybody is looked for, and without weights."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from greenroom.models.steadydancer.conditions.sizes import size_of
from greenroom.models.steadydancer.planning.costs import Job
from greenroom.models.steadydancer.planning.plan import plan
from greenroom.models.steadydancer.pose.drawing import TWICE
from greenroom.models.steadydancer.pose.pictures import fitted_size
from greenroom.models.steadydancer.sampling.guidance import Guidance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from greenroom.findings import Finding
    from greenroom.models.steadydancer.animating.sources import Source
    from greenroom.models.steadydancer.planning.costs import Networks
    from greenroom.models.steadydancer.planning.plan import Plan
    from greenroom.models.steadydancer.planning.way import Way
    from greenroom.recipes.inputs.steadydancer import AnimateInputs
    from greenroom.runtime.rooms import Room

USUAL = Job(size_of("1024x576", 1184, 864))
"""What most ask for: the published size and length."""


class Told(Protocol):
    """Who wants to know before the end."""

    def planned(self, plan: Plan) -> None:
        """How it will be done, before it begins."""

    def posed(self, facts: Mapping[str, object], findings: Sequence[Finding]) -> None:
        """Who was found, how they fit, and what may spoil the clip. facts: as ``Posed.facts`` has them."""

    def previewed(self, picture: Path) -> None:
        """There is a picture of that."""

    def reached(self, steps: int, total: int) -> None:
        """So many steps an earlier run had done, of how many."""


class Untold:
    """Nobody."""

    def planned(self, plan: Plan) -> None:
        """See ``Told``."""

    def posed(self, facts: Mapping[str, object], findings: Sequence[Finding]) -> None:
        """See ``Told``."""

    def previewed(self, picture: Path) -> None:
        """See ``Told``."""

    def reached(self, steps: int, total: int) -> None:
        """See ``Told``."""


def way_to_load(networks: Networks, room: Room, *, small: bool = False) -> Way:
    """How an engine begins, before it is asked for anything: ready for what is usual. Raises as ``plan`` does."""
    return plan(networks, USUAL, room, small=small).way


def plan_animating(
    networks: Networks,
    room: Room,
    source: Source,
    inputs: AnimateInputs,
    *,
    small: bool = False,
    notes: tuple[str, ...] = (),
) -> Plan:
    """How a request will be done. notes: what else is to be said. Raises MemoryShort, HostMemoryShort."""
    planned = plan(networks, job_of(source, inputs), room, small=small)
    return replace(planned, notes=tuple(dict.fromkeys((*notes, *planned.notes))))


def job_of(source: Source, inputs: AnimateInputs) -> Job:
    """The work on a source."""
    height, width = source.picture.shape[:2]
    if source.ready is not None:
        poses = (source.ready.height, source.ready.width)
    else:
        wide, tall = fitted_size(width, height)
        poses = (TWICE * tall, TWICE * wide)
    return Job(source.size, source.frames, inputs.steps, guidance_of(source, inputs), (height, width), poses)


def guidance_of(source: Source, inputs: AnimateInputs) -> Guidance:
    """What guides how strongly; poses do not where there are no wrong ones."""
    lacking = source.ready is not None and source.ready_negative is None
    pose = 0.0 if lacking else inputs.pose_guidance
    return Guidance(inputs.guidance, pose, inputs.pose_guidance_start, inputs.pose_guidance_end)
