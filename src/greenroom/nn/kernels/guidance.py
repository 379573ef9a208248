"""One Euler step with classifier-free guidance (Ho and Salimans, 2022, arXiv 2207.12598) over packed rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import triton
import triton.language as tl

if TYPE_CHECKING:
    from torch import Tensor


@triton.jit
def _advance(
    state, half, velocity, guidance, times, step, tokens,
    channels: tl.constexpr, padded: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    token = tl.program_id(0) * block + tl.arange(0, block)
    channel = tl.arange(0, padded)
    mask = (token < tokens)[:, None] & (channel < channels)[None, :]
    now = tl.load(step)
    width = tl.load(times + now + 1) - tl.load(times + now)
    strength = tl.load(guidance + token, mask=token < tokens, other=0.0)
    wide = token.to(tl.int64)[:, None] * padded + channel[None, :]
    given = tl.load(velocity + wide, mask=mask, other=0.0).to(tl.float32)
    free = tl.load(velocity + tokens.to(tl.int64) * padded + wide, mask=mask, other=0.0).to(tl.float32)
    at = token.to(tl.int64)[:, None] * channels + channel[None, :]
    x = tl.load(state + at, mask=mask, other=0.0)
    x += width * (given + (given - free) * strength[:, None])
    tl.store(state + at, x, mask=mask)
    tl.store(half + wide, x.to(half.dtype.element_ty), mask=(token < tokens)[:, None])


@triton.jit
def _count(step):
    tl.store(step, tl.load(step) + 1)


def advance(
    state: Tensor, half: Tensor, velocity: Tensor, guidance: Tensor, times: Tensor, step: Tensor
) -> None:  # fmt: skip
    """state += dt * (given + (given - free) * guidance), its copy in half precision likewise, and step += 1.

    state: float32, (tokens, channels).  half: (tokens, padded).  velocity: (2 * tokens, padded), the conditional
    halves, then the unconditional ones.  guidance: float32, (tokens,).  times: float32, (steps + 1,).  step: int32
    scalar, which step this is.
    """
    tokens, channels = state.shape
    padded = half.shape[1]
    block = 16
    _advance[(triton.cdiv(tokens, block),)](
        state, half, velocity, guidance, times, step, tokens, channels, padded, block, num_warps=4
    )
    _count[(1,)](step)
