"""The checks before a deploy: what is asked for, against what the account, the catalogue and the registry have.

Nothing is changed, and nothing is guessed: what could not be looked up is said to be so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenroom.errors import closest
from greenroom.findings import Finding
from greenroom.machine.fit import fit
from greenroom.machine.host import Gpu, Host, Python
from greenroom.machine.versions import minor, release
from greenroom.recipes.sizes import readable
from greenroom.ship.deploy.masking import secret_names
from greenroom.ship.deploy.standing import dollars
from greenroom.ship.endpoints.spending import Prices, Spending, chosen, monthly

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from greenroom.findings import Severity
    from greenroom.recipes.recipe import Recipe
    from greenroom.ship.deploy.images import Image
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.types import CpuType, GpuType, Registry, Volume

_GB = 1_000_000_000
# Cards have the gigabytes that their names say in powers of two, or nearly; taken so, what is refused surely does not
# fit.
_GIB = 2**30
# A worker is stopped by its own checks when less of the container's disk is free.
_DISK_LEFT = 0.1


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
    return (
        *_platform(image),
        *_env(values),
        *_registry(values, account),
        *_volumes(values, account, recipes),
        *_pools(values, account),
        *_cuda(values, account, image),
        *_memory(values, account, recipes),
        *_disk(values, image, recipes),
        *_spending(values, account, max_hourly, beside),
    )


def _platform(image: Image | None) -> Iterator[Finding]:
    if image is not None and image.platforms and "linux/amd64" not in image.platforms:
        message = f"the image is for {', '.join(image.platforms)}, and RunPod's hosts are linux/amd64"
        yield Finding("image-platform", "error", message, "build it with --platform linux/amd64")


def _env(values: Mapping[str, Any]) -> Iterator[Finding]:
    if names := secret_names(values.get("env") or {}):
        message = f"{', '.join(names)} would stand in the endpoint's settings in the clear"
        mend = f"keep it as a secret of the account, and write {{{{ RUNPOD_SECRET_{names[0]} }}}}"
        yield Finding("secret-in-env", "warning", message, mend)


def _registry(values: Mapping[str, Any], account: Account) -> Iterator[Finding]:
    wanted = values.get("registry")
    if wanted and wanted not in {known.id for known in account.registries}:
        message = f"there are no registry credentials {wanted} in this account"
        yield Finding("registry-absent", "error", message, "make them in the console, and give their id")


def _volumes(values: Mapping[str, Any], account: Account, recipes: Sequence[Recipe]) -> Iterator[Finding]:
    places = values.get("dataCenterIds") or ()
    for wanted in values.get("networkVolumes") or ():
        volume = next((known for known in account.volumes if known.id == wanted), None)
        if volume is None:
            message = f"there is no network volume {wanted} in this account"
            names = ", ".join(f"{known.id} ({known.name})" for known in account.volumes)
            mend = f"choose one of: {names}" if names else "it has none: make one in the console, and give its id"
            yield Finding("volume-absent", "error", message, mend)
            continue
        if places and volume.data_center not in places:
            message = f"the volume {volume.name} ({wanted}) is in {volume.data_center}, the endpoint is to be in " + (
                ", ".join(places)
            )
            yield Finding("volume-elsewhere", "error", message, f'set "dataCenterIds": ["{volume.data_center}"]')
        if (need := _download(recipes)) > volume.size * _GB:
            message = f"{readable(need)} of weights do not fit the volume {volume.name}, which has {volume.size} GB"
            yield Finding("volume-small", "error", message, "make it larger: a volume can grow")


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
    if stocked and not any(_has_stock(one, places) for one in stocked):
        where = f" in {', '.join(sorted(places))}" if places else ""
        message = f"none of {', '.join(one.name for one in types)} is to be had now{where}: workers will wait"
        yield Finding("gpu-unavailable", "warning", message, "name more pools, or more data centres")


def _has_stock(gpu: GpuType, places: set[str]) -> bool:
    if places and gpu.data_centers is not None:
        return any(stock.id in places and stock.availability != "NONE" for stock in gpu.data_centers)
    return gpu.availability != "NONE"


def _cuda(values: Mapping[str, Any], account: Account, image: Image | None) -> Iterator[Finding]:
    """What the image needs of a host's driver, against the hosts that the filter lets through."""
    if "gpu" not in values or image is None:
        return
    if image.cuda is None:
        message = "the image does not say which CUDA it was built for, so hosts cannot be held against it"
        yield Finding("image-cuda-unknown", "note", message, "label it: LABEL greenroom.cuda=12.8")
        return
    needs = minor(image.cuda)
    gpu = values["gpu"]
    allowed, floor = gpu.get("allowedCudaVersions") or (), gpu.get("minCudaVersion")
    lowest = min((minor(version) for version in allowed), key=release, default=minor(floor) if floor else None)
    mend = f'set "minCudaVersion": "{needs}" in gpu'
    if lowest is None:
        message = f"the image was built for CUDA {needs}, and any host is let in, also with an older driver"
        yield Finding("cuda-hosts-unfiltered", "warning", message, mend)
    elif release(lowest)[0] < release(needs)[0]:
        message = (
            f"the image was built for CUDA {needs}, and hosts with CUDA {lowest} are let in: it does not start there"
        )
        yield Finding("cuda-hosts-too-old", "error", message, mend)
    elif release(lowest) < release(needs):
        message = (
            f"the image was built for CUDA {needs}, and hosts with CUDA {lowest} are let in: code for a newer GPU fails"
        )
        yield Finding("cuda-hosts-older", "warning", message, mend)
    yield from _cuda_stock(account, gpu, allowed, floor)


def _cuda_stock(
    account: Account, gpu: Mapping[str, Any], allowed: Sequence[str], floor: str | None
) -> Iterator[Finding]:
    offered = [one for known in chosen(gpu, account.gpus) for one in known.cuda_versions or ()]
    passed = [
        one
        for one in offered
        if (not allowed or one.version in allowed) and (not floor or release(one.version) >= release(floor))
    ]
    if offered and (allowed or floor) and not any(one.available for one in passed):
        message = "no host that the CUDA filter lets in has a free GPU now"
        has = ", ".join(sorted({one.version for one in offered if one.available}, key=release)) or "none"
        yield Finding("cuda-unavailable", "warning", message, f"free ones have CUDA {has}")


def _memory(values: Mapping[str, Any], account: Account, recipes: Sequence[Recipe]) -> Iterator[Finding]:
    """Each GPU on which a worker may come to be, as if it were here; the same verdict for many is said once."""
    if not recipes:
        return
    worst: dict[str, tuple[Finding, list[str]]] = {}
    for gpu in chosen(values.get("gpu") or {}, account.gpus):
        memory = gpu.memory * _GIB
        host = Host(python=Python((3, 11, 0)), gpus=(Gpu(0, gpu.name, memory_total=memory, memory_free=memory),))
        for finding in fit(host, recipes).findings:
            if finding.code in ("gpu-memory-short", "gpu-memory-tight"):
                worst.setdefault(finding.code, (finding, []))[1].append(gpu.id)
    for finding, ids in worst.values():
        mend = f'leave them out: "excludedTypes": {json.dumps(ids)}'
        message = f"{finding.message}; workers may come to be on {', '.join(ids)}"
        yield Finding(finding.code, finding.severity, message, mend)


def _disk(values: Mapping[str, Any], image: Image | None, recipes: Sequence[Recipe]) -> Iterator[Finding]:
    """Weights go to the volume, or to the container's disk, or are in the image."""
    need, disk = _download(recipes), values.get("disk")
    if not need or values.get("networkVolumes") or disk is None or need <= disk * _GB * (1 - _DISK_LEFT):
        return
    mend = f'set "disk": {int(need / _GB / (1 - _DISK_LEFT)) + 1}, or keep the weights on a network volume'
    message = f"{readable(need)} of weights do not fit the container's disk of {disk} GB with a tenth of it free"
    if image is None or image.size is None:
        yield Finding("disk-short", "warning", f"{message}, unless the image holds them", mend)
    elif image.size < need:
        yield Finding("disk-short", "error", f"{message}, and the image is too small to hold them", mend)


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


def _download(recipes: Sequence[Recipe]) -> int:
    return sum(recipe.download().bytes for recipe in recipes)
