"""Which models are awake on a device: as many as fit by their plans, the least recently used goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.errors import GreenroomError

if TYPE_CHECKING:
    from collections.abc import Mapping


class MemoryShort(GreenroomError):
    """A model needs more memory than its device has to give, even alone."""

    code = "memory-short"

    def __init__(self, model: str, needs: int, device: str, has: int) -> None:
        super().__init__(
            f"{model} needs {in_gigabytes(needs)} of memory; {device} has {in_gigabytes(has)} for models",
            mend="serve it on a larger device, or a smaller variant of it",
        )


class Residency:
    """Who is awake, by plan; decides, and does nothing itself.

    device: for words.  budget: bytes that models may take together, None for any.  plans: bytes that each model takes
    while it works.
    """

    def __init__(self, device: str, budget: int | None, plans: Mapping[str, int] | None = None) -> None:
        self._device = device
        self._budget = budget
        self._plans = dict(plans or {})
        self._used_at: dict[str, float] = {}

    def plan(self, model: str, needs: int, least: int = 0) -> None:
        """Count on ``needs`` bytes for a model.

        least: where the device has less for models, it takes all there is, if that is so much; 0 for one that does not.
        """
        if least and self._budget is not None:
            needs = min(needs, max(least, self._budget))
        self._plans[model] = needs

    @property
    def awake(self) -> tuple[str, ...]:
        """The models that are awake, the least recently used first."""
        return tuple(sorted(self._used_at, key=lambda name: self._used_at[name]))

    def leaving(self, model: str) -> tuple[str, ...]:
        """Who must go before ``model`` may wake, in order. Raises MemoryShort when it would not fit alone."""
        if self._budget is None or model in self._used_at:
            return ()
        need = self._plans[model]
        if need > self._budget:
            raise MemoryShort(model, need, self._device, self._budget)
        taken = sum(self._plans[name] for name in self._used_at)
        leaving = []
        for name in self.awake:
            if taken + need <= self._budget:
                break
            if self._plans[name]:  # one that takes nothing frees nothing
                leaving.append(name)
                taken -= self._plans[name]
        return tuple(leaving)

    def used(self, model: str, now: float) -> None:
        """The model is awake, and was asked for just now. now: seconds, of a clock that only goes forward."""
        self._used_at[model] = now

    def left(self, model: str) -> None:
        """The model is asleep or gone."""
        self._used_at.pop(model, None)


def in_gigabytes(count: int) -> str:
    """Bytes as people compare them: ``18.9 GB``, ``0.46 GB``."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e9:.2f} GB"
