"""A clip made to show what precision costs, and an autoencoder of random weights through which a picture stays one.

The clip has what suffers: letters with hard edges that move, rings that get finer and finer, gradients of skin, noise.

The published weights are not here, and random ones make noise of any picture. So some channels of a random autoencoder
are made to carry it: convolutions down average squares of 2 x 2 pixels, the last one takes them apart into a mean and
three details (Haar), and the way up puts them together. Norms at the ends of both networks see each colour beside its
negative, so that silu(x) - silu(-x) = x gives it back. All other weights stay random, and what residual blocks add is
weakened, so that it lies over the picture as texture. A picture comes back with a quarter of its detail.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from greenroom.models.seedvr2.vae.vae import VideoVAE
from greenroom.weights.fitting import shapes_of
from greenroom.weights.synthesise import synthesise_on

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from greenroom.models.seedvr2.vae.config import VAEConfig

_BRANCH = 0.05  # of what residual blocks and attention add
_GLYPHS = (
    "1111010001111101010010010",
    "1111110000111101000011111",
    "1111110000111110000111111",
    "1111100100001000010000100",
)
_CARRIERS = ("conv_shortcut.bias", "upscale_conv.bias", "samplers.0.conv.bias")
_SKIN = np.array([224, 172, 140], np.float32)
_BANDS = ((1, 1), (1, -1), (-1, 1), (-1, -1))  # signs of the second row and the second column: mean and details


def clip(frames: int, height: int, width: int, seed: int = 7) -> NDArray[np.uint8]:
    """Frames of moving letters, rings, skin and noise: uint8 (frames, height, width, 3)."""
    random = np.random.default_rng(seed)
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    made = np.empty((frames, height, width, 3), np.uint8)
    letters = np.concatenate([np.array(list(glyph), np.float32).reshape(5, 5) for glyph in _GLYPHS], axis=1)
    letters = np.kron(np.pad(letters, ((1, 1), (1, 1))), np.ones((height // 40, height // 40), np.float32))
    for place in range(frames):
        light = 0.75 + 0.25 * np.sin(across / width * 3 + down / height * 2 + place / 15)
        picture = light[..., None] * _SKIN
        radius = (across - width * 0.7) ** 2 + (down - height * (0.4 + 0.004 * place)) ** 2
        inside = radius < (0.3 * height) ** 2
        rings = 127 + 110 * np.sin(radius * (1.6 / height) - place / 3)
        picture[inside] = rings[inside][:, None] * np.array([1, 0.95, 0.8], np.float32)
        for row in range(3):
            top, left = height // 8 + row * height // 4, width // 16 + place * (row + 1)
            shown = letters[: height - top, : width - left]
            area = picture[top : top + shown.shape[0], left : left + shown.shape[1]]
            area[...] = area * (1 - shown[..., None]) + shown[..., None] * np.array([20, 30, 60 * row], np.float32)
        picture += random.normal(0, 4, picture.shape)
        made[place] = picture.round().clip(0, 255)
    return made


def random_state(device: torch.device, seed: int = 7) -> dict[str, Tensor]:
    """An autoencoder's weights as they are drawn: float32."""
    with torch.device("meta"):
        shapes = shapes_of(VideoVAE())
    return dict(synthesise_on(device, shapes, seed))


def carrying(state: dict[str, Tensor], config: VAEConfig) -> dict[str, Tensor]:
    """The same weights, so changed that a picture stays one; see above."""
    made = {name: tensor.clone() for name, tensor in state.items()}
    for name, tensor in made.items():
        if ".conv2." in name or ".to_out." in name:
            tensor.mul_(_BRANCH)
        elif name.endswith("conv_shortcut.weight"):
            tensor.zero_()
            torch.diagonal(tensor.flatten(1)).fill_(1)
        elif "conv_norm_out" in name:
            tensor.fill_(float(name.endswith("weight")))
        elif name.endswith(_CARRIERS) or name.split(".")[1] in ("conv_in", "conv_out"):
            tensor.zero_()
    _carry_down(made, config)
    _carry_up(made, config)
    return made


def _carry_down(made: dict[str, Tensor], config: VAEConfig) -> None:
    last = len(config.widths) - 1
    group = config.widths[-1] // config.groups
    for colour in range(3):
        made["encoder.conv_in.weight"][colour, colour, 2, 1, 1] = 1
    for level in range(last):
        weight = made[f"encoder.down_blocks.{level}.downsamplers.0.conv.weight"].zero_()
        times = slice(1, 3) if weight.shape[2] > 1 else slice(0, 1)
        for colour in range(3):
            if level < last - 1:
                weight[colour, colour, times, :2, :2] = 0.25 / len(range(3)[times])
                continue
            for band, signs in enumerate(_BANDS):
                for pixel in range(4):
                    row, column = divmod(pixel, 2)
                    value = 0.125 * signs[0] ** row * signs[1] ** column
                    place = group * colour + 2 * band
                    weight[place, colour, times, row, column] = value
                    weight[place + 1, colour, times, row, column] = -value
    for latent in range(12):
        place = group * (latent // 4) + 2 * (latent % 4)
        made["encoder.conv_out.weight"][latent, place, 2, 1, 1] = 0.4
        made["encoder.conv_out.weight"][latent, place + 1, 2, 1, 1] = -0.4
    made["encoder.conv_out.bias"][config.latent :] = -8


def _carry_up(made: dict[str, Tensor], config: VAEConfig) -> None:
    last = len(config.widths) - 1
    group = config.widths[0] // config.groups
    for latent in range(12):
        made["decoder.conv_in.weight"][latent, latent, 2, 1, 1] = 1
    for block in range(last):
        up = f"decoder.up_blocks.{block}.upsamplers.0"
        width = config.widths[last - block]
        lift = made[f"{up}.upscale_conv.weight"].zero_().view(2, 2, -1, width, width)
        weight = made[f"{up}.conv.weight"].zero_()
        torch.diagonal(weight[:, :, 2, 1, 1]).fill_(1)
        for colour in range(3):
            for sign in (0, 1):
                place, factor = group * colour + sign, 1 - 2 * sign
                if block:
                    lift[:, :, :, place, place] = 1
                    continue
                for band, signs in enumerate(_BANDS):
                    for pixel in range(4):
                        row, column = divmod(pixel, 2)
                        value = factor * signs[0] ** row * signs[1] ** column
                        lift[row, column, :, place, 4 * colour + band] = value
    for colour in range(3):
        made["decoder.conv_out.weight"][colour, group * colour, 2, 1, 1] = 0.3
        made["decoder.conv_out.weight"][colour, group * colour + 1, 2, 1, 1] = -0.3
