"""Saturation matched to the source's, hue by hue, against colours that were restored too strong.

Frames are those of ``colour.py``, but here all of a call are matched together: give a whole shot at once.
"""

from __future__ import annotations

import torch
from torch import Tensor

from greenroom.models.seedvr2.colours.colour import wavelet_capped
from greenroom.models.seedvr2.colours.matching import matched

_HUES = 12
_FEWEST = 100  # pixels of a hue that say how it is distributed
# How much more saturated than the source is too much, where half of the matched result is taken, and how sharply.
_TOO_MUCH, _HALF, _SHARPNESS = 0.075, 0.15, 5.0


def hsv(content: Tensor, style: Tensor) -> Tensor:
    """The content with the style's distribution of saturation within each of twelve hues."""
    hue, saturation, value = to_hsv(content)
    wanted_hue, wanted, _ = to_hsv(style)
    made = saturation.clone()
    for number in range(_HUES):
        inside, outside = _of_hue(hue, number), _of_hue(wanted_hue, number)
        if inside.sum() > _FEWEST and outside.sum() > _FEWEST:
            made[inside] = matched(saturation[inside], wanted[outside])
    return from_hsv(hue, made, value)


def wavelet_adaptive(content: Tensor, style: Tensor) -> Tensor:
    """Details over the style's low frequencies, and the other method where that is still too saturated."""
    detailed = wavelet_capped(content, style)
    wanted = to_hsv(style)[1]
    excess = to_hsv(content)[1] - wanted
    weight = torch.sigmoid(_SHARPNESS * (excess - _HALF))
    weight = torch.where(to_hsv(detailed)[1] - wanted > _TOO_MUCH, weight, 0)[:, None]
    return detailed.lerp(hsv(content, style), weight)


def to_hsv(frames: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """RGB in -1..1, cut where it is beyond, to hue, saturation and value in 0..1: (frames, height, width) each."""
    rgb = (frames * 0.5 + 0.5).clamp(0, 1)
    red, green, blue = rgb.unbind(1)
    value, largest = rgb.max(dim=1)
    spread = value - rgb.amin(dim=1)
    apart = spread.clamp(min=torch.finfo(spread.dtype).tiny)  # of grey, whose hue is any: then the differences are zero
    sixths = torch.stack((((green - blue) / apart) % 6, (blue - red) / apart + 2, (red - green) / apart + 4), dim=1)
    hue = sixths.gather(1, largest[:, None])[:, 0] / 6
    return hue, torch.where(value > 0, spread / value, 0), value


def from_hsv(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Hue, saturation and value in 0..1 to RGB in -1..1."""
    # How far each channel lies below the value goes around the circle of hues, a third of it apart.
    below = [((6 * hue + turn) % 6).sub(3).abs().sub(1).clamp(0, 1) for turn in (0, 4, 2)]
    return torch.stack([value * (1 - saturation * (1 - part)) for part in below], dim=1) * 2 - 1


def _of_hue(hue: Tensor, number: int) -> Tensor:
    """Which pixels count to a twelfth of the hues. Those of red, where hues begin anew, are the ones before it too."""
    inside = (hue >= number / _HUES) & (hue < (number + 1) / _HUES)
    return inside if number else inside | (hue >= 1 - 1 / _HUES)
