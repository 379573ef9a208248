"""What sound is made for: a video, a picture, or nothing but words. What a file is, its content says.

Nothing here keeps frames: a video is read when it is watched.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from greenroom.errors import InputInvalid, quoted
from greenroom.media.video.images import read_image
from greenroom.media.video.opening import is_still
from greenroom.media.video.reading import VideoReader
from greenroom.media.video.shots import shots
from greenroom.models.foley.watching.lengths import LONGEST_S, SEGMENT, SYNC_RATE, ClipTooShort, seconds
from greenroom.recipes.inputs.foley import LONGEST_S as LONGEST_CLIP_S
from greenroom.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.media.video.colour import Pixels
    from greenroom.media.video.facts import VideoFacts
    from greenroom.progress import Step
    from greenroom.recipes.inputs.foley import FoleyInputs

FINDING = "finding shots"

_USUAL_S = Fraction(8)
_SMALL = 64  # pixels of the longer side in which cuts are looked for
_TOLD = ("time of their own", "interlaced")  # of a video's notes: the others are of pictures, which stay as they are


class ClipTooLong(InputInvalid):
    """A video is longer than sound is made at once."""

    code = "clip-too-long"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What sound is made for. end: of the sound, in seconds.  notes: sentences on what was guessed."""

    kind: Literal["video", "picture", "words"]
    end: Fraction
    reader: VideoReader | None = None
    picture: Pixels | None = None
    notes: tuple[str, ...] = ()

    @property
    def facts(self) -> VideoFacts | None:
        """Of a video."""
        return None if self.reader is None else self.reader.facts


def look(inputs: FoleyInputs) -> Source:
    """What there is, without decoding more than a frame.

    Raises FileUnreadable, ClipTooShort, ClipTooLong, InputInvalid, and of a picture what ``read_image`` does.
    """
    end = _USUAL_S if inputs.seconds is None else Fraction(str(inputs.seconds))
    if inputs.video is None:
        return Source("words", end)
    path = Path(inputs.video)
    if is_still(path):
        if inputs.prompts_of_shots:
            raise InputInvalid(f"{quoted(path)} is a picture, which has no shots", mend="give prompt alone")
        if not inputs.exact:
            raise InputInvalid(
                f"exact is off, and {quoted(path)} is a picture, which has no end", mend="leave exact on"
            )
        return Source("picture", end, picture=read_image(path, alpha="drop"))
    if inputs.seconds is not None and not inputs.seconds_yield:
        raise InputInvalid(
            f"seconds is {inputs.seconds:g}, and {quoted(path)} is a video, which has its own length",
            mend="leave seconds out, or cut the video",
        )
    return _video(path, inputs)


def shots_of(source: Source, inputs: FoleyInputs, step: Step) -> tuple[Fraction, ...]:
    """When each shot begins, the first one's moment being 0; only where shots have prompts of their own.

    Raises InputInvalid where there are more shots or fewer than prompts, what reading frames raises, and what ``step``
    raises.
    """
    prompts, reader = inputs.prompts_of_shots, source.reader
    if reader is None or not prompts:
        return (Fraction(0),)
    facts = reader.facts
    shortest = ceil(seconds(SEGMENT) * facts.timeline.average)

    def small() -> Iterator[Pixels]:
        for place, pixels in enumerate(reader.thumbnails(_SMALL)):
            step(FINDING, place, facts.frames)
            yield pixels

    found = [Fraction(0), *(facts.time(shot.start) for shot in list(shots(small(), shortest=shortest))[1:])]
    if len(found) != len(prompts):
        ends = (*found[1:], source.end)
        listed = ", ".join(f"{float(one):.2f} to {float(end):.2f} s" for one, end in zip(found, ends, strict=True))
        raise InputInvalid(
            f"shot_prompts has {counted(len(prompts), 'line')}, and {quoted(reader.path)} has"
            f" {counted(len(found), 'shot')}: {listed}",
            mend="give a line for each shot; an empty one keeps the prompt",
        )
    return tuple(found)


def _video(path: Path, inputs: FoleyInputs) -> Source:
    reader = VideoReader(path, alpha="drop")
    facts = reader.facts
    last = facts.frames - 1
    end = facts.time(last) + facts.timeline.duration(last)
    shortest, longest = Fraction(SEGMENT, SYNC_RATE), Fraction(LONGEST_CLIP_S)
    if end < shortest:
        raise ClipTooShort(
            f"{quoted(path)} lasts {_apart(end, shortest, 2)} s; the least is {float(shortest):g} s",
            mend="give a longer video",
        )
    if end > longest:
        raise ClipTooLong(
            f"{quoted(path)} lasts {_apart(end / 60, longest / 60, 0)} min; the most is {float(longest / 60):g} min",
            mend="cut it into parts",
        )
    notes = tuple(note for note in facts.notes if any(told in note for told in _TOLD))
    if inputs.seconds is not None:
        notes += (f"seconds is {inputs.seconds:g}, and is not looked at: a video has its own length",)
    if not inputs.exact and end > LONGEST_S:
        notes += (f"the first {LONGEST_S:g} s are seen, and behind them it is silent: that is the original's rule",)
    return Source("video", end, reader, notes=notes)


def _apart(value: Fraction, limit: Fraction, digits: int) -> str:
    """A number that is not the limit, with as few digits behind the point as say so. digits: at least."""
    while (rounded := round(value, digits)) == limit:
        digits += 1
    return f"{float(rounded):.{digits}f}"
