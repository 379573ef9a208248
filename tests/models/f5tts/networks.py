"""Networks of the family that are small enough for every test, and random in all of their weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from greenroom.models.f5tts.architecture import Architecture
from greenroom.models.f5tts.flow import Flow
from greenroom.models.f5tts.rows import Row
from greenroom.weights.synthesise import synthesise

GOLDENS = Path(__file__).parents[2] / "goldens" / "f5tts"

V1 = Architecture(
    name="tiny-v1", backbone="DiT", dim=32, depth=2, heads=2, dim_head=16, ff_mult=2, text_dim=24, conv_layers=2,
    mel_dim=20, vocabulary=40,
)  # fmt: skip
BASE = replace(V1, name="tiny-base", text_mask_padding=False, pe_attn_head=1)
E2 = Architecture(
    name="tiny-e2", backbone="UNetT", dim=32, depth=4, heads=2, dim_head=16, ff_mult=4, text_dim=20,
    text_mask_padding=False, pe_attn_head=1, mel_dim=20, vocabulary=40,
)  # fmt: skip
VARIANTS = (V1, BASE, E2)


def flow_of(architecture: Architecture, seed: int = 0) -> Flow:
    """A flow model with random weights."""
    flow = Flow(architecture)
    shapes = {name: tuple(tensor.shape) for name, tensor in flow.named_parameters()}
    flow.load_state_dict(dict(synthesise(shapes, seed)), strict=False)
    return flow.eval().requires_grad_(False)


def normal(*shape: int, seed: int = 0) -> Tensor:
    """Normal numbers of a seed."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def row(frames: int, reference: int, tokens: int, seed: int = 0, *, keep: Tensor | None = None) -> Row:
    """A row of the tiny networks' sizes, its numbers drawn from its sizes."""
    ids = torch.randint(0, 40, (tokens,), generator=torch.Generator().manual_seed(frames + tokens))
    conditioning = normal(reference, 20, seed=frames)
    return Row(conditioning, tuple(ids.tolist()), frames, start=reference, seed=seed, keep=keep)
