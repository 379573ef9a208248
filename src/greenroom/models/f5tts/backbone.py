"""What both backbones share: how noisy mel, conditioning and text enter, and what is computed once for all steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.models.f5tts.text_embedding import TextEmbedding
from greenroom.nn.conv_position import ConvPosition
from greenroom.nn.rotary import Rotary, RotaryTables
from greenroom.nn.time_embedding import TimeEmbedding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.models.f5tts.architecture import Architecture

Condition = TypeVar("Condition")


@dataclass(frozen=True, slots=True)
class Branch:
    """What a prediction sees. drop_audio: no conditioning mel.  drop_text: filler in place of the text."""

    drop_audio: bool = False
    drop_text: bool = False


CONDITIONAL = Branch()
UNCONDITIONAL = Branch(drop_audio=True, drop_text=True)
GUIDED = (CONDITIONAL, UNCONDITIONAL)


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """What stays the same at every step of a call; rows are those of the first branch, then those of the next.

    projected: (rows, frames, dim), conditioning and text through the input layer.  tables: of the rotary positions.
    input_own: bool (rows, frames), frames that the convolutions of the input see.  output_own: bool (rows, length),
    positions whose attention is not zeroed.  keys: bool (rows, length), positions that attention looks at.  Each is
    None for all; the length counts a token that a backbone puts before the frames.
    """

    projected: Tensor
    tables: RotaryTables
    input_own: Tensor | None = None
    output_own: Tensor | None = None
    keys: Tensor | None = None


class FeedForward(nn.Module):
    """Linear, tanh GELU, Linear. The nesting is that of the published names."""

    def __init__(self, dim: int, mult: float) -> None:
        super().__init__()
        inner = int(dim * mult)
        first = nn.Sequential(nn.Linear(dim, inner), nn.GELU(approximate="tanh"))
        self.ff = nn.Sequential(first, nn.Identity(), nn.Linear(inner, dim))

    def forward(self, x: Tensor) -> Tensor:
        """x: (..., dim)."""
        out: Tensor = self.ff(x)
        return out


class InputEmbedding(nn.Module):
    """Noisy mel, conditioning mel and text to the transformer's width; only the first changes from step to step."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.mel_dim = architecture.mel_dim
        self.proj = nn.Linear(2 * architecture.mel_dim + architecture.text_dim, architecture.dim)
        self.conv_pos_embed = ConvPosition(architecture.dim)

    def project(self, conditioning: Tensor, text: Tensor) -> Tensor:
        """The part of (rows, frames, mel_dim) and (rows, frames, text_dim), bias included: (rows, frames, dim)."""
        columns = self.proj.weight[:, self.mel_dim :]
        return functional.linear(torch.cat((conditioning.to(text.dtype), text), dim=-1), columns, self.proj.bias)

    def forward(self, x: Tensor, projected: Tensor, own: Tensor | None = None) -> Tensor:
        """x: (batch, frames, mel_dim), the noisy mel, the same for every branch.  projected: (rows, frames, dim)."""
        noisy = functional.linear(x.to(projected.dtype), self.proj.weight[:, : self.mel_dim])
        y = projected + noisy.repeat(projected.shape[0] // x.shape[0], 1, 1)
        out: Tensor = y + self.conv_pos_embed(y, own)
        return out


class Backbone(nn.Module, ABC, Generic[Condition]):
    """A transformer that predicts the flow's velocity. Subclasses give ``condition`` and ``layers_of``.

    tokens_before: tokens that it puts before the frames.  masks_input: as published, its text and the convolutions of
    its input know where a padded row ends.
    """

    proj_out: nn.Linear

    tokens_before: ClassVar[int] = 0
    masks_input: ClassVar[bool] = True

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.attn_mask_enabled = architecture.attn_mask_enabled
        self.time_embed = TimeEmbedding(architecture.dim)
        self.text_embed = TextEmbedding(architecture)
        self.input_embed = InputEmbedding(architecture)
        self.rotary_embed = Rotary(architecture.dim_head)

    @abstractmethod
    def condition(self, t: Tensor) -> Condition:
        """What the layers need of time vectors, (n, dim): of one time for all rows, or of one each."""

    @abstractmethod
    def split(self, condition: Condition) -> list[Condition]:
        """A condition of n times as n conditions of one."""

    @abstractmethod
    def body(self, x: Tensor, condition: Condition, fixed: Fixed) -> Tensor:
        """From the embedded input, (rows, frames, dim), to the velocity, (rows, frames, mel_dim)."""

    def conditions(self, times: Tensor) -> list[Condition]:
        """The conditions of a whole grid of times, (n,): they depend on nothing else, so no step computes its own."""
        return self.split(self.condition(self.time_embed(times)))

    def prepare(
        self,
        conditioning: Tensor,
        text: Tensor,
        mask: Tensor | None = None,
        *,
        branches: Sequence[Branch] = GUIDED,
        alone: bool = False,
    ) -> Fixed:
        """Compute what no step changes.

        conditioning: (batch, frames, mel_dim).  text: int64 (batch, tokens), padded with -1.  mask: bool (batch,
        frames), a row's own frames; None where no row is padded; on the CPU, so that nothing waits for the device.
        alone: every row gets what it gets in a batch of one; otherwise what the original gives padded rows.
        """
        device = text.device
        frames = conditioning.shape[1]
        length = mask.sum(dim=1) if mask is not None and (alone or self.masks_input) else frames
        projected = torch.cat([self._project(conditioning, text, length, branch, alone) for branch in branches])
        tables = self.rotary_embed.tables(frames + self.tokens_before, device)
        if mask is None:
            return Fixed(projected, tables)
        own = mask.to(device).repeat(len(branches), 1)
        positions = functional.pad(own, (self.tokens_before, 0), value=True)
        return Fixed(
            projected,
            tables,
            input_own=own if alone or self.masks_input else None,
            output_own=None if alone else positions,
            keys=positions if alone or self.attn_mask_enabled else None,
        )

    def velocity(self, x: Tensor, condition: Condition, fixed: Fixed) -> Tensor:
        """The velocities at x, (batch, frames, mel_dim): (branches * batch, frames, mel_dim)."""
        return self.body(self.input_embed(x, fixed.projected, fixed.input_own), condition, fixed)

    def forward(
        self,
        x: Tensor,
        cond: Tensor,
        text: Tensor,
        time: Tensor,
        mask: Tensor | None = None,
        *,
        drop_audio_cond: bool = False,
        drop_text: bool = False,
        cfg_infer: bool = False,
    ) -> Tensor:
        """One velocity as the original computes it, by its names.

        x, cond: (batch, frames, mel_dim), the noisy and the conditioning mel.  text: int64 (batch, tokens).  time: a
        scalar or (batch,).  mask: bool (batch, frames).  cfg_infer: both branches, the conditional rows first.
        """
        branches = GUIDED if cfg_infer else (Branch(drop_audio_cond, drop_text),)
        fixed = self.prepare(cond, text, mask, branches=branches)
        t = self.time_embed(time.expand(x.shape[0]))  # (batch, dim)
        return self.velocity(x, self.condition(t.repeat(len(branches), 1)), fixed)

    def _project(self, conditioning: Tensor, text: Tensor, length: int | Tensor, branch: Branch, alone: bool) -> Tensor:
        embedded = self.text_embed(text, length, drop_text=branch.drop_text, alone=alone)
        embedded = functional.pad(embedded, (0, 0, 0, conditioning.shape[1] - embedded.shape[1]))
        seen = torch.zeros_like(conditioning) if branch.drop_audio else conditioning
        return self.input_embed.project(seen, embedded)
