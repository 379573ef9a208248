"""Whether the torch that is installed can use a GPU, and what stands in the way; torch is imported when asked.

What a process has torch do on GPUs is chosen here too, before torch is imported.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenroom.errors import GreenroomError
from greenroom.machine.facts.architectures import Kernels
from greenroom.machine.host import NO_GPU
from greenroom.machine.probes.gpus import kernel_driver
from greenroom.runtime.device import device_memory

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, MutableMapping

    from greenroom.machine.facts.architectures import Capability

# Where a driver shows its GPUs. In some containers there are only the device files.
_GPUS, _DEVICES = Path("/proc/driver/nvidia/gpus"), Path("/dev")
_ROOT = Path("/")
_ARCHITECTURE = re.compile(r"(sm|compute)_(\d+)(\d)([a-z]?)")
_ON_CPU = "or take --device cpu"

# Where torch reads how it allocates: the name of now, and that of CUDA alone.
_ALLOCATION = ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF")
_GROWING = "expandable_segments:True"
_HEURISTICS = "TORCH_CUDNN_USE_HEURISTIC_MODE_B"


class GpuUnusable(GreenroomError):
    """Torch cannot compute on the GPU. Base of the kinds below."""

    code = "gpu-unusable"


class TorchWithoutCuda(GpuUnusable):
    """Torch is installed in a build for CPUs alone."""

    code = "torch-without-cuda"


class CudaUnavailable(GpuUnusable):
    """CUDA does not start: no driver, an old one, or no device file."""

    code = "cuda-unavailable"


class DeviceAbsent(GpuUnusable):
    """There are GPUs, and none of this number."""

    code = "device-absent"


class KernelMissing(GpuUnusable):
    """Torch is built for other cards."""

    code = "kernel-missing"


def has_gpu(gpus: Path = _GPUS, devices: Path = _DEVICES, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the system shows an NVIDIA GPU, usable or not, and nobody asked to use none. Imports nothing."""
    if environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in NO_GPU:
        return False
    return any(gpus.glob("*")) or any(devices.glob("nvidia[0-9]*"))


def prefer_growing_memory(
    environ: MutableMapping[str, str] = os.environ, modules: Container[str] = sys.modules
) -> None:
    """Have torch serve tensors of ever other sizes from memory that grows, and cuDNN choose convolutions by its better
    heuristics: for models whose tensors are large. What a user has set stays.

    Call it before torch is imported: after that it is too late for the first, and nothing is claimed. Without it
    SeedVR2 needs up to a fifth more than its tensors take, and with it a fortieth (benchmarks/NOTES.md, 13).
    modules: those that are imported.
    """
    if "torch" not in modules and not any(name in environ for name in _ALLOCATION):
        environ[_ALLOCATION[1]] = _GROWING
    environ.setdefault(_HEURISTICS, "1")


def memory_grows(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether torch was told so."""
    return any(_GROWING in environ.get(name, "") for name in _ALLOCATION)


def require_gpu(device: str) -> None:
    """Refuse a GPU that torch cannot compute on, in torch's and the driver's words.

    device: ``cuda:0``.  Raises TorchWithoutCuda, CudaUnavailable, DeviceAbsent, KernelMissing.
    """
    torch = importlib.import_module("torch")
    if torch.version.cuda is None and torch.version.hip is None:
        raise TorchWithoutCuda(
            f"torch {torch.__version__} is built without CUDA, so {device} cannot be used",
            mend=f"install a build of torch for CUDA, {_ON_CPU}",
        )
    with warnings.catch_warnings(action="ignore"):  # what torch warns of here is said below, once
        if not torch.cuda.is_available():
            raise _unavailable(torch, device)
    count = torch.cuda.device_count()
    if (torch.device(device).index or 0) >= count:
        there = ", ".join(f"cuda:{number}" for number in range(count))
        raise DeviceAbsent(f"there is no {device}; there is {there}", mend="--device cuda:0")
    capability = torch.cuda.get_device_capability(device)
    built_for = torch.cuda.get_arch_list()
    if built_for and not runs_on(capability, built_for):
        major, minor = capability
        raise KernelMissing(
            f"torch {torch.__version__} has no kernels for {torch.cuda.get_device_name(device)}"
            f" (compute capability {major}.{minor}): it is built for {', '.join(built_for)}",
            mend=f"install a build of torch that has sm_{major}{minor}, {_ON_CPU}",
        )


def runs_on(capability: Capability, built_for: Iterable[str]) -> bool:
    """Whether one of the architectures of a torch build runs on a card of this compute capability.

    built_for: as torch lists them. Machine code, ``sm_86``, runs on its own generation from its own number on; what is
    compiled when it is loaded, ``compute_90``, on every card from its number on. A letter behind the number ties code
    to just that card. Names of another kind are taken to run.
    """
    kernels: dict[str, list[Capability]] = {"sm": [], "compute": []}
    for name in built_for:
        found = _ARCHITECTURE.fullmatch(name)
        if found is None:
            return True
        kind, major, minor, tied = found.groups()
        own = int(major), int(minor)
        if own == capability:
            return True
        if not tied:
            kernels[kind].append(own)
    return Kernels("", tuple(kernels["sm"]), tuple(kernels["compute"]), whole_range=False).runs_on(capability)


def describe(device: str) -> str:
    """A GPU in words: its name, its compute capability, the driver, and the memory that is free once CUDA runs."""
    torch = importlib.import_module("torch")
    major, minor = torch.cuda.get_device_capability(device)
    driver = kernel_driver(_ROOT)
    memory = device_memory(device)
    facts = [torch.cuda.get_device_name(device), f"sm_{major}{minor}", f"CUDA {torch.version.cuda}"]
    facts += [f"driver {driver}"] if driver else []
    facts += [f"{memory.free / 1e9:.1f} of {memory.total / 1e9:.1f} GB free"] if memory else []
    return ", ".join(facts)


def _unavailable(torch: Any, device: str) -> CudaUnavailable:
    try:
        torch.cuda.init()
        reason = "torch finds no GPU"
    except Exception as error:  # whatever keeps CUDA from starting is what is to be said
        reason = str(error).strip().partition("\n")[0].partition(". ")[0].rstrip(".") or type(error).__name__
    driver, cuda = kernel_driver(_ROOT), torch.version.cuda
    shown = f"driver {driver}" if driver else "the system shows no driver"
    return CudaUnavailable(
        f"{device} cannot be used: {reason} (torch {torch.__version__}, {shown})",
        mend=(
            f"take a driver that is new enough for CUDA {cuda}, or a build of torch for an older CUDA, {_ON_CPU}"
            if driver
            else f"start the container with its GPU (docker run --gpus all), {_ON_CPU}"
        ),
    )
