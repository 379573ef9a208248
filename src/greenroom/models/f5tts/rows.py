"""Sampling as it is served: rows of any lengths at once, each as if it were alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from greenroom.errors import InputInvalid
from greenroom.models.f5tts.durations import HOP, RATE
from greenroom.models.f5tts.guidance import branches_of, guided
from greenroom.models.f5tts.sampler import draw_noise, padded, padding_mask
from greenroom.models.f5tts.solver import evaluated_times, solve
from greenroom.models.f5tts.time_grid import time_grid
from greenroom.progress import Step, silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.models.f5tts.flow import Flow


MOST_FRAMES = 8192
"""Of a row, 87 s: so many positions the published text embedding has, and its authors ask for 30 s."""


class RowTooLong(InputInvalid):
    """More is to be said in one go than the model has positions for."""

    code = "row-too-long"


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One sound to make.

    conditioning: log mel of the reference, float32, (reference frames, mel_dim), on the CPU.  tokens: ids of the
    reference's text and the text to speak, 0 for a space or an unknown one.  frames: of the whole sound, the reference
    included, more than there are tokens and more than the reference has.  start: the first frame that is vocoded.
    seed: of the noise, which is drawn on the CPU whatever the device.  keep: bool (reference frames,), where the
    conditioning is given; None for everywhere.  Raises RowTooLong.
    """

    conditioning: Tensor
    tokens: tuple[int, ...]
    frames: int
    start: int
    seed: int
    keep: Tensor | None = None

    def __post_init__(self) -> None:
        # The caller clamps: a row that is too short would lose text or reference without a word.
        least = max(len(self.tokens), len(self.conditioning)) + 1
        if self.frames < least:
            raise ValueError(f"a row of {self.frames} frames, where its tokens and its reference take {least}")
        if self.frames > MOST_FRAMES:
            raise RowTooLong(
                f"{self.frames * HOP / RATE:.0f} s, the reference included, would be spoken in one go, and"
                f" {MOST_FRAMES * HOP / RATE:.0f} s are the most",
                mend="give a shorter text, or a reference whose words are as many as it has time for",
            )

    @property
    def given(self) -> Tensor:
        """Where the conditioning is kept: bool (reference frames,)."""
        return torch.ones(len(self.conditioning), dtype=torch.bool) if self.keep is None else self.keep

    @property
    def noise(self) -> Tensor:
        """What the row starts from: float32 (frames, mel_dim), the same on every device and in every batch."""
        return draw_noise(self.frames, self.conditioning.shape[1], self.seed)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the flow is followed. The defaults are the published ones.

    steps: of the solver.  guidance: how far the conditional velocity is driven from the unconditional one; 0 leaves the
    latter out.  sway: bends the times towards the start; None for even ones.  epss: at 5, 6, 7, 10, 12 and 16 steps,
    the times that were found by pruning.
    """

    steps: int = 32
    guidance: float = 2.0
    sway: float | None = -1.0
    epss: bool = True


@torch.inference_mode()
def sample_rows(flow: Flow, rows: Sequence[Row], sampling: Sampling, step: Step = silent) -> list[Tensor]:
    """Sample rows at once: of each, float32 (frames, mel_dim) on the flow's device, the conditioning where it is given.

    A row's text is embedded at the row's own length and attention sees no padding, so in fp32 a row is within 1e-5 of
    what it is alone. Mel, noise, times and guidance are float32 whatever the weights are. Raises InputInvalid.
    """
    network, device = flow.transformer, flow.device
    frames = [row.frames for row in rows]
    longest = max(frames)
    conditioning = padded((row.conditioning for row in rows), longest).to(device)  # (rows, longest, mel_dim)
    given = padded((row.given[:, None] for row in rows), longest).to(device)  # (rows, longest, 1)
    state = padded((row.noise for row in rows), longest).to(device)  # (rows, longest, mel_dim)
    text = padded_tokens(rows).to(device)  # (rows, most tokens)
    mask = None if min(frames) == longest else padding_mask(frames, longest)

    times = time_grid(sampling.steps, sampling.sway, epss=sampling.epss)
    conditions = network.conditions(evaluated_times(times).to(device))
    fixed = network.prepare(
        conditioning.where(given, 0).to(flow.dtype), text, mask, branches=branches_of(sampling.guidance), alone=True
    )

    def velocity(state: Tensor, at: int) -> Tensor:
        return guided(network.velocity(state, conditions[at], fixed).float(), sampling.guidance)

    step("sampling", 0, sampling.steps)
    for done, moved in enumerate(solve(state, times, velocity), start=1):
        state = moved
        step("sampling", done, sampling.steps)
    return [mel[:count] for mel, count in zip(conditioning.where(given, state), frames, strict=True)]


def padded_tokens(rows: Sequence[Row]) -> Tensor:
    """The tokens of each row, -1 behind its end: int64 (rows, most tokens)."""
    most = max(len(row.tokens) for row in rows)
    ids = [torch.tensor(row.tokens, dtype=torch.int64) for row in rows]
    return torch.stack([functional.pad(row, (0, most - len(row)), value=-1) for row in ids])
