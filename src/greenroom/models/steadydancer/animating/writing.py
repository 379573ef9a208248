"""Frames as they are decoded into a video, with the driver's sound behind them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from greenroom.errors import FileUnreadable, GreenroomError
from greenroom.media.video.encoding import Encoding, PictureFormat
from greenroom.media.video.facts import read_facts
from greenroom.media.video.soundtrack import others_left_out, replace_sound
from greenroom.media.video.writing import VideoWriter
from greenroom.models.steadydancer.animating.journal import PICTURES
from greenroom.models.steadydancer.conditions.lengths import RATE
from greenroom.models.steadydancer.pose.driving import sound_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from greenroom.media.audio import Audio
    from greenroom.media.video.encoding import Quality, VideoCodec
    from greenroom.models.steadydancer.animating.sources import Source
    from greenroom.progress import Step

WRITING = "writing"


class FramesMissing(GreenroomError):
    """Fewer or more frames were decoded than the clip has."""

    code = "frames-missing"


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """The driver's sound beside the clip; None where there is none. notes: what of it is lost, in sentences."""

    audio: Audio | None = None
    notes: tuple[str, ...] = ()


def heard_of(source: Source, *, wanted: bool) -> Heard:
    """The driver's own sound, as long as the clip. Raises FileUnreadable where it is broken."""
    if not wanted or source.reader is None or source.driving is None:
        return Heard()
    try:
        audio, notes = sound_of(source.reader.facts, source.driving)
    except FileUnreadable as error:
        error.mend = "leave the sound out: --no-sound, or copy or download the file again"
        raise
    if audio is None:
        return Heard()
    return Heard(audio, (*notes, *others_left_out(source.reader.facts)))


def write_clip(
    frames: Iterable[NDArray[np.uint8]],
    source: Source,
    heard: Heard,
    place: Path,
    quality: Quality,
    folder: Path,
    step: Step,
) -> tuple[str, ...]:
    """Write a clip, whole or not at all, and say what was lost.

    frames: (n, height, width, 3) at a time.  folder: for the pictures until the sound is beside them. Raises
    OutputUnwritable, EncodingImpossible, FramesMissing, and what ``frames`` and ``step`` raise.
    """
    codec: VideoCodec = "av1" if place.suffix.lower() == ".webm" else "h264"
    silent = heard.audio is None
    target = place if silent else folder / f"{PICTURES}{place.suffix.lower()}"
    pictures = PictureFormat.constant(source.size.width, source.size.height, Fraction(RATE))
    writer = VideoWriter(target, pictures, Encoding(codec, quality))
    with writer:
        for some in frames:
            for frame in some:
                writer.write(frame, Fraction(writer.frames, RATE))
        if writer.frames != source.frames:
            raise FramesMissing(
                f"{writer.frames} frames were decoded, and the clip has {source.frames}", mend="report this as a fault"
            )
    if heard.audio is None:
        return writer.notes
    step(WRITING, 0, 1)
    lost = replace_sound(read_facts(target), heard.audio, place)
    target.unlink(missing_ok=True)
    return (*writer.notes, *lost, *heard.notes)
