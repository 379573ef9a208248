"""Which devices serve models."""

from __future__ import annotations

from pathlib import Path

from greenroom.errors import UnknownName

_GPUS = Path("/proc/driver/nvidia/gpus")


def devices(said: str) -> tuple[str, ...]:
    """The devices of the setting: ``auto`` is every GPU that the driver knows, else the CPU. Raises UnknownName."""
    there = tuple(f"cuda:{number}" for number in range(len(list(_GPUS.glob("*")))))
    if said == "auto":
        return there or ("cpu",)
    named = tuple(dict.fromkeys(name.strip() for name in said.split(",") if name.strip()))
    for name in named:
        if name not in (*there, "cpu"):
            raise UnknownName("device", name, (*there, "cpu"))
    return named or there or ("cpu",)
