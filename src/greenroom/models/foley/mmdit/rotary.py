"""Rotary positions of the three streams (RoFormer, arXiv 2104.09864), in pairs side by side.

Within a triple block's self-attention audio and video share one line of positions, woven: audio token i stands at 2 i,
and a frame at the odd place behind the audio that it is seen with. Elsewhere each stream counts from 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch

from greenroom.errors import InputInvalid
from greenroom.models.foley.mmdit.nearest import nearest
from greenroom.nn.heads import Placement
from greenroom.nn.rotary import RotaryTables, frequencies

if TYPE_CHECKING:
    from torch import Tensor


class Pair(NamedTuple):
    """Video and audio of each row in one sequence, the video first."""

    visual: Placement
    audio: Placement


class Places(NamedTuple):
    """Where the tokens of every attention stand and go.

    woven: in self-attention of triple blocks.  apart: in their cross-attention.  alone: audio without video, in single
    blocks and behind the video's end.  text: of the text's keys.
    """

    woven: Pair
    apart: Pair
    alone: Placement
    text: RotaryTables


def places(head_dim: int, rows: int, audio: int, visual: int, text: int, device: torch.device | str = "cpu") -> Places:
    """Of so many rows, with streams of so many tokens. Raises InputInvalid.

    Angles are computed on the host, so that every device has the same.
    """
    device = torch.device(device)
    heard, seen = torch.arange(audio), torch.arange(visual)
    woven = turned(torch.cat((visual_places(visual, audio), 2 * heard)), head_dim)
    apart = turned(torch.cat((seen, heard)), head_dim)
    both = visual + audio

    def pair(tables: RotaryTables) -> Pair:
        return Pair(*(_placed(tables, tokens, both, rows, device) for tokens in (seen, visual + heard)))

    return Places(
        woven=pair(woven),
        apart=pair(apart),
        alone=_placed(turned(heard, head_dim), heard, audio, rows, device),
        text=RotaryTables(*(table.to(device) for table in turned(torch.arange(text), head_dim))),
    )


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


def _placed(tables: RotaryTables, tokens: Tensor, length: int, rows: int, device: torch.device) -> Placement:
    """Tokens of each row, of sequences that lie one behind another. tokens: their places, and turns, in a sequence."""
    starts = length * torch.arange(rows)[:, None]
    return Placement(tables, tokens.repeat(rows).int(), (starts + tokens).flatten().int()).to(device)
