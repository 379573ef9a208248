"""What the network is shown of a picture and of poses, as latents.

The autoencoder is causal, so the first latent of a clip is that of its first picture alone: neither the reference
picture nor the first pose is encoded once more. What is made of the picture depends on it, on the size and on the
length alone, so a caller may keep it for other poses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from greenroom.models.steadydancer.architecture import MASK
from greenroom.models.steadydancer.conditions.lengths import latents_of
from greenroom.models.steadydancer.conditions.pictures import brought_to, like_pillow, pixels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.models.steadydancer.conditions.sizes import Size

Encode = Callable[[Tensor], Tensor]
"""An autoencoder's: (3, pictures, height, width) in -1..1 to (16, latents, height / 8, width / 8), normalised."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Of the reference picture. y: (20, latents, h, w), masks and latents of the picture and grey ones behind it.
    ref_x: (16, 1, h, w), of the picture alone."""

    y: Tensor
    ref_x: Tensor


@torch.inference_mode()
def reference_of(picture: Tensor, pictures: int, size: Size, encode: Encode) -> Reference:
    """Encode the reference picture and grey ones behind it.

    picture: uint8 (height, width, 3), of its own size, on the device of the encoder.  pictures: of a window, 4n + 1.
    Raises InputInvalid.
    """
    latents = latents_of(pictures)
    clip = torch.zeros(3, pictures, size.height, size.width, device=picture.device)
    clip[:, 0] = brought_to(pixels(picture), size)
    encoded = encode(clip)
    return Reference(torch.cat([given(latents, size, encoded), encoded]), encoded[:, :1].clone())


def given(latents: int, size: Size, like: Tensor) -> Tensor:
    """Which pictures are given, in latents: (4, latents, h, w), 1 for the first picture and 0 behind it.

    A picture is a channel of its latent; the first, which has a latent to itself, is all four.  like: has the type and
    the device.
    """
    masks = like.new_zeros(MASK, latents, *size.latent)
    masks[:, 0] = 1
    return masks


@torch.inference_mode()
def poses_of(poses: Sequence[Tensor], picture: tuple[int, int], size: Size, encode: Encode) -> Tensor:
    """Latents of pictures of poses, (16, latents, h, w); the first is that of the first pose alone.

    poses: each uint8 (height, width, 3), on the device of the encoder, 4n + 1 of them; taken one by one, so that a
    sequence may make them as it is asked.  picture: height and width of the reference picture, through which they go on
    their way to the video's. Raises InputInvalid.
    """
    latents_of(len(poses))
    first = posed(poses[0], picture, size)
    clip = first.new_empty(3, len(poses), size.height, size.width)
    clip[:, 0] = first
    for place in range(1, len(poses)):
        clip[:, place] = posed(poses[place], picture, size)
    return encode(clip)


def posed(pose: Tensor, picture: tuple[int, int], size: Size) -> Tensor:
    """A pose in the size of the video: float32 (3, height, width) in -1..1. See ``poses_of``."""
    return brought_to(pixels(like_pillow(pose, *picture)), size)
