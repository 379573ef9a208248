"""What goes wrong while a server runs, told to whoever started it; counting it is the metrics' part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["worker-lost", "out-of-memory", "job-given-up"]


@dataclass(frozen=True, slots=True)
class Incident:
    """One of them. subject: a device, a model, or a job.  words: what is known of it."""

    kind: Kind
    subject: str
    words: str


Hear = Callable[[Incident], None]


def unheard(_: Incident) -> None:
    """Tell nobody."""
