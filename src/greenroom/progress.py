"""How long work says where it stands, and learns that it should stop."""

from __future__ import annotations

from typing import Protocol


class Step(Protocol):
    """Called between the steps of long work.

    stage: what is being done, in a word or two.  done of total: in the stage's own unit.
    May raise ``Cancelled``: the work then leaves nothing half-written.
    """

    def __call__(self, stage: str, done: float, total: float) -> None: ...


def silent(stage: str, done: float, total: float) -> None:
    """Report to nobody, stop never."""
