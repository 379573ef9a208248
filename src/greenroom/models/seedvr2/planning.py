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

from greenroom.models.seedvr2.arithmetic import decode_flop, encode_flop, step_flop
from greenroom.models.seedvr2.costs import LEAST_WINDOW, TILES, Costs, filled, grid, least
from greenroom.models.seedvr2.rates import RATES
from greenroom.models.seedvr2.way import OVERLAP_OF_TILES, Way
from greenroom.runtime.device import CPU
from greenroom.runtime.residency import MemoryShort, in_gigabytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.models.seedvr2.costs import Job, Networks

# The rest is for pieces between tensors, which torch cannot use, and for what cuDNN works in. With 0.85 a clip that was
# to take 13.3 GB ran out of 16 (benchmarks/results/seedvr2-engine-h200.json).
_SHARE = 0.8
_SHARE_OF_HOST = 0.8
_SMALLER = 0.6  # of the memory, once it ran out
_OVERLAP = 8  # frames


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes that may be taken. device: its name.  free: of it, the weights' included.  host: None where unknown.

    gpu: the GPU's own name, empty for the CPU.
    """

    device: str
    free: int
    host: int | None = None
    gpu: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a job will be done.

    way: through the networks, the same for all shots.  bytes: of the device at most, of which ``weights`` are weights.
    host_bytes: of the host, beside frames.  seconds: None where nobody measured such a device.  shots, frames: how
    many.  windows: how many in all; more than shots where some are cut.  notes: what the way does to the result.
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

    def lines(self) -> Iterator[str]:
        """The plan for people."""
        what = f"{self.width}x{self.height}, {self.frames:,} frames in {self.shots:,} shots"
        yield f"{self.model} on {self.device}: {what}"
        beside = f", and {in_gigabytes(self.host_bytes)} of the host" if self.host_bytes else ""
        yield f"memory: {in_gigabytes(self.bytes)} of {in_gigabytes(self.free)} at most{beside}"
        yield f"time: {'unknown for this device' if self.seconds is None else f'about {self.seconds:,.0f} s'}"
        way = self.way
        yield f"encoder: {way.encode.latents} latent frames at a time, {way.encode.frames} frames within"
        yield f"decoder: {way.decode.latents} latent frames at a time, {way.decode.frames} frames within"
        most = "all" if way.work.most is None else f"{way.work.most:,}"
        where = "the host" if way.work.on_host else "the device"
        yield f"transformer: {most} tokens at a time, the clip on {where}"
        yield from self.notes


def plan(networks: Networks, job: Job, room: Room, *, small: bool = False) -> Plan:
    """The fastest way through a job that fits. small: memory ran out, so take less of it. Raises MemoryShort."""
    budget = int(room.free * _SHARE * (_SMALLER if small else 1))
    host = None if room.host is None else int(room.host * _SHARE_OF_HOST)
    found = _found(networks, job, room.device, budget, host)
    if found is None:
        raise MemoryShort(networks.name, int(least(networks, job) / _SHARE), room.device, room.free)
    way, taken, on_host = found
    return Plan(
        model=networks.name,
        device=room.gpu or room.device,
        height=job.height,
        width=job.width,
        way=way,
        bytes=taken,
        weights=networks.transformer + networks.vae,
        host_bytes=on_host,
        free=room.free,
        seconds=_seconds(networks, job, way, room.gpu),
        shots=len(job.shots),
        frames=sum(job.shots),
        windows=sum(len(list(way.spans(shot))) for shot in job.shots),
        notes=tuple(_notes(way, job)),
    )


def _found(networks: Networks, job: Job, device: str, budget: int, host: int | None) -> tuple[Way, int, int] | None:
    """The first way that fits, of those in the order in which they are wanted; what it takes of device and host."""
    smaller = [side for side in TILES if side < max(job.height, job.width)]
    parking = (False,) if device == CPU else (False, True)  # of a CPU the host is the device
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


def _seconds(networks: Networks, job: Job, way: Way, gpu: str) -> float | None:
    """About how long the networks take for all of it."""
    rates = RATES.get(gpu)
    if rates is None:
        return None
    total = 0.0
    for frames, count in Counter(stop - start for shot in job.shots for start, stop in way.spans(shot)).items():
        length = filled(frames)
        again = 1.0 if way.tile is None else (way.tile / (way.tile - OVERLAP_OF_TILES)) ** 2
        encode = encode_flop(networks.config, length, job.height, job.width) / rates.encode
        decode = decode_flop(networks.config, length, job.height, job.width) / rates.decode
        step = step_flop(networks.architecture, grid(networks.config, job, frames), networks.text) / rates.transformer
        moved = networks.transformer / rates.from_host if way.parked else 0.0
        total += count * (again * (encode + decode) + step + moved)
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
