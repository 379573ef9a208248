"""What follows from a size's few numbers, beside what is published of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greenroom.models.foley.architecture import PUBLISHED
from greenroom.recipes.catalogue import recipe

XL, XXL = PUBLISHED["hunyuanvideo-foley-xl"], PUBLISHED["hunyuanvideo-foley-xxl"]


def test_widths_are_the_published_ones() -> None:
    assert (XL.width, XL.hidden, XL.gated) == (1408, 5632, 3840)
    assert (XXL.width, XXL.hidden, XXL.gated) == (1536, 6144, 4096)
    assert replace(XL, heads=1, head_dim=16).gated == 256


@pytest.mark.parametrize("model", PUBLISHED)
def test_every_recipe_names_one(model: str) -> None:
    assert PUBLISHED[recipe(model).architecture or ""].name == model
