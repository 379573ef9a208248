"""What restoring will take of memory and time, and the way that fits, before anything begins.

Nothing is tried: what a way takes is added up from the sizes of what it holds, and the fastest one that fits is taken.
First come ways whose result is that of the whole shot, also where the transformer's weights wait on the host meanwhile;
then shorter windows of time, and then squares of the frame, which change the result where they meet, and are said.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import chain, product
from typing import TYPE_CHECKING

from greenroom.models.planned import lines_of
from greenroom.models.seedvr2.planning.arithmetic import decode_flop, encode_flop, step_flop
from greenroom.models.seedvr2.planning.costs import LEAST_WINDOW, TILES, Costs, filled, grid, least
from greenroom.models.seedvr2.planning.rates import rates_of
from greenroom.models.seedvr2.planning.way import OVERLAP_OF_TILES, Way, tiles_along
from greenroom.runtime.device import is_host
from greenroom.runtime.residency import MemoryShort
from greenroom.runtime.rooms import HostMemoryShort, host_needed
from greenroom.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.models.seedvr2.planning.costs import Job, Networks
    from greenroom.models.seedvr2.planning.rates import Rates
    from greenroom.nn.slices import Slices
    from greenroom.runtime.rooms import Room

_SMALLER = 0.6  # of the memory, once it ran out
_OVERLAP = 8  # frames


@dataclass(frozen=True, slots=True)
class Plan:
    """How a job will be done.

    way: through the networks, the same for all shots.  bytes: of the device at most, of which ``weights`` are weights.
    host_bytes: of the host, beside frames that come and go.  seconds: of the networks, None where nothing is known of
    such a device; window_seconds: of the longest window; estimated: by data sheets, since nobody measured it.  shots,
    frames: how many.  windows: how many in all; more than shots where some are cut.  squares: into which each frame is
    cut, 1 for none.  notes: what the way does to the result.
    """

    model: str
    device: str
    height: int
    width: int
    way: Way
    bytes: int
    weights: int
    host_bytes: int
    free: int
    seconds: float | None
    shots: int
    frames: int
    windows: int
    notes: tuple[str, ...]
    squares: int = 1
    estimated: bool = False
    window_seconds: float | None = None

    def lines(self) -> Iterator[str]:
        """The plan for people."""
        yield f"{self.model} on {self.device}: {self.width}x{self.height}, {counted(self.frames, 'frame')}"
        yield f"shots: {self._cut}"
        yield from lines_of(self)
        way = self.way
        tiles = "whole frames" if way.tile is None else f"{self.squares} squares of {way.tile} pixels a frame"
        yield f"tiles: {tiles}"
        yield f"encoder: {_slices(way.encode)}"
        yield f"decoder: {_slices(way.decode)}"
        most = "all" if way.work.most is None else f"{way.work.most:,}"
        where = "the host" if way.work.on_host else "the device"
        yield f"transformer: {most} tokens at a time, the clip on {where}"
        yield from self.notes

    @property
    def _cut(self) -> str:
        if self.windows == self.shots:
            return f"{self.shots:,}, each as a whole"
        return f"{self.shots:,}, in {self.windows:,} windows of at most {self.way.window} frames"


def plan(networks: Networks, job: Job, room: Room, *, small: bool = False) -> Plan:
    """The fastest way through a job that fits. small: memory ran out, so take less of it.

    Raises MemoryShort, and HostMemoryShort where it is the host that has too little.
    """
    budget = int(room.for_tensors * (_SMALLER if small else 1))
    found = next(_fitting(networks, job, room.device, budget, room.for_host), None)
    if found is None:
        raise _short(networks, job, room, budget)
    way, taken, on_host = found
    rates = rates_of(room.gpu)
    windows = Counter(stop - start for shot in job.shots for start, stop in way.spans(shot))
    seconds = None if rates is None else {frames: _seconds(networks, job, way, rates, frames) for frames in windows}
    return Plan(
        model=networks.name,
        device=room.device if networks.ranks > 1 else room.gpu or room.device,
        height=job.height,
        width=job.width,
        way=way,
        bytes=taken,
        weights=networks.transformer + networks.vae,
        host_bytes=on_host,
        free=room.free,
        seconds=None if seconds is None else sum(count * seconds[frames] for frames, count in windows.items()),
        shots=len(job.shots),
        frames=sum(job.shots),
        windows=windows.total(),
        notes=tuple(_notes(way, job)),
        squares=way.squares(job.height, job.width),
        estimated=rates is not None and (rates.estimated or networks.ranks > 1),
        window_seconds=None if seconds is None else max(seconds.values()),
    )


def _fitting(
    networks: Networks, job: Job, device: str, budget: int, host: int | None
) -> Iterator[tuple[Way, int, int]]:
    """The ways that fit, in the order in which they are wanted, and what each takes of device and host."""
    smaller = [side for side in TILES if side < max(job.height, job.width)]
    parking = (False,) if is_host(device) else (False, True)  # of a CPU the host is the device
    whole = product(_windows(job), (None,), parking)
    for window, tile, parked in chain(whole, product(_windows(job), smaller, parking)):
        costs = Costs(networks, job, min(window or max(job.shots), max(job.shots)), tile, parked)
        cuts = costs.cuts(budget)
        work = costs.work(budget, host) if cuts else None
        if cuts is None or work is None:
            continue
        encode, decode = cuts
        overlap = 0 if window is None else min(job.overlap if window == job.window else _OVERLAP, window // 2)
        taken, on_host = max(costs.encoding(encode), costs.step(work), costs.decoding(decode)), costs.host(work)
        if is_host(device) and taken + on_host > budget:  # both are of the same memory
            continue
        yield Way(encode, decode, work, parked, tile, window, overlap), taken, on_host


def _short(networks: Networks, job: Job, room: Room, budget: int) -> MemoryShort:
    """What is to be said where no way fits: who has too little, the device or the host."""
    if room.host is not None:
        wanted = [on_host for _, _, on_host in _fitting(networks, job, room.device, budget, None)]
        if wanted:
            return HostMemoryShort(networks.name, host_needed(min(wanted)), room.device, room.host)
    return MemoryShort(networks.name, room.needed(least(networks, job)), room.device, room.free)


def _windows(job: Job) -> list[int | None]:
    """None for whole shots, then ever fewer frames; no more than somebody asked for."""
    longest = max(job.shots)
    first = job.window if job.window is not None and job.window < longest else None
    windows: list[int | None] = [first]
    frames = (first or longest) // 2
    while frames >= LEAST_WINDOW:
        windows.append((frames - 1) // 4 * 4 + 1)
        frames //= 2
    return windows


def _seconds(networks: Networks, job: Job, way: Way, rates: Rates, frames: int) -> float:
    """About how long the networks take for a window of so many frames."""
    again = 1.0
    if way.tile is not None:  # where tiles overlap, pixels are computed more than once
        for extent in (job.height, job.width):
            again *= sum(stop - start for start, stop in tiles_along(extent, way.tile)) / extent
    length = filled(frames)
    encode = encode_flop(networks.config, length, job.height, job.width) / rates.encode
    decode = decode_flop(networks.config, length, job.height, job.width) / rates.decode
    step = step_flop(networks.architecture, grid(networks.config, job, frames), networks.text) / rates.transformer
    moved = networks.transformer / rates.from_host if way.parked else 0.0
    # Squares are the first rank's alone. Nobody has measured several.
    alone, shared = (again * (encode + decode), step) if way.tile else (0.0, encode + decode + step)
    return alone + shared / networks.ranks + moved + rates.window


def _notes(way: Way, job: Job) -> Iterator[str]:
    """What the way does to the result, in sentences."""
    if way.tile is not None:
        yield (
            f"the frames do not fit as a whole: the autoencoder takes squares of {way.tile} pixels, which fade into"
            f" each other over {OVERLAP_OF_TILES}, and the result differs a little from that of whole frames"
        )
    if way.window is not None and way.window != job.window:
        yield (
            f"shots of more than {way.window} frames do not fit as a whole: they are restored in windows, which fade"
            f" into each other over {way.overlap} frames"
        )
    if way.parked:
        yield "the transformer's weights are on the host while the autoencoder works: each shot takes a little longer"


def _slices(cut: Slices) -> str:
    return f"{counted(cut.latents, 'latent frame')} at a time, {counted(cut.frames, 'frame')} within"
