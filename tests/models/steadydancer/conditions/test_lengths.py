"""How long a video is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import InputInvalid
from greenroom.models.steadydancer.conditions.lengths import LEAST, latents_of, longest, pictures_of


@given(st.integers(2, 500))
def test_latents_and_pictures_tell_each_other(latents: int) -> None:
    assert latents_of(pictures_of(latents)) == latents
    assert pictures_of(latents) >= LEAST


def test_as_published() -> None:
    assert latents_of(81) == 21
    assert pictures_of(21) == 81


@pytest.mark.parametrize(("pictures", "said"), [(80, "77"), (82, "81"), (83, "81"), (4, "5"), (1, "5"), (0, "5")])
def test_other_counts_are_refused(pictures: int, said: str) -> None:
    with pytest.raises(InputInvalid, match=f"{pictures} frames") as refused:
        latents_of(pictures)
    assert said in refused.value.mend


@pytest.mark.parametrize("count", range(5, 30))
def test_the_longest_is_no_longer(count: int) -> None:
    assert longest(count) % 4 == 1
    assert count - 4 < longest(count) <= count
