"""The values of an endpoint as a release keeps them: what may be changed, in the words of the interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.ship.account.declaration import OF_ENDPOINT
from greenroom.ship.account.values import differing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from greenroom.ship.account.values import Values
    from greenroom.ship.runpod.types import Endpoint


def values_of(endpoint: Endpoint) -> Values:
    """What an endpoint is set to, its type with it."""
    said = endpoint.model_dump(mode="json", by_alias=True, exclude_none=True)
    found = {name: said[name] for name in OF_ENDPOINT if name in said}
    found |= {"type": endpoint.type, "registry": endpoint.registry}
    if endpoint.gpu is not None:
        found["gpu"]["minCudaVersion"] = endpoint.gpu.min_cuda_version
        found.pop("cpu", None)
    return found


def changes(wanted: Mapping[str, Any], actual: Mapping[str, Any]) -> Values:
    """The values that must be set so that what is ``actual`` becomes what is ``wanted``; empty where it is so."""
    return differing(wanted, actual, OF_ENDPOINT)


def as_patch(values: Mapping[str, Any]) -> Values:
    """As PATCH takes values: what a GPU is not limited by is cleared by name, since what is left out stays."""
    if "gpu" not in values:
        return dict(values)
    gpu = dict(values["gpu"])
    if gpu.get("minCudaVersion") is None:
        gpu["minCudaVersion"] = ""
    if not gpu["minCudaVersion"] or not gpu.get("allowedCudaVersions"):
        gpu.setdefault("allowedCudaVersions", [])
    return {**values, "gpu": gpu}
