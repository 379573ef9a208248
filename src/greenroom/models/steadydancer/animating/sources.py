"""What a request gives: a picture, and what says how to move. What a file is, its content says.

Nothing is looked for here, and no more than a frame is decoded: what can be refused at once is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from greenroom.errors import InputInvalid, quoted
from greenroom.media.folders import in_folder, is_folder
from greenroom.media.video.images import READ_SUFFIXES, read_image
from greenroom.media.video.opening import is_still, opened, picture_stream
from greenroom.media.video.reading import VideoReader
from greenroom.models.steadydancer.conditions.lengths import RATE, longest
from greenroom.models.steadydancer.conditions.sizes import size_of
from greenroom.models.steadydancer.pose.driving import Driving, driving, driving_of, end_of
from greenroom.models.steadydancer.pose.errors import PosesUnreadable
from greenroom.models.steadydancer.pose.keypoint_files import keypoints_in, read_keypoints
from greenroom.models.steadydancer.pose.pictures import eight_bits
from greenroom.models.steadydancer.pose.ready import ready_clip, require_pair
from greenroom.recipes.inputs.steadydancer import LONGEST
from greenroom.runtime.device import is_host
from greenroom.words import counted

if TYPE_CHECKING:
    from greenroom.models.steadydancer.conditions.sizes import Size
    from greenroom.models.steadydancer.pose.keypoint_files import Keypoints
    from greenroom.models.steadydancer.pose.pictures import Picture
    from greenroom.models.steadydancer.pose.ready import ReadyClip
    from greenroom.recipes.inputs.steadydancer import AnimateInputs

Kind = Literal["video", "keypoints", "skeletons"]
"""What says how to move: a video in which somebody is looked for, their keypoints, or skeletons that are drawn."""

_JSON = ".json"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What is given. picture: RGB, uint8.  size: of the clip.  driving: which frames of ``reader`` or of ``keypoints``
    make it; None for drawn skeletons, which count their own.  frames: of the clip, 4n + 1.  start: of it, in the video.
    notes: what is not as usual, in sentences."""

    kind: Kind
    picture: Picture
    size: Size
    frames: int
    start: Fraction = Fraction(0)
    driving: Driving | None = None
    reader: VideoReader | None = None
    keypoints: Keypoints | None = None
    ready: ReadyClip | None = None
    ready_negative: ReadyClip | None = None
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long the clip is."""
        return self.frames / RATE

    @property
    def picture_size(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return self.picture.shape[1], self.picture.shape[0]


def look(inputs: AnimateInputs) -> Source:
    """What there is.

    Raises FileUnreadable, InputInvalid, DriverTooShort, PosesUnreadable, SkeletonsUnreadable, ColoursReversed.
    """
    source = _looked_at(inputs)
    if inputs.align_frame >= source.frames:
        raise InputInvalid(
            f"align_frame is {inputs.align_frame}, and the clip has {counted(source.frames, 'frame')}",
            mend=f"give 0 to {source.frames - 1}",
        )
    return source


def _looked_at(inputs: AnimateInputs) -> Source:
    picture, notes = _picture(Path(inputs.picture))
    height, width = picture.shape[:2]
    size = size_of(inputs.size, height, width)
    notes += _small(width, height, size)
    path = Path(inputs.video) if inputs.video is not None else None
    if inputs.keypoints is not None or (path is not None and _holds_keypoints(path)):
        return _of_keypoints(inputs, path, picture, size, notes)
    assert path is not None  # noqa: S101 - the declaration refuses a request that has neither
    if inputs.shows == "skeletons" or is_folder(path):
        return _of_skeletons(inputs, path, picture, size, notes)
    if is_still(path):
        raise InputInvalid(
            f"{quoted(path)} is a picture, and movements come from a video", mend="give a video behind the picture"
        )
    reader = VideoReader(path, alpha="drop")
    chosen = driving_of(reader.facts, frames=inputs.frames, start=_start(inputs))
    notes += (*chosen.notes, *_rest(chosen, end_of(reader.facts)), *_rate(reader))
    return Source("video", picture, size, chosen.frames, chosen.start, chosen, reader, notes=notes)


def require_noise(inputs: AnimateInputs, device: str) -> None:
    """Refuse a GPU's noise where there is none. Raises InputInvalid."""
    if inputs.noise == "gpu" and is_host(device):
        raise InputInvalid(f"noise is gpu, and there is none: the model is on {device}", mend="take noise cpu")


def wordless(inputs: AnimateInputs) -> tuple[str, ...]:
    """What is to be said of a clip for which nobody found words."""
    return () if inputs.prompt.strip() else ("the prompt is empty: nothing says how the face looks",)


def _picture(path: Path) -> tuple[Picture, tuple[str, ...]]:
    """And what is to be said of transparency, which no model knows. Raises FileUnreadable, InputInvalid."""
    if not is_still(path):
        with opened(path) as container:
            picture_stream(container, path)  # sound alone is said to be that
        raise InputInvalid(
            f"{quoted(path)} is a video, and the person comes from a picture", mend="give the picture first"
        )
    pixels = read_image(path, alpha="keep")
    picture = eight_bits(pixels)
    behind = picture[pixels[..., 3] < np.iinfo(pixels.dtype).max] if pixels.shape[2] == 4 else picture[:0, 0]
    if not len(behind):
        return picture, ()
    least, most = behind.min(axis=0), behind.max(axis=0)
    becomes = f"#{least.tobytes().hex()}, as" if (least == most).all() else "what"
    said = f"{quoted(path.name)} is transparent in places, which is left out: the background becomes {becomes} its file"
    return picture, (f"{said} holds there; lay it over a background first for another",)


def _of_keypoints(
    inputs: AnimateInputs, path: Path | None, picture: Picture, size: Size, notes: tuple[str, ...]
) -> Source:
    """Poses out of a file, or out of the request with perhaps a video beside it, which has their times and sound."""
    reader = None
    if inputs.keypoints is None:
        assert path is not None  # noqa: S101 - one of the two is given
        keypoints = read_keypoints(path)
    else:
        reader = None if path is None else VideoReader(path, alpha="drop")
        shape = None if reader is None else (reader.facts.width, reader.facts.height)
        keypoints = keypoints_in(inputs.keypoints, size=shape)
    if reader is not None and len(keypoints.frames) != reader.facts.frames:
        raise PosesUnreadable(
            f"keypoints have {counted(len(keypoints.frames), 'frame')}, and {quoted(reader.path)} has"
            f" {reader.facts.frames}",
            mend="give keypoints of every frame of the video, or no video",
        )
    if reader is not None:
        chosen, end = driving_of(reader.facts, frames=inputs.frames, start=_start(inputs)), end_of(reader.facts)
    else:
        rate = Fraction(str(inputs.keypoints_fps))
        times = [Fraction(number) / rate for number in range(len(keypoints.frames))]
        end = Fraction(len(keypoints.frames)) / rate
        chosen = driving(times, end, frames=inputs.frames, start=_start(inputs))
    notes += (*chosen.notes, *_rest(chosen, end))
    return Source("keypoints", picture, size, chosen.frames, chosen.start, chosen, reader, keypoints, notes=notes)


def _of_skeletons(inputs: AnimateInputs, path: Path, picture: Picture, size: Size, notes: tuple[str, ...]) -> Source:
    """Skeletons that are drawn: a video, or a folder of pictures by number."""
    if inputs.start:
        raise InputInvalid(
            f"start is {inputs.start:g}, and drawn skeletons are taken from their first frame on",
            mend="leave start out, or cut the video",
        )
    ready = ready_clip(path, frames=inputs.frames, colours=inputs.skeleton_colours)
    negative = None
    if inputs.negative_video is not None:
        negative = ready_clip(Path(inputs.negative_video), frames=inputs.frames, colours=inputs.skeleton_colours)
        require_pair(ready, negative)
    notes += (*ready.driving.notes, *_rest(ready.driving, ready.end))
    source = Source("skeletons", picture, size, ready.frames, ready=ready, ready_negative=negative, notes=notes)
    if is_folder(path):
        return source
    reader = VideoReader(path, alpha="drop")
    return replace(source, reader=reader, driving=ready.driving, notes=(*notes, *_rate(reader)))


def _holds_keypoints(path: Path) -> bool:
    if not is_folder(path):
        return path.suffix.lower() == _JSON
    endings = {file.suffix.lower() for file in in_folder(path)}
    return _JSON in endings and not endings & set(READ_SUFFIXES)


def _start(inputs: AnimateInputs) -> Fraction | None:
    return Fraction(str(inputs.start)) if inputs.start else None


def _small(width: int, height: int, size: Size) -> tuple[str, ...]:
    """What is to be said of a picture that has fewer pixels than the clip."""
    if width * height >= size.width * size.height:
        return ()
    return (
        f"the picture is {width}x{height}, and the clip {size}: it is enlarged, and the clip is no sharper than it is",
    )


def _rest(chosen: Driving, end: Fraction) -> tuple[str, ...]:
    """What is to be said of a driver that goes on behind the clip."""
    there = ceil((end - chosen.start) * RATE)
    if there < chosen.frames + 4:
        return ()
    lasts = f"the driver lasts {float(end - chosen.start):.2f} s"
    after = f" from {float(chosen.start):.2f} s on" if chosen.start else ""
    more = ""
    if chosen.frames < LONGEST:
        more = f"; ask for more frames, {RATE} a second: it has enough for {min(longest(there), LONGEST)}"
    return (f"{lasts}{after}, and its first {float(chosen.seconds):.2f} s are taken{more}",)


def _rate(reader: VideoReader) -> tuple[str, ...]:
    """What is to be said of a video that does not have 16 frames a second."""
    rate = reader.facts.timeline.constant or reader.facts.timeline.average
    if abs(rate - RATE) < Fraction(1, 100):
        return ()
    return (f"the driver has {float(rate):.4g} frames a second, and the clip {RATE}: it is as fast as the driver",)
