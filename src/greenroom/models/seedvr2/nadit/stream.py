"""Where the stream of a clip lies between its blocks: on the device, in the order of their windows, or on the host.

Within a block windows know nothing of each other but for the text. So a block takes a clip as runs of windows, as many
at once as memory allows, and what it answers does not depend on how many: a clip of any length is restored exactly, in
device memory that does not grow with it, where its stream stays on the host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from greenroom.models.seedvr2.nadit.transfer import lane_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from torch import Tensor

    from greenroom.models.seedvr2.nadit.grouping import Part
    from greenroom.models.seedvr2.nadit.layout import Layout, Layouts
    from greenroom.nn.heads import Placement


class Rows(NamedTuple):
    """Rows of a part on the device, (tokens, width), to be changed in place, and what goes with them."""

    part: Part
    values: Tensor
    placement: Placement


class Stream(Protocol):
    """The video's rows between two blocks."""

    def put(self, layout: Layout, part: Part, values: Tensor) -> None:
        """Fill the rows of a part, from the device."""

    def sort_for(self, layouts: Layouts, layer: int) -> None:
        """Be ready for a block, after the one before it."""

    def each(self, layout: Layout, *, keep: bool = True) -> Iterator[Rows]:
        """All rows, a run of windows after the other. keep: what was changed of them is kept."""

    def summed(self, heard: Tensor) -> Tensor:
        """The sum over all of the clip's windows, of the sum over those that ``each`` gave."""


class Resident:
    """A stream on the device, in the order of the windows of a block.

    values: (tokens, width), in the order of the first block's windows.  most: tokens of a part; None for all at once.
    """

    def __init__(self, values: Tensor, most: int | None = None) -> None:
        self._values = values
        self._most = most

    def put(self, layout: Layout, part: Part, values: Tensor) -> None:
        """See ``Stream``."""
        self._values[part.rows] = values

    def sort_for(self, layouts: Layouts, layer: int) -> None:
        """See ``Stream``."""
        self._values = layouts.sorted_for(layer, self._values)

    def each(self, layout: Layout, *, keep: bool = True) -> Iterator[Rows]:
        """See ``Stream``: views, which are kept in any case."""
        for part in layout.parts(self._most):
            yield Rows(part, self._values[part.rows], layout.placement_of(part))

    def summed(self, heard: Tensor) -> Tensor:
        """See ``Stream``."""
        return heard


class OnHost:
    """A stream on the host, in the order of the clip. Each part goes to the device and comes back.

    While the device works on a part, the next one is sent and the one before it fetched.

    values: (tokens, width), on the host, as the layouts are.  device: that does the work.  most: tokens of a part.
    """

    def __init__(self, values: Tensor, device: torch.device, most: int | None = None) -> None:
        self._values = values
        self._lane = lane_to(device)
        self._most = most

    def put(self, layout: Layout, part: Part, values: Tensor) -> None:
        """See ``Stream``."""
        self._lane.fetch(values, self._lane.mark(), self._values, self._places(layout, part))

    def sort_for(self, layouts: Layouts, layer: int) -> None:
        """See ``Stream``: parts are put together when it is their turn."""

    def each(self, layout: Layout, *, keep: bool = True) -> Iterator[Rows]:
        """See ``Stream``: copies."""
        behind: tuple[Rows, object] | None = None
        parts = layout.parts(self._most)
        if not parts:
            return
        following = self._send(layout, parts[0])
        for number, _ in enumerate(parts):
            rows = following
            yield rows
            done = self._lane.mark()
            if number + 1 < len(parts):
                following = self._send(layout, parts[number + 1])
            if behind and keep:
                self._fetch(layout, *behind)
            behind = rows, done
        if behind and keep:
            self._fetch(layout, *behind)

    def summed(self, heard: Tensor) -> Tensor:
        """See ``Stream``."""
        return heard

    def _places(self, layout: Layout, part: Part) -> Tensor:
        """Where the rows of a part lie."""
        return layout.order[part.rows]

    def _send(self, layout: Layout, part: Part) -> Rows:
        return Rows(part, *self._lane.send(self._values, self._places(layout, part), layout.placement_of(part)))

    def _fetch(self, layout: Layout, rows: Rows, done: object) -> None:
        self._lane.fetch(rows.values, done, self._values, self._places(layout, rows.part))
