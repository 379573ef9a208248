"""How long a transfer waits, how often it tries, and when it comes again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Patience:
    """Times in seconds.

    connect_s: for a connection and its TLS.  stall_s: without a byte on a connection.  least_rate, over rate_window_s:
    bytes a second that a connection gives at least, else it is opened anew.  tries: failures one after another, without
    progress between them, before a connection gives up.  alone_s, enough_rate: others join the first connection when it
    has brought fewer bytes a second for so long.  backoff_s: before the second try, at most; doubled with every further
    one, up to most_backoff_s.  most_retry_after_s: the longest that a host may have us wait.
    pause: waits until the event is set or the seconds are over.  draw: from 0 to 1, how much of a backoff is waited.
    """

    connect_s: float = 10.0
    stall_s: float = 20.0
    least_rate: int = 4096
    rate_window_s: float = 30.0
    tries: int = 10
    alone_s: float = 0.3
    enough_rate: int = 300_000_000
    backoff_s: float = 0.5
    most_backoff_s: float = 60.0
    most_retry_after_s: float = 300.0
    pause: Callable[[Event, float], bool] = Event.wait
    draw: Callable[[], float] = random.random

    def backoff(self, failures: int) -> float:
        """Seconds before the next try after so many failures: exponential, with full jitter.

        Source: AWS Architecture Blog, Exponential Backoff And Jitter (2015): random between 0 and min(cap, base * 2^n).
        """
        return self.draw() * min(self.most_backoff_s, self.backoff_s * 2.0 ** min(failures - 1, 30))


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds that a Retry-After header asks for; None where it says nothing.

    Source: RFC 9110, 10.2.3: a number of seconds, or a date.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:10])
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
