"""The checks that endpoints and pods have alike: the image, what it needs, and what the account has of it.

Nothing is changed, and nothing is guessed: what could not be looked up is said to be so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenroom.findings import Finding
from greenroom.machine.fit import fit
from greenroom.machine.host import Gpu, Host, Python
from greenroom.machine.versions import minor, release
from greenroom.recipes.sizes import readable
from greenroom.ship.deploy.masking import secret_names

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from greenroom.recipes.recipe import Recipe
    from greenroom.ship.deploy.images import Image
    from greenroom.ship.runpod.types import GpuType, Registry, Volume

GB = 1_000_000_000
# Cards have the gigabytes that their names say in powers of two, or nearly; taken so, what is refused surely does not
# fit.
_GIB = 2**30
# A worker is stopped by its own checks when less of the container's disk is free.
_DISK_LEFT = 0.1
# Of a GPU that holds a model not at all, or barely.
_MEMORY = ("gpu-memory-short", "gpu-memory-tight")


def platform(image: Image | None) -> Iterator[Finding]:
    """The machine that the image is for."""
    if image is not None and image.platforms and "linux/amd64" not in image.platforms:
        message = f"the image is for {', '.join(image.platforms)}, and RunPod's hosts are linux/amd64"
        yield Finding("image-platform", "error", message, "build it with --platform linux/amd64")


def secrets(values: Mapping[str, Any]) -> Iterator[Finding]:
    """Variables that hold a secret in the clear."""
    if names := secret_names(values.get("env") or {}):
        message = f"{', '.join(names)} would stand in its settings in the clear"
        mend = f"keep it as a secret of the account, and write {{{{ RUNPOD_SECRET_{names[0]} }}}}"
        yield Finding("secret-in-env", "warning", message, mend)


def registry(values: Mapping[str, Any], known: Sequence[Registry]) -> Iterator[Finding]:
    """Credentials are named by id, and made elsewhere."""
    wanted = values.get("registry")
    if wanted and wanted not in {one.id for one in known}:
        message = f"there are no registry credentials {wanted} in this account"
        yield Finding("registry-absent", "error", message, "make them in the console, and give their id")


def volumes(
    wanted: Sequence[str], known: Sequence[Volume], places: Sequence[str], noun: str, recipes: Sequence[Recipe]
) -> Iterator[Finding]:
    """Volumes are named by id; none is made or grown here. places: data centres that were asked for, all if empty."""
    for identity in wanted:
        volume = next((one for one in known if one.id == identity), None)
        if volume is None:
            message = f"there is no network volume {identity} in this account"
            names = ", ".join(f"{one.id} ({one.name})" for one in known)
            mend = f"choose one of: {names}" if names else "it has none: make one in the console, and give its id"
            yield Finding("volume-absent", "error", message, mend)
            continue
        if places and volume.data_center not in places:
            message = f"the volume {volume.name} ({identity}) is in {volume.data_center}, the {noun} is to be in " + (
                ", ".join(places)
            )
            yield Finding("volume-elsewhere", "error", message, f'set "dataCenterIds": ["{volume.data_center}"]')
        if (need := weights(recipes)) > volume.size * GB:
            message = f"{readable(need)} of weights do not fit the volume {volume.name}, which has {volume.size} GB"
            yield Finding("volume-small", "error", message, "make it larger: a volume can grow")


def has_stock(gpu: GpuType, places: Collection[str]) -> bool:
    """Whether one is to be had now, in these data centres if any are named."""
    if places and gpu.data_centers is not None:
        return any(stock.id in places and stock.availability != "NONE" for stock in gpu.data_centers)
    return gpu.availability != "NONE"


def cuda(gpu: Mapping[str, Any], types: Sequence[GpuType], image: Image | None) -> Iterator[Finding]:
    """What the image needs of a host's driver, against the hosts that the filter lets through. types: of its GPUs."""
    if not gpu or image is None:
        return
    if image.cuda is None:
        message = "the image does not say which CUDA it was built for, so hosts cannot be held against it"
        yield Finding("image-cuda-unknown", "note", message, "label it: LABEL greenroom.cuda=12.8")
        return
    needs = minor(image.cuda)
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
    yield from _cuda_stock(types, allowed, floor)


def _cuda_stock(types: Sequence[GpuType], allowed: Sequence[str], floor: str | None) -> Iterator[Finding]:
    offered = [one for known in types for one in known.cuda_versions or ()]
    passed = [
        one
        for one in offered
        if (not allowed or one.version in allowed) and (not floor or release(one.version) >= release(floor))
    ]
    if offered and (allowed or floor) and not any(one.available for one in passed):
        message = "no host that the CUDA filter lets in has a free GPU now"
        has = ", ".join(sorted({one.version for one in offered if one.available}, key=release)) or "none"
        yield Finding("cuda-unavailable", "warning", message, f"free ones have CUDA {has}")


def memory(types: Sequence[GpuType], recipes: Sequence[Recipe], mend: Callable[[list[str]], str]) -> Iterator[Finding]:
    """Each GPU on which it may come to be, as if it were here; the same verdict for many is said once.

    mend: for the ids of all on which the verdict is as bad, or worse.
    """
    if not recipes:
        return
    worst: dict[str, tuple[Finding, list[str]]] = {}
    for gpu in types:
        memory = gpu.memory * _GIB
        host = Host(python=Python((3, 11, 0)), gpus=(Gpu(0, gpu.name, memory_total=memory, memory_free=memory),))
        for finding in fit(host, recipes).findings:
            if finding.code in _MEMORY:
                worst.setdefault(finding.code, (finding, []))[1].append(gpu.id)
    worse: list[str] = []
    for code in _MEMORY:
        if code in worst:
            finding, ids = worst[code]
            worse += ids
            message = f"{finding.message}; it may come to be on {', '.join(ids)}"
            yield Finding(code, finding.severity, message, mend(worse))


def disk(size: int | None, image: Image | None, recipes: Sequence[Recipe], *, has_volume: bool) -> Iterator[Finding]:
    """Weights go to the volume, or to the container's disk, or are in the image. size: GB of that disk."""
    need = weights(recipes)
    if not need or has_volume or size is None or need <= size * GB * (1 - _DISK_LEFT):
        return
    mend = f'set "disk": {int(need / GB / (1 - _DISK_LEFT)) + 1}, or keep the weights on a network volume'
    message = f"{readable(need)} of weights do not fit the container's disk of {size} GB with a tenth of it free"
    if image is None or image.size is None:
        yield Finding("disk-short", "warning", f"{message}, unless the image holds them", mend)
    elif image.size < need:
        yield Finding("disk-short", "error", f"{message}, and the image is too small to hold them", mend)


def weights(recipes: Sequence[Recipe]) -> int:
    """Bytes of a model's weights and its components'."""
    return sum(recipe.download().bytes for recipe in recipes)
