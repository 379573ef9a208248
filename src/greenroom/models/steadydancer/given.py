"""What the encoders say of a text, a picture and poses: small, on the host, and of use to any number of requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.models.steadydancer.dancer.fixed import Conditions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from greenroom.models.steadydancer.conditions.sizes import Size


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """What is asked for, and what is not. prompt, negative: rows of the text encoder, (n, 4096), n at most 512.
    notes: what was cut off of them, in words."""

    prompt: Tensor
    negative: Tensor
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Pictured:
    """The reference picture, for videos of one size and of windows of one length.

    size: of the video.  y: float32 (20, T, h, w), masks and latents of a window that begins with the picture.  ref_x:
    float32 (16, 1, h, w), of the picture alone.  image: (257, 1280), what CLIP sees in it.
    """

    size: Size
    y: Tensor
    ref_x: Tensor
    image: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """Poses of a whole clip. frames: how many.  windows: of each window of ``sampling.windows``, the latents of the
    poses that it shows, float32 (16, T, h, w).  image: (257, 1280), what CLIP sees in the clip's first pose."""

    frames: int
    windows: tuple[Tensor, ...]
    image: Tensor


def conditions_of(
    texts: Texts, pictured: Pictured, posed: Posed, negative: Posed | None, *, guided: bool = True
) -> Iterator[Conditions]:
    """What the denoiser is to fit in each window.

    negative: other poses; None where they do not guide.  guided: by texts.
    """
    others = (None,) * len(posed.windows) if negative is None else negative.windows
    for poses, other in zip(posed.windows, others, strict=True):
        yield Conditions(
            text=texts.prompt,
            negative=texts.negative if guided else None,
            image=pictured.image,
            pose_image=posed.image,
            y=pictured.y,
            ref_x=pictured.ref_x,
            ref_c=poses[:, :1],
            pose=poses,
            negative_pose=other,
        )
