"""What workers cost, by the catalogue's list prices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.types import CpuType, Endpoint, GpuType, Worker

MONTH_H = 24 * 30


@dataclass(frozen=True, slots=True)
class Prices:
    """The catalogue, as far as somebody's workers are in it."""

    gpus: tuple[GpuType, ...] = ()
    cpus: tuple[CpuType, ...] = ()

    @classmethod
    def look(cls, runpod: RunPod, endpoints: Sequence[Endpoint]) -> Self:
        """What these endpoints need. Raises RunPodError."""
        gpus = runpod.gpus() if any(endpoint.gpu for endpoint in endpoints) else ()
        return cls(gpus, runpod.cpus() if any(endpoint.cpu for endpoint in endpoints) else ())

    def of_worker(self, worker: Worker, endpoint: Endpoint) -> float | None:
        """Dollars an hour that a worker costs now, by the dearest CPU that it may have; None where nobody knows."""
        if not worker.costs:
            return 0.0
        if endpoint.cpu:
            return self._dearest_cpu([one.model_dump(by_alias=True) for one in endpoint.cpu])
        gpu = next((known for known in self.gpus if known.id == worker.gpu_type_id), None)
        return None if gpu is None or gpu.price.serverless is None else gpu.price.serverless * worker.gpu_count

    def of_dearest(self, values: Mapping[str, Any]) -> float | None:
        """Dollars an hour of the dearest worker that an endpoint's values allow; None where nobody says a price."""
        if values.get("cpu"):
            return self._dearest_cpu(values["cpu"])
        gpu = values.get("gpu") or {}
        worker = _dearest(known.price.serverless for known in chosen(gpu, self.gpus))
        return None if worker is None else worker * int(gpu.get("count", 1))

    def _dearest_cpu(self, cpus: Sequence[Mapping[str, Any]]) -> float | None:
        rates = {known.id: known.price.serverless_per_vcpu for known in self.cpus}
        prices = ((rates.get(str(one.get("id"))), one.get("vcpuCount")) for one in cpus)
        return _dearest(None if rate is None or not isinstance(count, int) else rate * count for rate, count in prices)


@dataclass(frozen=True, slots=True)
class Spending:
    """Dollars an hour. least: of the workers that always run.  most: of as many as are allowed."""

    least: float
    most: float

    @classmethod
    def of(cls, values: Mapping[str, Any], prices: Prices) -> Self | None:
        """Of an endpoint's values; None where nobody says a price."""
        worker = prices.of_dearest(values)
        workers = values.get("workers") or {}
        return None if worker is None else cls(worker * workers.get("min", 0), worker * workers.get("max", 3))


def chosen(gpu: Mapping[str, Any], gpus: Sequence[GpuType]) -> tuple[GpuType, ...]:
    """The GPUs on which workers may come to be."""
    pools, without = gpu.get("pools") or (), gpu.get("excludedTypes") or ()
    return tuple(known for known in gpus if known.pool in pools and known.id not in without)


def monthly(amount: float) -> str:
    """``$994 in 30 days``."""
    return f"${amount * MONTH_H:.0f} in 30 days"


def _dearest(prices: Iterable[float | None]) -> float | None:
    """None too where there is one without a price: it might be the dearest."""
    said = list(prices)
    known = [price for price in said if price is not None]
    return max(known) if known and len(known) == len(said) else None
