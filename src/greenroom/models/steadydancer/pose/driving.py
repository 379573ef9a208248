"""Which frames of a driving video make the clip: 16 a second, by the times at which they are shown."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from greenroom.errors import InputInvalid, quoted
from greenroom.media.audio import Audio
from greenroom.media.video.soundtrack import own_sound
from greenroom.models.steadydancer.conditions.lengths import LEAST, RATE, longest
from greenroom.models.steadydancer.pose.errors import DriverTooShort
from greenroom.models.steadydancer.pose.pictures import eight_bits, require_shape, resized
from greenroom.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenroom.media.video.facts import VideoFacts
    from greenroom.media.video.reading import VideoReader
    from greenroom.models.steadydancer.pose.pictures import Picture

USUAL_FRAMES = 81
"""As many as the model was trained on."""

_HEARD_S = Fraction(1, 10)  # of sound: less is not worth a note
_BEHIND_S = 1  # behind the clip, in which sound is listened for


@dataclass(frozen=True, slots=True)
class Driving:
    """A clip out of a video. places: the video's frame for each of the clip's.  start: in the video, in seconds."""

    places: tuple[int, ...]
    start: Fraction
    notes: tuple[str, ...] = ()

    @property
    def frames(self) -> int:
        """Of the clip, 4n + 1."""
        return len(self.places)

    @property
    def seconds(self) -> Fraction:
        """How long the clip is."""
        return Fraction(self.frames, RATE)


def driving(
    times: Sequence[Fraction], end: Fraction, *, frames: int = USUAL_FRAMES, start: Fraction | None = None
) -> Driving:
    """Choose the frame that is nearest in time for each frame of a clip; of two as near, the earlier.

    times: when the video's frames begin, in seconds.  end: when its last ends.  frames: at most; the clip has the
    longest 4n + 1 that fits.  start: where the clip begins; with the first frame by default. Raises DriverTooShort,
    InputInvalid.
    """
    if frames < LEAST:
        raise InputInvalid(f"{counted(frames, 'frame')} are asked for; the least is {LEAST}", mend="ask for 4n + 1")
    if not times:
        raise DriverTooShort("the driver has no frames", mend="give a longer one")
    first = max(times[0], start) if start is not None else times[0]
    if first >= end:
        raise DriverTooShort(
            f"the clip is to begin at {float(first):.2f} s, and the driver ends at {float(end):.2f} s",
            mend="start it earlier",
        )
    there = ceil((end - first) * RATE)
    if there < LEAST:
        raise DriverTooShort(
            f"the driver lasts {float(end - first):.2f} s from its start, {counted(there, 'frame')}"
            f" at {RATE} a second; the least is {LEAST}, {LEAST / RATE:.2f} s",
            mend="give a longer driver, or start it earlier",
        )
    made = longest(min(there, frames))
    notes = []
    if there < frames:
        notes.append(
            f"the driver lasts {float(end - first):.2f} s: the clip has {made} frames, {made / RATE:.2f} s,"
            f" and not {frames}"
        )
    elif made < frames:
        notes.append(f"the clip has {made} frames and not {frames}: only 4n + 1 are possible")
    places = tuple(nearest(times, first + Fraction(number, RATE)) for number in range(made))
    return Driving(places, first, tuple(notes))


def driving_of(facts: VideoFacts, *, frames: int = USUAL_FRAMES, start: Fraction | None = None) -> Driving:
    """The same for a video file."""
    times = [facts.time(number) for number in range(facts.frames)]
    return driving(times, end_of(facts), frames=frames, start=start)


def end_of(facts: VideoFacts) -> Fraction:
    """When the last frame of a video ends."""
    last = facts.frames - 1
    return facts.time(last) + facts.timeline.duration(last)


def nearest(times: Sequence[Fraction], moment: Fraction) -> int:
    """The frame whose begin is nearest to a moment; of two as near, the earlier."""
    after = bisect_left(times, moment)
    if after == len(times):
        return after - 1
    if after and moment - times[after - 1] <= times[after] - moment:
        return after - 1
    return after


def distinct(chosen: Driving) -> tuple[list[int], list[int]]:
    """The video's frames that are needed, each once, and where each of the clip's is among them."""
    needed = sorted(set(chosen.places))
    return needed, [bisect_left(needed, place) for place in chosen.places]


def size_of(facts: VideoFacts) -> tuple[int, int]:
    """Width and height of the frames of ``frames_of``: those of the video, wider where its pixels are.

    Raises InputInvalid for a strip: files may call their pixels a thousand times as wide as high.
    """
    width = max(1, round(facts.width * facts.sample_aspect))
    require_shape(width, facts.height, quoted(facts.path))
    return width, facts.height


def frames_of(reader: VideoReader, chosen: Driving) -> Iterator[Picture]:
    """The frames of ``distinct``, in order and with square pixels: RGB, uint8.

    Raises as ``size_of`` and ``VideoReader.frames``.
    """
    needed, _ = distinct(chosen)
    wanted, size = set(needed), size_of(reader.facts)
    for frame in reader.decoded(needed[0], needed[-1] + 1):
        if frame.index in wanted:
            yield resized(eight_bits(frame.pixels), size)


def sound_of(facts: VideoFacts, chosen: Driving, rate: int = 48_000) -> tuple[Audio | None, tuple[str, ...]]:
    """The driver's own sound beside the clip, just as long, and what is cut, in sentences; None where it has none.

    A clip is as fast as its driver, so that its sound stays as it is. Raises FileUnreadable.
    """
    start, count = round(chosen.start * rate), round(chosen.seconds * rate)
    end = Fraction(start + count, rate) + _BEHIND_S
    own = own_sound(facts, rate, Fraction(start, rate), end)
    if own is None:
        return None, ()
    within, behind = own.samples[:, :count], own.samples[:, count:]
    notes: tuple[str, ...] = ()
    if behind.shape[1] > _HEARD_S * rate and behind.any():
        notes = ("the driver's sound goes on behind the clip, and is cut there",)
    padded = np.pad(within, ((0, 0), (0, count - within.shape[1])))
    return Audio(padded, rate), notes
