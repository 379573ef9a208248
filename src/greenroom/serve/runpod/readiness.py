"""Whether the model is loaded, warm and answering."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from greenroom.serve.runpod.errors import ModelLost
from greenroom.serve.workers.state import ABLE

if TYPE_CHECKING:
    from concurrent.futures import Future

    from greenroom.serve.runpod.background import Background
    from greenroom.serve.workers.state import ModelState

# How long a process may take to answer after the machine was asleep, its memory being brought back.
_ANSWER_S = 5.0


class States(Protocol):
    """What is needed of the pool."""

    def states(self) -> tuple[ModelState, ...]:
        """Every model on every device."""

    async def changed(self) -> None:
        """Wait until a state may have changed."""

    async def rouse(self, within_s: float) -> None:
        """Wait until every process has said that it lives, or was replaced."""


class Readiness:
    """One model's, over all devices."""

    def __init__(self, pool: States, model: str, background: Background) -> None:
        self._pool = pool
        self._model = model
        self._background = background
        self._rousing: Future[None] | None = None

    def rouse(self) -> None:
        """The machine was asleep: nothing is ready until every process has answered. Does not wait."""
        self._rousing = self._background.begin(self._pool.rouse(_ANSWER_S))

    def ready(self) -> bool:
        """Whether some device would begin a job. Raises ModelLost when the model failed on all of them.

        The pool would try again in a while; the platform has other workers, and starts this one anew.
        """
        if self._rousing is not None and not self._rousing.done():
            return False
        states = [state for state in self._pool.states() if state.name == self._model]
        if states and all(state.state == "failed" for state in states):
            raise ModelLost(f"{self._model} is out of use: {states[0].reason}", mend="see the worker's log above")
        return any(state.state in ABLE for state in states)

    async def until_ready(self) -> None:
        """Wait for it, in the pool's loop. Raises ModelLost."""
        while not self.ready():
            await self._pool.changed()
