"""How much memory a causal autoencoder takes by how a clip is cut, and the cut that fits.

Counted is what convolutions remember between slices, and the most that is held at once within one. The weights are not
in it, nor what the libraries of a GPU take beside.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from greenroom.nn.slices import CUTS, INDEXED, Slices

_PAST = 2  # frames that a kernel of three reads of the slice before


class ClipSizes(Protocol):
    """What is asked of an autoencoder's configuration. Levels are counted from the finest."""

    @property
    def time(self) -> int:
        """Frames of a latent frame. The first latent frame is one frame alone."""

    @property
    def untimed(self) -> int:
        """So many of the finest levels have a latent of their own for every frame."""

    def latent_frames(self, frames: int) -> int:
        """Of a clip of 4n + 1 frames."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Numbers per position of a frame.

    each: held for every frame.  fixed: held besides.  widest: of one tensor, for every frame.  kept: remembered.
    rises: what is here is read a part at a time by the levels that know every frame.
    """

    level: int
    each: int
    fixed: int
    widest: int
    kept: int
    rises: bool = False


@dataclass(frozen=True, slots=True)
class ClipFootprint:
    """What an encoder or a decoder takes of memory.

    coarse_from: the finest level of the part that takes whole slices.  passing: channels that pass between both parts.
    """

    config: ClipSizes
    layers: tuple[Layer, ...]
    coarse_from: int
    passing: int

    def bytes(self, height: int, width: int, cut: Slices, itemsize: int = 2, frames: int | None = None) -> int:
        """At most. height, width: pixels.  itemsize: of a number.  frames: of the clip, 4n + 1; None for any length."""
        cut = self._within(cut, frames)
        areas = {layer.level: _area(height, width, layer.level) for layer in self.layers}
        peak = max((layer.each * self._frames(layer, cut) + layer.fixed) * areas[layer.level] for layer in self.layers)
        return self.between(height, width, cut, itemsize, frames) + itemsize * peak

    def between(self, height: int, width: int, cut: Slices, itemsize: int = 2, frames: int | None = None) -> int:
        """What is held while nothing is computed: what is remembered, and what waits between both parts."""
        within = self._within(cut, frames)
        kept = sum(
            layer.kept * _area(height, width, layer.level)
            for layer in self.layers
            if frames is None or self._comes_back(layer, within, frames)
        )
        return itemsize * (kept + self._passing(height, width, within))

    def fitting(
        self, height: int, width: int, budget: int, itemsize: int = 2, frames: int | None = None
    ) -> Slices | None:
        """The fastest cut that takes no more than ``budget`` bytes, None where there is none."""
        for cut in CUTS:
            # What is too large to be indexed is computed in bands: only for frames that no cut makes small enough.
            if cut is not CUTS[-1] and self._widest(height, width, self._within(cut, frames)) >= INDEXED:
                continue
            if self.bytes(height, width, cut, itemsize, frames) <= budget:
                return cut
        return None

    def _within(self, cut: Slices, frames: int | None) -> Slices:
        """The cut of a clip that may be shorter than it."""
        if frames is None:
            return cut
        return Slices(min(cut.latents, self.config.latent_frames(frames) - 1), min(cut.frames, frames))

    def _comes_back(self, layer: Layer, cut: Slices, frames: int) -> bool:
        """Whether a layer reads more than once, so that it remembers."""
        if self.config.latent_frames(frames) > cut.latents + 1:
            return True
        return self._frames(layer, cut) < self._of_slice(layer.level, cut)

    def _widest(self, height: int, width: int, cut: Slices) -> int:
        """Numbers of the largest tensor that a convolution reads or writes."""
        return max(
            layer.widest * (self._frames(layer, cut) + _PAST) * _area(height, width, layer.level)
            for layer in self.layers
        )

    def _frames(self, layer: Layer, cut: Slices) -> int:
        """At once, at a layer: of the first slice, the longest."""
        frames = self._of_slice(layer.level, cut)
        if layer.rises:
            return min(frames, max(1, cut.frames // 2))
        return frames if layer.level >= self.coarse_from else min(frames, cut.frames)

    def _of_slice(self, level: int, cut: Slices) -> int:
        return (self.config.time >> max(level - self.config.untimed, 0)) * cut.latents + 1

    def _passing(self, height: int, width: int, cut: Slices) -> int:
        """Numbers that wait between both parts."""
        level = self.coarse_from if any(layer.rises for layer in self.layers) else self.config.untimed
        waiting = self._of_slice(level, cut) * _area(height, width, level)
        # Two frames become of one, where one of them may be all that is asked for.
        beside = _area(height, width, level - 1) if level > self.config.untimed and cut.frames == 1 else 0
        return self.passing * (waiting + beside)


def _area(height: int, width: int, level: int) -> int:
    return (height >> level) * (width >> level)
