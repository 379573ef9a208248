"""A clip of any length as windows that the model knows the length of, which overlap and are blended.

A window is a request of its own: 21 latent frames, 81 pictures, of which the first is the reference picture in its
pose. Only the clip's own begin is that, so each later window has a latent of its own in front, its head, which stands
behind the clip's among the latents that are sampled, and is dropped at the end: what the model takes for the picture is
never part of the clip.

What is blended are the velocities of each step (arXiv 2302.08113), before the video is there: neighbours start from the
same noise and go the same way where they overlap, so that at the end there are no two videos to be joined.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from greenroom.models.steadydancer.architecture import STRIDE

LONGEST = 21
"""Latents of a window, which the model learned: 81 pictures."""

OVERLAP = 4
"""Latents that neighbours share at least: 16 pictures."""

_GROUP = STRIDE[0]  # pictures of a latent, but for a clip's first


@dataclass(frozen=True, slots=True)
class Window:
    """Latents of the clip from ``start`` until before ``stop``. head: the place of its own latent in front among those
    that are sampled; None for the first window, which has the clip's."""

    start: int
    stop: int
    head: int | None = None

    @property
    def places(self) -> tuple[int, ...]:
        """Of its latents among all that are sampled, in its own order."""
        own = range(self.start, self.stop)
        return tuple(own) if self.head is None else (self.head, *own)

    @property
    def pictures(self) -> tuple[int, ...]:
        """Which poses of the clip it shows, as many as it has pictures. A head has the clip's first pose, which is that
        of the picture."""
        first = 0 if self.start == 0 else self.start * _GROUP - (_GROUP - 1)
        own = range(first, self.stop * _GROUP - (_GROUP - 1))
        return tuple(own) if self.head is None else (0, *own)


def windows(length: int) -> tuple[Window, ...]:
    """As few windows as hold a clip, spread evenly. length: of the clip, in latents.

    All of a clip longer than one window have the length that the model learned.
    """
    if length <= LONGEST:
        return (Window(0, length),)
    others = ceil((length - LONGEST) / (LONGEST - 1 - OVERLAP))
    found = [Window(0, LONGEST)]
    for place in range(1, others + 1):
        stop = LONGEST + round((length - LONGEST) * place / others)
        found.append(Window(stop - (LONGEST - 1), stop, length + place - 1))
    return tuple(found)


def sampled_length(length: int) -> int:
    """How many latents are sampled for a clip of so many: its own, and the heads of its windows."""
    return length + len(windows(length)) - 1


def ramp(window: Window, length: int, place: int) -> float:
    """How much of a window counts at one of its latents of the clip, before all that count there sum up to 1.

    length: of the clip, in latents.  place: from the window's start.
    """
    rise = 1.0 if window.start == 0 else (place + 0.5) / OVERLAP
    fall = 1.0 if window.stop == length else (window.stop - window.start - place - 0.5) / OVERLAP
    return min(1.0, rise, fall)
