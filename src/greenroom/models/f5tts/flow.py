"""The whole flow model, as its checkpoints name it: a backbone under ``transformer``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from greenroom.models.f5tts.dit import DiT
from greenroom.models.f5tts.unett import UNetT
from greenroom.nn.norms import summing

if TYPE_CHECKING:
    from greenroom.models.f5tts.architecture import Architecture
    from greenroom.models.f5tts.backbone import Backbone


class Flow(nn.Module):
    """A backbone of an architecture. Made under ``torch.device("meta")``, it costs nothing until weights come."""

    transformer: Backbone[Any]

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.transformer = DiT(architecture) if architecture.backbone == "DiT" else UNetT(architecture)

    @property
    def dtype(self) -> torch.dtype:
        """The type of the weights."""
        return next(self.parameters()).dtype

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @property
    def state_dtype(self) -> torch.dtype:
        """The type of the mel between the steps, and of guidance: float32 where the weights are less."""
        return summing(self.dtype)
