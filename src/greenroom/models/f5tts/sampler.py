"""Sampling as it is published (arXiv 2410.06885, 3.1), with what the original does to padded rows.

A row of a batch of unequal lengths is not what it would be alone: its text blocks run over the padding, and attention
looks at it. ``rows`` samples without that; this one is for equality with the original.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from greenroom.errors import InputInvalid
from greenroom.models.f5tts.guidance import branches_of, guided
from greenroom.models.f5tts.solver import evaluated_times, solve
from greenroom.models.f5tts.time_grid import time_grid
from greenroom.progress import Step, silent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from greenroom.models.f5tts.flow import Flow

MOST_FRAMES = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class Sampled:
    """What came of sampling. mel: (batch, frames, mel_dim), the conditioning where it was given.

    times: of the grid, (steps + 1,).  trajectory: the states from the noise to the end, (steps + 1, batch, frames,
    mel_dim), where it was asked for.
    """

    mel: Tensor
    times: Tensor
    trajectory: Tensor | None = None


@torch.inference_mode()
def sample(
    flow: Flow,
    cond: Tensor,
    text: Tensor,
    duration: int | Sequence[int] | Tensor,
    *,
    lens: Sequence[int] | Tensor | None = None,
    steps: int = 32,
    cfg_strength: float = 1.0,
    sway_sampling_coef: float | None = None,
    seed: int | None = None,
    max_duration: int = MOST_FRAMES,
    use_epss: bool = True,
    no_ref_audio: bool = False,
    edit_mask: Tensor | None = None,
    ode_method: str = "euler",
    noise: Tensor | None = None,
    trajectory: bool = False,
    step: Step = silent,
) -> Sampled:
    """Sample a batch by the names and the defaults of the original.

    cond: log mel (batch, frames, mel_dim).  text: int64 (batch, tokens), -1 behind a row's end.  duration: frames of
    the whole, of all rows or of each.  lens: frames of each row's conditioning.  edit_mask: bool (batch, frames), true
    where the conditioning is kept.  no_ref_audio: zeros in place of the conditioning.  noise: (batch, longest frames,
    mel_dim), instead of drawing it.  trajectory: keep every state.  Raises InputInvalid, UnknownName.
    """
    network, device = flow.transformer, flow.device
    cond, text = cond.to(device, flow.state_dtype), text.to(device)
    batch = cond.shape[0]
    given = _given(cond, lens, edit_mask)  # (batch, conditioning frames)
    frames = row_frames(cond, text, duration, lens=lens, max_duration=max_duration)
    longest = max(frames)

    cond = _resized(torch.zeros_like(cond) if no_ref_audio else cond, longest)  # (batch, longest, mel_dim)
    given = _resized(given[..., None], longest)  # (batch, longest, 1)
    mask = padding_mask(frames, longest) if batch > 1 else None
    if noise is None:
        noise = padded([draw_noise(count, flow.architecture.mel_dim, seed) for count in frames], longest)
    if noise.shape != cond.shape:
        raise InputInvalid(
            f"the noise is {list(noise.shape)}, the batch {list(cond.shape)}", mend="give noise of the batch's shape"
        )

    times = time_grid(steps, sway_sampling_coef, epss=use_epss)
    conditions = network.conditions(evaluated_times(times, ode_method).to(device))
    fixed = network.prepare(cond.where(given, 0).to(flow.dtype), text, mask, branches=branches_of(cfg_strength))

    def velocity(state: Tensor, at: int) -> Tensor:
        return guided(network.velocity(state, conditions[at], fixed).to(flow.state_dtype), cfg_strength)

    states = [noise.to(device, flow.state_dtype)]
    step("sampling", 0, steps)
    for done, state in enumerate(solve(states[0], times, velocity, ode_method), start=1):
        states = [*states, state] if trajectory else [state]
        step("sampling", done, steps)
    return Sampled(cond.where(given, states[-1]), times, torch.stack(states) if trajectory else None)


def row_frames(
    cond: Tensor,
    text: Tensor,
    duration: int | Sequence[int] | Tensor,
    *,
    lens: Sequence[int] | Tensor | None = None,
    max_duration: int = MOST_FRAMES,
) -> list[int]:
    """Frames of each row: more than it has tokens or conditioning, so that something is made, within the limit.

    The arguments are those of ``sample``.
    """
    asked = torch.as_tensor(duration).expand(len(cond)).tolist()
    tokens = (text != -1).sum(dim=1).tolist()
    given = _lengths(cond, lens)
    return [min(max(row, tokens[at] + 1, given[at] + 1), max_duration) for at, row in enumerate(asked)]


def draw_noise(frames: int, mel_dim: int, seed: int | None) -> Tensor:
    """Normal noise of one row, float32 on the CPU, (frames, mel_dim): of a seed, else of torch's own generator."""
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    return torch.randn(frames, mel_dim, generator=generator)


def padded(rows: Iterable[Tensor], length: int) -> Tensor:
    """Rows (frames, ...) below each other, with zeros behind their ends: (batch, length, ...)."""
    return torch.stack([_resized(row[None], length)[0] for row in rows])


def padding_mask(frames: Sequence[int], longest: int) -> Tensor:
    """True at each row's own frames: bool on the CPU, (batch, longest)."""
    return torch.arange(longest)[None] < torch.tensor(frames)[:, None]


def _lengths(cond: Tensor, lens: Sequence[int] | Tensor | None) -> list[int]:
    return [cond.shape[1]] * cond.shape[0] if lens is None else torch.as_tensor(lens).tolist()


def _given(cond: Tensor, lens: Sequence[int] | Tensor | None, edit_mask: Tensor | None) -> Tensor:
    given = padding_mask(_lengths(cond, lens), cond.shape[1]).to(cond.device)
    return given if edit_mask is None else given & edit_mask.to(cond.device)


def _resized(x: Tensor, length: int) -> Tensor:
    """x: (batch, frames, channels), cut or filled with zeros to a length."""
    return functional.pad(x, (0, 0, 0, length - x.shape[1]))
