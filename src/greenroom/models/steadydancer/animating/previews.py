"""Pictures to look at before anything expensive: skeletons over the picture, frames of the clip, numbered people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from greenroom.media.video.images import encoded_image
from greenroom.models.steadydancer.animating.places import FRAMES, PEOPLE, WHOLE
from greenroom.models.steadydancer.animating.posing import DRIVER, PICTURE, frame_at
from greenroom.models.steadydancer.pose.preview import with_people

if TYPE_CHECKING:
    from greenroom.models.steadydancer.animating.posing import Posed
    from greenroom.models.steadydancer.animating.sources import Source
    from greenroom.models.steadydancer.pose.pictures import Picture

_SIDE = 768  # pixels of the longer side
_DARKER = 0.55
_GAP = 8


def pictures_of(source: Source, posed: Posed) -> dict[str, bytes]:
    """PNGs by what stands behind the stem of their names. People only where there are several in one of the two.

    Raises as readers do.
    """
    if posed.preview is None:
        return {WHOLE: _png(_drawn(source, posed))}
    made = {WHOLE: _png(posed.preview.picture), FRAMES: _png(posed.preview.sheet)}
    if any(len(people) > 1 for people in posed.people.values()):
        made[PEOPLE] = _png(_people(source, posed))
    return made


def _drawn(source: Source, posed: Posed) -> Picture:
    """The first of drawn skeletons over the picture."""
    skeleton = posed.skeletons[0]
    height, width = source.picture.shape[:2]
    scale = _SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    behind: Any = cv2.resize(source.picture, size, interpolation=cv2.INTER_AREA)
    over: Any = cv2.resize(skeleton, size, interpolation=cv2.INTER_AREA)
    # Lossy skeletons are nowhere quite black.
    covered = over.max(axis=2, keepdims=True) > 32
    laid: Picture = np.where(covered, over, behind * np.float32(_DARKER)).astype(np.uint8)
    return laid


def _people(source: Source, posed: Posed) -> Picture:
    """The picture and the clip's frame in which one was chosen, each with its people, side by side."""
    shown = [with_people(source.picture, posed.people[PICTURE])]
    frame = frame_at(source, posed.chosen_in)
    if frame is not None:
        shown.append(with_people(frame, posed.people[DRIVER]))
    tall = [_as_high(one, _SIDE) for one in shown]
    gap = np.zeros((_SIDE, _GAP, 3), np.uint8)
    return np.concatenate([tall[0], *(part for one in tall[1:] for part in (gap, one))], axis=1)


def _as_high(picture: Picture, height: int) -> Picture:
    size = (max(1, round(picture.shape[1] * height / picture.shape[0])), height)
    made: Any = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(made, np.uint8)


def _png(picture: Picture) -> bytes:
    return encoded_image(np.ascontiguousarray(picture), "png")
