"""The journal of a file that is coming, kept as it comes."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.weights.transfer.journal import Journal
    from greenroom.weights.transfer.part import Part

# The longest that bytes stay unflushed, so that a slow transfer loses seconds at most; and how often that is looked at.
_EVERY_S = 5.0
_LOOK_S = 0.2


class Keeper(threading.Thread):
    """Flushes bytes to the disk every so often, then writes down that they are there: never the other way round.

    journal: as it stands for given ranges; None while too little is known.  flush: bytes that may be unflushed.
    failed: called with the error, if there is one.
    """

    def __init__(
        self,
        part: Part,
        journal: Callable[[tuple[tuple[int, int], ...]], Journal | None],
        flush: int,
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__(name="transfer-keep", daemon=True)
        self._part, self._journal, self._flush, self._failed = part, journal, flush, failed
        self._kept, self._kept_at = part.done, time.monotonic()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End, without keeping what came last."""
        self._stopped.set()

    def run(self) -> None:
        """Keep the journal."""
        try:
            while not self._stopped.wait(_LOOK_S):
                unkept = self._part.done - self._kept
                if unkept >= self._flush or (unkept and time.monotonic() - self._kept_at >= _EVERY_S):
                    self.keep()
        except BaseException as error:  # whatever it is, it belongs to who waits for the file
            self._failed(error)

    def keep(self) -> None:
        """Flush what is there, and write it down."""
        ranges = self._part.ranges()
        journal = self._journal(ranges)
        self._part.sync()
        if journal is not None:
            self._part.keep(journal)
        self._kept, self._kept_at = sum(end - start for start, end in ranges), time.monotonic()
