"""One network's velocities over windows of a clip, put together to those of the whole clip."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from greenroom.models.steadydancer.sampling.guidance import Pass
from greenroom.models.steadydancer.sampling.windows import ramp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.models.steadydancer.sampling.windows import Window

AskedOf = Callable[[int, Tensor, int, Pass], Tensor]
"""Asks the network of a window, by its place: latents of the window, time, pass. Gives its velocity, float32."""


def nothing() -> None:
    """Wait for nothing, stop never."""


class Windowed:
    """What the sampler asks of a clip in windows (``sampler.VelocityOf``).

    The latents that it is given are the clip's, and the heads of windows behind them: ``windows.sampled_length``.
    """

    def __init__(self, windows: Sequence[Window], asked_of: AskedOf, gate: Callable[[], None] = nothing) -> None:
        """windows: together the whole clip.  gate: called before each window; may raise Cancelled."""
        self._asked_of = asked_of
        self._gate = gate
        self._places = [torch.tensor(window.places) for window in windows]
        self._shares = shares(windows)

    def ahead(self, latents: Tensor, time: int, passes: tuple[Pass, ...]) -> None:
        """See ``sampler.Ahead``. One network computes each window when it is asked."""

    @torch.inference_mode()
    def __call__(self, latents: Tensor, time: int, which: Pass) -> Tensor:
        """The velocity of the whole clip and of the heads."""
        if len(self._places) == 1:
            return self._asked_of(0, latents, time, which)
        whole = torch.zeros_like(latents)
        for place, (places, share) in enumerate(zip(self._places, self._shares, strict=True)):
            self._gate()
            here = places.to(latents.device)
            velocity = self._asked_of(place, latents[:, here].contiguous(), time, which)
            whole[:, here] += velocity * share.to(latents.device)[:, None, None]
        return whole


def shares(windows: Sequence[Window]) -> list[Tensor]:
    """How much each window counts at each of its own latents: float32; 1 in sum wherever several are, 1 at a head."""
    length = max(window.stop for window in windows)
    ramps = [
        torch.tensor([ramp(window, length, place) for place in range(window.stop - window.start)], dtype=torch.float64)
        for window in windows
    ]
    total = torch.zeros(length, dtype=torch.float64)
    for window, own in zip(windows, ramps, strict=True):
        total[window.start : window.stop] += own
    found: list[Tensor] = []
    for window, own in zip(windows, ramps, strict=True):
        share = own / total[window.start : window.stop]
        head = share.new_ones(0 if window.head is None else 1)
        found.append(torch.cat([head, share]).float())
    return found
