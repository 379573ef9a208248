"""CLAP's text tower (arXiv 2211.06687): a text's tokens, each as a vector that knows of the others."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from greenroom.models.foley.towers.encoders import LONGEST_TEXT
from greenroom.models.foley.towers.loading import Tower, load_tower

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import torch
    from torch import Tensor, nn

    from greenroom.models.foley.towers.encoders import Tokens

# The denoiser takes what the last layer says of each token: not the pooled vector, nor what projects it to where sound
# and text meet. Older releases of transformers wrote their tables of numbers into the file.
TEXT = Tower(
    network="clap-larger-general",
    prefix="text_model.",
    others=(
        "audio_model.",
        "audio_projection.",
        "text_projection.",
        "logit_scale_a",
        "logit_scale_t",
        "text_model.pooler.",
        "text_model.embeddings.position_ids",
        "text_model.embeddings.token_type_ids",
    ),
    mark="audio_model.",
)

BEGIN, PADDING, END = 0, 1, 2
"""Tokens that are no text."""

# By transformers' names. RoBERTa, whose first position is behind that of what pads.
PUBLISHED: Mapping[str, Any] = MappingProxyType(
    {
        "vocab_size": 50_265,
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "intermediate_size": 3072,
        "hidden_act": "gelu",
        "max_position_embeddings": LONGEST_TEXT + PADDING + 1,
        "type_vocab_size": 1,
        "layer_norm_eps": 1e-12,
        "pad_token_id": PADDING,
        "bos_token_id": BEGIN,
        "eos_token_id": END,
    }
)


class ClapTexts:
    """The tower as a ``TextEncoder``. network: transformers' ``ClapTextModel``."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    def __call__(self, tokens: Tokens, /) -> Tensor:
        """The last hidden state of each token, (texts, tokens, width); tokens may lie on the host."""
        device = next(self.network.parameters()).device
        ids, own = tokens.ids.to(device), tokens.own.to(device).long()
        states: Tensor = self.network(input_ids=ids, attention_mask=own).last_hidden_state
        return states


def load_clap(path: Path, options: Mapping[str, Any] = PUBLISHED, *, device: torch.device | str = "cpu") -> ClapTexts:
    """Load the tower from the file of both, strictly and in float32.

    On a GPU too: two texts are read in no time, and half precision would move their tokens for nothing. options:
    transformers' own. Raises WeightsUnreadable, WeightsUnfit, ExtraMissing.
    """
    return ClapTexts(load_tower(path, TEXT, lambda: text_tower(options), device))


def text_tower(options: Mapping[str, Any]) -> nn.Module:
    """transformers' network, of no weights yet. options: its own; what they leave out is as published."""
    from transformers import ClapTextConfig, ClapTextModel

    network: nn.Module = ClapTextModel(ClapTextConfig(**{**PUBLISHED, **options}), add_pooling_layer=False)
    return network
