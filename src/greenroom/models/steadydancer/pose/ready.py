"""Skeletons that are pictures already: a video, or a folder as the original's scripts write it (0000.jpg and so on)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import numpy as np

from greenroom.errors import InputInvalid, quoted
from greenroom.findings import Finding
from greenroom.media.folders import in_folder, is_folder
from greenroom.media.video.images import READ_SUFFIXES, read_image
from greenroom.media.video.reading import VideoReader
from greenroom.models.steadydancer.conditions.lengths import LEAST, RATE
from greenroom.models.steadydancer.pose.colours import black_part, is_skeleton, order_of
from greenroom.models.steadydancer.pose.driving import (
    USUAL_FRAMES,
    Driving,
    distinct,
    driving,
    driving_of,
    end_of,
    frames_of,
    size_of,
)
from greenroom.models.steadydancer.pose.errors import ColoursReversed, SkeletonsUnreadable
from greenroom.models.steadydancer.pose.pictures import eight_bits
from greenroom.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from greenroom.models.steadydancer.pose.pictures import Picture

Colours = Literal["check", "ours", "reversed"]
"""Which order ready skeletons have: looked at and refused if reversed, believed, or swapped."""

_LOOKED_AT = 9  # pictures of a clip


@dataclass(frozen=True, slots=True, eq=False)
class ReadyClip:
    """Ready skeletons. driving: which of them make the clip.  end: of all that there are, in seconds.

    width and height: of each picture.  swap: red and blue change places.  findings: what is to be said.
    """

    path: Path
    driving: Driving
    end: Fraction
    width: int
    height: int
    swap: bool = False
    findings: tuple[Finding, ...] = ()
    _files: tuple[Path, ...] = ()

    @property
    def frames(self) -> int:
        """Of the clip, 4n + 1."""
        return self.driving.frames

    def pictures(self) -> Iterator[Picture]:
        """Every frame, as often as it is asked: RGB, uint8. Raises as readers do, and SkeletonsUnreadable."""
        for number, picture in enumerate(self._read()):
            if picture.shape[:2] != (self.height, self.width):
                found = f"{picture.shape[1]}x{picture.shape[0]}"
                raise SkeletonsUnreadable(
                    f"frame {number} of {quoted(self.path)} is {found}, and those before it are"
                    f" {self.width}x{self.height}",
                    mend="make all pictures alike",
                )
            yield np.ascontiguousarray(picture[..., ::-1]) if self.swap else picture

    def _read(self) -> Iterator[Picture]:
        if self._files:
            yield from (eight_bits(read_image(file, alpha="drop")) for file in self._files)
            return
        _, places = distinct(self.driving)
        number = -1
        made = frames_of(VideoReader(self.path, alpha="drop"), self.driving)
        for place in places:  # each the same as the one before, or the next
            if number < place:
                picture, number = next(made), number + 1
            yield picture


def ready_clip(path: Path, *, frames: int = USUAL_FRAMES, colours: Colours = "check") -> ReadyClip:
    """Open ready skeletons. frames: at most; the clip has the longest 4n + 1 that fits.

    A folder has a picture for each frame of the clip; a video is taken at 16 frames a second. Raises
    SkeletonsUnreadable, ColoursReversed, DriverTooShort, FileUnreadable.
    """
    swap = colours == "reversed"
    if is_folder(path):
        files = _files(path)
        if len(files) < LEAST:
            raise SkeletonsUnreadable(
                f"{quoted(path)} has {counted(len(files), 'picture')}; the least is {LEAST}", mend="give more"
            )
        first = read_image(files[0], alpha="drop")
        end = Fraction(len(files), RATE)
        plan = driving([Fraction(number, RATE) for number in range(len(files))], end, frames=frames)
        kept = tuple(files[: plan.frames])
        clip = ReadyClip(path, plan, end, first.shape[1], first.shape[0], swap, _files=kept)
    else:
        facts = VideoReader(path, alpha="drop").facts
        plan = driving_of(facts, frames=frames)
        clip = ReadyClip(path, plan, end_of(facts), *size_of(facts), swap)
    return _checked(clip, colours)


def require_pair(positive: ReadyClip, negative: ReadyClip) -> None:
    """Refuse a negative clip that is not beside the positive one frame by frame. Raises InputInvalid."""
    for what, ours, theirs in (
        ("frames", str(positive.frames), str(negative.frames)),
        ("size", f"{positive.width}x{positive.height}", f"{negative.width}x{negative.height}"),
    ):
        if ours != theirs:
            raise InputInvalid(
                f"the {what} of {quoted(negative.path)}, the negative skeletons, is {theirs}, and of the others {ours}",
                mend="make both from one driver",
            )


def _files(folder: Path) -> list[Path]:
    """Pictures by their numbers, from 0 or 1 and without a gap."""
    numbered: dict[int, Path] = {}
    for file in in_folder(folder):
        if file.suffix.lower() not in READ_SUFFIXES or not (file.stem.isascii() and file.stem.isdigit()):
            continue
        number = int(file.stem)
        if number in numbered:
            raise SkeletonsUnreadable(
                f"{quoted(folder)} has two pictures of number {number}: {numbered[number].name} and {file.name}",
                mend="remove one",
            )
        numbered[number] = file
    if not numbered:
        raise SkeletonsUnreadable(
            f"{quoted(folder)} holds no pictures by number", mend="name them 0000.jpg, 0001.jpg and so on"
        )
    first = min(numbered)
    absent = next((number for number in range(first, first + len(numbered)) if number not in numbered), None)
    if first > 1 or absent is not None:
        gap = first - 1 if absent is None else absent
        raise SkeletonsUnreadable(
            f"{quoted(folder)} has {counted(len(numbered), 'picture')} from number {first} on, and {gap} is absent",
            mend="number them from 0000 without a gap",
        )
    return [numbered[number] for number in range(first, first + len(numbered))]


def _checked(clip: ReadyClip, colours: Colours) -> ReadyClip:
    """A clip that was looked at, with what is to be said."""
    seen = _some(clip)
    doubtful = next((picture for picture in seen if not is_skeleton(picture)), None)
    if doubtful is not None:
        raise SkeletonsUnreadable(
            f"{quoted(clip.path)} shows no skeletons on black: {100 * black_part(doubtful):.0f} % of a frame is black",
            mend="give it as the driving video, or give skeletons drawn on black",
        )
    if colours != "check":
        return clip
    order = order_of(seen)
    if order == "reversed":
        raise ColoursReversed(
            f"{quoted(clip.path)} has the limb to the right shoulder red, and the model knows it blue",
            mend="have red and blue swapped: skeleton_colours reversed",
        )
    if order == "unknown":
        doubt = Finding(
            "skeleton-colours-unknown",
            "warning",
            f"{quoted(clip.path)} does not show which way round red and blue are",
            "look whether the limb to the right shoulder is blue; if it is red, say that colours are reversed",
        )
        return replace(clip, findings=(doubt,))
    return clip


def _some(clip: ReadyClip) -> Sequence[Picture]:
    """Some pictures of a clip, as they are in its file."""
    wanted = {round(place) for place in np.linspace(0, clip.frames - 1, min(_LOOKED_AT, clip.frames))}
    stored = replace(clip, swap=False).pictures()
    return [picture for number, picture in enumerate(stored) if number in wanted]
