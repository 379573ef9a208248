"""The prompt of SeedVR2: one fixed text that its makers encoded once; no text encoder was ever published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.weights.errors import WeightsUnfit
from greenroom.weights.formats.torch_file import BARE
from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from greenroom.models.seedvr2.architecture import Architecture


def load_embedding(
    path: Path, architecture: Architecture, *, device: torch.device | str = "cpu", dtype: torch.dtype = torch.float32
) -> Tensor:
    """The encoded prompt of a file: (length, text_in). Raises WeightsUnreadable, WeightsUnfit."""
    weights = open_weights(path)
    stored = weights.tensors.get(BARE)
    if stored is None or len(stored.shape) != 2 or stored.shape[1] != architecture.text_in:
        found = f"of shape {list(stored.shape)}" if stored else "is in a file of other tensors"
        raise WeightsUnfit(
            f"{weights.name}: a prompt {found}; {architecture.name} takes one tensor of width {architecture.text_in}",
            mend="use the file pos_emb.pt of the makers",
        )
    return read_weights(weights, {BARE: BARE}, device, dtype)[BARE]
