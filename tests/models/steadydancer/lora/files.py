"""A small network's names, and files of small changes to it."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

NETWORK: dict[str, tuple[int, ...]] = {
    "patch_embedding.weight": (8, 6, 1, 2, 2),
    "patch_embedding.bias": (8,),
    "patch_embedding_fuse.weight": (8, 10, 1, 2, 2),
    "text_embedding.0.weight": (8, 5),
    "text_embedding.0.bias": (8,),
    "text_embedding.2.weight": (8, 8),
    "time_embedding.0.weight": (8, 4),
    "time_embedding.2.weight": (8, 8),
    "time_projection.1.weight": (48, 8),
    "img_emb.proj.0.weight": (7,),
    "img_emb.proj.0.bias": (7,),
    "img_emb.proj.1.weight": (7, 7),
    "img_emb.proj.3.weight": (8, 7),
    "img_emb.proj.4.weight": (8,),
    "head.head.weight": (12, 8),
    "head.head.bias": (12,),
    "head.modulation": (1, 2, 8),
} | {
    f"blocks.{block}.{name}": shape
    for block in (0, 11)
    for name, shape in {
        "modulation": (1, 6, 8),
        **{f"self_attn.{one}.weight": (8, 8) for one in "qkvo"},
        **{f"self_attn.{one}.bias": (8,) for one in "qkvo"},
        "self_attn.norm_q.weight": (8,),
        "self_attn.norm_k.weight": (8,),
        **{f"cross_attn.{one}.weight": (8, 8) for one in ("q", "k", "v", "o", "k_img", "v_img")},
        "cross_attn.norm_k_img.weight": (8,),
        "norm3.weight": (8,),
        "norm3.bias": (8,),
        "ffn.0.weight": (16, 8),
        "ffn.0.bias": (16,),
        "ffn.2.weight": (8, 16),
    }.items()
}
RANK = 3


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def pair(shape: tuple[int, ...], rank: int = RANK) -> tuple[Tensor, Tensor]:
    """Down and up of a weight."""
    down, up = normal(rank, *shape[1:], seed=1), normal(shape[0], rank, seed=2)
    return down, up.view(*up.shape, *(1,) * (len(shape) - 2))


def written(folder: Path, tensors: dict[str, Tensor], notes: dict[str, str] | None = None) -> Path:
    file = folder / "small.safetensors"
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file, notes)
    return file
