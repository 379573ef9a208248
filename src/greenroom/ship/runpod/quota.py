"""How many requests are left, as the platform says with every answer."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MEMBER = re.compile(r'"(?P<name>[^"]*)"(?P<parameters>(?:\s*;\s*[a-z]+=\d+)*)')
_PARAMETER = re.compile(r";\s*([a-z]+)=(\d+)")


@dataclass(frozen=True, slots=True)
class Window:
    """One window of a quota. remaining: requests.  reset_s: seconds until it begins anew."""

    name: str
    remaining: int
    reset_s: float


def windows(header: str | None) -> tuple[Window, ...]:
    """The windows of a ``RateLimit`` header; members that lack a number are passed over.

    Source: draft-ietf-httpapi-ratelimit-headers, ``"minute";r=0;t=12, "hour";r=2800;t=1812``.
    """
    found: list[Window] = []
    for member in _MEMBER.finditer(header or ""):
        said = {name: int(number) for name, number in _PARAMETER.findall(member["parameters"])}
        if "r" in said and "t" in said:
            found.append(Window(member["name"], said["r"], float(said["t"])))
    return tuple(found)


class Quota:
    """What the last answer said is left, and so how long the next request should wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._free_at = 0.0

    def read(self, headers: Mapping[str, str]) -> None:
        """Take what an answer says."""
        spent = [window.reset_s for window in windows(headers.get("RateLimit")) if window.remaining <= 0]
        self._free_at = self._clock() + max(spent) if spent else 0.0

    def wait_s(self) -> float:
        """Seconds until a request has room; 0 where it has now."""
        return max(0.0, self._free_at - self._clock())
