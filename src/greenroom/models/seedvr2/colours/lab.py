"""Colours matched in CIE L*a*b*: what lies beside lightness is distributed as in the source, lightness mostly stays.

Frames are those of ``colour.py``, but here all of a call are matched together: give a whole shot at once.
"""

from __future__ import annotations

import torch
from torch import Tensor

from greenroom.models.seedvr2.colours.colour import wavelet_capped
from greenroom.models.seedvr2.colours.matching import matched

_OWN_LIGHTNESS = 0.8

# sRGB (IEC 61966-2-1): linear light to CIE XYZ, and its white, D65.
_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750), (0.0193339, 0.1191920, 0.9503041))
_WHITE = (0.95047, 1.0, 1.08883)
# Below these, both curves are straight lines.
_DARK, _DARK_LINEAR, _KNEE = 0.04045, 0.0031308, 6 / 29
_TINY = 1e-9  # a power of zero or less is not asked for


def lab(content: Tensor, style: Tensor) -> Tensor:
    """Details over the style's low frequencies, then its distribution of colours."""
    own, wanted = to_lab(wavelet_capped(content, style)), to_lab(style)
    lightness = own[:, 0].lerp(matched(own[:, 0], wanted[:, 0]), 1 - _OWN_LIGHTNESS)
    colours = (matched(own[:, axis], wanted[:, axis]) for axis in (1, 2))
    return from_lab(torch.stack((lightness, *colours), dim=1))


def to_lab(frames: Tensor) -> Tensor:
    """sRGB in -1..1, cut where it is beyond, to L* in 0..100, a*, b*."""
    srgb = (frames * 0.5 + 0.5).clamp(0, 1)
    linear = torch.where(srgb > _DARK, ((srgb + 0.055) / 1.055) ** 2.4, srgb / 12.92)
    xyz = _mixed(linear, torch.tensor(_XYZ)) / _white(frames)
    curved = torch.where(xyz > _KNEE**3, xyz.clamp(min=_TINY) ** (1 / 3), xyz / (3 * _KNEE**2) + 4 / 29)
    x, y, z = curved.unbind(1)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), dim=1)


def from_lab(frames: Tensor) -> Tensor:
    """L*, a*, b* to sRGB in -1..1; colours that it has not are cut."""
    lightness, a, b = frames.unbind(1)
    y = (lightness + 16) / 116
    curved = torch.stack((y + a / 500, y, y - b / 200), dim=1)
    xyz = torch.where(curved > _KNEE, curved**3, 3 * _KNEE**2 * (curved - 4 / 29)) * _white(frames)
    linear = _mixed(xyz, torch.linalg.inv(torch.tensor(_XYZ)))
    srgb = torch.where(linear > _DARK_LINEAR, 1.055 * linear.clamp(min=_TINY) ** (1 / 2.4) - 0.055, 12.92 * linear)
    return srgb.clamp(0, 1) * 2 - 1


def _mixed(frames: Tensor, matrix: Tensor) -> Tensor:
    """Each pixel's three numbers times a matrix, exactly: products of tensor cores would round them."""
    red, green, blue = (channel[:, None] for channel in frames.unbind(1))
    columns = (column[:, None, None] for column in matrix.to(frames).unbind(1))
    first, second, third = columns
    return red * first + green * second + blue * third


def _white(frames: Tensor) -> Tensor:
    return torch.tensor(_WHITE).to(frames)[:, None, None]
