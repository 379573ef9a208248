"""Invented visual encoders are whole, random, and the same for a seed."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from greenroom.errors import OutputUnwritable
from greenroom.models.foley.synchformer.checkpoint import load_synchformer
from greenroom.models.foley.synchformer.synthetic import TINY, synthesise_synchformer, synthetic_synchformer
from tests.models.foley.media_parts import CPU
from tests.models.foley.networks import normal


def test_a_seed_gives_the_same_weights_and_another_seed_others(tmp_path: Path) -> None:
    tokens = []
    for name, seed in (("one", 1), ("same", 1), ("other", 2)):
        synthesise_synchformer(tmp_path / name, TINY, seed)
        tokens.append(load_synchformer(tmp_path / name, TINY).cls_token)
    assert torch.equal(tokens[0], tokens[1])
    assert not torch.equal(tokens[0], tokens[2])


def test_every_weight_counts() -> None:
    network = synthetic_synchformer(CPU, torch.float32, TINY).requires_grad_(True)
    network(normal(1, 16, 3, 224, 224)).square().sum().backward()
    idle = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
    assert idle == []


def test_what_it_says_is_finite_and_depends_on_what_it_sees() -> None:
    network = synthetic_synchformer(CPU, torch.float32, TINY, seed=3)
    one, other = network(normal(2, 16, 3, 224, 224))
    assert 0.1 < float(one.std()) < 10
    assert (one - other).abs().max() > 0.01


def test_a_place_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputUnwritable, match="cannot be written"):
        synthesise_synchformer(tmp_path / "absent" / "file.pth", TINY)
