"""Two solvers of second order, which remember what earlier steps predicted.

Both go from one sigma to the next along what is predicted to be data, x0 = x - sigma * v, and how that has changed:
DPM-Solver++(2M) (arXiv 2211.01095, algorithm 2), and UniPC of order 2 with the B(h) that is called bh2, predicting data
(arXiv 2302.04867). UniPC's predictor is the same step; it corrects each once more when the network has answered behind
it. The first step and the last are of first order.

With alpha = 1 - sigma and lambda = ln(alpha / sigma), the weights of a step are found in float64 from the schedule's
sigmas; what they weigh stays float32.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from greenroom.models.steadydancer.sampling.schedule import Schedule

_ORDER = 2


class Solver:
    """Latents on their way along a schedule.

    latents: float32, where they stand, which is where the network is asked.  at: how many steps lie behind them.
    """

    def __init__(self, schedule: Schedule, noise: Tensor) -> None:
        """noise: of any shape."""
        self.schedule = schedule
        self.latents = noise.float()
        self.at = 0
        self._corrects = schedule.solver == "unipc"
        self._begun: Tensor | None = None  # where the last step began, corrected
        self._data: list[Tensor] = []  # what was predicted there and before, the latest first

    @torch.inference_mode()
    def step(self, velocity: Tensor) -> Tensor:
        """Go a step: the latents behind it. velocity: what the network and guidance say at ``latents``."""
        sigmas, at = self.schedule.sigmas, self.at
        data = self.latents - sigmas[at] * velocity.float()
        start = self.latents if self._begun is None else self._corrected(self._begun, data)
        if self._corrects:
            self._begun = start
        self._data = [data, *self._data][:_ORDER]
        self.latents = self._predicted(start)
        self.at += 1
        return self.latents

    def state(self) -> dict[str, Tensor]:
        """All that later steps depend on, by names, for ``restore``."""
        state = {"latents": self.latents, "at": torch.tensor(self.at)}
        if self._begun is not None:
            state["begun"] = self._begun
        return state | {f"data.{age}": data for age, data in enumerate(self._data)}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Stand where another solver of the same schedule stood. Raises KeyError for another's state."""
        device = self.latents.device
        self.latents, self.at = state["latents"].to(device), int(state["at"])
        remembered = min(self.at, _ORDER)
        self._data = [state[f"data.{age}"].to(device) for age in range(remembered)]
        self._begun = state["begun"].to(device) if self._corrects and self.at else None

    def _order(self, at: int) -> int:
        """Of a step: no more than it has predictions for, and the last is of first order."""
        return min(_ORDER, at + 1, self.schedule.steps - at)

    def _predicted(self, start: Tensor) -> Tensor:
        """Behind the step that begins at ``start``."""
        data = self._data[0]
        towards = data
        if self._order(self.at) == _ORDER:
            towards = data + (0.5 / self._past(self.at)) * (self._data[1] - data)
        stay, go = self._weights(self.at)
        return stay * start + go * towards

    def _corrected(self, start: Tensor, new: Tensor) -> Tensor:
        """Behind the step before this one, which began at ``start``. new: what is predicted where it ended."""
        before, data = self.at - 1, self._data[0]
        if self._order(before) == _ORDER:
            old_weight, new_weight = self._correction(before)
            past = self._past(before)
            towards = data + (old_weight / past) * (self._data[1] - data) + new_weight * (new - data)
        else:
            towards = data + 0.5 * (new - data)
        stay, go = self._weights(before)
        return stay * start + go * towards

    def _weights(self, at: int) -> tuple[float, float]:
        """Of the latents and of data over a step: the flow's own solution where data stays as it is.

        The second is alpha' * (1 - e^-h), written without logarithms, which have no value at the ends.
        """
        now, then = self.schedule.sigmas[at : at + 2]
        return then / now, (1 - then) - (1 - now) * then / now

    def _past(self, at: int) -> float:
        """How far back the prediction before a step lies, in steps like it; below 0, and without end at noise alone."""
        before, now, then = (_half_log_snr(sigma) for sigma in self.schedule.sigmas[at - 1 : at + 2])
        return (before - now) / (then - now)

    def _correction(self, at: int) -> tuple[float, float]:
        """Of what was predicted before a step, and behind it: the two equations of order 2."""
        now, then = (_half_log_snr(sigma) for sigma in self.schedule.sigmas[at : at + 2])
        back = now - then
        base = math.expm1(back)
        first = (base / back - 1) / base
        second = 2 * ((base / back - 1) / back - 0.5) / base
        old = (first - second) / (1 - self._past(at))
        return old, first - old


def _half_log_snr(sigma: float) -> float:
    """lambda; without end where there is data alone, or noise alone."""
    if sigma == 0:
        return math.inf
    return -math.inf if sigma == 1 else math.log((1 - sigma) / sigma)
