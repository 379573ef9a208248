"""Rotary positions of the three streams (RoFormer, arXiv 2104.09864), in pairs side by side.

Within a triple block's self-attention audio and video share one line of positions, woven: audio token i stands at 2 i,
and a frame at the odd place behind the audio that it is seen with. Elsewhere each stream counts from 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from greenroom.errors import InputInvalid
from greenroom.models.foley.nearest import nearest
from greenroom.nn.rotary import RotaryTables, frequencies

if TYPE_CHECKING:
    from torch import Tensor


class Tables(NamedTuple):
    """Angles of every attention, each float32 (length, head_dim / 2); those of video and audio in this order.

    woven: video and audio, in self-attention.  apart: video and audio, in cross-attention.  text: its keys.  audio:
    alone, in single blocks.
    """

    woven: RotaryTables
    apart: RotaryTables
    text: RotaryTables
    audio: RotaryTables


def tables(head_dim: int, audio: int, visual: int, text: int, device: torch.device | str = "cpu") -> Tables:
    """Of streams of so many tokens. Computed on the host, so that every device has the same. Raises InputInvalid."""
    apart = torch.cat((torch.arange(visual), torch.arange(audio)))
    places = (
        torch.cat((visual_places(visual, audio), 2 * torch.arange(audio))),
        apart,
        torch.arange(text),
        torch.arange(audio),
    )
    return Tables(*(_on(device, turned(own, head_dim)) for own in places))


def visual_places(visual: int, audio: int) -> Tensor:
    """Where frames stand among audio tokens that stand at even places: odd ones, int64 (visual,).

    Frames are stretched to the audio, turned, and shrunk back: a frame keeps the place of the audio token it is taken
    from. With more frames than audio tokens some would be lost on the way. Raises InputInvalid.
    """
    if visual > audio:
        raise InputInvalid(
            f"{visual} frames beside {audio} audio latents", mend="give one frame for each 1/8 s of sound, or fewer"
        )
    return 2 * nearest(audio, visual) + 1


def turned(places: Tensor, head_dim: int) -> RotaryTables:
    """Cosines and sines at places of a line: float32 (places, head_dim / 2)."""
    angles = torch.outer(places.float(), frequencies(head_dim))
    return RotaryTables(angles.cos(), angles.sin())


def _on(device: torch.device | str, found: RotaryTables) -> RotaryTables:
    return RotaryTables(found.cos.to(device), found.sin.to(device))
