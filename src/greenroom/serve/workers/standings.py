"""How the models of one device stand, through all the lives of its process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.serve.workers.state import ABLE, ModelState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenroom.serve.workers.state import Standing

_MOST_RETRY_S = 3600.0


class Standings:
    """States by model. A model that failed stays so until it is ready again, whatever is tried meanwhile."""

    def __init__(self, device: str, models: Iterable[str], retry_s: float) -> None:
        self._states = {name: ModelState(name, "loading", device) for name in models}
        self._device = device
        self._retry_s = retry_s
        # When a model whose loading failed is tried again, and how long it waits after that.
        self._retries: dict[str, tuple[float, float]] = {}

    @property
    def all(self) -> tuple[ModelState, ...]:
        """All states, in the order of the models."""
        return tuple(self._states.values())

    def of(self, model: str) -> ModelState | None:
        """The state of a model; None when it is not on this device."""
        return self._states.get(model)

    def is_able(self, model: str) -> bool:
        """Whether the model could do a request."""
        state = self._states.get(model)
        return state is not None and state.state in ABLE

    def starts(self, *, hopeless: bool) -> None:
        """A process starts. hopeless: so many ended that its models count as failed until they are ready."""
        self._retries.clear()
        for name, state in self._states.items():
            if not hopeless:
                self._put(name, "loading", state.reason)

    def lost(self, reason: str, *, hopeless: bool) -> None:
        """The process ended."""
        for name in self._states:
            if hopeless:
                self._put(name, "failed", f"its worker is lost again and again: {reason}")
            else:
                self._put(name, "loading", f"its worker was lost and starts again: {reason}")

    def said(self, model: str, state: Standing, reason: str, now: float) -> bool:
        """The process said how a model stands; gives whether that is news."""
        before = self._states.get(model)
        if before is None or (before.state == "failed" and state in ("loading", "warming")):
            return False
        if state == "failed":
            wait_s = self._retries[model][1] if model in self._retries else self._retry_s
            self._retries[model] = (now + wait_s, min(wait_s * 2, _MOST_RETRY_S))
        elif state == "ready":
            self._retries.pop(model, None)
        if state in ("loading", "warming"):
            reason = before.reason  # why it starts again is worth knowing until it has
        self._put(model, state, reason)
        return True

    def to_retry(self, now: float) -> str | None:
        """A model that failed to load and may be tried again now."""
        return next((name for name, (due, _) in self._retries.items() if now >= due), None)

    def next_retry(self) -> float | None:
        """When ``to_retry`` will have one."""
        return min((due for due, _ in self._retries.values()), default=None)

    def _put(self, model: str, state: Standing, reason: str) -> None:
        self._states[model] = ModelState(model, state, self._device, reason)
