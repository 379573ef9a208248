"""What is asked of the platform: the endpoint's GPU, disk, mounts and command, and the weights that must fit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.machine.facts import runpod

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.document import Document, Value
    from greenroom.machine.facts.runpod import RunPodGpu


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume. path: where it appears, empty if it does not say.  kind: ``network`` or ``persistent``.  gigabytes."""

    path: str
    kind: str
    value: Value
    gigabytes: float | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint or a pod as ``endpoint.json`` asks for it."""

    document: Document

    def get(self, *names: str) -> Value | None:
        """A value of the file."""
        return self.document.get(*names)

    @property
    def disk(self) -> Value | None:
        """The container's disk in GB."""
        return self.get("disk") or self.get("containerDiskInGb") or self.get("config", "containerDiskInGb")

    @property
    def command(self) -> Value | None:
        """What is run instead of CMD."""
        for name in ("args", "command", "cmd", "dockerArgs", "dockerStartCmd"):
            value = self.get(name)
            if value is not None and (value.items or value.scalar):
                return value
        return None

    @property
    def cuda_versions(self) -> tuple[str, ...]:
        """The CUDA versions that hosts may have."""
        for names in (("gpu", "allowedCudaVersions"), ("allowedCudaVersions",), ("config", "allowedCudaVersions")):
            value = self.get(*names)
            if value is not None:
                return value.strings
        least = self.get("gpu", "minCudaVersion") or self.get("minCudaVersion")
        return (least.scalar,) if least is not None else ()

    @property
    def mounts(self) -> tuple[Mount, ...]:
        """The volumes."""
        found = []
        listed = self.get("mounts")
        for value in listed.items if listed is not None else ():
            path = value.get("path") or value.get("mountPath")
            kind = value.get("type")
            size = value.get("size") or value.get("sizeGb")
            found.append(
                Mount(
                    path.scalar.rstrip("/") if path else "",
                    kind.scalar if kind else "",
                    value,
                    size.number if size else None,
                )
            )
        path = self.get("volumeMountPath")
        if path is not None:
            size = self.get("volumeInGb")
            found.append(Mount(path.scalar.rstrip("/"), "persistent", path, size.number if size else None))
        network = self.get("networkVolumeId") or self.get("networkVolumes")
        if network is not None and not found:
            found.append(Mount(runpod.network_volume().value.serverless, "network", network, None))
        return tuple(found)

    def gpus(self) -> Iterator[tuple[RunPodGpu, Value]]:
        """The GPUs that it may get, each with the value that asks for it."""
        for names in (("gpu", "types"), ("gpu", "ids"), ("gpu", "id"), ("gpuTypeIds",), ("gpuTypes",)):
            value = self.get(*names)
            for item in value.items or (value,) if value is not None else ():
                if (known := runpod.gpu(item.scalar)) is not None:
                    yield known, item
        for names in (("gpu", "pools"), ("gpuIds",), ("config", "gpuIds")):
            value = self.get(*names)
            for item in value.items or (value,) if value is not None else ():
                for name in re.split(r"[,\s]+", item.scalar):
                    pool = runpod.pool(name)
                    for member in pool.value if pool is not None and pool.sure else ():
                        if (known := runpod.gpu(member)) is not None:
                            yield known, item


@dataclass(frozen=True, slots=True)
class Weights:
    """The files of ``weights.json``. bytes: their sum.  repo: where they come from."""

    document: Document
    bytes: int
    largest: int
    repo: str
    target: str


def endpoint(*documents: Document | None) -> Endpoint | None:
    """The first of these that can be read."""
    return next((Endpoint(one) for one in documents if one is not None and one.root is not None), None)


def weights(document: Document | None) -> Weights | None:
    """The weights of a file; None where there is none that can be read."""
    if document is None or document.root is None:
        return None
    sizes = []
    for value in document.root.walk():
        size = value.get("bytes") or value.get("size") if value.tag == "map" else None
        if size is not None and size.number is not None:
            sizes.append(int(size.number))
    repo = document.get("repo")
    target = document.get("target") or document.get("path") or document.get("dir")
    return Weights(
        document, sum(sizes), max(sizes, default=0), repo.scalar if repo else "", target.scalar if target else ""
    )
