"""What can happen to a request on its way, and on the way back."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

# refuse: answered with ``status``, without an effect.  fail: answered so behind its effect.  cut-before, cut-after: the
# connection ends before the effect, or behind it with no reply.  slow: the reply comes ``seconds`` late.  half: of a
# PATCH only the first field is taken, and the reply is that of a whole one.
Kind = Literal["refuse", "fail", "cut-before", "cut-after", "slow", "half"]


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong.

    at: the number of the first request that it may happen to, from 1.  method, path: which requests, all if not given;
    path is a pattern that is searched for.  times: how many of them.  headers, detail: of a refusal, such as
    Retry-After.
    """

    kind: Kind
    at: int = 1
    method: str = ""
    path: str = ""
    times: int = 1
    status: int = 503
    seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    detail: str = "refused by a fault"

    def meets(self, number: int, method: str, path: str) -> bool:
        """Whether it happens to this request; counts down when it does."""
        if self.times <= 0 or number < self.at:
            return False
        if (self.method and self.method != method) or not re.search(self.path, path):
            return False
        self.times -= 1
        return True
