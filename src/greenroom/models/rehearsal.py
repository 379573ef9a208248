"""What a family brings so that it can be rehearsed: its whole way as named stages, with weights that nobody trained.

>>> class EchoRehearsal(Rehearsal):
...     sizes = (Size("short", "one word", 1),)
...
...     def prepare(self) -> tuple[Stage, ...]:
...         return (Stage("weights", self._make_weights, invents=True),)
...
...     def request(self, size: Size, *, hurried: bool) -> tuple[Stage, ...]:
...         return (Stage("echo", self._echo),)
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, ClassVar

from greenroom.errors import ExtraMissing, GreenroomError
from greenroom.findings import Finding
from greenroom.progress import Step, silent
from greenroom.runtime.device import CPU

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from fractions import Fraction
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from greenroom.media.audio import Audio, AudioFormat
    from greenroom.recipes.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Size:
    """An amount of work that users ask for.

    name: as ``--size`` takes it.  words: what it is.  load: what memory grows with, in the family's own unit, such as
    frames at once; sizes of one family are compared by it.
    """

    name: str
    words: str
    load: float


@dataclass(frozen=True, slots=True)
class Did:
    """What a stage did. words: a fact or two, for people.  findings: what it found that does not stop it."""

    words: str = ""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Stage:
    """One part of the way. work: does it; what it raises ends the rehearsal.

    invents: it makes up what a real start has or reads from files, so its time is not that of a start.
    """

    name: str
    work: Callable[[], Did]
    invents: bool = False


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a rehearsal is done.

    device: ``cpu`` or ``cuda:0``.  precision: None for what the family takes there by itself.  tiny: a network of the
    same kind that is done in seconds anywhere.  folder: exists, is empty, goes when the rehearsal ends.
    """

    device: str
    folder: Path
    precision: str | None = None
    tiny: bool = False
    step: Step = silent


class Rehearsal(ABC):
    """A family's rehearsal. What one stage makes and a later one needs is kept in the instance.

    sizes: the smallest load first.  runs_on: kinds of devices, the best first.  invented: its weights are made, not
    read; where they come with the package, they are used as they are.
    """

    sizes: ClassVar[tuple[Size, ...]]
    runs_on: ClassVar[tuple[str, ...]] = ("cuda", "cpu")
    invented: ClassVar[bool] = True

    def __init__(self, known: Recipe, conditions: Conditions) -> None:
        self.known = known
        self.conditions = conditions

    @property
    def on_cpu(self) -> bool:
        """No GPU takes part."""
        return self.conditions.device == CPU

    @classmethod
    @abstractmethod
    def precisions(cls, device: str) -> tuple[str, ...]:
        """What the networks can run in on a device, what takes the least memory first."""

    @classmethod
    @abstractmethod
    def usual_size(cls, device: str) -> str:
        """The size that is rehearsed where none is named."""

    @property
    @abstractmethod
    def precision(self) -> str:
        """What it runs in; once its weights are there it is what they are in."""

    @abstractmethod
    def prepare(self) -> tuple[Stage, ...]:
        """What is done once: libraries, weights, warming up."""

    @abstractmethod
    def request(self, size: Size, *, hurried: bool) -> tuple[Stage, ...]:
        """What each request goes through, in order. Called after ``prepare``'s stages, and done more than once.

        hurried: memory alone is asked for, so do as few sampler steps as take the same memory.
        """

    def forget(self) -> None:  # noqa: B027 - a family that keeps nothing between requests has nothing to say here
        """Give back what requests left behind: memory ran out."""


class RehearsalFailed(GreenroomError):
    """A stage ran to its end, and what it made is not what it should be."""

    code = "rehearsal-failed"


@dataclass(frozen=True, slots=True)
class Library:
    """A package that a family imports. name: of the module.  project: as it is installed.  extra: of greenroom."""

    name: str
    project: str
    extra: str


@dataclass(frozen=True, slots=True)
class OptionalLibrary:
    """A package without which a family still works. without: what is then different."""

    library: Library
    without: str


def load_libraries(needed: tuple[Library, ...], optional: tuple[OptionalLibrary, ...] = ()) -> Did:
    """Import the libraries, as a start does; the first of them is named with its version.

    Raises ExtraMissing for one that is needed and not installed, ImportError for one that is and does not load.
    """
    for library in needed:
        try:
            importlib.import_module(library.name)
        except ModuleNotFoundError as error:
            if error.name != library.name:  # it is there, and lacks something itself
                raise
            raise ExtraMissing(library.project, library.extra) from error
    findings = tuple(found for entry in optional if (found := _missing(entry)) is not None)
    return Did(", ".join(f"{library.project} {_version(library)}" for library in needed[:_SHOWN]), findings)


_SHOWN = 3
# Of a lossless and a lossy codec; the latter may pad what it writes.
_CODECS: tuple[AudioFormat, ...] = ("wav", "mp3")
_PADDING_S = 0.1


def encode_and_read_back(audio: Audio, folder: Path) -> Did:
    """Write sound by two codecs and read it again. Raises RehearsalFailed, and what reading and writing raise."""
    import numpy as np

    from greenroom.media.audio import read_audio
    from greenroom.models.speech import write_audio

    sizes = []
    for form in _CODECS:
        target = folder / f"speech.{form}"
        with target.open("wb") as file:
            write_audio(file, target, form, audio)
        again = read_audio(target)
        if not np.isfinite(again.samples).all() or abs(again.seconds - audio.seconds) > _PADDING_S:
            raise RehearsalFailed(
                f"{audio.seconds:.2f} s of sound came back from {form} as {again.seconds:.2f} s",
                mend="pip install --force-reinstall av: its libraries do not encode as they should",
            )
        sizes.append(f"{form} {target.stat().st_size / 1e3:.0f} kB")
    return Did(", ".join(sizes))


def write_and_read_back(frames: Sequence[NDArray[np.uint8]], rate: Fraction, folder: Path) -> Did:
    """Write frames, (height, width, 3), as a clip and count them again. Raises RehearsalFailed, and what reading and
    writing raise."""
    from greenroom.media.video.encoding import Encoding, PictureFormat
    from greenroom.media.video.reading import VideoReader
    from greenroom.media.video.writing import VideoWriter

    target = folder / "clip.mp4"
    height, width = frames[0].shape[:2]
    with VideoWriter(target, PictureFormat.constant(width, height, rate), Encoding()) as out:
        for number, pixels in enumerate(frames):
            out.write(pixels, number / rate)
    again = sum(1 for _ in VideoReader(target).frames())
    if again != len(frames):
        raise RehearsalFailed(
            f"{len(frames)} frames were written, and {again} came back",
            mend="pip install --force-reinstall av: its libraries do not encode as they should",
        )
    return Did(f"h264 {target.stat().st_size / 1e3:,.0f} kB")


def open_device(device: str, *, bfloat16_for: str | None = None) -> Did:
    """Begin to use a device, as a start does.

    device: ``cpu`` or ``cuda:0``.  bfloat16_for: who computes in it on GPUs, so that those that cannot are refused.
    Raises GpuUnusable.
    """
    from greenroom.runtime.cuda import describe, require_gpu
    from greenroom.runtime.rooms import require_bfloat16

    torch = importlib.import_module("torch")
    if device == CPU:
        return Did(f"{torch.get_num_threads()} threads")
    require_gpu(device)
    if bfloat16_for is not None:
        require_bfloat16(device, bfloat16_for)
    torch.empty(1, device=device)
    return Did(describe(device))


def prepared(
    needed: tuple[Library, ...], device: str, family: str, weights: Callable[[], Did]
) -> tuple[Stage, Stage, Stage]:
    """What a family does once that computes in bfloat16 on GPUs. needed: libraries.  family: for words.  weights: makes
    them up."""
    from greenroom.runtime.cuda import prefer_growing_memory

    prefer_growing_memory()
    return (
        Stage("libraries", lambda: load_libraries(needed)),
        Stage("device", lambda: open_device(device, bfloat16_for=family)),
        Stage("weights", weights, invents=True),
    )


def _missing(entry: OptionalLibrary) -> Finding | None:
    library = entry.library
    try:
        importlib.import_module(library.name)
    except ImportError as error:
        return Finding(
            "library-missing",
            "warning",
            f"{library.project} is not installed or does not load ({error}): {entry.without}",
            f'pip install "greenroom[{library.extra}]"',
        )
    return None


def _version(library: Library) -> str:
    try:
        return version(library.project)
    except PackageNotFoundError:  # a module that was put there without its record
        return "of an unknown version"
