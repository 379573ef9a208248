"""Sound is handed on as it is, or not at all."""

from __future__ import annotations

import numpy as np
import pytest

from greenroom.models.finite import SoundNotFinite, finite


def test_sound_is_handed_on_as_it_is() -> None:
    sound = np.array([[0.5, -3e38, 3e38]], np.float32)
    assert finite(sound) is sound


@pytest.mark.parametrize("values", [(np.nan,), (np.inf,), (0, np.inf, -np.inf)])
def test_what_is_no_number_is_not(values: tuple[float, ...]) -> None:
    with pytest.raises(SoundNotFinite) as caught:
        finite(np.array(values, np.float32))
    assert caught.value.code == "sound-not-finite"
    assert "published hash" in caught.value.mend
