"""Values of an endpoint or a pod, in the words of the interface: its mark, and what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Values = dict[str, Any]

# The variable by which an endpoint or a pod says whose release it runs; no program reads it.
MARK = "DEPLOYED_BY_GREENROOM"
# Their order means nothing.
_SETS = frozenset({"pools", "excludedTypes", "allowedCudaVersions", "dataCenterIds", "networkVolumes", "ports"})


def differing(wanted: Mapping[str, Any], actual: Mapping[str, Any], names: Collection[str]) -> Values:
    """The values of these names that must be set so that what is ``actual`` becomes what is ``wanted``."""
    return {
        name: value
        for name, value in wanted.items()
        if name in names and not _is_so(name, value, actual.get(name), exact=name == "env")
    }


def without_mark(values: Mapping[str, Any]) -> Values:
    """The same but for the mark of a release."""
    env = {name: value for name, value in values.get("env", {}).items() if name != MARK}
    return {**values, "env": env}


def with_mark(values: Mapping[str, Any], mark: str) -> Values:
    """The same with the mark of a release."""
    return {**values, "env": {**values.get("env", {}), MARK: mark}}


def without_empty(values: Mapping[str, Any]) -> Values:
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
