"""How long a video is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import InputInvalid
from greenroom.models.steadydancer.conditions.lengths import LEAST, latents_of, pictures_of, pictures_within


@given(st.integers(LEAST, 2000))
def test_the_last_few_are_left_out(there: int) -> None:
    kept = pictures_within(there)
    assert there - 3 <= kept <= there
    assert pictures_of(latents_of(kept)) == kept


def test_as_published() -> None:
    assert latents_of(81) == 21
    assert pictures_of(21) == 81


@pytest.mark.parametrize(("pictures", "said"), [(80, "77"), (82, "81"), (83, "81"), (4, "5"), (1, "5"), (0, "5")])
def test_other_counts_are_refused(pictures: int, said: str) -> None:
    with pytest.raises(InputInvalid, match=f"{pictures} frames") as refused:
        latents_of(pictures)
    assert said in refused.value.mend


def test_too_few_poses_are_refused() -> None:
    with pytest.raises(InputInvalid, match=r"4 frames of poses, 0\.25 s"):
        pictures_within(4)
