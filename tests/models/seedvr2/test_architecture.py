"""What follows from a variant's few numbers, beside what is published of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greenroom.errors import InputInvalid
from greenroom.models.seedvr2.architecture import PUBLISHED
from greenroom.recipes.catalogue import recipe

V2, V1 = PUBLISHED["seedvr2-3b"], PUBLISHED["seedvr2-7b"]


def test_widths_are_the_published_ones() -> None:
    assert (V2.width, V2.hidden, V2.channels_in) == (2560, 6912, 33)
    assert (V1.width, V1.hidden, V1.channels_in) == (3072, 12288, 33)


def test_which_blocks_have_text_weights_of_their_own() -> None:
    assert [layer for layer in range(V2.layers) if V2.has_own_text(layer)] == list(range(10))
    assert all(V1.has_own_text(layer) for layer in range(V1.layers))


def test_the_last_block_of_the_3b_takes_the_text_as_it_is() -> None:
    assert [layer for layer in range(V2.layers) if not V2.modulates_text(layer)] == [31]
    assert all(V1.modulates_text(layer) for layer in range(V1.layers))


def test_the_last_block_of_a_dit_v2_has_no_text_weights_of_its_own() -> None:
    with pytest.raises(InputInvalid) as caught:
        replace(V2, own_text=32)
    assert caught.value.mend


@pytest.mark.parametrize("model", ["seedvr2-3b", "seedvr2-7b", "seedvr2-7b-sharp"])
def test_every_recipe_names_one(model: str) -> None:
    assert recipe(model).architecture in PUBLISHED
