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

from greenroom.models.seedvr2.planning.arithmetic import decode_flop, encode_flop, step_flop
from greenroom.models.seedvr2.planning.costs import LEAST_WINDOW, TILES, Costs, filled, grid, least
from greenroom.models.seedvr2.planning.rates import rates_of
from greenroom.models.seedvr2.planning.way import OVERLAP_OF_TILES, Way, tiles_along
from greenroom.runtime.device import is_host
from greenroom.runtime.residency import MemoryShort, in_gigabytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.models.seedvr2.planning.costs import Job, Networks
    from greenroom.models.seedvr2.planning.rates import Rates
    from greenroom.models.seedvr2.vae.slices import Slices

# Ways ran in 2.5 % more than their tensors take where torch's allocator grows its segments, and in up to 20 % more
# where it does not (benchmarks/results/seedvr2-least-h200.json); the sums here are off by 2 %.
_SHARE, _SHARE_IN_PIECES = 0.94, 0.8
_LIBRARIES = 400_000_000  # kernels and workspaces of CUDA's libraries, which are loaded as they are needed
_SHARE_OF_HOST = 0.8
_SMALLER = 0.6  # of the memory, once it ran out
_OVERLAP = 8  # frames


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes that may be taken. device: its name.  free: of it, the weights' included.  host: None where unknown.

    gpu: the GPU's own name, empty for the CPU.  grows: torch's allocator grows its segments (``runtime.cuda``).
    """

    device: str
    free: int
    host: int | None = None
    gpu: str = ""
    grows: bool = True

    @property
    def for_tensors(self) -> int:
        """As many of the device as tensors may add up to."""
        if is_host(self.device):
            return int(self.free * _SHARE_OF_HOST)
        return int(max(0, self.free - _LIBRARIES) * (_SHARE if self.grows else _SHARE_IN_PIECES))

    def needed(self, tensors: int) -> int:
        """How much would have to be free for tensors of so many bytes."""
        if is_host(self.device):
            return int(tensors / _SHARE_OF_HOST)
        return int(tensors / (_SHARE if self.grows else _SHARE_IN_PIECES)) + _LIBRARIES


@dataclass(frozen=True, slots=True)
class Plan:
    """How a job will be done.

    way: through the networks, the same for all shots.  bytes: of the device at most, of which ``weights`` are weights.
    host_bytes: of the host, beside frames.  seconds: of the networks, None where nothing is known of such a device;
    estimated: by data sheets, since nobody measured it.  shots, frames: how many.  windows: how many in all; more than
    shots where some are cut.  squares: into which each frame is cut, 1 for none.  notes: what the way does to the
    result.
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

    def lines(self) -> Iterator[str]:
        """The plan for people."""
        yield f"{self.model} on {self.device}: {self.width}x{self.height}, {_of(self.frames, 'frame')}"
        yield f"shots: {self._cut}"
        beside = f", and {in_gigabytes(self.host_bytes)} of the host" if self.host_bytes else ""
        weights = f", weights {in_gigabytes(self.weights)}"
        yield f"memory: {in_gigabytes(self.bytes)} of {in_gigabytes(self.free)} at most{weights}{beside}"
        yield f"time: {self._time}"
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

    @property
    def _time(self) -> str:
        if self.seconds is None:
            return "unknown for this device"
        measured = ", estimated from its data sheet" if self.estimated else ""
        return f"about {_spoken(self.seconds)}{measured}"


def plan(networks: Networks, job: Job, room: Room, *, small: bool = False) -> Plan:
    """The fastest way through a job that fits. small: memory ran out, so take less of it. Raises MemoryShort."""
    budget = int(room.for_tensors * (_SMALLER if small else 1))
    host = None if room.host is None else int(room.host * _SHARE_OF_HOST)
    found = _found(networks, job, room.device, budget, host)
    if found is None:
        raise MemoryShort(networks.name, room.needed(least(networks, job)), room.device, room.free)
    way, taken, on_host = found
    rates = rates_of(room.gpu)
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
        seconds=None if rates is None else _seconds(networks, job, way, rates),
        shots=len(job.shots),
        frames=sum(job.shots),
        windows=sum(len(list(way.spans(shot))) for shot in job.shots),
        notes=tuple(_notes(way, job)),
        squares=way.squares(job.height, job.width),
        estimated=rates is not None and (rates.estimated or networks.ranks > 1),
    )


def _found(networks: Networks, job: Job, device: str, budget: int, host: int | None) -> tuple[Way, int, int] | None:
    """The first way that fits, of those in the order in which they are wanted; what it takes of device and host."""
    smaller = [side for side in TILES if side < max(job.height, job.width)]
    parking = (False,) if is_host(device) else (False, True)  # of a CPU the host is the device
    whole = product(_windows(job), (None,), parking)
    for window, tile, parked in chain(whole, product(_windows(job), smaller, parking)):
        costs = Costs(networks, job, min(window or max(job.shots), max(job.shots)), tile, parked)
        cuts = costs.cuts(budget)
        work = costs.work(budget) if cuts else None
        if cuts is None or work is None or (host is not None and costs.host(work) > host):
            continue
        encode, decode = cuts
        overlap = 0 if window is None else min(job.overlap if window == job.window else _OVERLAP, window // 2)
        taken = max(costs.encoding(encode), costs.step(work), costs.decoding(decode))
        return Way(encode, decode, work, parked, tile, window, overlap), taken, costs.host(work)
    return None


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


def _seconds(networks: Networks, job: Job, way: Way, rates: Rates) -> float:
    """About how long the networks take for all of it."""
    total = 0.0
    again = 1.0
    if way.tile is not None:  # where tiles overlap, pixels are computed more than once
        for extent in (job.height, job.width):
            again *= sum(stop - start for start, stop in tiles_along(extent, way.tile)) / extent
    for frames, count in Counter(stop - start for shot in job.shots for start, stop in way.spans(shot)).items():
        length = filled(frames)
        encode = encode_flop(networks.config, length, job.height, job.width) / rates.encode
        decode = decode_flop(networks.config, length, job.height, job.width) / rates.decode
        step = step_flop(networks.architecture, grid(networks.config, job, frames), networks.text) / rates.transformer
        moved = networks.transformer / rates.from_host if way.parked else 0.0
        # Squares are the first rank's alone. Nobody has measured several.
        alone, shared = (again * (encode + decode), step) if way.tile else (0.0, encode + decode + step)
        total += count * (alone + shared / networks.ranks + moved + rates.window)
    return total


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


def _of(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _slices(cut: Slices) -> str:
    return f"{_of(cut.latents, 'latent frame')} at a time, {_of(cut.frames, 'frame')} within"


def _spoken(seconds: float) -> str:
    """A time as people say it: ``3 s``, ``12 min``, ``5 h 20 min``."""
    minutes = round(seconds / 60)
    if seconds < 120:
        return f"{max(1, round(seconds))} s"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
