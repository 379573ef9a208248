"""What is to be said of an alignment before anybody waits for the clip."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.models.steadydancer.pose import poses as at
from greenroom.models.steadydancer.pose.poses import JOINTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenroom.models.steadydancer.pose.aligning import Aligned
    from greenroom.models.steadydancer.pose.poses import Poses

SANE = (0.5, 2.0)
"""Between these, limbs of two people may differ; beyond, one of the two is cut off, bent towards us, or mistaken."""

_HIPS = (at.RIGHT_HIP, at.LEFT_HIP)
_LEGS = (at.RIGHT_KNEE, at.RIGHT_ANKLE, at.LEFT_KNEE, at.LEFT_ANKLE)
# The joints that each ratio is made of.
_JOINTS_OF = {
    "neck": (at.NOSE, at.NECK),
    "face left": (at.NOSE, at.RIGHT_EYE, at.RIGHT_EAR),
    "face right": (at.NOSE, at.LEFT_EYE, at.LEFT_EAR),
    "shoulder": (at.RIGHT_SHOULDER, at.LEFT_SHOULDER),
    "arm upper": (at.RIGHT_SHOULDER, at.RIGHT_ELBOW, at.LEFT_SHOULDER, at.LEFT_ELBOW),
    "arm lower": (at.RIGHT_ELBOW, at.RIGHT_WRIST, at.LEFT_ELBOW, at.LEFT_WRIST),
    "hand": (at.RIGHT_ELBOW, at.LEFT_ELBOW, at.RIGHT_WRIST, at.LEFT_WRIST),
    "body length": (at.NECK, *_HIPS),
    "leg upper": (*_HIPS, at.RIGHT_KNEE, at.LEFT_KNEE),
    "leg lower": _LEGS,
}


def findings_of(reference: Poses, driver: Poses, aligned: Aligned) -> tuple[Finding, ...]:
    """Everything that may spoil a clip: hips or half a body that are not seen, and limbs that do not match."""
    places = (("the picture", _shown(reference, 0)), (_frame(aligned), _shown(driver, aligned.frame)))
    return (*_hips(places), *_halves(places), *_ratios(aligned, places))


def _hips(places: Sequence[tuple[str, Sequence[bool]]]) -> Iterator[Finding]:
    for where, shown in places:
        absent = [JOINTS[joint] for joint in _HIPS if not shown[joint]]
        if absent:
            yield Finding(
                "hips-missing",
                "warning",
                f"{' and '.join(absent)} {'is' if len(absent) == 1 else 'are'} not seen in {where}:"
                " the length of the body is a guess",
                "give one that shows the person down to the hips at least",
            )


def _halves(places: Sequence[tuple[str, Sequence[bool]]]) -> Iterator[Finding]:
    (picture, in_picture), (frame, in_frame) = places
    picture_legs, frame_legs = (any(shown[joint] for joint in _LEGS) for shown in (in_picture, in_frame))
    if picture_legs == frame_legs:
        return
    has, lacks = (picture, frame) if picture_legs else (frame, picture)
    becomes = "stand still" if picture_legs else "are drawn by a guess, or below the picture"
    yield Finding(
        "half-body",
        "warning",
        f"{has} shows legs and {lacks} does not: they {becomes}",
        "give two that show as much of the body",
    )


def _ratios(aligned: Aligned, places: Sequence[tuple[str, Sequence[bool]]]) -> Iterator[Finding]:
    low, high = SANE
    frame = _frame(aligned)
    for name, ratio in aligned.ratios.items():
        if name in aligned.endless:
            yield Finding(
                "limb-without-length",
                "warning",
                f"{name} has no length in {frame}; it gets the mean of the other ratios, {ratio:.2f}",
                "start the driver where the person is seen from the front",
            )
        elif not low <= ratio <= high:
            unseen = sorted({where for where, shown in places for joint in _JOINTS_OF[name] if not shown[joint]})
            guessed = f"; not all of it is seen in {' and '.join(unseen)}" if unseen else ""
            yield Finding(
                "limb-ratio",
                "warning",
                f"{name} of the picture is {ratio:.2f} times that of {frame}; usual is {low:g} to {high:g}{guessed}",
                "start the driver where the person stands as in the picture, or give another picture",
            )


def _shown(poses: Poses, frame: int) -> list[bool]:
    return [bool(shown) for shown in poses.skeletons.shown[frame]]


def _frame(aligned: Aligned) -> str:
    return f"frame {aligned.frame} of the driver"
