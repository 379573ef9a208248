"""The values of an endpoint as a release keeps them: what may be changed, in the words of the interface."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.ship.runpod.types import Endpoint

Values = dict[str, Any]

# Everything that a PATCH can set, but the template: its values are in the others once it was used.
CHANGEABLE = (
    "name", "image", "args", "disk", "env", "ports", "registry", "gpu", "cpu", "workers", "scaling", "dataCenterIds",
    "networkVolumes", "timeout", "flashboot",
)  # fmt: skip
# The variable by which an endpoint says whose release it runs; no program reads it.
MARK = "DEPLOYED_BY_GREENROOM"
# Their order means nothing.
_SETS = frozenset({"pools", "excludedTypes", "allowedCudaVersions", "dataCenterIds", "networkVolumes", "ports"})


def values_of(endpoint: Endpoint) -> Values:
    """What an endpoint is set to, its type with it."""
    said = endpoint.model_dump(mode="json", by_alias=True, exclude_none=True)
    found = {name: said[name] for name in CHANGEABLE if name in said}
    found |= {"type": endpoint.type, "registry": endpoint.registry}
    if endpoint.gpu is not None:
        found["gpu"]["minCudaVersion"] = endpoint.gpu.min_cuda_version
        found.pop("cpu", None)
    return found


def changes(wanted: Mapping[str, Any], actual: Mapping[str, Any]) -> Values:
    """The values that must be set so that what is ``actual`` becomes what is ``wanted``; empty where it is so."""
    return {
        name: value
        for name, value in wanted.items()
        if name in CHANGEABLE and not _is_so(name, value, actual.get(name), exact=name == "env")
    }


def without_mark(values: Mapping[str, Any]) -> Values:
    """The same but for the mark of a release."""
    env = {name: value for name, value in values.get("env", {}).items() if name != MARK}
    return {**values, "env": env}


def with_mark(values: Mapping[str, Any], mark: str) -> Values:
    """The same with the mark of a release."""
    return {**values, "env": {**values.get("env", {}), MARK: mark}}


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


def as_body(values: Mapping[str, Any]) -> Values:
    """As POST takes values: what is not limited or not set is left out."""
    body = {name: value for name, value in values.items() if value is not None}
    if "gpu" in body:
        body["gpu"] = {name: value for name, value in body["gpu"].items() if value not in (None, "", [])}
    return body


def _is_so(name: str, wanted: Any, actual: Any, *, exact: bool) -> bool:
    if isinstance(wanted, dict) and isinstance(actual, dict):
        if exact:
            return wanted == actual
        return all(_is_so(inner, value, actual.get(inner), exact=False) for inner, value in wanted.items())
    if name in _SETS:
        return set(wanted or ()) == set(actual or ())
    if name == "minCudaVersion":
        return (wanted or None) == (actual or None)
    return bool(wanted == actual)
