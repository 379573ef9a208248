"""Parts of a result: written one by one, each whole or absent, and put together in the end."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from abc import ABC, abstractmethod
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol, Self

from greenroom.errors import FileUnreadable
from greenroom.files import Publication, writing_to
from greenroom.media.video.encoding import part_suffix
from greenroom.media.video.facts import read_facts
from greenroom.media.video.images import encoded_image
from greenroom.media.video.joining import join, require_joinable
from greenroom.media.video.reading import VideoReader
from greenroom.media.video.sequences import ImageSequence, numbered_name
from greenroom.media.video.writing import VideoWriter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType

    from greenroom.media.video.colour import Pixels
    from greenroom.media.video.images import ImageFormat
    from greenroom.models.seedvr2.restoring.encodings import Form
    from greenroom.models.seedvr2.restoring.journal import Journal
    from greenroom.models.seedvr2.restoring.sources import Source
    from greenroom.progress import Step

JOINING = "joining"
COPYING = "copying to its place"
ENDING = (JOINING, COPYING)
"""Stages behind the last frame."""
_COPIED = 1 << 22  # bytes


class Writer(Protocol):
    """Takes the frames of a part, one after another."""

    def write(self, pixels: Pixels, time: Fraction, duration: Fraction | None = None) -> None:
        """Append a frame."""


class Parts(ABC):
    """What parts of one kind of result are. suffix: of their names."""

    suffix: str

    @abstractmethod
    def writer(self, part: Path, first: int) -> AbstractContextManager[Writer]:
        """Makes a part, which appears when the block ends. first: its first frame's place in the whole."""

    @abstractmethod
    def frames(self, part: Path) -> int:
        """How many frames a part holds; 0 for one that is damaged."""

    @abstractmethod
    def frame(self, part: Path, place: int) -> Pixels:
        """A frame of a part, counted from its first."""

    @abstractmethod
    def size(self, frames: int) -> int | None:
        """Bytes of the result where it is published; None where it is not there. frames: that it has."""

    @abstractmethod
    def require_joinable(self, source: Source) -> None:
        """Refuse now what would fail when all parts are there. Raises EncodingImpossible, OutputUnwritable."""

    @abstractmethod
    def publish(self, parts: Sequence[Path], journal: Journal, source: Source, step: Step) -> tuple[str, ...]:
        """Make the result of all parts. Gives notes. Raises OutputUnwritable, and what ``step`` raises."""


class VideoParts(Parts):
    """Files of encoded frames, which are joined without being encoded again."""

    def __init__(self, form: Form) -> None:
        assert form.encoding is not None  # noqa: S101 - of a video
        assert form.pictures is not None  # noqa: S101 - of a video
        self._encoding, self._pictures, self._output = form.encoding, form.pictures, form.output
        self.suffix = part_suffix(form.encoding.codec)

    def writer(self, part: Path, first: int) -> VideoWriter:
        """See ``Parts``."""
        return VideoWriter(part, self._pictures, self._encoding)

    def frames(self, part: Path) -> int:
        """See ``Parts``."""
        try:
            return read_facts(part).frames
        except FileUnreadable:
            return 0

    def frame(self, part: Path, place: int) -> Pixels:
        """See ``Parts``."""
        return next(VideoReader(part).frames(place, place + 1)).pixels

    def require_joinable(self, source: Source) -> None:
        """See ``Parts``."""
        require_joinable(self._output, self._pictures, self._encoding, source.facts)

    def size(self, frames: int) -> int | None:
        """See ``Parts``."""
        return self._output.stat().st_size if self._output.is_file() else None

    def publish(self, parts: Sequence[Path], journal: Journal, source: Source, step: Step) -> tuple[str, ...]:
        """See ``Parts``. The file is put together among the parts, where what a crash leaves is found and removed."""
        whole = journal.joined(self._output.suffix.lower())
        notes = join(parts, whole, source=source.facts, step=step)
        _moved(whole, self._output, step)
        return notes


class PictureParts(Parts):
    """Folders of pictures, named by their number in the whole."""

    suffix = ""

    def __init__(self, form: Form) -> None:
        assert form.image is not None  # noqa: S101 - of pictures
        self._image, self._profile, self._pattern = form.image, form.profile, form.output

    def writer(self, part: Path, first: int) -> AbstractContextManager[Writer]:
        """See ``Parts``."""
        return _Pictures(part, self._pattern.name, self._image, first, self._profile)

    def frames(self, part: Path) -> int:
        """See ``Parts``."""
        return sum(1 for _ in part.iterdir())

    def frame(self, part: Path, place: int) -> Pixels:
        """See ``Parts``."""
        return next(ImageSequence(part, Fraction(1)).frames(place, place + 1)).pixels

    def require_joinable(self, source: Source) -> None:
        """See ``Parts``. Pictures are not joined."""

    def size(self, frames: int) -> int | None:
        """See ``Parts``."""
        name, folder = self._pattern.name, self._pattern.parent
        try:
            return sum((folder / numbered_name(name, number)).stat().st_size for number in range(1, frames + 1))
        except OSError:
            return None

    def publish(self, parts: Sequence[Path], journal: Journal, source: Source, step: Step) -> tuple[str, ...]:
        """See ``Parts``. Pictures stay in their parts, too, until all are published."""
        pictures = [picture for part in parts for picture in sorted(part.iterdir())]
        folder = self._pattern.parent
        with writing_to(folder):
            folder.mkdir(parents=True, exist_ok=True)
        for number, picture in enumerate(pictures):
            step(JOINING, number, len(pictures))
            _linked(picture, folder / picture.name, step)
        return ()


class _Pictures:
    """A folder of pictures that is whole or absent."""

    def __init__(self, part: Path, name: str, image: ImageFormat, first: int, profile: bytes) -> None:
        self._part = part
        self._staged = part.with_name(f".{secrets.token_hex(6)}.part")
        self._name, self._image, self._number, self._profile = name, image, first, profile

    def write(self, pixels: Pixels, time: Fraction, duration: Fraction | None = None) -> None:
        """Append a picture; nothing keeps its time."""
        self._number += 1
        path = self._staged / numbered_name(self._name, self._number)
        with writing_to(path), path.open("xb") as file:
            file.write(encoded_image(pixels, self._image, profile=self._profile))
            file.flush()
            os.fsync(file.fileno())

    def __enter__(self) -> Self:
        with writing_to(self._part):
            self._staged.mkdir()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                with writing_to(self._part):
                    self._staged.rename(self._part)
        finally:
            shutil.rmtree(self._staged, ignore_errors=True)


def parts_of(form: Form) -> Parts:
    """The kind of parts that a result is made of."""
    return VideoParts(form) if form.kind == "video" else PictureParts(form)


def _moved(whole: Path, output: Path, step: Step) -> None:
    """Give a file its name; over a border between disks it is copied. Raises OutputUnwritable, and as ``step``."""
    with writing_to(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        if output.is_symlink():
            output = output.resolve()
    with contextlib.suppress(OSError):
        whole.replace(output)
        return
    _copied(whole, output, step)
    whole.unlink()


def _linked(picture: Path, output: Path, step: Step) -> None:
    """Give a file a second name; where a disk has none, or another begins, it is copied. Raises as ``_moved``."""
    staged = output.with_name(f".{secrets.token_hex(6)}.part")
    try:
        os.link(picture, staged)
    except OSError:
        _copied(picture, output, step)
        return
    try:
        with writing_to(output):
            staged.replace(output)
    finally:
        staged.unlink(missing_ok=True)  # two names of one file are not moved over each other, and both stay


def _copied(source: Path, output: Path, step: Step) -> None:
    """Copy a file into its place. Raises OutputUnwritable, and what ``step`` raises."""
    total, done = source.stat().st_size, 0
    with (
        Publication(output.parent) as out,
        out.open(output.name) as file,
        source.open("rb") as whole,
        writing_to(output),
    ):
        while block := whole.read(_COPIED):
            step(COPYING, done, total)
            file.write(block)
            done += len(block)
        file.flush()
