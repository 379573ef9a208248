"""How long a restoration will still take, told from its steps: stages alternate, shot by shot, each at its own pace."""

from __future__ import annotations

import time

STAGES = ("encoding", "restoring", "decoding")
"""The stages of which each takes every frame of the clip."""

USUAL = {"encoding": 0.28, "restoring": 0.16, "decoding": 0.56}
"""Of a frame's time, until a stage has been seen: 21 frames of 1280x720 on an H200
(benchmarks/results/seedvr2-clip-h200.json). Other sizes and devices differ little.
"""


class Outlook:
    """Takes note of steps, whose unit is a frame of the clip; what lies between two is the earlier one's time."""

    def __init__(self) -> None:
        self._seconds = dict.fromkeys(STAGES, 0.0)
        self._done = dict.fromkeys(STAGES, 0.0)
        self._first: float | None = None  # frames before it were finished by an earlier run
        self._frames = 0.0
        self._stage = ""
        self._since = 0.0

    def step(self, stage: str, done: float, total: float) -> None:
        """See ``Step``. Stages of another kind stop the clock."""
        now = time.monotonic()
        if self._stage in STAGES:
            self._seconds[self._stage] += now - self._since
        self._stage, self._since = stage, now
        if stage not in STAGES:
            return
        if self._first is None:
            self._first = done
            self._done = dict.fromkeys(STAGES, done)
        self._done[stage], self._frames = done, total

    @property
    def left(self) -> float | None:
        """Seconds until the last frame is decoded; None as long as nothing tells."""
        seen = sum(USUAL[stage] * self._behind(stage) for stage in STAGES)
        taken = sum(self._seconds[stage] for stage in STAGES if self._behind(stage))
        if not seen or not taken:
            return None
        usual = taken / seen
        paces = {stage: self._seconds[stage] / self._behind(stage) for stage in STAGES if self._behind(stage)}
        return sum((self._frames - self._done[stage]) * paces.get(stage, USUAL[stage] * usual) for stage in STAGES)

    @property
    def share(self) -> float:
        """How much of this run's work is done, 0 to 1."""
        whole = len(STAGES) * (self._frames - (self._first or 0.0))
        if whole <= 0:
            return 0.0
        if (left := self.left) is None:
            return 0.0
        taken = sum(self._seconds.values())
        return taken / (taken + left) if taken + left else 0.0

    def _behind(self, stage: str) -> float:
        return self._done[stage] - (self._first or 0.0)
