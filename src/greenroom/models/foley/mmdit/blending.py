"""The state of a clip between steps: its windows taken out of it, and put together again.

What is where, and how much it counts, is found once a clip; a step moves all of it in a few operations, however many
windows there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.foley.mmdit.windows import ramp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from greenroom.models.foley.mmdit.windows import Window

Row = tuple[int, int]
"""A window, by its place among those of the clip, and a sample."""


class Blend:
    """Samples of a clip in windows, which go on in groups of rows.

    groups: every window of every sample in one of them, and windows within a group of one length.
    """

    @torch.inference_mode()
    def __init__(
        self, windows: Sequence[Window], groups: Sequence[Sequence[Row]], noise: Tensor, device: torch.device
    ) -> None:
        """noise: (samples, channels, length)."""
        samples, channels, length = noise.shape
        # Channels innermost: a latent lies in one piece.
        self._state = noise.to(device).transpose(1, 2).flatten(0, 1)
        self._shape = samples, length, channels
        slots: dict[Row, int] = {}
        self._taken: list[Tensor] = []
        count = 0
        for rows in groups:
            places = torch.stack([_places(windows[window], sample, length) for window, sample in rows])
            self._taken.append(places.to(device))
            for row, window in zip(rows, places, strict=True):
                slots[row] = count
                count += len(window)
        self._made = self._state.new_zeros(count, channels)
        self._sources = [
            (source.to(device), share.to(device)) for source, share in _sources(windows, slots, samples, length)
        ]
        self._slots = [slots[rows[0]] for rows in groups]

    @torch.inference_mode()
    def rows(self, group: int) -> Tensor:
        """Where the windows of a group stand: (rows, channels, length)."""
        return self._state[self._taken[group]].transpose(1, 2)

    @torch.inference_mode()
    def put(self, group: int, latents: Tensor) -> None:
        """Note where they stand behind a step; as ``rows``."""
        first, (rows, length) = self._slots[group], self._taken[group].shape
        self._made[first : first + rows * length].view(rows, length, -1).copy_(latents.transpose(1, 2))

    @torch.inference_mode()
    def blend(self) -> None:
        """Put together what was noted of all groups.

        Steps are straight: the mean of windows is the step along the mean of their velocities. What counts at a latent
        is summed in the order of the windows, whatever the groups are.
        """
        (source, share), *others = self._sources
        self._state = self._made[source].mul_(share)
        for source, share in others:
            self._state.addcmul_(self._made[source], share)

    @torch.inference_mode()
    def state(self) -> Tensor:
        """Where the samples stand: (samples, channels, length)."""
        return self._state.view(self._shape).transpose(1, 2).contiguous()


def _places(window: Window, sample: int, length: int) -> Tensor:
    """Of a window's latents among those of all samples."""
    return torch.arange(window.start, window.stop) + sample * length


def _sources(
    windows: Sequence[Window], slots: dict[Row, int], samples: int, length: int
) -> list[tuple[Tensor, Tensor]]:
    """For each latent of all samples its first window, then its second, and so on as far as any has one.

    slots: where each row's latents begin among those that are made.  Returns places there, (latents,), and shares,
    (latents, 1): of one latent, 1 in sum.
    """
    ramps = [torch.tensor([ramp(window, length, place) for place in range(window.length)]) for window in windows]
    total = torch.zeros(length)
    ranks = torch.zeros(length, dtype=torch.int64)
    for window, own in zip(windows, ramps, strict=True):
        total[window.start : window.stop] += own
        ranks[window.start : window.stop] += 1
    found = [
        (torch.zeros(samples, length, dtype=torch.int64), torch.zeros(samples, length)) for _ in range(int(ranks.max()))
    ]
    ranks.zero_()
    for place, (window, own) in enumerate(zip(windows, ramps, strict=True)):
        here = torch.arange(window.start, window.stop)
        for rank, (source, share) in enumerate(found):
            chosen = ranks[here] == rank
            share[:, here[chosen]] = (own / total[here])[chosen]
            for sample in range(samples):
                source[sample, here[chosen]] = slots[place, sample] + torch.arange(window.length)[chosen]
        ranks[here] += 1
    return [(source.flatten(), share.flatten()[:, None]) for source, share in found]
