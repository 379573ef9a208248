"""What a request will take, as a plan counts it: known before anything of a video is decoded, and without weights."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from greenroom.models.foley.mmdit.windows import cuts_on_grid, grid_end, on_grid
from greenroom.models.foley.planning.costs import Job
from greenroom.models.foley.planning.plan import plan
from greenroom.models.foley.watching.lengths import LONGEST_S, PICTURE_RATE, SYNC_RATE, frames_until, latents_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.models.foley.planning.costs import Networks
    from greenroom.models.foley.planning.plan import Plan
    from greenroom.models.foley.planning.way import Way
    from greenroom.models.foley.sounding.sources import Source
    from greenroom.recipes.inputs.foley import FoleyInputs
    from greenroom.runtime.rooms import Room

_USUAL_S = Fraction(8)

USUAL = Job(
    latents=latents_until(_USUAL_S),
    pictures=frames_until(_USUAL_S, PICTURE_RATE),
    frames=frames_until(_USUAL_S, SYNC_RATE),
)
"""What most ask for, and the makers call best: a sound for a clip of 8 s."""


class Told(Protocol):
    """Who wants to know before the end."""

    def planned(self, plan: Plan) -> None:
        """How it will be done, before it begins."""


class Untold:
    """Nobody."""

    def planned(self, plan: Plan) -> None:
        """See ``Told``."""


def way_to_load(networks: Networks, room: Room, *, small: bool = False) -> Way:
    """How an engine begins, before it is asked for anything: ready for what is usual. Raises as ``plan`` does."""
    return plan(networks, USUAL, room, small=small).way


def plan_sounding(
    networks: Networks,
    room: Room,
    source: Source,
    begins: Sequence[Fraction],
    inputs: FoleyInputs,
    *,
    small: bool = False,
    notes: tuple[str, ...] = (),
) -> Plan:
    """How a request will be done. begins: of its shots, see ``shots_of``.  notes: what else is to be said.

    Raises MemoryShort, HostMemoryShort.
    """
    planned = plan(networks, job_of(source, begins, inputs), room, small=small)
    # Windows lie on a grid, which ends behind the clip: what is too much is cut off.
    length = float(source.end) if inputs.exact else planned.length_s
    return replace(planned, length_s=length, notes=tuple(dict.fromkeys((*notes, *planned.notes))))


def job_of(source: Source, begins: Sequence[Fraction], inputs: FoleyInputs) -> Job:
    """The work on a source. begins: of its shots, in seconds, the first one's 0."""
    watched = source.kind == "video"
    # By the original's rule nothing of a video is looked at beyond this.
    end = min(source.end, Fraction(LONGEST_S)) if watched and not inputs.exact else source.end
    in_windows = end > LONGEST_S or len(begins) > 1
    length = latents_until(end)
    if in_windows:
        length, end = on_grid(length), grid_end(end)
    return Job(
        latents=length,
        samples=inputs.samples,
        guided=inputs.guidance > 1,
        steps=inputs.steps,
        sections=cuts_on_grid(begins[1:], length) if in_windows else (0,),
        pictures=frames_until(end, PICTURE_RATE) if watched else int(source.kind == "picture"),
        frames=frames_until(end, SYNC_RATE) if watched else 0,
    )
