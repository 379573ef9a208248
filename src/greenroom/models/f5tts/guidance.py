"""Classifier-free guidance (arXiv 2207.12598), as F5-TTS counts its strength."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.models.f5tts.backbone import CONDITIONAL, GUIDED, Branch

if TYPE_CHECKING:
    from torch import Tensor

_LEAST = 1e-5  # below it, the unconditional prediction is not made


def branches_of(strength: float) -> tuple[Branch, ...]:
    """What is predicted: both branches, or the conditional one alone."""
    return (CONDITIONAL,) if strength < _LEAST else GUIDED


def guided(predicted: Tensor, strength: float) -> Tensor:
    """c + (c - u) * strength, of the rows of each branch one below the other; strength 2 weighs 3 c - 2 u."""
    if strength < _LEAST:
        return predicted
    conditional, unconditional = predicted.chunk(2)
    return conditional + (conditional - unconditional) * strength
