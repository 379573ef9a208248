"""Values of a release as they may be shown: without what its variables keep secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from greenroom.plan.masking import Mask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The platform's own reference to a secret that it keeps: showing it shows nothing.
_REFERENCE = re.compile(r"\{\{\s*RUNPOD_SECRET_\w+\s*\}\}")


def secret_names(env: Mapping[str, str]) -> tuple[str, ...]:
    """Variables that hold a secret in the clear: by their names, or as the user of a URL."""
    return tuple(
        name for name, value in env.items() if not _REFERENCE.fullmatch(value) and Mask({name: value})(value) != value
    )


def secrets_of(values: Mapping[str, Any] | None) -> dict[str, str]:
    """The variables that hold secrets in the clear, of an endpoint or of every service of a compose file."""
    found: dict[str, str] = {}
    for env in _environments(values or {}):
        found |= {name: env[name] for name in secret_names(env)}
    return found


def shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same with every secret masked, wherever in the values it stands."""
    hidden: dict[str, Any] = _masked(values, Mask(secrets_of(values)))
    return hidden


def _environments(values: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    services = ((values.get("config") or {}).get("services") or {}).values()
    for env in (values.get("env"), *(service.get("environment") for service in services)):
        if isinstance(env, dict):
            yield {name: str(value) for name, value in env.items() if value is not None}


def _masked(value: Any, mask: Mask) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {name: _masked(inner, mask) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner, mask) for inner in value]
    return value
