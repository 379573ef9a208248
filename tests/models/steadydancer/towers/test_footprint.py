"""What towers take is foretold, counted tensor by tensor. They are narrower than published, and of its proportions."""

from __future__ import annotations

import pytest
import torch

from greenroom.models.steadydancer.towers import clip, umt5
from greenroom.models.steadydancer.towers.footprint import reading, seeing
from greenroom.models.steadydancer.towers.synthetic import synthetic_pictures, synthetic_texts
from tests.models.counting import Counting

CPU = torch.device("cpu")
TYPES = [torch.float32, torch.bfloat16]


def foretold(counted: Counting, bytes_: int) -> bool:
    """Whether no more lives at once than was told, and not much less."""
    return counted.peak <= bytes_ < 1.15 * counted.peak


@pytest.mark.parametrize("dtype", TYPES, ids=str)
@pytest.mark.parametrize("heads", [8, 16])
@pytest.mark.parametrize("tokens", [100, 512])
def test_a_text_that_is_read(tokens: int, heads: int, dtype: torch.dtype) -> None:
    sizes = {"vocab_size": 300, "d_model": 256, "d_kv": 256 // heads, "d_ff": 640, "num_layers": 2, "num_heads": heads}
    options = {**umt5.PUBLISHED, **sizes}
    texts = synthetic_texts(CPU, dtype, options)
    with Counting() as counted:
        texts.encode([5] * tokens)
    assert foretold(counted, reading(options, tokens, dtype.itemsize))


@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_a_picture_that_is_seen(dtype: torch.dtype) -> None:
    sizes = {"hidden_size": 320, "intermediate_size": 1280, "num_hidden_layers": 2, "num_attention_heads": 4}
    options = {**clip.PUBLISHED, **sizes}
    tower, shown = synthetic_pictures(CPU, dtype, options), torch.zeros(3, 48, 83)
    with Counting() as counted:
        tower.see(shown)
    assert foretold(counted, seeing(options, dtype.itemsize))


def test_what_is_published_takes_little() -> None:
    assert reading(umt5.PUBLISHED, 512) < 0.12e9
    assert seeing(clip.PUBLISHED) < 0.02e9
