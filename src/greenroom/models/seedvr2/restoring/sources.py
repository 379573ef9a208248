"""What is restored: a video, a picture, or pictures by number. What a file is, its content says, and not its name.

Nothing here keeps frames: a source of any length is read as often as it is asked, a frame at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.errors import InputInvalid, quoted
from greenroom.media.video.errors import VideoDamaged
from greenroom.media.video.images import READ_SUFFIXES, image_extras, read_image
from greenroom.media.video.opening import is_still
from greenroom.media.video.reading import Frame, VideoReader
from greenroom.media.video.sequences import ImageSequence, is_pattern
from greenroom.models.seedvr2.frames.sizes import Size

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from greenroom.media.video.colour import Pixels
    from greenroom.media.video.facts import VideoFacts
    from greenroom.models.seedvr2.restoring.restored import Kind
    from greenroom.recipes.inputs.seedvr2 import RestoreInputs

_USUAL_RATE = Fraction(25)
# 23.976, 29.97 and the like stand for these.
_NTSC = tuple(Fraction(1000 * whole, 1001) for whole in (24, 30, 48, 60, 120))
_NTSC_WITHIN = Fraction(1, 200)
_SMALL = 64  # pixels of the longer side in which cuts are looked for


class SourceInterlaced(InputInvalid):
    """The frames of a video hold lines of two moments, which the networks take for one picture."""

    code = "source-interlaced"


class SourceDamaged(VideoDamaged):
    """A video breaks off, or does not decode from somewhere on. frames: how many are whole, from its beginning.

    decoded: they were looked at; before that nobody knows whether the last of them decode.
    """

    def __init__(self, path: Path, frames: int, total: int, *, decoded: bool = True) -> None:
        most = "" if decoded else "at most "
        super().__init__(
            f"{quoted(path)} is damaged or cut off: of {total:,} frames {most}the first {frames:,} are whole", frames
        )
        kept = f"the {frames:,} frames" if decoded else "the frames"
        self.mend = f"copy or download it again, or keep {kept} that are whole: --damaged keep"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What is restored.

    size: of a frame as it is shown.  bits: of each colour.  frames: how many.  files: all that it is read from.
    facts: of a video.  rate: frames a second of pictures by number.  transparent: frames may be, and are refused then.
    profile: of the colours of pictures (ICC).  notes: sentences on what was guessed, or what will be lost.
    """

    path: Path
    kind: Kind
    size: Size
    bits: int
    frames: int
    files: tuple[Path, ...]
    notes: tuple[str, ...]
    reader: VideoReader | ImageSequence | None
    still: Pixels | None = None
    rate: Fraction = _USUAL_RATE
    transparent: bool = False
    profile: bytes = b""

    @property
    def facts(self) -> VideoFacts | None:
        """Of a video; None for pictures."""
        return self.reader.facts if isinstance(self.reader, VideoReader) else None

    def read(self, start: int, stop: int) -> Generator[Frame, None, None]:
        """The frames from ``start`` until before ``stop``, as often as it is asked.

        Raises SourceDamaged, FileUnreadable, FrameSizeChanged, AlphaPresent, EncodingImpossible.
        """
        if self.reader is None:
            assert self.still is not None  # noqa: S101 - of a picture
            yield from [Frame(self.still, 0, Fraction(0), 1 / self.rate)][start:stop]
            return
        try:
            yield from self.reader.frames(start, stop)
        except VideoDamaged as error:
            raise self.damaged(start + error.frames) from error

    def time(self, frame: int) -> Fraction:
        """When a frame is shown, in seconds."""
        return frame / self.rate if self.facts is None else self.facts.time(frame)

    def duration(self, frame: int) -> Fraction:
        """How long a frame is shown, in seconds."""
        return 1 / self.rate if self.facts is None else self.facts.timeline.duration(frame)

    def damaged(self, whole: int, *, decoded: bool = True) -> SourceDamaged:
        """What is to be said where no more than ``whole`` frames are whole. decoded: they were looked at."""
        total = self.frames + (self.facts.missing if self.facts else 0)
        return SourceDamaged(self.path, whole, total, decoded=decoded)

    def small(self) -> Iterator[Pixels]:
        """All frames small, which is fast; those that may be transparent as they are, which tells. Raises as ``read``.

        A transparent frame is refused here, and not hours later.
        """
        if self.transparent or not isinstance(self.reader, VideoReader):
            yield from (frame.pixels for frame in self.read(0, self.frames))
            return
        whole = 0
        try:
            for pixels in self.reader.thumbnails(_SMALL):
                yield pixels
                whole += 1
        except VideoDamaged as error:
            raise self.damaged(whole) from error


def look(inputs: RestoreInputs) -> Source:
    """What is to be restored, without decoding more than a frame.

    Raises FileUnreadable, SourceInterlaced, SourceDamaged, AlphaPresent, EncodingImpossible, InputInvalid.
    """
    path = Path(inputs.source)
    if path.is_dir() or is_pattern(path):
        return _by_number(path, inputs)
    if inputs.fps is not None:
        raise InputInvalid(
            f"fps is for pictures by number, and {quoted(path)} is one file", mend="leave it out: a video has its own"
        )
    return _picture(path, inputs) if is_still(path) else _video(path, inputs)


def holds_still(path: Path) -> bool:
    """Whether a source is one picture, which becomes a picture, and none by number. Raises FileUnreadable."""
    return not path.is_dir() and not is_pattern(path) and is_still(path)


def _picture(path: Path, inputs: RestoreInputs) -> Source:
    pixels = read_image(path, alpha=inputs.alpha)
    says_otherwise = path.suffix and path.suffix.lower() not in (*READ_SUFFIXES, ".gif", ".apng")
    extras = image_extras(path)
    notes = (*([f"{quoted(path.name)} is a picture, whatever its name says"] if says_otherwise else []), *extras.notes)
    bits, profile = 8 * pixels.itemsize, extras.profile
    return Source(path, "picture", _size(pixels), bits, 1, (path,), notes, None, pixels, profile=profile)


def _by_number(path: Path, inputs: RestoreInputs) -> Source:
    rate = _USUAL_RATE if inputs.fps is None else _rate(inputs.fps)
    reader = ImageSequence(path, rate, alpha=inputs.alpha)
    first = next(reader.frames(0, 1)).pixels
    assumed = () if inputs.fps else (f"{_USUAL_RATE} frames a second are assumed: --fps says another rate",)
    files = tuple(reader.files)
    extras = image_extras(files[0])
    notes = (*reader.notes, *extras.notes, *assumed)
    bits, profile = 8 * first.itemsize, extras.profile
    return Source(path, "pictures", _size(first), bits, len(files), files, notes, reader, rate=rate, profile=profile)


def _video(path: Path, inputs: RestoreInputs) -> Source:
    reader = VideoReader(path, alpha=inputs.alpha)
    facts = reader.facts
    if facts.interlaced:
        raise SourceInterlaced(
            f"{quoted(path)} is interlaced: each of its frames holds lines of two moments",
            mend="deinterlace it first, such as with ffmpeg -i IN -vf bwdif OUT.mkv",
        )
    notes = facts.notes
    if path.suffix.lower() in READ_SUFFIXES:
        notes = (f"{quoted(path.name)} is a video, whatever its name says", *notes)
    source = Source(
        path=path,
        kind="video",
        size=Size(facts.height, facts.width),
        bits=facts.bit_depth,
        frames=facts.frames,
        files=(path,),
        notes=notes,
        reader=reader,
        transparent=facts.alpha and inputs.alpha == "refuse",
    )
    if facts.missing and inputs.damaged == "refuse":
        raise source.damaged(facts.frames, decoded=False)
    return source


def _size(pixels: Pixels) -> Size:
    return Size(*pixels.shape[:2])


def _rate(fps: float) -> Fraction:
    """The exact rate that a decimal number means."""
    given = Fraction(fps)
    return next((rate for rate in _NTSC if abs(rate - given) < _NTSC_WITHIN), given.limit_denominator(1001))
