"""What a sound will take of memory and time, and the way that fits, before anything begins.

Nothing is tried: what a way takes is added up from the sizes of what it holds, and the first one that fits is taken.
No way changes the sound but for rounding: they only take longer, the later they come.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import ceil
from typing import TYPE_CHECKING

from greenroom.models.foley.architecture import LATENTS_PER_SECOND
from greenroom.models.foley.planning.arithmetic import PICTURE_FLOP, SEGMENT_FLOP, decode_flop, step_flop
from greenroom.models.foley.planning.rates import RATES, rates_of
from greenroom.models.foley.planning.stages import Costs, work
from greenroom.models.foley.planning.way import Way
from greenroom.models.foley.precision import SMALL
from greenroom.models.foley.watching.lengths import LONGEST_LATENTS
from greenroom.models.planned import costs_of, fits, lines_of, shortage
from greenroom.runtime.residency import in_gigabytes
from greenroom.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from greenroom.models.foley.planning.costs import Job, Networks
    from greenroom.models.foley.planning.rates import Rates
    from greenroom.runtime.residency import MemoryShort
    from greenroom.runtime.rooms import Room

_SMALLER = 0.75  # of the memory, once it ran out: most of it is weights, whose size is known
_PICTURES = (32, 16, 8, 4, 2, 1)
_SEGMENTS = (48, 24, 12, 6, 3, 1)
_PIECES = (250, 125, 60, 30)
_TOGETHER = (6, 5, 4, 3, 2, 1)
# Pictures and segments at once, in turns with blocks that stay: few take a little longer, and one by one much longer.
_SEEN_AT_ONCE = ((8, 6), (1, 1))
_LEAST = Way(True, 0, _TOGETHER[-1], _PICTURES[-1], _SEGMENTS[-1], _PIECES[-1])
_USUAL = RATES["NVIDIA H200"]  # by which ways are compared


@dataclass(frozen=True, slots=True)
class Plan:
    """How a request will be done.

    way: through the networks.  bytes: of the device at most.  weights: bytes of all networks, wherever they lie.
    host_bytes: of the host, sounds and pictures among them.  seconds: of the networks, None where nothing is known of
    such a device; estimated: by data sheets, since nobody measured it.  windows: in which the clip is denoised.
    samples: different sounds.  notes: what is to be known of the way.  length_s: of the sound.  blocks: the denoiser's.
    precision: of its weights.
    """

    model: str
    device: str
    way: Way
    bytes: int
    weights: int
    host_bytes: int
    free: int
    seconds: float | None
    estimated: bool
    windows: int
    samples: int
    notes: tuple[str, ...]
    length_s: float
    blocks: int
    precision: str

    def lines(self) -> Iterator[str]:
        """The plan for people."""
        way = self.way
        yield f"{self.model} on {self.device}: {self.length_s:.1f} s, {counted(self.samples, 'sample')}"
        yield f"clip: {self._cut}"
        yield from lines_of(self)
        yield f"encoders: {counted(way.pictures, 'picture')} and {counted(way.segments, 'segment')} at a time"
        stay = "all" if way.resident is None else f"{way.resident} of {self.blocks}"
        eight_bits = ", in eight bits" if self.precision == SMALL else ""
        yield f"denoiser: {stay} blocks on the device{eight_bits}"
        yield f"decoder: {way.piece / LATENTS_PER_SECOND:.1f} s at a time"
        yield from self.notes

    @property
    def _cut(self) -> str:
        rows = self.windows * self.samples
        together = f", {min(self.way.together, rows)} of {rows} at a time" if rows > 1 else ""
        return f"{'as a whole' if self.windows == 1 else counted(self.windows, 'window')}{together}"


def plan(networks: Networks, job: Job, room: Room, *, small: bool = False) -> Plan:
    """The fastest way through a job that fits. small: memory ran out, so take less of it.

    Raises MemoryShort, and HostMemoryShort where it is the host that has too little.
    """
    costs = Costs.of(networks, job, room.device)
    budget = int(room.for_tensors * (_SMALLER if small else 1))
    way = _fitting(costs, budget, room.for_host)
    if way is None:
        raise _short(costs, room, budget)
    rates = rates_of(room.gpu)
    return Plan(
        model=networks.name,
        device=room.gpu or room.device,
        way=way,
        bytes=costs.device(way),
        weights=networks.weights,
        host_bytes=costs.host(way),
        free=room.free,
        seconds=None if rates is None else _seconds(costs, way, rates),
        estimated=rates is not None and rates.estimated,
        windows=len(job.windows()),
        samples=job.samples,
        notes=tuple(_notes(costs, way, budget)),
        length_s=job.latents / LATENTS_PER_SECOND,
        blocks=networks.blocks,
        precision=networks.precision,
    )


def facts_of(plan: Plan) -> dict[str, object]:
    """A plan in JSON: what an event of a job says."""
    way = plan.way
    return {
        **costs_of(plan),
        "length_s": plan.length_s,
        "samples": plan.samples,
        "windows": plan.windows,
        "parked": way.parked,
        "resident": way.resident,
        "blocks": plan.blocks,
        "precision": plan.precision,
        "together": way.together,
        "pictures": way.pictures,
        "segments": way.segments,
        "piece": way.piece,
        "notes": list(plan.notes),
    }


def _fitting(costs: Costs, budget: int, host: int | None) -> Way | None:
    """The first way that fits, in the order in which they are wanted."""
    return next((way for way in _ways(costs, budget) if fits(costs, way, budget, host)), None)


def _ways(costs: Costs, budget: int) -> Iterator[Way]:
    """All at once; encoders on the host meanwhile; and then less at once, or blocks on the host: the fastest first."""
    if costs.on_host:
        yield Way()
        yield from (_roomiest(costs, Way(together=together), budget) for together in _TOGETHER)
        return
    yield from (Way(), Way(parked=True))
    parked, others = (
        [_roomiest(costs, Way(parked=leave, together=together), budget) for together in _TOGETHER]
        for leave in (True, False)
    )
    yield from sorted([*parked, *_streamed(costs, budget)], key=lambda way: _seconds(costs, way, _USUAL))
    yield from others  # of the host these take less


def _streamed(costs: Costs, budget: int) -> Iterator[Way]:
    """For each number of windows that are denoised at once the ways of the most blocks that stay.

    With encoders that take little at once more blocks stay, and the encoders are slower.
    """
    for together, (pictures, segments) in product(_TOGETHER, _SEEN_AT_ONCE):
        least = replace(_LEAST, together=together, pictures=pictures, segments=segments)
        for resident in range(costs.networks.blocks - 1, -1, -1):
            way = replace(least, resident=resident)
            if costs.device(way) <= budget:
                yield _roomiest(costs, way, budget)
                break


def _roomiest(costs: Costs, way: Way, budget: int) -> Way:
    """The same with as much at once in the stages beside the denoiser's as fits; the least where nothing does."""
    own = budget - (costs.host(way) if costs.on_host else 0)

    def first(ways: Iterable[Way]) -> Way | None:
        return next((wider for wider in ways if costs.device(wider) <= own), None)

    found = replace(way, pictures=_PICTURES[-1], segments=_SEGMENTS[-1], piece=_PIECES[-1])
    found = first(replace(found, pictures=value) for value in _PICTURES) or found
    found = first(replace(found, segments=value) for value in _SEGMENTS) or found
    return first(replace(found, piece=value) for value in _PIECES) or found


def _calls(costs: Costs, way: Way) -> tuple[int, int]:
    """How often SigLIP 2 and Synchformer are asked."""
    return ceil(costs.job.pictures / way.pictures), ceil(costs.job.segments / way.segments)


def _short(costs: Costs, room: Room, budget: int) -> MemoryShort:
    least = replace(_LEAST, parked=False, resident=None) if costs.on_host else _LEAST
    ways = [replace(least, together=together) for together in _TOGETHER]
    return shortage(costs.networks.name, costs, room, budget, tried=_ways(costs, budget), least=ways)


def _seconds(costs: Costs, way: Way, rates: Rates) -> float:
    """About how long the networks take."""
    networks, job = costs.networks, costs.job
    asked = [count * rates.call for count in _calls(costs, way)]
    seen = max(job.pictures * PICTURE_FLOP / rates.pictures, asked[0])
    seen += max(job.segments * SEGMENT_FLOP / rates.frames, asked[1])
    streamed = sum(networks.streamed(way.resident))
    a_step = sum(
        count * rates.pass_seconds(step_flop(batch), networks.widened, streamed)
        for batch, count in work(networks.architecture, networks.itemsize, job, way.together)
    )
    again = 1 + max(0, -(-job.latents // way.piece) - 1) * sum(networks.config.reach) / job.latents
    decoded = job.samples * again * decode_flop(job.latents, networks.config) / rates.decoder
    moved = _moved(costs) / rates.from_host if way.parked else 0.0
    return rates.request + seen + job.steps * a_step + decoded + moved


def _moved(costs: Costs) -> int:
    """Bytes of parked networks that come from the host: those that look at pictures for each stretch of a long clip."""
    others, stretches = costs.networks.others, ceil(costs.job.latents / LONGEST_LATENTS)
    looking = bool(costs.job.pictures) * others["siglip2"] + bool(costs.job.frames) * others["synchformer"]
    return looking * stretches + others["clap"] + others["vae"]


def _notes(costs: Costs, way: Way, budget: int) -> Iterator[str]:
    """What is to be known of the way, in sentences."""
    if way.parked:
        yield (
            "the encoders and the autoencoder are on the host while they have nothing to do: each request takes a"
            " little longer"
        )
    if way.resident is None:
        return
    networks = costs.networks
    away = networks.blocks - way.resident
    yield f"{away} of the denoiser's {networks.blocks} blocks come from the host at each step, which takes longer"
    if networks.is_small:
        return
    eight = replace(costs, networks=networks.in_eight_bits())
    found = next((own for own in _ways(eight, budget) if own.resident is None and eight.device(own) <= budget), None)
    if found is not None:
        yield (
            f"with --precision fp8 all blocks would stay on the device, in {in_gigabytes(eight.device(found))};"
            " the sound differs from that of whole weights"
        )
