"""How the time of the diffusion modulates the stream: DiT's adaptive norm (arXiv 2212.09748), one table for all blocks.

A block adds a learned vector of its own to each of the embedding's. There is no 1 beside a scale: the learned vector
holds it. All of these stay the same as long as the time does, so they are made once for it, and not for every clip.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from greenroom.models.seedvr2.architecture import Architecture

_LAYERS, _VECTORS = ("attn", "mlp"), ("shift", "scale", "gate")


class Terms(NamedTuple):
    """What modulates one layer, each (width,)."""

    shift: Tensor
    scale: Tensor
    gate: Tensor


class BranchTerms(NamedTuple):
    """Of a block, for video or for text."""

    attention: Terms
    mlp: Terms


class BlockTerms(NamedTuple):
    """Of a block."""

    video: BranchTerms
    text: BranchTerms


class Modulations(NamedTuple):
    """Of all blocks at one time. embedding: see ``by_layer``, for the output."""

    blocks: tuple[BlockTerms, ...]
    embedding: Tensor


def by_layer(embedding: Tensor) -> Tensor:
    """The time embedding as what is added to a block's vectors: float32 (layer, vector, width), contiguous.

    embedding: (6 * width,), in which the feature is outermost, then the layer, then the vector.
    """
    width = embedding.numel() // (len(_LAYERS) * len(_VECTORS))
    return embedding.view(width, len(_LAYERS), len(_VECTORS)).permute(1, 2, 0).float().contiguous()


class Modulation(nn.Module):
    """A block's own vectors, for one branch."""

    def __init__(self, width: int) -> None:
        super().__init__()
        for name in _names():
            self.register_parameter(name, nn.Parameter(torch.zeros(width)))

    def forward(self, embedding: Tensor) -> BranchTerms:
        """embedding: from ``by_layer``. Summed in float32, rounded once to the type of the weights."""
        own = torch.stack([self.get_parameter(name) for name in _names()])
        vectors = (embedding.flatten(0, 1) + own).to(own.dtype).unbind()
        return BranchTerms(Terms(*vectors[:3]), Terms(*vectors[3:]))


class OutputModulation(nn.Module):
    """The output's own shift and scale, of the 3B. To them is added what a block's attention gets."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.out_shift = nn.Parameter(torch.zeros(architecture.width))
        self.out_scale = nn.Parameter(torch.zeros(architecture.width))

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """x: (tokens, width), normed.  embedding: from ``by_layer``."""
        shift, scale, _ = embedding[_LAYERS.index("attn")]
        return torch.addcmul((shift + self.out_shift).to(x.dtype), x, (scale + self.out_scale).to(x.dtype))


def _names() -> list[str]:
    return [f"{layer}_{vector}" for layer in _LAYERS for vector in _VECTORS]
