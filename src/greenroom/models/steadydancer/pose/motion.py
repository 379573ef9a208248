"""What the model is shown of a motion that is drawn already: skeletons as pictures, and negative ones beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.models.steadydancer.pose.ready import require_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenroom.models.steadydancer.pose.pictures import Picture
    from greenroom.models.steadydancer.pose.ready import ReadyClip


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """A clip of skeletons. frames: 4n + 1.  width and height: of each picture.  findings: what is to be said.

    positive and negative: its pictures, RGB, uint8, one after another and as often as they are asked; a clip of them
    would take half a gigabyte.  negative: None where there are none, so that pose guidance is not possible.
    """

    frames: int
    width: int
    height: int
    positive: Callable[[], Iterator[Picture]]
    negative: Callable[[], Iterator[Picture]] | None
    findings: tuple[Finding, ...] = ()


def ready_motion(positive: ReadyClip, negative: ReadyClip | None = None) -> Motion:
    """Skeletons that are pictures already. Raises InputInvalid where the two are no pair."""
    findings = positive.findings
    if negative is None:
        lacking = Finding(
            "negative-skeletons-missing",
            "warning",
            "there are no negative skeletons beside the ready ones: the motion is guided by text alone",
            "give the negative ones too, or a driving video or keypoints, of which they are made",
        )
        return Motion(positive.frames, positive.width, positive.height, positive.pictures, None, (*findings, lacking))
    require_pair(positive, negative)
    findings = (*findings, *negative.findings)
    return Motion(positive.frames, positive.width, positive.height, positive.pictures, negative.pictures, findings)
