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
    """Video and audio in one sequence, the video first."""

    visual: Placement
    audio: Placement


class Places(NamedTuple):
    """Where the tokens of every attention stand and go.

    In triple blocks tokens are outermost and rows within them, so that either stream lies in one piece; in single
    blocks a row is behind another.

    woven: in self-attention of triple blocks.  apart: in their cross-attention.  last: audio without video, there.
    alone: the same in single blocks.  text: of the text's keys.  streams: int32 (frames + tokens, rows), 1 for the
    video's and 0 for the audio's.
    """

    woven: Pair
    apart: Pair
    last: Placement
    alone: Placement
    text: RotaryTables
    streams: Tensor


def places(head_dim: int, rows: int, audio: int, visual: int, text: int, device: torch.device | str = "cpu") -> Places:
    """Of so many rows, with streams of so many tokens. Raises InputInvalid.

    Angles are computed on the host, so that every device has the same.
    """
    device = torch.device(device)
    heard, seen = torch.arange(audio), torch.arange(visual)
    woven = turned(torch.cat((visual_places(visual, audio), 2 * heard)), head_dim)
    apart = turned(torch.cat((seen, heard)), head_dim)
    alone = turned(heard, head_dim)

    def pair(tables: RotaryTables) -> Pair:
        return Pair(*(_outermost(tables, tokens, rows, device) for tokens in (seen, visual + heard)))

    return Places(
        woven=pair(woven),
        apart=pair(apart),
        last=_outermost(alone, heard, rows, device),
        alone=Placement(alone, heard.repeat(rows).int(), torch.arange(rows * audio).int()).to(device),
        text=RotaryTables(*(table.to(device) for table in turned(torch.arange(text), head_dim))),
        streams=(torch.arange(visual + audio) < visual).int()[:, None].repeat(1, rows).to(device),
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


def _outermost(tables: RotaryTables, tokens: Tensor, rows: int, device: torch.device) -> Placement:
    """Tokens of one stream, each of all rows before the next. tokens: their places, and turns, in a sequence."""
    where = rows * tokens[:, None] + torch.arange(rows)
    return Placement(tables, tokens.repeat_interleave(rows).int(), where.flatten().int()).to(device)
