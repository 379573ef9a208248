"""``nvidia-smi``, where NVIDIA's library cannot be loaded: less is known, and it takes longer."""

from __future__ import annotations

import csv
import re
import subprocess
from typing import TYPE_CHECKING

from greenroom.machine.host import Driver, Gpu
from greenroom.machine.probes.nvml import Answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_FIELDS = ("index", "name", "uuid", "memory.total", "memory.free", "compute_cap", "driver_version", "mig.mode.current")
# Drivers before 510 refuse the whole question over this one.
_RECENT = "compute_cap"
_MEBIBYTE = 2**20
_CUDA = re.compile(r"CUDA Version\s*:\s*(\d+\.\d+)")


def ask(command: str, timeout_s: float) -> Answer | None:
    """What it knows of all GPUs; None where it fails. command: its path."""
    for fields in (_FIELDS, tuple(field for field in _FIELDS if field != _RECENT)):
        said = _run([command, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"], timeout_s)
        if said is None:
            continue
        rows = _rows(said, fields)
        if rows:
            return Answer(Driver(rows[0]["driver_version"], _cuda(command, timeout_s)), tuple(map(_gpu, rows)))
    return None


def _rows(said: str, fields: Sequence[str]) -> list[dict[str, str]]:
    """The lines that are about a GPU: between them it says in words of which GPUs it can learn nothing."""
    rows = (
        dict(zip(fields, row, strict=True))
        for row in csv.reader(said.splitlines(), skipinitialspace=True)
        if len(row) == len(fields)
    )
    return [row for row in rows if row["index"].isdecimal()]


def _gpu(row: Mapping[str, str]) -> Gpu:
    mig = row.get("mig.mode.current", "")
    return Gpu(
        index=int(row["index"]),
        name=row["name"],
        uuid=row["uuid"],
        memory_total=_bytes(row["memory.total"]),
        memory_free=_bytes(row["memory.free"]),
        capability=_capability(row.get("compute_cap", "")),
        mig={"Enabled": True, "Disabled": False}.get(mig),
    )


def _bytes(mebibytes: str) -> int | None:
    return int(mebibytes) * _MEBIBYTE if mebibytes.isdecimal() else None


def _capability(said: str) -> tuple[int, int] | None:
    major, _, minor = said.partition(".")
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else None


def _cuda(command: str, timeout_s: float) -> str | None:
    """The CUDA that the driver offers: only its page for people says it."""
    found = _CUDA.search(_run([command], timeout_s) or "")
    return found[1] if found else None


def _run(command: Sequence[str], timeout_s: float) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, check=True)  # noqa: S603 - our words, the driver's program
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
