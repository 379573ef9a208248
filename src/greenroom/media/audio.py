"""Sound as samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Audio:
    """Sound in memory.

    samples: float32, shape (channels, n), nominally within -1..1.  rate: samples a second.
    """

    samples: NDArray[np.float32]
    rate: int

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.samples.shape[-1] / self.rate

    @property
    def mono(self) -> NDArray[np.float32]:
        """The mean of the channels, shape (n,)."""
        return self.samples[0] if len(self.samples) == 1 else self.samples.mean(axis=0)
