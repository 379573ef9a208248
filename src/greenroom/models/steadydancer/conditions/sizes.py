"""How large a video is: the area of a setting in the proportions of the picture, in whole tokens."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, sqrt

from greenroom.errors import InputInvalid, UnknownName
from greenroom.models.steadydancer.architecture import PATCH, STRIDE

_CELL, _PATCH = STRIDE[1], PATCH[1]  # pixels of a latent's side, and latents of a token's; both are square

SETTINGS: dict[str, int] = {
    name: width * height
    for name, width, height in (
        ("832x480", 832, 480),
        ("1024x576", 1024, 576),
        ("1024x800", 1024, 800),
        ("1024x1024", 1024, 1024),
        ("1280x720", 1280, 720),
    )
}
"""Areas in pixels. Which side is the longer one is the picture's choice."""

_MOST = 16_384  # pixels of a side: h264 and av1 hold no more
_LOW_SHIFT = 3.0
_SHIFT = 5.0


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels of a video's frames; both sides are multiples of 16."""

    height: int
    width: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def latent(self) -> tuple[int, int]:
        """Height and width in latents."""
        return self.height // _CELL, self.width // _CELL


def size_of(setting: str, height: int, width: int) -> Size:
    """The size of a video. setting: of ``SETTINGS``, or turned around.  height, width: of the picture, in pixels.

    Raises UnknownName, InputInvalid.
    """
    return size_within(area_of(setting), height, width)


def size_within(area: int, height: int, width: int) -> Size:
    """The size of a video of about so many pixels, rounded down, as the original does it. Raises InputInvalid."""
    if height < 1 or width < 1:
        raise InputInvalid(f"the picture is {width}x{height}", mend="give one with pixels")
    aspect = height / width
    sides = [floor(floor(sqrt(one) / _CELL) / _PATCH) * _PATCH * _CELL for one in (area * aspect, area / aspect)]
    if not all(sides) or max(sides) > _MOST:
        raise InputInvalid(
            f"a picture of {width}x{height} is too narrow for a video of {area} pixels", mend="crop the picture"
        )
    return Size(*sides)


def area_of(setting: str) -> int:
    """The pixels of a setting, of either orientation and spelling, 832x480 or 832*480. Raises UnknownName."""
    name = setting.replace("*", "x")
    turned = "x".join(reversed(name.split("x")))
    for known in (name, turned):
        if known in SETTINGS:
            return SETTINGS[known]
    raise UnknownName("size", setting, SETTINGS)


def usual_shift(setting: str) -> float:
    """How schedules are bent for a setting where nothing else is asked for: less at 832x480, and there alone.

    Raises UnknownName.
    """
    return _LOW_SHIFT if area_of(setting) == SETTINGS["832x480"] else _SHIFT
