"""Files that an installed Python package brings."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def installed(path: str) -> Path | None:
    """Where a file of an installed package lies, if it does. path: as the package's own record names it."""
    package, _, inside = path.partition("/")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    found = Path(spec.submodule_search_locations[0]) / inside
    return found if found.is_file() else None
