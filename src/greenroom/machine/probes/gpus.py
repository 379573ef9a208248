"""GPUs: by NVIDIA's library, else by nvidia-smi; and how this process reaches them."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenroom.machine.host import Driver, Gpu, GpuAccess
from greenroom.machine.probes import nvidia_smi, nvml
from greenroom.machine.probes.reading import entries, text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# With its GPUs asleep, a driver without persistence takes seconds to wake them.
TIMEOUT_S = 10.0
# It is asked up to three times.
_SMI_TIMEOUT_S = 3.0
_NODE = re.compile(r"nvidia(\d+|ctl|-uvm)")
# "Kernel Module  570.124.06" and "Open Kernel Module for x86_64  580.95.05".
_MODULE_VERSION = re.compile(r"Kernel Module.*?\s(\d+(?:\.\d+)+)")
_COMPAT = re.compile(r"cuda-(\d+\.\d+)")


@dataclass(frozen=True, slots=True)
class Gpus:
    """What is known of GPUs."""

    driver: Driver | None
    gpus: tuple[Gpu, ...] | None
    access: GpuAccess


# What is said where nobody answered in time.
UNKNOWN = Gpus(None, None, GpuAccess())


def find_gpus(root: Path, environ: Mapping[str, str], load: Callable[[], Any] = nvml.load) -> Gpus:
    """Ask the driver. load: gives its library, or raises OSError."""
    kernel = kernel_driver(root)
    nodes = tuple(name for name in entries(root / "dev") if _NODE.fullmatch(name))
    problem, library = "", True
    answer: nvml.Answer | None = None
    try:
        answer = nvml.ask(load(), root)
    except OSError:
        library = False
    except nvml.NvmlFailed as failed:
        problem = str(failed)
    command = shutil.which("nvidia-smi", path=environ.get("PATH"))
    if answer is None and command is not None:
        answer = nvidia_smi.ask(command, _SMI_TIMEOUT_S)
    access = GpuAccess(
        module=kernel is not None,
        nodes=nodes,
        library=library,
        problem="" if answer is not None else problem,
        visible=environ.get("CUDA_VISIBLE_DEVICES"),
        order=environ.get("CUDA_DEVICE_ORDER"),
        compat=_compat(root),
        other="an AMD GPU" if "kfd" in entries(root / "dev") else None,
    )
    if answer is not None:
        return Gpus(answer.driver, answer.gpus, access)
    # Without its device files a driver can be asked nothing, and no program can use it.
    return Gpus(Driver(kernel) if kernel else None, None if nodes else (), access)


def kernel_driver(root: Path) -> str | None:
    """The version of the driver in the kernel, which a container sees even where it may use no GPU."""
    said = text(root / "proc/driver/nvidia/version")
    if said is None:
        return None
    found = _MODULE_VERSION.search(said)
    return found[1] if found else "unknown"


def _compat(root: Path) -> tuple[str, ...]:
    """The CUDAs whose cuda-compat libraries are there: they may run on an older driver."""
    names = entries(root / "usr/local")
    found = ((name, _COMPAT.fullmatch(name)) for name in names)
    return tuple(match[1] for name, match in found if match and any(entries(root / "usr/local" / name / "compat")))
