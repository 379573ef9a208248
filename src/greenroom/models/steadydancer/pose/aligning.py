"""A driver's skeletons in the proportions of the person in the picture.

Ten ratios of limbs, the picture's to the deciding frame's, hold for the whole clip. In each frame the body is built
anew from its neck outwards with limbs of the new lengths; then the clip is moved so that the deciding frame's neck lies
on the picture's. Lengths count in parts of a picture's height, so that pictures of two shapes compare.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from greenroom.errors import InputInvalid
from greenroom.models.steadydancer.pose import poses as at
from greenroom.models.steadydancer.pose.errors import NobodyFound
from greenroom.models.steadydancer.pose.poses import MISSING, Skeletons

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from greenroom.models.steadydancer.pose.poses import Poses

    Places = NDArray[np.float64]

_ARMS = ((at.RIGHT_SHOULDER, at.RIGHT_ELBOW, at.RIGHT_WRIST), (at.LEFT_SHOULDER, at.LEFT_ELBOW, at.LEFT_WRIST))
_LEGS = ((at.RIGHT_HIP, at.RIGHT_KNEE, at.RIGHT_ANKLE), (at.LEFT_HIP, at.LEFT_KNEE, at.LEFT_ANKLE))
_ENDLESS = 1e30  # from here on joints have no place that float32 could tell
_SIDES = ((at.RIGHT_EYE, at.RIGHT_EAR), (at.LEFT_EYE, at.LEFT_EAR))


@dataclass(frozen=True, slots=True)
class Ratios:
    """Lengths in the picture by lengths in the deciding frame; 1 where a length is not known.

    face_left is the half with joints 14 and 16, as the original has it: the person's right.
    """

    neck: float
    face_left: float
    face_right: float
    shoulder: float
    arm_upper: float
    arm_lower: float
    hand: float
    body_length: float
    leg_upper: float
    leg_lower: float

    def items(self) -> tuple[tuple[str, float], ...]:
        """Each ratio with its name in words."""
        return tuple((field.name.replace("_", " "), float(getattr(self, field.name))) for field in fields(self))


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """Skeletons in the proportions and at the place of the person in the picture.

    width and height: of the picture that they are fitted to, in pixels.  frame: which one decided.
    endless: ratios, by their names, that had no end, as a limb has no length in that frame; they got the others' mean.
    """

    skeletons: Skeletons
    ratios: Ratios
    width: int
    height: int
    frame: int = 0
    endless: tuple[str, ...] = ()


def aligned(reference: Poses, driver: Poses, *, frame: int = 0) -> Aligned:
    """Fit a driver to the person in a picture. reference: of one frame.  frame: of the driver that decides.

    Raises InputInvalid for a frame that there is not, NobodyFound where neither neck nor shoulders are known.
    """
    if not 0 <= frame < len(driver):
        raise InputInvalid(f"frame {frame} is to decide, and there are {len(driver)}", mend="choose one of them")
    _require_neck(reference, 0, "the picture", "give another picture")
    other = "start the driver where they are seen, or have another frame decide: align_frame"
    _require_neck(driver, frame, f"frame {frame} of the driver", other)
    wide, driver_wide = reference.width / reference.height, driver.width / driver.height
    theirs = _body(reference, wide)
    ours = _body(driver, driver_wide)
    ratios, endless = ratios_of(theirs[0], ours[frame])

    shown = driver.skeletons
    hands = shown.hands.astype(np.float64) * (driver_wide, 1)
    faces = shown.faces.astype(np.float64) * (driver_wide, 1)
    body, hands = _rebuilt(ours, hands, ratios)
    move = theirs[0, at.NECK] - body[frame, at.NECK]
    back = np.asarray([1 / wide, 1.0])
    parts = [
        _marked(part, before) + move
        for part, before in ((body, shown.body), (hands, shown.hands), (faces, shown.faces))
    ]
    made = [(part * back).astype(np.float32) for part in parts]
    # A joint that hangs on an unknown one has no place of its own.
    skeletons = Skeletons(made[0], shown.shown & ~np.isnan(body).any(-1), made[1], made[2])
    return Aligned(skeletons, ratios, reference.width, reference.height, frame, endless)


def ratios_of(reference: Places, driver: Places) -> tuple[Ratios, tuple[str, ...]]:
    """Ratios of two bodies, (18, 2) each, in parts of a height and NaN where unknown; and which of them had no end."""

    def ratio(*limbs: tuple[int, int]) -> float:
        return _divided(*(sum(_length(body, *limb) for limb in limbs) for body in (reference, driver)))

    def both(one: tuple[int, int], other: tuple[int, int]) -> float:
        return (ratio(one) + ratio(other)) / 2

    face = [ratio((ear, eye), (eye, at.NOSE)) for eye, ear in _SIDES]
    upper_arm, lower_arm = (both(*((arm[place], arm[place + 1]) for arm in _ARMS)) for place in (0, 1))
    upper_leg, lower_leg = (both(*((leg[place], leg[place + 1]) for leg in _LEGS)) for place in (0, 1))
    found = {
        "neck": ratio((at.NOSE, at.NECK)),
        "face_left": face[0],
        "face_right": face[1],
        "shoulder": ratio((at.RIGHT_SHOULDER, at.LEFT_SHOULDER)),
        "arm_upper": upper_arm,
        "arm_lower": lower_arm,
        "hand": (upper_arm + lower_arm) / 2,
        "body_length": _divided(_torso(reference), _torso(driver)),
        "leg_upper": upper_leg,
        "leg_lower": lower_leg,
    }
    ended = [value for value in found.values() if value < _ENDLESS]
    usual = float(np.mean(ended)) if ended else 1.0
    endless = tuple(name.replace("_", " ") for name, value in found.items() if value >= _ENDLESS)
    kept = {name: usual if value >= _ENDLESS else 1.0 if np.isnan(value) else value for name, value in found.items()}
    return Ratios(**kept), endless


def _rebuilt(body: Places, hands: Places, ratios: Ratios) -> tuple[Places, Places]:
    """Bodies with limbs of their new lengths, around their necks: (frames, 18, 2) and (frames, 2, 21, 2)."""
    made, made_hands = body.copy(), hands.copy()

    def put(joint: int, parent: int, ratio: float) -> None:
        made[:, joint] = made[:, parent] + ratio * (body[:, joint] - body[:, parent])

    put(at.NOSE, at.NECK, ratios.neck)
    for side, ratio in zip(_SIDES, (ratios.face_left, ratios.face_right), strict=True):
        for joint in side:
            put(joint, at.NOSE, ratio)
    for shoulder, elbow, wrist in _ARMS:
        put(shoulder, at.NECK, ratios.shoulder)
        put(elbow, shoulder, ratios.arm_upper)
        put(wrist, elbow, ratios.arm_lower)
    for hip, knee, ankle in _LEGS:
        put(hip, at.NECK, ratios.body_length)
        put(knee, hip, ratios.leg_upper)
        put(ankle, knee, ratios.leg_lower)
    for hand, wrist in enumerate((at.LEFT_WRIST, at.RIGHT_WRIST)):
        around = body[:, None, wrist]
        made_hands[:, hand] = made[:, None, wrist] + ratios.hand * (hands[:, hand] - around)
    return made, made_hands


def _body(poses: Poses, wide: float) -> Places:
    """Joints in parts of the picture's height, (frames, 18, 2); NaN where nothing is known."""
    body = poses.points[:, at.BODY].astype(np.float64)
    body[(body == MISSING).all(-1)] = np.nan
    return body * (wide, 1)


def _marked(made: Places, before: NDArray[np.float32]) -> Places:
    """Places with ``MISSING`` where nothing is known, or was before; what lies outside the picture is known."""
    unknown = np.isnan(made) | (before == MISSING)
    return np.where(unknown, MISSING, made)


def _require_neck(poses: Poses, frame: int, where: str, mend: str) -> None:
    if frame in poses.missing:
        raise NobodyFound(f"there is no person in {where}", mend=mend)
    if (poses.points[frame, at.NECK] == MISSING).all():
        raise NobodyFound(
            f"neither neck nor both shoulders are seen in {where}, and skeletons are placed by them", mend=mend
        )


def _length(body: Places, one: int, other: int) -> float:
    return float(np.linalg.norm(body[one] - body[other]))


def _torso(body: Places) -> float:
    """From the neck to the middle of the hips."""
    middle = (body[at.RIGHT_HIP] + body[at.LEFT_HIP]) / 2
    return float(np.linalg.norm(body[at.NECK] - middle))


def _divided(length: float, by: float) -> float:
    """NaN where both are nothing, endless where only the second is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.float64(length) / np.float64(by))
