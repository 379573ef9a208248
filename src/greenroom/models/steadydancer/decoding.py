"""Latents to frames, a few at a time, by an autoencoder that may wait on the host meanwhile."""

from __future__ import annotations

import weakref
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch

from greenroom.models.landing import landed_together
from greenroom.models.steadydancer.conditions.showing import whole
from greenroom.progress import silent
from greenroom.runtime.current import current

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from greenroom.models.steadydancer.planning.way import Way
    from greenroom.models.steadydancer.vae.vae import WanVae
    from greenroom.nn.parking import Parking
    from greenroom.progress import Step


@dataclass(slots=True)
class Decoding:
    """Of one clip at a time. parking: the autoencoder's.  device: where it works."""

    vae: WanVae
    parking: Parking
    device: torch.device
    _open: weakref.ref[Generator[NDArray[np.uint8], None, None]] | None = field(default=None, init=False)

    def frames(self, latents: Tensor, way: Way, step: Step = silent) -> Iterator[NDArray[np.uint8]]:
        """Frames, uint8 (n, height, width, 3) at a time. What was being decoded before ends. See ``Engine.decode``."""
        self.close()
        frames = self._told(latents, way, step)
        self._open = weakref.ref(frames)
        return frames

    def close(self) -> None:
        """End frames that nobody takes any more, now: an error may hold them until long after other work has begun."""
        if self._open is not None and (unfinished := self._open()) is not None:
            unfinished.close()
        self._open = None

    def _told(self, latents: Tensor, way: Way, step: Step) -> Generator[NDArray[np.uint8], None, None]:
        total, done = self.vae.config.frames(latents.shape[1]), 0
        step("decoding", 0, total)
        with closing(self._decoded(latents, way)) as pieces:  # an error that they lead to would hold them, too
            for frames in landed_together(pieces):
                yield frames
                done += len(frames)
                step("decoding", done, total)

    def _decoded(self, latents: Tensor, way: Way) -> Generator[tuple[Tensor, Tensor], None, None]:
        """Frames on the device, (n, height, width, 3), and whether all that they are made of is numbers."""
        with current(self.device):
            self.parking.come_back()
        try:
            pieces = self.vae.decoded(latents, way.slices)
            while True:
                with current(self.device), torch.inference_mode():
                    piece = next(pieces, None)
                    if piece is None:
                        return
                    made = whole(piece)
                    del piece
                yield made
                del made
        finally:
            if way.parked:
                with current(self.device):
                    self.parking.leave()
