"""Latents to tokens and back."""

from __future__ import annotations

import pytest
import torch

from greenroom.errors import InputInvalid
from greenroom.models.seedvr2.nadit.patching import grid_of, latent_of, patches


def test_a_token_is_two_rows_and_two_columns_in_that_order() -> None:
    latent = torch.arange(2 * 4 * 6 * 3).view(2, 4, 6, 3)
    tokens = patches(latent)
    assert grid_of(latent) == (2, 2, 3)
    assert tokens.shape == (12, 12)
    at = latent[1, 2:4, 4:6]  # the second frame, the second row of patches, the third column
    assert torch.equal(tokens[6 + 3 + 2], torch.cat((at[0, 0], at[0, 1], at[1, 0], at[1, 1])))


def test_there_and_back() -> None:
    latent = torch.randn(3, 6, 8, 5)
    assert torch.equal(latent_of(patches(latent), grid_of(latent)), latent)


@pytest.mark.parametrize("size", [(1, 3, 4, 2), (1, 4, 5, 2)])
def test_an_odd_latent_is_refused(size: tuple[int, ...]) -> None:
    with pytest.raises(InputInvalid) as caught:
        patches(torch.zeros(size))
    assert "16 pixels" in caught.value.mend
