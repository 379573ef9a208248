"""Requests that were running when a worker was lost: the next attempt at each runs alone.

Of several that ran together nobody knows which one took the worker down. Run together again they would go down
together again, and the guiltless with the guilty; alone, each shows what it is.
"""

from __future__ import annotations

from collections import OrderedDict

_MOST = 1000


class Suspects:
    """Names of requests; the oldest are forgotten when there are too many."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def note(self, name: str, *, is_suspect: bool) -> None:
        """Say how an attempt ended: with the loss of its worker, or well, or by itself."""
        self._names.pop(name, None)
        if is_suspect and name:
            self._names[name] = None
            while len(self._names) > _MOST:
                self._names.popitem(last=False)
