"""Pictures by number as the frames of a video: folders, and patterns such as ``f%05d.png``."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Self

from greenroom.errors import FileUnreadable, InputInvalid, UnknownName, quoted
from greenroom.files import Publication
from greenroom.media.folders import in_folder
from greenroom.media.video.errors import FrameSizeChanged
from greenroom.media.video.images import IMAGE_SUFFIXES, READ_SUFFIXES, encoded_image, read_image
from greenroom.media.video.reading import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction
    from pathlib import Path
    from types import TracebackType

    from greenroom.media.video.colour import Pixels
    from greenroom.media.video.reading import Alpha

_PATTERN = re.compile(r"%0?([0-9]*)d")
_NUMBERS = re.compile(r"([0-9]+)")
USUAL_PATTERN = "%06d.png"
"""Of pictures in a folder that nobody named a pattern for."""


class ImageSequence:
    """Pictures as the frames of a video: those of a folder in natural order, or of a pattern such as ``f%05d.png``.

    rate: frames a second.  notes: sentences on numbers that a folder lacks. Raises FileUnreadable where there are none,
    or a number of the pattern is absent.
    """

    def __init__(self, path: Path, rate: Fraction, *, alpha: Alpha = "refuse") -> None:
        self.files = _of_folder(path) if path.is_dir() else _of_pattern(path)
        self.rate = rate
        self.notes = tuple(_gaps(path, self.files)) if path.is_dir() else ()
        self._alpha = alpha

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """As VideoReader.frames. Raises as read_image, and FrameSizeChanged."""
        shape, kind = None, None
        for index in range(start, len(self.files) if stop is None else min(stop, len(self.files))):
            path = self.files[index]
            pixels = read_image(path, alpha=self._alpha)
            if shape is not None and (pixels.shape, pixels.dtype) != (shape, kind):
                now, was = (f"{of[1]}x{of[0]}" for of in (pixels.shape, shape))
                raise FrameSizeChanged(
                    f"{quoted(path)} is {now} {pixels.dtype}, and those before it are {was} {kind}",
                    mend="make all pictures alike",
                )
            shape, kind = pixels.shape, pixels.dtype
            yield Frame(pixels, index, index / self.rate, 1 / self.rate)


class ImageSequenceWriter:
    """Writes frames as pictures, which all appear at the end: into a folder, or by a pattern such as ``f%05d.png``.

    Numbers begin at 1, as FFmpeg's do. Raises UnknownName, EncodingImpossible, OutputUnwritable.
    """

    def __init__(self, path: Path) -> None:
        pattern = numbered_in(path)
        form = IMAGE_SUFFIXES.get(pattern.suffix.lower())
        if form is None:
            raise UnknownName("picture format", pattern.suffix, IMAGE_SUFFIXES)
        self.frames = 0
        self._form = form
        self._name = pattern.name
        self._publication = Publication(pattern.parent)

    def write(self, pixels: Pixels, time: Fraction, duration: Fraction | None = None) -> None:
        """Append a picture, as VideoWriter.write does; nothing keeps its time."""
        self.frames += 1
        self._publication.write(numbered_name(self._name, self.frames), encoded_image(pixels, self._form))

    def __enter__(self) -> Self:
        self._publication.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._publication.__exit__(kind, error, trace)


def is_pattern(path: Path) -> bool:
    """Whether a path names many files by their number: ``f%05d.png``."""
    return bool(_PATTERN.search(path.name))


def numbered_in(path: Path) -> Path:
    """The pattern of pictures by number: a path that is one, or the usual one in a folder."""
    return path if is_pattern(path) else path / USUAL_PATTERN


def numbered_name(pattern: str, number: int) -> str:
    """The name of one of the files that a pattern such as ``f%05d.png`` stands for."""
    return _PATTERN.sub(lambda found: f"{number:0{found[1] or 1}}", pattern)


def number_in(name: str, pattern: str) -> int | None:
    """Which number a name has in a pattern such as ``f%05d.png``; None for a file that is none of it."""
    found = _PATTERN.search(pattern)
    if found is None:
        return None
    before, after = re.escape(pattern[: found.start()]), re.escape(pattern[found.end() :])
    match = re.fullmatch(rf"{before}([0-9]{{{found[1] or 1},}}){after}", name)
    return int(match[1]) if match else None


def _of_folder(folder: Path) -> list[Path]:
    files = [path for path in in_folder(folder) if path.suffix.lower() in READ_SUFFIXES]
    if not files:
        raise FileUnreadable(f"{quoted(folder)} holds no pictures", mend=f"give a folder of {', '.join(READ_SUFFIXES)}")
    return sorted(files, key=_pieces)


def _pieces(path: Path) -> list[str | int]:
    """A name's text and numbers in turn, so that 9.png comes before 10.png."""
    # By their places: what Python calls a digit in other scripts is text here, and no number to it either.
    return [int(piece) if place % 2 else piece for place, piece in enumerate(_NUMBERS.split(path.name))]


def _gaps(folder: Path, files: Sequence[Path]) -> Iterator[str]:
    """What is to be said where names differ in one number alone, and numbers are absent between the first and last."""
    named = [_pieces(file) for file in files]
    varying = [place for place, pieces in enumerate(zip(*named, strict=False)) if len(set(pieces)) > 1]
    if len({len(pieces) for pieces in named}) > 1 or len(varying) != 1 or not varying[0] % 2:
        return
    numbers = [int(pieces[varying[0]]) for pieces in named]
    absent = numbers[-1] - numbers[0] + 1 - len(set(numbers))
    if absent:
        first = next(before + 1 for before, after in pairwise(numbers) if after > before + 1)
        yield (
            f"in {quoted(folder)}, numbers go from {numbers[0]} to {numbers[-1]} and {absent} are absent, the first is "
            f"{first}: the pictures around each gap follow one another"
        )


def _of_pattern(path: Path) -> list[Path]:
    if not is_pattern(path):
        raise InputInvalid(f"{quoted(path)} is no folder and no pattern", mend="name a folder, or files as f%05d.png")
    names = in_folder(path.parent, hidden=True)
    numbered = {number: file for file in names if (number := number_in(file.name, path.name)) is not None}
    if not numbered:
        raise FileUnreadable(f"there is no picture {quoted(path)}", mend="check the path")
    first, last = min(numbered), max(numbered)
    for number in range(first, last + 1):
        if number not in numbered:
            raise FileUnreadable(
                f"of {quoted(path)} there is number {first} to {last}, and {number} is absent", mend="add it"
            )
    return [numbered[number] for number in range(first, last + 1)]
