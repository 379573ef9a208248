"""What a rehearsal found: how each stage went, which sizes fit, how long a cold start would take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenroom.findings import Finding
    from greenroom.models.rehearsal import Size
    from greenroom.runtime.device import Memory

State = Literal["ran", "failed", "not run"]


@dataclass(frozen=True, slots=True)
class StageRun:
    """How one stage went.

    first_s, second_s: seconds, None where it was not done.  device_peak: bytes of GPU memory that were taken at most
    until its end, without what CUDA takes to begin.  words: what it did, for people.
    """

    name: str
    state: State
    first_s: float | None
    second_s: float | None
    device_peak: int | None
    words: str


@dataclass(frozen=True, slots=True)
class SizeFit:
    """Whether a size fits the device.

    fits: None where nothing tells.  bytes: of memory that the process takes at most, None where only a bound is known.
    source: measured in this rehearsal, or predicted from what was measured at other sizes.
    """

    size: str
    words: str
    fits: bool | None
    bytes: int | None
    source: Literal["measured", "predicted"] | None


@dataclass(frozen=True, slots=True)
class ColdStart:
    """From a process that begins to a model that is warm, predicted: seconds.

    start_s: libraries, device and warm-up, as measured here.  read_bytes: of weights; read_s: to read them at
    read_rate, in bytes a second, which is an assumption.  total_s: both.
    """

    start_s: float
    read_bytes: int
    read_rate: int
    read_s: float
    total_s: float


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What a rehearsal found.

    passed: every stage ran.  invented: the weights were.  free, total: bytes of the device's memory before the weights.
    device_peak, host_peak: bytes at most, over everything.  cold_start: None where a stage failed, or the network was
    tiny.
    """

    model: str
    passed: bool
    device: str
    precision: str
    size: str
    tiny: bool
    invented: bool
    stages: tuple[StageRun, ...]
    free: int | None
    total: int | None
    device_peak: int | None
    host_peak: int | None
    sizes: tuple[SizeFit, ...]
    cold_start: ColdStart | None
    findings: tuple[Finding, ...]


def fits(
    sizes: Sequence[Size], measured: Mapping[str, int], too_large: Sequence[str], room: Memory | None
) -> tuple[SizeFit, ...]:
    """Which sizes fit, from what some of them took.

    measured: bytes at most, by size.  too_large: sizes that ran out of memory.  room: before the weights.
    A size below a measured one takes no more than that. Beyond two measured ones it lies on the line through the two
    largest; beyond a single one, nothing tells.
    """
    loads = {size.name: size.load for size in sizes}
    points = sorted((loads[name], taken) for name, taken in measured.items())
    least_too_large = min((loads[name] for name in too_large), default=None)
    return tuple(_fit(size, measured, points, least_too_large, room) for size in sizes)


def _fit(
    size: Size,
    measured: Mapping[str, int],
    points: Sequence[tuple[float, int]],
    least_too_large: float | None,
    room: Memory | None,
) -> SizeFit:
    if size.name in measured:
        return SizeFit(size.name, size.words, fits=True, bytes=measured[size.name], source="measured")
    if least_too_large is not None and size.load >= least_too_large:
        source: Literal["measured", "predicted"] = "measured" if size.load == least_too_large else "predicted"
        return SizeFit(size.name, size.words, fits=False, bytes=None, source=source)
    if points and size.load <= points[-1][0]:
        return SizeFit(size.name, size.words, fits=True, bytes=None, source="predicted")
    if len(points) > 1 and room is not None:
        (near, less), (far, more) = points[-2:]
        taken = round(more + max(0.0, (more - less) / (far - near)) * (size.load - far))
        return SizeFit(size.name, size.words, fits=taken <= room.free, bytes=taken, source="predicted")
    return SizeFit(size.name, size.words, fits=None, bytes=None, source=None)
