"""What the fake platform answers with, and what it refuses wherever it is sent."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Reply(NamedTuple):
    """An answer. body: JSON, None for none; a string is a stream of events."""

    status: int
    body: Any = None


class Problem(Exception):
    """A refusal, as RFC 9457 writes it."""

    def __init__(self, status: int, detail: str, errors: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, errors

    def reply(self) -> Reply:
        """The problem document."""
        titles = {400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 409: "Conflict", 429: "Too Many Requests"}
        title = titles.get(self.status, "Error")
        document = {"title": title, "status": self.status, "detail": self.detail}
        return Reply(self.status, document | ({"errors": list(self.errors)} if self.errors else {}))


def check_keys(body: Any, known: set[str]) -> None:
    """Refuse a body with a field that the interface does not have. Raises Problem."""
    if not isinstance(body, dict):
        raise Problem(400, "the body is not an object")
    if unknown := sorted(body.keys() - known):
        raise Problem(422, "Request validation failed.", tuple(f"{name} is not a field" for name in unknown))


def log(line: str) -> str:
    """A log as a stream of events."""
    times = ("2026-11-23T12:00:00.000Z", "2026-11-23T12:00:01.000Z")
    lines = (("system", "container started"), ("container", line))
    return "".join(
        f"id: {ts}\ndata: {json.dumps({'source': source, 'line': said, 'ts': ts})}\n\n"
        for ts, (source, said) in zip(times, lines, strict=True)
    )
