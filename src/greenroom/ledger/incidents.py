"""What goes wrong while a server runs, as entries: one for each kind and subject, and one for those that follow soon.

A worker that dies again and again would fill the journal; what comes within ten minutes of an entry is counted, and the
count stands in the next.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from greenroom.ledger.operations import Asked, operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.ledger.operations import Ledger

QUIET_S = 600.0
# Of these no subject comes twice, so only their kind tells whether there are many.
_ONCE = frozenset({"job-given-up"})


@dataclass(slots=True)
class _Recent:
    """One kind and subject. at: when its last entry was written.  more: what came since.

    subject, words: of the last of these.
    """

    at: float
    more: int = 0
    subject: str = ""
    words: str = ""


class Incidents:
    """Writes what it hears in a thread of its own, one after the other; without a ledger nothing.

    clock: monotonic seconds.
    """

    def __init__(self, ledger: Ledger | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger, self._clock = ledger, clock
        self._recent: dict[tuple[str, str], _Recent] = {}
        self._thread = ThreadPoolExecutor(1, "ledger") if ledger is not None else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Write what is still counted, and wait until all is written."""
        for (kind, _subject), recent in self._recent.items():
            if recent.more:
                self._hand_over(kind, recent.subject, recent.words, recent.more - 1)
        if self._thread is not None:
            self._thread.shutdown()

    def hear(self, kind: str, subject: str, words: str) -> None:
        """Something went wrong. kind: such as ``worker-lost``.  words: what is known. Does not block."""
        key = kind, "" if kind in _ONCE else subject
        recent = self._recent.get(key)
        if recent is not None and self._clock() - recent.at < QUIET_S:
            recent.more, recent.subject, recent.words = recent.more + 1, subject, words
            return
        self._recent[key] = _Recent(self._clock())
        self._hand_over(kind, subject, words, recent.more if recent else 0)

    def _hand_over(self, kind: str, subject: str, words: str, more: int) -> None:
        if self._thread is not None:
            self._thread.submit(self._write, kind, subject, words, more)

    def _write(self, kind: str, subject: str, words: str, more: int) -> None:
        again = f"; {more} more of the kind since the entry before" if more else ""
        with operation(self._ledger, Asked("serve", "", "serve models")) as done:
            done.met(f"{kind.replace('-', ' ')}, {subject}", f"{words}{again}")
