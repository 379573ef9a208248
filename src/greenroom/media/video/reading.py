"""Frames of a video, one after another, as they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
from av.video.format import VideoFormat

from greenroom.errors import quoted
from greenroom.media.video.colour import rgb_of, thumbnail_of
from greenroom.media.video.errors import AlphaPresent, FrameSizeChanged, VideoDamaged
from greenroom.media.video.facts import VideoFacts, has_alpha, read_facts
from greenroom.media.video.opening import BROKEN, opened, picture_stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from greenroom.media.video.colour import Pixels

# What to do with transparency. "refuse" takes pictures whose alpha is opaque throughout.
Alpha = Literal["refuse", "drop", "keep"]

# These seek to where they were told, or before; others to about there.
_SEEKS = ("mp4", "matroska")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a video.

    pixels: RGB, or RGBA where alpha is kept, (height, width, 3 or 4); uint8, or for 9 bits and more uint16 with white
    at 65 535.  index: its place in the video.  time and duration: exact, in seconds from the file's first moment.
    """

    pixels: Pixels
    index: int
    time: Fraction
    duration: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """One picture of a video whose pixels cost nothing until they are asked for; most of a frame's time goes there.

    index, time and duration: as of ``Frame``.
    """

    index: int
    time: Fraction
    duration: Fraction
    _made: Callable[[], Pixels]

    @property
    def pixels(self) -> Pixels:
        """As of ``Frame``, made anew each time, in any thread but in one at a time.

        Raises AlphaPresent, EncodingImpossible.
        """
        return self._made()


class VideoReader:
    """Reads a video's frames, as often as wanted and from wherever; memory does not grow with its length.

    >>> reader = VideoReader(path)
    >>> for frame in reader.frames(100, 200):  # exactly these, or an error
    ...     frame.pixels, frame.time

    Raises FileUnreadable.
    """

    def __init__(self, path: Path, *, alpha: Alpha = "refuse") -> None:
        self.path = path
        self.facts: VideoFacts = read_facts(path)
        self._alpha = alpha

    def frames(self, start: int = 0, stop: int | None = None) -> Iterator[Frame]:
        """The frames from ``start`` until before ``stop``, in display orientation.

        A file that was cut off gives all frames that it holds, then raises VideoDamaged. Raises FrameSizeChanged,
        AlphaPresent, EncodingImpossible (colours that are not computed here).
        """
        for index, frame in self._between(start, stop):
            yield Frame(self._pixels(frame, index), index, self.facts.time(index), self._duration(index))

    def decoded(self, start: int = 0, stop: int | None = None) -> Iterator[Decoded]:
        """The same frames for whoever needs the pixels of a few, or makes them in threads.

        Raises VideoDamaged, FrameSizeChanged, AlphaPresent.
        """
        for index, frame in self._between(start, stop):
            yield Decoded(index, self.facts.time(index), self._duration(index), partial(self._pixels, frame, index))

    def thumbnails(self, longest: int) -> Iterator[Pixels]:
        """All frames made small, RGB in 8 bits and without alpha; longest: pixels of the longer side, at most.

        Much faster than the frames themselves. Raises as ``frames`` does.
        """
        facts = self.facts
        shrink = min(Fraction(longest, max(facts.width, facts.height)), Fraction(1))
        width, height = (max(1, round(side * shrink)) for side in (facts.width, facts.height))
        if facts.orientation.transposed:
            width, height = height, width
        for _, frame in self._between(0, None):
            yield facts.orientation.apply(thumbnail_of(frame, facts.colour, width, height))

    def _between(self, start: int, stop: int | None) -> Iterator[tuple[int, VideoFrame]]:
        """Frames as they are decoded, with their numbers."""
        facts = self.facts
        if facts.alpha and self._alpha != "drop" and not has_alpha(VideoFormat(facts.pixel_format)):
            raise AlphaPresent(
                f"{quoted(self.path)} keeps transparency beside its pictures, which is not read here",
                mend="lay it over a background first, or drop its alpha",
            )
        stop = facts.frames if stop is None else min(stop, facts.frames)
        if start >= stop:
            return
        index = start
        with opened(self.path) as container:
            stream = picture_stream(container, self.path)
            stream.thread_type = "AUTO"
            decoded = self._decoded(container, stream, start)
            while index < stop:
                try:
                    frame = next(decoded, None)
                except BROKEN as error:
                    raise self._damaged(index, start) from error
                if frame is None or self._is_gap(frame, index):
                    break
                self._require_same(frame, index)
                yield index, frame
                index += 1
        if index < stop or (stop == facts.frames and facts.missing):
            raise self._damaged(index, start)

    def _decoded(self, container: InputContainer, stream: VideoStream, start: int) -> Iterator[VideoFrame]:
        """Frames from the one of number ``start``; what is decoded before it is dropped."""
        facts = self.facts
        if not facts.seekable:
            yield from (frame for number, frame in enumerate(container.decode(stream)) if number >= start)
            return
        wanted = int(facts.timeline.ticks[start])
        if start and any(name in facts.container for name in _SEEKS):
            frames = self._from_keyframe(container, stream, wanted)
        else:
            frames = container.decode(stream)
        yield from (frame for frame in frames if frame.pts is not None and frame.pts >= wanted)

    @staticmethod
    def _from_keyframe(container: InputContainer, stream: VideoStream, wanted: int) -> Iterator[VideoFrame]:
        """Frames from a keyframe at ``wanted`` or before it.

        A container may look for the time of decoding, and so land too late; then from one keyframe further back.
        """
        target = wanted
        while True:
            container.seek(target, stream=stream)
            frames = container.decode(stream)
            first = next(frames, None)
            if first is not None and first.pts is not None and first.pts <= wanted:
                yield first
                yield from frames
                return
            entries = stream.index_entries
            earlier = [entry.timestamp for entry in entries if entry.is_keyframe and entry.timestamp < target]
            if not earlier:
                container.seek(-(1 << 40), stream=stream)
                yield from container.decode(stream)
                return
            target = earlier[-1]

    def _is_gap(self, frame: VideoFrame, index: int) -> bool:
        """Whether frames before this one did not decode: with it, all later ones would get the times of others."""
        ticks = self.facts.timeline.ticks
        if not self.facts.seekable or frame.pts is None or frame.pts <= ticks[index]:
            return False
        place = int(np.searchsorted(ticks, frame.pts))
        return place < len(ticks) and int(ticks[place]) == frame.pts

    def _require_same(self, frame: VideoFrame, index: int) -> None:
        facts = self.facts
        stored = (facts.height, facts.width) if facts.orientation.transposed else (facts.width, facts.height)
        if (frame.width, frame.height) != stored or frame.format.name != facts.pixel_format:
            now = f"{frame.width}x{frame.height} {frame.format.name}"
            was = f"{stored[0]}x{stored[1]} {facts.pixel_format}"
            raise FrameSizeChanged(
                f"{quoted(self.path)} changes from {was} to {now} at frame {index} ({float(facts.time(index)):.3f} s)",
                mend="cut it there into two files",
            )

    def _pixels(self, frame: VideoFrame, index: int) -> Pixels:
        facts = self.facts
        pixels = rgb_of(frame, facts.colour, wide=facts.bit_depth > 8, alpha=facts.alpha and self._alpha != "drop")
        return facts.orientation.apply(settled_alpha(pixels, self._alpha, f"frame {index} of {quoted(self.path)}"))

    def _duration(self, index: int) -> Fraction:
        return self.facts.timeline.duration(index)

    def _damaged(self, index: int, start: int) -> VideoDamaged:
        facts = self.facts
        total = facts.frames + facts.missing
        place = f" ({float(facts.time(index)):.3f} s)" if index < facts.frames else ""
        return VideoDamaged(
            f"{quoted(self.path)} is damaged or cut off from frame {index}{place} of {total} on; "
            f"{index - start} frames were read",
            frames=index - start,
        )


def settled_alpha(pixels: Pixels, alpha: Alpha, what: str) -> Pixels:
    """Pixels with the channels that were asked for. Raises AlphaPresent."""
    if pixels.shape[2] == 3 or alpha == "keep":
        return pixels
    opaque = np.iinfo(pixels.dtype).max
    if alpha == "refuse" and not (pixels[..., 3] == opaque).all():
        raise AlphaPresent(f"{what} is transparent in places", mend="lay it over a background first, or drop its alpha")
    return pixels[..., :3]
