"""Guidance as F5-TTS counts it."""

from __future__ import annotations

import pytest
import torch

from greenroom.models.f5tts.backbone import CONDITIONAL, GUIDED
from greenroom.models.f5tts.guidance import branches_of, guided


def test_strength_2_weighs_the_branches_3_and_minus_2() -> None:
    assert guided(torch.tensor([[1.0], [10.0], [5.0], [7.0]]), 2.0).tolist() == [[-7.0], [16.0]]


@pytest.mark.parametrize("strength", [0.0, 1e-6, -1.0])
def test_without_strength_there_is_one_branch(strength: float) -> None:
    assert branches_of(strength) == (CONDITIONAL,)
    assert guided(torch.tensor([1.0, 2.0]), strength).tolist() == [1.0, 2.0]


def test_with_strength_there_are_two() -> None:
    assert branches_of(1e-5) == GUIDED
