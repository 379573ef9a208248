"""Where a benchmark ran: processor, system, versions. A number without this says nothing."""

from __future__ import annotations

import os
import platform
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any


def machine(*packages: str) -> dict[str, Any]:
    """The machine, and the versions of the packages that matter to the figure."""
    model = ""
    if (info := Path("/proc/cpuinfo")).exists():
        lines = info.read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    return {
        "processor": model or platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
        **{package: _version(package) for package in packages},
    }


def cudnn() -> int:
    """cuDNN's version, of a machine with a GPU."""
    import torch

    found: int = torch.backends.cudnn.version()  # type: ignore[no-untyped-call]  # torch gives it no types
    return found


def _version(package: str) -> str:
    """Of an installed package; greenroom itself may stand in PYTHONPATH alone."""
    try:
        return version(package)
    except PackageNotFoundError:
        return str(import_module(package).__version__)
