"""The encoded prompt, as its makers saved it: one tensor in a file of torch."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from greenroom.models.seedvr2.nadit.embedding import load_embedding
from greenroom.weights.errors import WeightsUnfit, WeightsUnreadable
from tests.models.seedvr2.networks import V2, normal


def test_a_tensor_that_was_saved_alone(tmp_path: Path) -> None:
    prompt = normal(58, V2.text_in).bfloat16()
    torch.save(prompt, tmp_path / "pos_emb.pt")
    assert torch.equal(load_embedding(tmp_path / "pos_emb.pt", V2), prompt.float())


@pytest.mark.parametrize("other", [torch.zeros(58, 16), torch.zeros(32), {"a": torch.zeros(58, 32)}])
def test_another_one_is_refused(other: object, tmp_path: Path) -> None:
    file = tmp_path / "pos_emb.pt"
    torch.save(other, file)
    with pytest.raises(WeightsUnfit) as caught:
        load_embedding(file, V2)
    assert "pos_emb.pt" in caught.value.message


def test_what_is_no_tensor_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "pos_emb.pt"
    torch.save([1, 2], file)
    with pytest.raises(WeightsUnreadable):
        load_embedding(file, V2)
