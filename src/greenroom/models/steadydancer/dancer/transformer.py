"""The denoiser of SteadyDancer (arXiv 2511.19320), as its checkpoints name it.

What it computes is in ``fixed.py``: once for a job what stays, and a velocity for each step.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.models.steadydancer.dancer.adapters import FrameAlignment, SpatialExtractor, temporal_motion
from greenroom.models.steadydancer.dancer.block import Block
from greenroom.models.steadydancer.dancer.embedding import (
    Head,
    ImageEmbedding,
    PatchEmbedding,
    sinusoids,
    text_embedding,
    time_embedding,
)
from greenroom.nn.streaming import Streaming

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenroom.models.steadydancer.architecture import Architecture

_VECTORS = 6  # that modulate a block

# Of blocks: what a job calls once, apart from them, and what modulates all of them at once.
_APART = (
    "cross_attn.k.", "cross_attn.v.", "cross_attn.k_img.", "cross_attn.v_img.", "cross_attn.norm_k.",
    "cross_attn.norm_k_img.", "modulation", "norm3.",
)  # fmt: skip


class Dancer(nn.Module):
    """A size of the denoiser. Made under ``torch.device("meta")``, it costs nothing until weights come.

    streaming: which blocks stay on the device.  hearing: of the layers that make keys and values of texts and pictures,
    a quarter of all weights: a job asks for them once.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        width, latent = architecture.width, architecture.latent
        self.patch_embedding = PatchEmbedding(architecture.pictured, width)
        self.text_embedding = text_embedding(architecture)
        self.time_embedding = time_embedding(architecture)
        self.time_projection = nn.Sequential(nn.SiLU(), nn.Linear(width, _VECTORS * width))
        self.blocks = nn.ModuleList(Block(architecture) for _ in range(architecture.layers))
        self.head = Head(architecture)
        self.img_emb = ImageEmbedding(architecture)
        self.patch_embedding_fuse = PatchEmbedding(architecture.fused, width)
        self.patch_embedding_ref_c = PatchEmbedding(latent, width)
        self.condition_embedding_spatial = SpatialExtractor(latent)
        self.condition_embedding_temporal = temporal_motion(latent)
        self.condition_embedding_align = FrameAlignment(latent)
        self.streaming = Streaming(self.layers, lambda name: name.startswith(_APART))
        self.hearing = Streaming(self.listening)

    @property
    def layers(self) -> tuple[Block, ...]:
        """The blocks, from the first to the last."""
        return cast("tuple[Block, ...]", tuple(self.blocks))

    @property
    def listening(self) -> tuple[nn.Module, ...]:
        """The layers of ``hearing``, block by block."""
        return tuple(chain.from_iterable(block.cross_attn.hearing for block in self.layers))

    @property
    def dtype(self) -> torch.dtype:
        """The type of the stream."""
        return self.patch_embedding.weight.dtype

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.patch_embedding.weight.device

    def told(self, rows: Tensor) -> Tensor:
        """A text in the stream's width: its rows, then zeros, are all heard.

        rows: (n, text_in), n at most ``text_tokens``.  Returns (text_tokens, width).
        """
        padded = functional.pad(rows, (0, 0, 0, self.architecture.text_tokens - len(rows)))
        out: Tensor = self.text_embedding(padded.to(self.device, self.dtype))
        return out

    def seen(self, pictures: Iterable[Tensor]) -> Tensor:
        """The sum of what is seen in pictures, (image_tokens, image_in) each, in the stream's width."""
        parts = [self.img_emb(picture.to(self.device, self.dtype)) for picture in pictures]
        return torch.stack(parts).sum(0)

    def posed(self, poses: Tensor) -> tuple[Tensor, Tensor]:
        """What the adapters make of poses alone, to be added to them: in time, and in each frame.

        poses: float32 (channels, frames, height, width).  Returns the same twice.
        """
        motion = self.condition_embedding_temporal(poses[None])[0]
        shape = self.condition_embedding_spatial(poses.transpose(0, 1)).transpose(0, 1)
        return motion, shape

    def timed(self, time: float) -> tuple[Tensor, Tensor]:
        """What a time gives the head, and the blocks: (width,), and (6, width).  time: 0 to 1000."""
        known = sinusoids(time, self.architecture.sinusoids).to(self.device, self.dtype)
        own: Tensor = self.time_embedding(known)
        return own, self.time_projection(own).view(_VECTORS, -1)
