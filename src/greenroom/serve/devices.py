"""Which devices serve models."""

from __future__ import annotations

from pathlib import Path

_GPUS = Path("/proc/driver/nvidia/gpus")


def devices(said: str) -> tuple[str, ...]:
    """The devices of the setting: ``auto`` is every GPU that the driver knows, else the CPU."""
    if said != "auto":
        return tuple(name.strip() for name in said.split(",") if name.strip())
    gpus = len(list(_GPUS.glob("*")))
    return tuple(f"cuda:{number}" for number in range(gpus)) or ("cpu",)
