"""Sound that a model computed, handed on only where all of it are numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from greenroom.errors import GreenroomError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class SoundNotFinite(GreenroomError):
    """The model computed something that is no number."""

    code = "sound-not-finite"


def finite(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """The same samples, of any shape. Raises SoundNotFinite."""
    if not np.isfinite(sound).all():
        raise SoundNotFinite(
            "the model computed sound that is no number",
            mend="check the weights with their published hash; on a GPU, take another one, or run on the CPU",
        )
    return sound
