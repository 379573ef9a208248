"""Static metadata of HDR10: the display that a video was mastered on, and how bright it gets.

Source: SMPTE ST 2086 (mastering display), CTA-861.3 (content light levels).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction

# FFmpeg's AVMasteringDisplayMetadata: x and y of red, green, blue and white, least and most luminance, two booleans.
_MASTERING = struct.Struct("<22i")
_LIGHT = struct.Struct("<2I")

Point = tuple[Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class MasteringDisplay:
    """A display: x and y of its primaries and white (CIE 1931), and its luminance in candela per square metre."""

    red: Point
    green: Point
    blue: Point
    white: Point
    least: Fraction
    most: Fraction

    @classmethod
    def parsed(cls, data: bytes) -> MasteringDisplay | None:
        """What FFmpeg tells with a frame; None where a part is missing."""
        numbers = _MASTERING.unpack_from(data)
        pairs = list(zip(numbers[0:20:2], numbers[1:20:2], strict=True))
        if not (numbers[20] and numbers[21]) or any(below == 0 for _, below in pairs):
            return None
        values = [Fraction(above, below) for above, below in pairs]
        red, green, blue, white = ((values[at], values[at + 1]) for at in (0, 2, 4, 6))
        return cls(red, green, blue, white, values[8], values[9])

    def in_steps(self) -> str:
        """As x264 and x265 take it: steps of 0.00002, and of 0.0001 candela."""

        def pair(point: Point) -> str:
            return f"({_steps(point[0], 50_000)},{_steps(point[1], 50_000)})"

        light = f"L({_steps(self.most, 10_000)},{_steps(self.least, 10_000)})"
        return f"G{pair(self.green)}B{pair(self.blue)}R{pair(self.red)}WP{pair(self.white)}{light}"

    def in_decimals(self) -> str:
        """As SVT-AV1 takes it."""

        def pair(point: Point) -> str:
            return f"({float(point[0]):.5f},{float(point[1]):.5f})"

        light = f"L({float(self.most):.4f},{float(self.least):.4f})"
        return f"G{pair(self.green)}B{pair(self.blue)}R{pair(self.red)}WP{pair(self.white)}{light}"

    def in_box(self) -> bytes:
        """As MP4 and MOV keep it, in the steps of x264."""
        points = (value for point in (self.green, self.blue, self.red, self.white) for value in point)
        light = (_steps(self.most, 10_000), _steps(self.least, 10_000))
        return struct.pack(">I4s8H2I", 32, b"mdcv", *(_steps(value, 50_000) for value in points), *light)


@dataclass(frozen=True, slots=True)
class ContentLight:
    """The brightest pixel, and the brightest mean of a frame, in candela per square metre."""

    brightest: int
    brightest_mean: int

    @classmethod
    def parsed(cls, data: bytes) -> ContentLight:
        """What FFmpeg tells with a frame."""
        return cls(*_LIGHT.unpack_from(data))

    def in_box(self) -> bytes:
        """As MP4 and MOV keep it."""
        return struct.pack(
            ">I4s2H", 12, b"clli", *(min(value, 0xFFFF) for value in (self.brightest, self.brightest_mean))
        )


def _steps(value: Fraction, per_unit: int) -> int:
    return round(value * per_unit)
