"""What a video will take of memory and time, and the way that fits, before anything begins.

Nothing is tried: what a way takes is added up from the sizes of what it holds, and the first one that fits is taken.
No way changes the video but for rounding: they only take longer, the later they come.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from greenroom.models.planned import costs_of, fits, lines_of, shortage
from greenroom.models.steadydancer.conditions.lengths import RATE
from greenroom.models.steadydancer.dancer.precision import PRODUCTS, USUAL
from greenroom.models.steadydancer.planning.arithmetic import decode_flop, encode_flop, pass_flop
from greenroom.models.steadydancer.planning.rates import rates_of
from greenroom.models.steadydancer.planning.stages import Costs
from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.vae.footprint import WanVaeFootprint
from greenroom.nn.slices import CUTS
from greenroom.runtime.residency import in_gigabytes
from greenroom.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.models.steadydancer.planning.costs import Job, Networks
    from greenroom.models.steadydancer.planning.rates import Rates
    from greenroom.nn.slices import Slices
    from greenroom.runtime.residency import MemoryShort
    from greenroom.runtime.rooms import Room

_SMALLER = 0.75  # of the memory, once it ran out: most of it is weights, whose size is known
_RUNS = (0, 16_384, 8_192, 4_096, 2_048)  # tokens that go through an MLP together, 0 for all
_ANY = 1 << 60


@dataclass(frozen=True, slots=True)
class Plan:
    """How a request will be done.

    way: through the networks.  bytes: of the device at most; stages: in each of them.  weights: bytes of all networks,
    wherever they lie.  host_bytes: of the host.  seconds: of the networks, None where nothing is known of such a
    device; estimated: by data sheets, since nobody measured it.  windows: in which the clip is sampled.  passes: of the
    denoiser over each of them.  notes: what is to be known of the way.  blocks: the denoiser's.  precision: of these.
    """

    model: str
    device: str
    job: Job
    way: Way
    bytes: int
    stages: dict[str, int]
    weights: int
    host_bytes: int
    free: int
    seconds: float | None
    estimated: bool
    windows: int
    passes: int
    notes: tuple[str, ...]
    blocks: int
    precision: str

    def lines(self) -> Iterator[str]:
        """The plan for people."""
        job, way = self.job, self.way
        yield f"{self.model} on {self.device}: {counted(job.frames, 'frame')} of {job.size}, {job.frames / RATE:.1f} s"
        yield f"sampling: {counted(job.steps, 'step')}, {self.passes:,} passes{self._cut}"
        yield from lines_of(self)
        yield "stages: " + ", ".join(f"{name} {in_gigabytes(taken)}" for name, taken in self.stages.items())
        stay = "all" if way.resident is None else f"{way.resident} of {self.blocks}"
        small = "" if self.precision == USUAL else f", in {self.precision}"
        runs = f", {way.at_once:,} tokens at a time through MLPs" if way.at_once else ""
        yield f"denoiser: {stay} blocks on the device{small}{runs}"
        yield f"autoencoder: {counted(way.slices.frames, 'frame')} at a time"
        yield from self.notes

    @property
    def _cut(self) -> str:
        return f" over each of {self.windows} windows" if self.windows > 1 else ""


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
        device=room.device if costs.ranks > 1 else room.gpu or room.device,
        job=job,
        way=way,
        bytes=costs.device(way),
        stages=costs.stages(way),
        weights=networks.weights,
        host_bytes=costs.host(way),
        free=room.free,
        seconds=None if rates is None else _seconds(costs, way, rates),
        estimated=rates is not None and (rates.estimated or costs.ranks > 1),
        windows=job.windows,
        passes=job.passes,
        notes=tuple(_notes(costs, way, budget, rates)),
        blocks=len(networks.blocks),
        precision=networks.precision,
    )


def facts_of(plan: Plan) -> dict[str, object]:
    """A plan in JSON: what an event of a job says."""
    way, job = plan.way, plan.job
    return {
        **costs_of(plan),
        "frames": job.frames,
        "width": job.size.width,
        "height": job.size.height,
        "steps": job.steps,
        "passes": plan.passes,
        "windows": plan.windows,
        "stage_bytes": dict(plan.stages),
        "parked": way.parked,
        "apart": way.apart,
        "keeps_said": way.keeps_said,
        "at_once": way.at_once,
        "resident": way.resident,
        "blocks": plan.blocks,
        "precision": plan.precision,
        "latents_at_once": way.slices.latents,
        "frames_at_once": way.slices.frames,
        "notes": list(plan.notes),
    }


def _fitting(costs: Costs, budget: int, host: int | None) -> Way | None:
    """The first way that fits, in the order in which they are wanted."""
    return next((way for way in _ways(costs, budget) if fits(costs, way, budget, host)), None)


def _ways(costs: Costs, budget: int) -> Iterator[Way]:
    """All at once; encoders on the host meanwhile; then what makes keys and values; less at once; blocks on the host,
    as few as must be; and keys and values made anew for each pass. The autoencoder's pieces are as large as fits."""
    moved = (False,) if costs.on_host else (False, True)
    bases = [
        Way(parked=parked, apart=apart, keeps_said=keeps, at_once=runs, slices=CUTS[-1])
        for parked, apart, keeps, runs in product(moved, moved, (True, False), _runs(costs))
    ]
    found = [*bases]
    if not costs.on_host:
        found += (way for base in bases if base.apart for way in _streamed(costs, base, budget))
    found.sort(key=lambda way: _slowness(costs, way))
    return (_roomiest(costs, way, budget) for way in found)


def _slowness(costs: Costs, way: Way) -> tuple[int, bool, int, int]:
    """What comes for each pass counts most, then what is computed for each, and then what comes once."""
    return costs.pass_bytes(way), not way.keeps_said, _RUNS.index(way.at_once), costs.request_bytes(way)


def _runs(costs: Costs) -> Iterator[int]:
    """Those that take less than the ones before."""
    least: int | None = None
    for runs in _RUNS:
        taken = costs.step(Way(at_once=runs)).step
        if least is None or taken < least:
            least = taken
            yield runs


def _streamed(costs: Costs, base: Way, budget: int) -> Iterator[Way]:
    """The way of the most blocks that stay."""
    for resident in range(len(costs.networks.blocks) - 1, -1, -1):
        way = replace(base, resident=resident)
        if costs.device(way) <= budget:
            yield way
            return


def _roomiest(costs: Costs, way: Way, budget: int) -> Way:
    """The same with the autoencoder's largest pieces that fit; the least where none does."""
    own = budget - (costs.host(way) if costs.on_host else 0)
    wider = (replace(way, slices=cut) for cut in _cuts(costs.job, costs.networks))
    return next((found for found in wider if costs.device(found) <= own), way)


def _cuts(job: Job, networks: Networks) -> tuple[Slices, ...]:
    """Those whose tensors libraries can index."""
    kinds = WanVaeFootprint.encoder(networks.config), WanVaeFootprint.decoder(networks.config)
    widest = (of.fitting(job.size.height, job.size.width, _ANY, frames=job.frames) for of in kinds)
    return CUTS[max(CUTS.index(cut or CUTS[-1]) for cut in widest) :]


def _short(costs: Costs, room: Room, budget: int) -> MemoryShort:
    tried = [*_ways(costs, budget)]
    streamed = [] if costs.on_host else [replace(way, resident=0) for way in tried if way.hears_from_host]
    return shortage(costs.networks.name, costs, room, budget, tried=tried, least=[*tried, *streamed])


def _seconds(costs: Costs, way: Way, rates: Rates) -> float:
    """About how long the networks take."""
    job, config = costs.job, costs.networks.config
    height, width = job.size.height, job.size.width
    encodings = 1 + job.pose_sets * job.windows
    encoded = encodings * encode_flop(config, job.window_frames, height, width) / rates.encode
    decoded = decode_flop(config, job.frames, height, width) / rates.decode
    sampled = job.passes * job.windows * _pass_seconds(costs, way, rates) / costs.ranks
    moved = 0 if costs.on_host else costs.request_bytes(way)
    return encoded + sampled + decoded + moved / rates.from_host


def _pass_seconds(costs: Costs, way: Way, rates: Rates) -> float:
    in_eight_bits = costs.networks.precision == PRODUCTS
    return rates.pass_seconds(pass_flop(costs.step(way)), costs.pass_bytes(way), in_eight_bits=in_eight_bits)


def _notes(costs: Costs, way: Way, budget: int, rates: Rates | None) -> Iterator[str]:
    """What is to be known of the way, in sentences."""
    waiting = ["the encoders and the autoencoder"] if way.parked else []
    if way.hears_from_host:
        waiting.append("the denoiser's layers that hear texts and pictures")
    if waiting:
        yield f"{' and '.join(waiting)} wait on the host while they have nothing to do: a request takes a little longer"
    if not way.keeps_said:
        yield "keys and values of texts and pictures are made anew for each pass, which takes a little longer"
    if way.resident is None:
        return
    networks = costs.networks
    away = len(networks.blocks) - way.resident
    took = "beside its work"
    if rates is not None:
        alone = _pass_seconds(costs, Way(), rates)
        longer = _pass_seconds(costs, way, rates) / alone
        took += f", {longer:.1f} times as long" if longer > 1 else ", which takes no longer"
    yield f"{away} of the denoiser's {len(networks.blocks)} blocks come from the host for each pass, {took}"
    if networks.is_small:
        return
    eight = replace(costs, networks=networks.in_eight_bits())
    found = _fitting(eight, budget, None)
    if found is not None and found.resident is None:
        yield (
            f"with --precision fp8 all blocks would stay on the device, in {in_gigabytes(eight.device(found))};"
            " the video differs from that of whole weights"
        )
