"""How long a clip's sound is, in each of the units that the parts count in; all follow from one number of frames.

The frames are those at 25 a second that Synchformer looks at. What the container says of its own length has no part in
it. Arithmetic is in float64 where the original's is: for some numbers of frames it decides over a latent. Beside this
rule stands one of ours, by which a sound ends with its pictures, to the sample.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from greenroom.errors import InputInvalid
from greenroom.models.foley.architecture import LATENTS_PER_SECOND, SYNC_GROUP

SYNC_RATE = 25
"""Frames a second that Synchformer looks at."""

PICTURE_RATE = 8
"""Frames a second that SigLIP 2 looks at."""

LONGEST_S = 15.0
"""As much of a video is looked at, its last frame included."""

SEGMENT, SEGMENT_STEP = 16, 8
"""Frames that Synchformer looks at together, and from one such segment's begin to the next's: they overlap by half."""

STRETCH = int(LONGEST_S * SYNC_RATE)
"""Frames that Synchformer looks at of a long clip, before what was seen is let go."""

MOST_FRAMES = STRETCH + SEGMENT
"""The same at most, where the last of the clip's own is shown several times."""

MOST_PICTURES = MOST_FRAMES * PICTURE_RATE // SYNC_RATE + 1
"""Pictures beside so many frames."""


class ClipTooShort(InputInvalid):
    """A video has less than a segment of frames."""

    code = "clip-too-short"


def seconds(frames: int) -> float:
    """Of a clip of so many frames at 25 a second."""
    return frames / SYNC_RATE


def latents(frames: int) -> int:
    """The audio's latents of such a clip, as the original rounds: 57 for 29 frames, where 58 would fit."""
    return int(seconds(frames) * LATENTS_PER_SECOND)


LONGEST_LATENTS = latents(STRETCH + 1)
"""Of a sound that is made as a whole: the frame that begins at the last moment is looked at, too."""


def latents_until(end: Fraction) -> int:
    """As few as reach to a moment, in seconds."""
    return ceil(end * LATENTS_PER_SECOND)


def frames_until(end: Fraction, rate: int) -> int:
    """Frames of a stream that begin before a moment, in seconds."""
    return ceil(end * rate)


def frames_beside(latents: int, rate: int) -> int:
    """Frames of a stream that begin before the end of so many latents."""
    return frames_until(Fraction(latents, LATENTS_PER_SECOND), rate)


def segments(frames: int) -> int:
    """Whole segments of such a clip; up to 7 frames behind the last are not looked at. Raises ClipTooShort."""
    if frames < SEGMENT:
        raise ClipTooShort(
            f"the video has {frames} frames at {SYNC_RATE} a second, {seconds(frames):g} s; the least is {SEGMENT},"
            f" {seconds(SEGMENT):g} s",
            mend="give a longer video",
        )
    return (frames - SEGMENT) // SEGMENT_STEP + 1


def sync_tokens(frames: int) -> int:
    """Synchformer's tokens of such a clip. Raises ClipTooShort."""
    return SYNC_GROUP * segments(frames)
