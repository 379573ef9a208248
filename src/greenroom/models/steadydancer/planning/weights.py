"""How large the networks' weights are, added up from the sizes of their layers, without any of them."""

from __future__ import annotations

from functools import cache
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from greenroom.models.planned import pinned_alone, pinned_row
from greenroom.models.steadydancer.architecture import PATCH
from greenroom.models.steadydancer.dancer.precision import PRODUCTS, USUAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.models.steadydancer.architecture import Architecture

FLOAT, HALF = 4, 2
"""Bytes of a number."""

SLOTS = 2
"""Of the device's memory, for what comes from the host: see ``nn.streaming``."""

_VECTORS = 6  # that modulate a block
_SQUEEZED, _ALIGNED = 4, 128  # widths within the adapters
_MOTIONS, _KERNEL, _TAPS = 3, 9, 3  # of the temporal adapter


class Other(NamedTuple):
    """A network beside the denoiser. weights: bytes of all of it.  pinned: of the host, where it waits there.  working:
    of the device while it works, where it waits on the host otherwise."""

    weights: int
    pinned: int
    working: int


def umt5(options: Mapping[str, Any], itemsize: int) -> Other:
    """The text encoder, whose blocks come from the host one by one. options: transformers', all of them."""
    width, inner = options["d_model"], options["num_heads"] * options["d_kv"]
    placed = options["relative_attention_num_buckets"] * options["num_heads"]
    block = itemsize * (4 * width * inner + 3 * width * options["d_ff"] + placed + 2 * width)
    table, layers = itemsize * options["vocab_size"] * width, options["num_layers"]
    last = itemsize * width
    return Other(
        weights=table + layers * block + last,
        pinned=pinned_alone(table) + layers * pinned_row(block),
        working=table + min(SLOTS, layers) * block + last,
    )


UMT5 = {
    "vocab_size": 256_384,
    "d_model": 4096,
    "d_kv": 64,
    "d_ff": 10_240,
    "num_layers": 24,
    "num_heads": 64,
    "relative_attention_num_buckets": 32,
}
"""Of transformers' options of the published text encoder those that say how large it is."""

_UMT5 = umt5(UMT5, HALF)

ON_GPU = {
    "umt5": _UMT5,
    "clip": Other(1_222_179_336, 1_565_102_080, 1_222_179_336),
    "vae": Other(265_443_532, 293_518_672, 265_443_532),
}
"""As they are published, on a GPU: the text encoder in bfloat16, CLIP and the autoencoder in float16."""

ON_CPU = {"umt5": _UMT5, "clip": Other(2_444_356_616, 0, 2_444_356_616), "vae": Other(530_655_820, 0, 530_655_820)}
"""On a CPU, where nothing waits anywhere: the text encoder in bfloat16, CLIP and the autoencoder in float32."""

READING, SEEING = 96_468_992, 8_196_096
"""Bytes of the device that a text of the most tokens takes while it is read, and a picture while CLIP sees it, in half
precision."""


POSING = 1_100_000_000
"""Bytes of the host that the two pose networks take at most as onnxruntime runs them on the processor, their weights
included (benchmarks/results/steadydancer-poses-cpu.json)."""


class BlockBytes(NamedTuple):
    """Of a denoiser's block. travels: what comes from the host for each pass where the block does not stay.  hears: of
    each layer that makes keys and values of texts and pictures.  stays: what is always on the device."""

    travels: int
    hears: tuple[int, ...]
    stays: int

    @property
    def whole(self) -> int:
        """All of it."""
        return self.travels + sum(self.hears) + self.stays


class Matrix(NamedTuple):
    """A linear layer of a block, by its name there. heard: it makes keys or values of texts and pictures."""

    name: str
    outputs: int
    inputs: int
    heard: bool = False

    @property
    def numbers(self) -> int:
        """Of its weight."""
        return self.outputs * self.inputs


@cache
def matrices(architecture: Architecture) -> tuple[Matrix, ...]:
    """The twelve of a block."""
    width, hidden = architecture.width, architecture.hidden
    looking = (*(f"self_attn.{name}" for name in "qkvo"), "cross_attn.q", "cross_attn.o")
    hearing = (f"cross_attn.{name}" for name in ("k", "v", "k_img", "v_img"))
    return (
        *(Matrix(name, width, width) for name in looking),
        Matrix("ffn.0", hidden, width),
        Matrix("ffn.2", width, hidden),
        *(Matrix(name, width, width, heard=True) for name in hearing),
    )


def blocks(
    architecture: Architecture, precision: str, itemsize: int, stored: Mapping[str, int] | None = None
) -> tuple[BlockBytes, ...]:
    """All of a denoiser's.

    itemsize: bytes of a number that it computes with.  stored: bytes of the matrices that stay as a file has them, by
    the network's names of their weights; another one that is to be small takes a byte for each number.
    """
    kept = stored or {}
    every = range(architecture.layers)
    return tuple(_block(architecture, precision, itemsize, kept, f"blocks.{place}.") for place in every)


def _block(
    architecture: Architecture, precision: str, itemsize: int, stored: Mapping[str, int], prefix: str
) -> BlockBytes:
    hears: list[int] = []
    travels = 3 * architecture.width * itemsize  # norms of queries and keys
    for matrix in matrices(architecture):
        taken = _matrix(matrix, precision, itemsize, stored.get(f"{prefix}{matrix.name}.weight"))
        taken += matrix.outputs * itemsize  # the bias
        if matrix.heard:
            hears.append(taken)
        else:
            travels += taken
    stays = (2 + 2 + _VECTORS) * architecture.width * itemsize  # norms of what is heard, an affine norm, a table
    return BlockBytes(travels, tuple(hears), stays)


def _matrix(matrix: Matrix, precision: str, itemsize: int, stored: int | None) -> int:
    if precision == USUAL:
        return matrix.numbers * itemsize
    if precision == PRODUCTS and not matrix.heard:
        return matrix.numbers + matrix.outputs * FLOAT  # a scale for each output
    return matrix.numbers if stored is None else stored


def around_blocks(architecture: Architecture, itemsize: int) -> int:
    """Bytes of what stands before and behind a denoiser's blocks, the adapters in float32."""
    width, latent, seen = architecture.width, architecture.latent, architecture.image_in
    square = width**2
    patches = prod(PATCH) * (architecture.pictured + architecture.fused + latent) * width + 3 * width
    text = architecture.text_in * width + square + 2 * width
    time = architecture.sinusoids * width + square + 2 * width + _VECTORS * (square + width)
    image = 2 * seen + seen**2 + seen + (seen + 1) * width + 2 * width
    head = (width + 1) * architecture.outputs + 2 * width
    return itemsize * (patches + text + time + image + head) + FLOAT * _adapters(latent)


def _adapters(latent: int) -> int:
    few, wide = _SQUEEZED, _ALIGNED
    spatial = latent**2 + 4 * few * latent + few**2 + few**3 + 4 * few
    motion = _MOTIONS * (_KERNEL * latent + _TAPS * latent**2 + latent)
    aligned = 2 * (latent + 1) * wide + 4 * (wide + 1) * wide + 2 * (wide + 1) * wide + 4 * wide + (wide + 1) * latent
    return spatial + motion + aligned
