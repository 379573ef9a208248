"""What workers cost, by the catalogue's list prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenroom.ship.runpod.types import GpuType, Worker

_MONTH_H = 24 * 30


@dataclass(frozen=True, slots=True)
class Spending:
    """Dollars an hour; None where nobody says a price.

    worker: of the dearest one that may come.  least: of those that always run.  most: of as many as are allowed.
    """

    worker: float | None
    least: float | None
    most: float | None

    @classmethod
    def of(cls, values: Mapping[str, Any], gpus: Sequence[GpuType]) -> Spending:
        """Of an endpoint's values."""
        prices = [gpu.price.serverless for gpu in chosen(values.get("gpu") or {}, gpus)]
        known = [price for price in prices if price is not None]
        if not known or len(known) != len(prices):
            return cls(None, None, None)
        worker = max(known) * int(values["gpu"].get("count", 1))
        workers = values.get("workers") or {}
        return cls(worker, worker * workers.get("min", 0), worker * workers.get("max", 3))


def chosen(gpu: Mapping[str, Any], gpus: Sequence[GpuType]) -> tuple[GpuType, ...]:
    """The GPUs on which workers may come to be."""
    pools, without = gpu.get("pools") or (), gpu.get("excludedTypes") or ()
    return tuple(known for known in gpus if known.pool in pools and known.id not in without)


def price_of(worker: Worker, gpus: Sequence[GpuType]) -> float | None:
    """Dollars an hour that a worker costs now; None where its GPU or the price is not known."""
    if not worker.costs:
        return 0.0
    gpu = next((known for known in gpus if known.id == worker.gpu_type_id), None)
    return None if gpu is None or gpu.price.serverless is None else gpu.price.serverless * worker.gpu_count


def dollars(amount: float) -> str:
    """``$1.38 an hour``."""
    return f"${amount:.2f} an hour"


def monthly(amount: float) -> str:
    """``$994 in 30 days``."""
    return f"${amount * _MONTH_H:.0f} in 30 days"
