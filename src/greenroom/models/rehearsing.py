"""A model's whole way before any download: each stage under a clock and a gauge, and each failure as a finding.

The stages of a request are done twice, since the first time is another one: kernels are chosen, graphs recorded, files
of libraries read. What fails ends the rehearsal; what would have come after it is listed as not run.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.errors import Cancelled, OutputUnwritable, UnknownName
from greenroom.findings import Finding
from greenroom.models.registry import find_rehearsal
from greenroom.models.rehearsal import Conditions
from greenroom.models.rehearsed import ColdStart, Rehearsed, StageRun, State, fits
from greenroom.progress import Step, silent
from greenroom.recipes.catalogue import with_components
from greenroom.recipes.recipe import Download
from greenroom.runtime.cuda import has_gpu
from greenroom.runtime.device import CPU, device_memory
from greenroom.runtime.failures import finding_of
from greenroom.runtime.gauge import Gauge, Peak
from greenroom.runtime.memory import is_out_of_memory, release
from greenroom.runtime.residency import MemoryShort, in_gigabytes
from greenroom.runtime.rooms import HostMemoryShort

if TYPE_CHECKING:
    from greenroom.models.rehearsal import Rehearsal, Size, Stage
    from greenroom.recipes.recipe import Recipe

# What a network volume gives at least, as its provider says: 200 to 400 MB a second.
_READ_RATE = 200_000_000
_OUT_OF_MEMORY = "out-of-memory"
# More than CUDA takes of a GPU to begin, which was 0.55 GB of an H200 (benchmarks/results/rehearsal-h200.json).
_OTHERS = 1_500_000_000


def rehearse(
    name: str,
    *,
    size: str | None = None,
    precision: str | None = None,
    device: str = "auto",
    tiny: bool = False,
    step: Step = silent,
) -> Rehearsed:
    """Rehearse a model of the catalogue. Nothing is fetched, and no weights are read but those that a package carries.

    size, precision: None for what the family takes by itself.  device: ``auto`` is the first GPU that the system shows,
    usable or not, else the CPU.  tiny: a small network of the same kind.
    Raises UnknownName, NotServed, OutputUnwritable without a temporary folder, and what ``step`` raises. What fails on
    the way is a finding.
    """
    known, family = find_rehearsal(name)
    device = _device(family, name, device)
    if precision is not None and precision not in family.precisions(device):
        raise UnknownName(f"precision of {name} on {device}", precision, family.precisions(device))
    sizes = {each.name: each for each in family.sizes}
    wanted = family.usual_size(device) if size is None else size
    if wanted not in sizes:
        raise UnknownName(f"size of {name}", wanted, sizes)
    with _temporary_folder() as folder:
        conditions = Conditions(device, Path(folder), precision, tiny, step)
        return _Course(known, family(known, conditions), sizes[wanted], Gauge(device)).run()


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="greenroom-rehearsal-")
    except OSError as error:
        raise OutputUnwritable(
            f"no temporary folder can be made: {error.strerror or error}",
            mend="set TMPDIR to a folder that may be written",
        ) from error


def _device(family: type[Rehearsal], name: str, asked: str) -> str:
    if asked == "auto":
        return "cuda:0" if family.runs_on[0] == "cuda" and has_gpu() else CPU
    named = "cuda:0" if asked == "cuda" else asked
    kind, _, number = named.partition(":")
    if kind not in family.runs_on or (kind == "cuda" and not number.isdecimal()) or (kind == CPU and number):
        known = [each if each == CPU else "cuda:0" for each in family.runs_on]
        raise UnknownName(f"device of {name}", asked, ["auto", *known])
    return named


@dataclass(slots=True)
class _Record:
    """What is known of a stage so far."""

    stage: Stage
    state: State = "not run"
    seconds: list[float] = field(default_factory=list)
    device_peak: int | None = None
    words: str = ""

    def run(self) -> StageRun:
        first, second = [*(round(taken, 4) for taken in self.seconds), None, None][:2]
        return StageRun(self.stage.name, self.state, first, second, self.device_peak, self.words)


class _Course:
    """One rehearsal from its first stage to its last."""

    def __init__(self, known: Recipe, rehearsal: Rehearsal, size: Size, gauge: Gauge) -> None:
        self._known = known
        self._rehearsal = rehearsal
        self._conditions = rehearsal.conditions
        self._size = size
        self._gauge = gauge
        self._prepared = [_Record(stage) for stage in rehearsal.prepare()]
        self._request = [_Record(stage) for stage in rehearsal.request(size, hurried=False)]
        self._findings: list[Finding] = []
        self._peak = Peak(None, None)
        self._room = device_memory(CPU) if self._conditions.device == CPU else None
        self._measured: dict[str, int] = {}
        self._too_large: list[str] = []

    def run(self) -> Rehearsed:
        """All stages, then what other sizes would take."""
        self._gauge.reset()
        passed = all(map(self._attempt, (*self._prepared, *self._request, *self._request)))
        if passed:
            self._note(self._size, self._peak)
            self._try_larger()
        elif self._too_large:
            self._try_smaller()
        return self._result(passed)

    def _attempt(self, record: _Record) -> bool:
        name = record.stage.name
        self._conditions.step(name, 0, 1)
        began = time.perf_counter()
        try:
            did = record.stage.work()
            self._look(record)
        except Cancelled:
            raise
        except Exception as error:  # whatever fails on a machine is what a rehearsal is for
            record.state = "failed"
            self._findings.append(self._failure(record, error))
            return False
        record.seconds.append(time.perf_counter() - began)
        record.state, record.words = "ran", did.words
        self._findings += [found for found in did.findings if found not in self._findings]  # a request is done twice
        self._conditions.step(name, 1, 1)
        return True

    def _look(self, record: _Record) -> None:
        """Read the gauge, once the device has done all that it was asked."""
        self._peak = self._gauge.read()
        record.device_peak = self._peak.device
        # The stage that begins to use a GPU leaves nothing there yet.
        if self._room is None and self._peak.device is not None:
            self._room = device_memory(self._conditions.device)

    def _failure(self, record: _Record, error: Exception) -> Finding:
        name = record.stage.name
        if isinstance(error, MemoryShort) and not isinstance(error, HostMemoryShort):
            error.mend = "rehearse it on a larger device, or a small network of the same kind: --tiny"
        if not is_out_of_memory(error):
            return finding_of(error, name)
        with suppress(RuntimeError):  # a device without memory may refuse to say how much it had
            self._look(record)
        self._give_back(error)
        # Where not even the weights fit, no size does.
        self._too_large.append((self._size if record in self._request else self._rehearsal.sizes[0]).name)
        least = self._rehearsal.precisions(self._conditions.device)[0]
        other = "" if least == self._rehearsal.precision else f"--precision {least}, or "
        message = f"{name}: memory ran out {self._said_peak()}"
        return Finding(_OUT_OF_MEMORY, "error", message, f"{self._crowd()}take {other}a larger device")

    def _crowd(self) -> str:
        """What to do first where others hold much of a GPU."""
        room = self._room
        if room is None or self._conditions.device == CPU or room.total - room.free < _OTHERS:
            return ""
        taken = in_gigabytes(room.total - room.free)
        return f"stop what else uses {self._conditions.device}, of which {taken} were taken before; or "

    def _give_back(self, error: Exception) -> None:
        """Free what a failed attempt holds."""
        release(error)
        self._rehearsal.forget()
        release()

    def _said_peak(self) -> str:
        if self._peak.device is None or self._room is None:
            return f"on {self._conditions.device}"
        return (
            f"on {self._conditions.device} with {in_gigabytes(self._peak.device)} taken,"
            f" of {in_gigabytes(self._room.free)} that were free"
        )

    def _note(self, size: Size, peak: Peak) -> None:
        """Keep what a size was seen to take."""
        taken = peak.host if self._conditions.device == CPU else peak.device
        if taken is not None:
            self._measured[size.name] = taken

    def _try_larger(self) -> None:
        """Do the next size in as few steps as show its memory: from two sizes the others are predicted."""
        larger = [size for size in self._rehearsal.sizes if size.load > self._size.load]
        if larger and self._is_worth_trying():
            self._probe(larger[0])

    def _try_smaller(self) -> None:
        """Find the largest size that fits, after one that did not."""
        loads = {size.name: size.load for size in self._rehearsal.sizes}
        least = min(loads[name] for name in self._too_large)
        smaller = [size for size in self._rehearsal.sizes if size.load < least]
        fitting = next((size for size in reversed(smaller) if self._probe(size)), None)
        if fitting is not None:
            tried = f"--size {fitting.name} fits, as was tried; or "
            self._findings = [
                replace(found, mend=tried + found.mend) if found.code == _OUT_OF_MEMORY else found
                for found in self._findings
            ]

    def _is_worth_trying(self) -> bool:
        """On a CPU one more size takes as long as all the rest, and its memory is seldom what lacks."""
        return self._conditions.device != CPU and not self._conditions.tiny

    def _probe(self, size: Size) -> bool:
        """Whether a size can be done."""
        self._gauge.reset()
        self._conditions.step(f"trying {size.name}", 0, 1)
        try:
            for stage in self._rehearsal.request(size, hurried=True):
                stage.work()
            peak = self._gauge.read()
        except Cancelled:
            raise
        except Exception as error:  # a trial changes nothing: the rehearsal has passed, or has failed before
            if is_out_of_memory(error):
                self._too_large.append(size.name)
            else:
                self._findings.append(replace(finding_of(error, f"trying {size.name}"), severity="warning"))
            self._give_back(error)
            return False
        self._note(size, peak)
        return True

    def _result(self, passed: bool) -> Rehearsed:
        tiny = self._conditions.tiny and self._rehearsal.invented  # what comes whole is not made small
        return Rehearsed(
            model=self._known.name,
            passed=passed,
            device=self._conditions.device,
            precision=self._rehearsal.precision,
            size=self._size.name,
            tiny=tiny,
            invented=self._rehearsal.invented,
            stages=tuple(record.run() for record in (*self._prepared, *self._request)),
            free=self._room.free if self._room else None,
            total=self._room.total if self._room else None,
            device_peak=self._peak.device,
            host_peak=self._peak.host,
            sizes=() if tiny else fits(self._rehearsal.sizes, self._measured, self._too_large, self._room),
            cold_start=self._cold_start() if passed and not tiny else None,
            findings=tuple(self._findings),
        )

    def _cold_start(self) -> ColdStart:
        start = sum(record.seconds[0] for record in self._prepared if not record.stage.invents)
        download = sum((part.download() for part in with_components(self._known.name)), Download())
        read = download.bytes if self._rehearsal.invented else 0  # what is used as it is was read just now
        seconds = read / _READ_RATE
        return ColdStart(round(start, 2), read, _READ_RATE, round(seconds, 2), round(start + seconds, 2))
