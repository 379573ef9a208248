"""SigLIP 2's vision tower (arXiv 2502.14786): what is in a picture, as a vector."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import torch

from greenroom.models.foley.towers.loading import Tower, load_tower
from greenroom.models.foley.watching.preprocess import PICTURE_SIDE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor, nn

VISION = Tower(
    network="siglip2-base-patch16-512",
    prefix="vision_model.",
    others=("text_model.", "logit_scale", "logit_bias"),
    mark="vision_model.",
)

# By transformers' names. Of itself the file says "siglip", not "siglip2": its pictures are all of one size.
PUBLISHED: Mapping[str, Any] = MappingProxyType(
    {
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "num_channels": 3,
        "image_size": PICTURE_SIDE,
        "patch_size": 16,
        "hidden_act": "gelu_pytorch_tanh",
        "layer_norm_eps": 1e-6,
    }
)


class SiglipPictures:
    """The tower as a ``PictureEncoder``. network: transformers' ``SiglipVisionModel``."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    def __call__(self, pictures: Tensor, /) -> Tensor:
        """pictures: in -1..1, (pictures, 3, 512, 512). Returns float32 (pictures, width), not brought to length 1."""
        dtype = next(self.network.parameters()).dtype
        vectors: Tensor = self.network(pixel_values=pictures.to(dtype)).pooler_output
        return vectors.float()


def load_siglip2(
    path: Path,
    options: Mapping[str, Any] = PUBLISHED,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
) -> SiglipPictures:
    """Load the tower from the file of both, strictly, onto a device.

    options: transformers' own.  dtype: of the weights; where it is None, ``usual_dtype``.
    Raises WeightsUnreadable, WeightsUnfit, ExtraMissing.
    """
    dtype = dtype or usual_dtype(device)
    return SiglipPictures(load_tower(path, VISION, lambda: vision_tower(options), device, dtype))


def usual_dtype(device: torch.device | str) -> torch.dtype:
    """float16 on a GPU, where the original has float32, and float32 elsewhere.

    It moves the vectors by less than the denoiser does, which rounds them to bfloat16: measured with
    invented weights.
    """
    return torch.float16 if torch.device(device).type == "cuda" else torch.float32


def vision_tower(options: Mapping[str, Any]) -> nn.Module:
    """transformers' network, of no weights yet. options: its own; what they leave out is as published."""
    from transformers import SiglipVisionConfig, SiglipVisionModel

    network: nn.Module = SiglipVisionModel(SiglipVisionConfig(**{**PUBLISHED, **options}))
    return network
