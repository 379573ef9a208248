"""The checks before a deploy: what is asked for, against what the account, the catalogue and the registry have.

Nothing is changed, and nothing is guessed: what could not be looked up is said to be so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from greenroom.errors import closest
from greenroom.findings import Finding
from greenroom.ship.account import checks
from greenroom.ship.deploy.standing import dollars
from greenroom.ship.endpoints.spending import Prices, Spending, chosen, monthly

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from greenroom.findings import Severity
    from greenroom.recipes.recipe import Recipe
    from greenroom.ship.deploy.images import Image
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.types import CpuType, GpuType, Registry, Volume


@dataclass(frozen=True, slots=True)
class Account:
    """What an account and the catalogue have now."""

    gpus: tuple[GpuType, ...]
    volumes: tuple[Volume, ...]
    registries: tuple[Registry, ...]
    cpus: tuple[CpuType, ...] = ()

    @property
    def prices(self) -> Prices:
        """The catalogue's prices."""
        return Prices(self.gpus, self.cpus)

    @classmethod
    def look(cls, runpod: RunPod, values: Mapping[str, Any]) -> Account:
        """Ask for what these values need. Raises RunPodError."""
        return cls(
            runpod.gpus() if "gpu" in values else (),
            runpod.volumes.list() if values.get("networkVolumes") else (),
            runpod.registries.list() if values.get("registry") else (),
            runpod.cpus() if "cpu" in values else (),
        )


def examine(
    values: Mapping[str, Any],
    account: Account,
    image: Image | None,
    recipes: Sequence[Recipe],
    *,
    max_hourly: float | None,
    beside: float = 0.0,
) -> tuple[Finding, ...]:
    """All checks. recipes: the model's and its components', none if no model was named.

    max_hourly: dollars that the endpoint may cost at most.  beside: dollars an hour of what runs at the same time, in a
    blue/green deploy.
    """
    gpu, volumes = values.get("gpu") or {}, values.get("networkVolumes") or ()
    types = chosen(gpu, account.gpus)
    return (
        *checks.platform(image),
        *checks.secrets(values),
        *checks.registry(values, account.registries),
        *checks.volumes(volumes, account.volumes, values.get("dataCenterIds") or (), "endpoint", recipes),
        *_pools(values, account),
        *checks.cuda(gpu, types, image),
        *checks.memory(types, recipes, partial(_without, gpu, types, account)),
        *checks.disk(values.get("disk"), image, recipes, has_volume=bool(volumes)),
        *_spending(values, account, max_hourly, beside),
    )


def _pools(values: Mapping[str, Any], account: Account) -> Iterator[Finding]:
    gpu, volumes = values.get("gpu") or {}, values.get("networkVolumes") or ()
    # Workers come to be where their volumes are.
    places = set(values.get("dataCenterIds") or [one.data_center for one in account.volumes if one.id in volumes])
    known = sorted({one.pool for one in account.gpus if one.pool})
    for pool in gpu.get("pools") or ():
        if pool not in known:
            meant = closest(pool, known)
            mend = f"did you mean {meant}?" if meant else f"choose of {', '.join(known)}"
            yield Finding("pool-unknown", "error", f"there is no GPU pool {pool}", mend)
    if "gpu" in values and not gpu.get("pools"):
        yield Finding("pool-missing", "error", "no GPU pool is named", f"choose of {', '.join(known)}")
    types = chosen(gpu, account.gpus)
    stocked = [one for one in types if one.availability is not None]
    if stocked and not any(checks.has_stock(one, places) for one in stocked):
        where = f" in {', '.join(sorted(places))}" if places else ""
        message = f"none of {', '.join(one.name for one in types)} is to be had now{where}: workers will wait"
        yield Finding("gpu-unavailable", "warning", message, "name more pools, or more data centres")


def _without(gpu: Mapping[str, Any], types: Sequence[GpuType], account: Account, ids: list[str]) -> str:
    """How to do without these GPUs: the rest of the pools, or where that is none, pools of larger ones."""
    if {one.id for one in types} - set(ids):
        return f'leave them out: "excludedTypes": {json.dumps([*(gpu.get("excludedTypes") or ()), *ids])}'
    most = max(one.memory for one in types)
    least: dict[str, int] = {}
    for one in account.gpus:
        if one.pool:
            least[one.pool] = min(one.memory, least.get(one.pool, one.memory))
    larger = [pool for pool in sorted(least, key=lambda pool: (least[pool], pool)) if least[pool] > most]
    return (
        f"choose a pool of larger GPUs: {', '.join(larger)}" if larger else "choose a smaller model: no GPU is larger"
    )


def _spending(
    values: Mapping[str, Any], account: Account, max_hourly: float | None, beside: float
) -> Iterator[Finding]:
    spending = Spending.of(values, account.prices)
    workers = values.get("workers") or {}
    if spending is None:
        severity: Severity = "error" if max_hourly is not None else "warning"
        cpus = [str(cpu.get("id")) for cpu in values.get("cpu") or ()]
        where = f"CPU {', '.join(cpus)}" if cpus else f"pool {', '.join((values.get('gpu') or {}).get('pools') or ())}"
        message = f"the catalogue has no price for {where}, so no limit can be held"
        yield Finding("price-unknown", severity, message, "see the price in the console, and leave --max-hourly out")
        return
    most = spending.most + beside
    if max_hourly is not None and most > max_hourly:
        message = (
            f"{workers.get('max', 3)} workers cost up to {dollars(most)}, above the limit of {dollars(max_hourly)}"
        )
        yield Finding(
            "spend-over-limit", "error", message, "lower workers.max, choose a cheaper pool, or raise the limit"
        )
    elif max_hourly is None:
        message = f"{workers.get('max', 3)} workers cost up to {dollars(most)}, and no limit is given"
        yield Finding("spend-unlimited", "note", message, f"--max-hourly {most:.2f} makes sure of it from now on")
    if spending.least:
        message = (
            f"workers.min is {workers['min']}: it costs {dollars(spending.least)} also when nobody asks,"
            f" {monthly(spending.least)}"
        )
        yield Finding("workers-always-on", "warning", message, 'set "min": 0 if a cold start is bearable')
