"""How workers are run: limits and times."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class PoolOptions:
    """Times are in seconds, memory in bytes.

    memory: what models may take together on a device, by device; others use what is free when their process starts.
    idle_unload_s: a model that nobody asked for so long leaves memory; None keeps it.  cancel_grace_s: a worker that
    was told to stop and does not is killed.  ping_interval_s: how often an idle worker is asked whether it lives, and
    ping_timeout_s until it counts as dead.  max_waiting: urgent requests that may wait.  max_restarts crashes within
    restart_window_s turn a device's models to failed; a crash waits backoff_s, the next twice as long, at most
    most_backoff_s.  retry_s: how often what failed is tried again.  paused_at: bytes of a stream that may lie
    unread before its model waits.
    """

    memory: Mapping[str, int] = field(default_factory=dict)
    idle_unload_s: float | None = None
    cancel_grace_s: float = 10.0
    ping_interval_s: float = 15.0
    ping_timeout_s: float = 10.0
    max_waiting: int = 128
    max_restarts: int = 5
    restart_window_s: float = 60.0
    backoff_s: float = 0.5
    most_backoff_s: float = 30.0
    retry_s: float = 30.0
    paused_at: int = 1_000_000
