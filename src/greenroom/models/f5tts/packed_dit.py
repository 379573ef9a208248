"""The DiT over packed rows in half precision, with what is constant over a schedule taken out of its loop.

What one velocity needs again and again is computed once: the adaptive norms' scales, shifts and gates once a time grid,
the projections of conditioning and text once a call. Queries, keys and values are one product. Between the matrix
products stand fused kernels, and nothing waits for the host, so that one step is one CUDA graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from greenroom.models.f5tts.packing import QUERIES
from greenroom.models.f5tts.rows import MOST_FRAMES
from greenroom.nn.kernels.attention import attend
from greenroom.nn.kernels.grouped_conv import convolve_mish, taps_first
from greenroom.nn.kernels.guidance import advance
from greenroom.nn.kernels.modulation import norm_modulate
from greenroom.nn.kernels.rotary import rotate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from greenroom.models.f5tts.architecture import Architecture
    from greenroom.models.f5tts.packing import Bucket, Tables

_CONV_GROUPS = 16
_ROTARY_BASE = 10_000.0
_WIDE = 128  # mel channels, padded to what matrix products align to


def is_packable(architecture: Architecture) -> bool:
    """Whether this network can run packed: a DiT without the options that no published model has."""
    return (
        architecture.backbone == "DiT"
        and architecture.qk_norm is None
        and not architecture.long_skip_connection
        and not architecture.average_upsampling
        and architecture.dim.bit_count() == 1
        and architecture.dim == architecture.heads * architecture.dim_head
        and architecture.dim_head in (16, 32, 64, 128)
        and (architecture.pe_attn_head or architecture.heads).bit_count() == 1
        and architecture.mel_dim <= _WIDE
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Weights of one block, half precision; matrices as (in, out)."""

    qkv: Tensor
    qkv_bias: Tensor
    out: Tensor
    out_bias: Tensor
    up: Tensor
    up_bias: Tensor
    down: Tensor
    down_bias: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Buffers:
    """What one bucket's graph reads and writes, all on the device.

    mels: float32 (2, frames, mel), the solver's state, and the conditioning.  half: (frames, wide), the state's copy.
    constant: (2 * frames, dim), what conditioning and text give to the input projection.  guidance: float32 (frames,).
    """

    mels: Tensor
    half: Tensor
    constant: Tensor
    guidance: Tensor
    tables: Tables

    @property
    def state(self) -> Tensor:
        """The solver's state: float32 (frames, mel)."""
        return self.mels[0]


class PackedDiT:
    """A DiT's weights as the packed step wants them, and that step.

    weights: of the backbone, by their published names.  steps: the longest schedule.  positions: the longest row.
    """

    def __init__(
        self, architecture: Architecture, weights: Mapping[str, Tensor], device: torch.device,
        *, dtype: torch.dtype = torch.float16, steps: int = 64, positions: int = MOST_FRAMES,
    ) -> None:  # fmt: skip
        self.architecture = architecture
        self.device, self.dtype = device, dtype
        self._weights = {name: tensor.to(device, dtype) for name, tensor in weights.items() if "inv_freq" not in name}
        self._load_blocks()
        self._load_input()
        self._load_output()
        half = architecture.dim_head // 2
        frequency = _ROTARY_BASE ** (-torch.arange(half, dtype=torch.float64) / half)
        angle = torch.outer(torch.arange(positions, dtype=torch.float64), frequency)
        self._cos = angle.cos().float().to(device)
        self._sin = angle.sin().float().to(device)
        self.table_width = architecture.dim * (6 * architecture.depth + 2)
        self.table = torch.zeros(steps, self.table_width, device=device)
        self.times = torch.zeros(steps + 1, device=device)
        self.step = torch.zeros((), dtype=torch.int32, device=device)

    def _take(self, name: str) -> Tensor:
        return self._weights.pop(name)

    def _load_blocks(self) -> None:
        a = self.architecture
        # A head's pairs (0, 1), (2, 3)... become first members, then second ones: scores do not change, and rotation
        # reads two contiguous halves.
        order = torch.arange(a.heads * a.dim_head).view(a.heads, a.dim_head // 2, 2).transpose(1, 2).reshape(-1)
        self._blocks = []
        self._modulation = []
        for i in range(a.depth):
            name = f"transformer_blocks.{i}."
            pairs = [(self._take(f"{name}attn.to_{x}.weight"), self._take(f"{name}attn.to_{x}.bias")) for x in "qkv"]
            pairs[:2] = [(weight[order], bias[order]) for weight, bias in pairs[:2]]
            self._blocks.append(
                _Block(
                    torch.cat([weight for weight, _ in pairs]).t(),
                    torch.cat([bias for _, bias in pairs]),
                    self._take(f"{name}attn.to_out.0.weight").t(),
                    self._take(f"{name}attn.to_out.0.bias"),
                    self._take(f"{name}ff.ff.0.0.weight").t(),
                    self._take(f"{name}ff.ff.0.0.bias"),
                    self._take(f"{name}ff.ff.2.weight").t(),
                    self._take(f"{name}ff.ff.2.bias"),
                )
            )
            linear = f"{name}attn_norm.linear."
            self._modulation.append((self._take(f"{linear}weight"), self._take(f"{linear}bias")))
        self._modulation.append((self._take("norm_out.linear.weight"), self._take("norm_out.linear.bias")))

    def _load_input(self) -> None:
        a = self.architecture
        weight = self._take("input_embed.proj.weight")
        noisy, given, text = torch.split(weight, [a.mel_dim, a.mel_dim, a.text_dim], dim=1)
        self._noisy = functional.pad(noisy, (0, _WIDE - a.mel_dim)).t().contiguous()
        self._given = given.t().contiguous()
        self._text = text.t().contiguous()
        self._input_bias = self._take("input_embed.proj.bias")
        self._convs = [
            (
                taps_first(self._take(f"input_embed.conv_pos_embed.conv1d.{i}.weight"), _CONV_GROUPS),
                self._take(f"input_embed.conv_pos_embed.conv1d.{i}.bias"),
            )
            for i in (0, 2)
        ]

    def _load_output(self) -> None:
        pad = _WIDE - self.architecture.mel_dim
        self._velocity = functional.pad(self._take("proj_out.weight"), (0, 0, 0, pad)).t()
        self._velocity_bias = functional.pad(self._take("proj_out.bias"), (0, pad))
        self._time = [
            (self._take(f"time_embed.time_mlp.{i}.weight").float(), self._take(f"time_embed.time_mlp.{i}.bias").float())
            for i in (0, 2)
        ]

    def modulation(self, times: Tensor) -> Tensor:
        """Scales, shifts and gates of all blocks at each time: float32 (times, table width)."""
        (w0, b0), (w2, b2) = self._time
        k = torch.arange(w0.shape[1] // 2, device=self.device, dtype=torch.float64) / (w0.shape[1] // 2 - 1)
        angle = 1000.0 * times.double()[:, None] * _ROTARY_BASE**-k
        sinusoid = torch.cat((angle.sin(), angle.cos()), dim=1).float()
        embedded = functional.linear(functional.silu(functional.linear(sinusoid, w0, b0)), w2, b2)
        active = functional.silu(embedded)
        return torch.cat([functional.linear(active, w.float(), b.float()) for w, b in self._modulation], dim=1)

    def constant(self, given: Tensor, text: Tensor, out: Tensor) -> None:
        """What conditioning (n, mel) and text (n, text_dim) add to the input projection: out (n, dim)."""
        torch.addmm(self._input_bias, text, self._text, out=out)
        out.addmm_(given, self._given)

    def constant_without(self, text: Tensor, out: Tensor) -> None:
        """The same without conditioning."""
        torch.addmm(self._input_bias, text, self._text, out=out)

    def buffers(self, bucket: Bucket) -> Buffers:
        """Room for one bucket."""
        dim, mel, device, frames = self.architecture.dim, self.architecture.mel_dim, self.device, bucket.frames
        return Buffers(
            mels=torch.zeros(2, frames, mel, device=device),
            half=torch.zeros(frames, _WIDE, device=device, dtype=self.dtype),
            constant=torch.zeros(2 * frames, dim, device=device, dtype=self.dtype),
            guidance=torch.zeros(frames, device=device),
            tables=bucket.tables(bucket.tables().whole.to(device)),
        )

    def advance(self, b: Buffers) -> None:
        """One Euler step for all rows. Nothing here waits for the device: capture it as it is."""
        velocity = self._velocity_of(b)
        advance(b.state, b.half, velocity, b.guidance, self.times, self.step)

    def _velocity_of(self, b: Buffers) -> Tensor:
        a = self.architecture
        t, dim = b.tables, a.dim
        heads = a.pe_attn_head or a.heads
        x = self._embed_input(b)
        h = torch.empty_like(x)
        attended = torch.zeros_like(x)  # padding belongs to no row: nothing else writes it
        table = (self.table, self.step)
        norm_modulate(x, h, *table, shift=0, scale=dim)
        for i, block in enumerate(self._blocks):
            first = 6 * dim * i
            qkv = torch.addmm(block.qkv_bias, h, block.qkv)
            rotate(qkv, self._cos, self._sin, t.position, heads)
            attend(
                qkv, attended, t.tile_row, t.tile_first, t.row_start, t.row_length,
                heads=a.heads, size=a.dim_head, queries=QUERIES,
            )  # fmt: skip
            branch = torch.addmm(block.out_bias, attended, block.out)
            norm_modulate(
                x, h, *table, branch=branch, gate=first + 2 * dim, shift=first + 3 * dim, scale=first + 4 * dim
            )
            inner = _linear_gelu(block.up_bias, h, block.up)
            branch = torch.addmm(block.down_bias, inner, block.down)
            # The next block's norm; behind the last one stands the output's, whose scale comes before its shift.
            after = first + 6 * dim
            shift, scale = (after + dim, after) if i == a.depth - 1 else (after, after + dim)
            norm_modulate(x, h, *table, branch=branch, gate=first + 5 * dim, shift=shift, scale=scale)
        return torch.addmm(self._velocity_bias, h, self._velocity)

    def _embed_input(self, b: Buffers) -> Tensor:
        frames = b.half.shape[0]
        y = torch.empty_like(b.constant)
        for half in (slice(None, frames), slice(frames, None)):
            torch.addmm(b.constant[half], b.half, self._noisy, out=y[half])
        (w0, b0), (w1, b1) = self._convs
        inner = torch.empty_like(y)
        convolve_mish(y, w0, b0, inner, b.tables.position, b.tables.length)
        out = torch.empty_like(y)
        convolve_mish(inner, w1, b1, out, b.tables.position, b.tables.length, residual=y)
        return out


def _linear_gelu(bias: Tensor, x: Tensor, weight: Tensor) -> Tensor:
    """tanh GELU of a linear layer; on CUDA in the product's own epilogue, which is exact GELU elsewhere."""
    if x.is_cuda:
        return torch._addmm_activation(bias, x, weight, use_gelu=True)
    return functional.gelu(torch.addmm(bias, x, weight), approximate="tanh")
