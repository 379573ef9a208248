"""Whether bytes come fast enough to wait for more of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from greenroom.weights.transfer.connection import broken_off

if TYPE_CHECKING:
    from greenroom.weights.transfer.address import Address
    from greenroom.weights.transfer.patience import Patience


class Pace:
    """Of one answer. A connection without any byte is the socket's own timeout to see; this sees one that drips."""

    def __init__(self, patience: Patience, address: Address) -> None:
        self._patience, self._address = patience, address
        self._since, self._bytes = time.monotonic(), 0

    def came(self, count: int) -> None:
        """Note bytes. Raises Interrupted when they have been too few for too long."""
        self._bytes += count
        seconds = time.monotonic() - self._since
        if seconds < self._patience.rate_window_s:
            return
        if self._bytes < self._patience.least_rate * seconds:
            raise broken_off(self._address, f"it gives less than {self._patience.least_rate:,} bytes a second")
        self._since, self._bytes = time.monotonic(), 0
