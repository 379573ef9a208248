"""GPUs: whether they answer, may be used, and are free."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.machine.host import NO_GPU
from greenroom.recipes.sizes import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.machine.host import Gpu, Host

# A driver keeps some of a GPU for itself; the largest take about as much.
_IDLE_BYTES = 1_200_000_000
_BUSY = 0.5
# Names that can be told from what the driver lists: numbers and ids of whole GPUs. Instances have older names too.
_PLAIN_NAME = re.compile(r"\d+|GPU-[0-9a-fA-F-]*")


def answers(host: Host) -> Iterator[Finding]:
    """The driver's library speaks to the driver."""
    if host.access.problem and host.access.nodes:
        yield Finding(
            "driver-broken",
            "error",
            f"the NVIDIA driver does not answer: {host.access.problem}",
            "restart the container, or the machine after an update of its driver",
        )
    if host.access.library is False and host.access.nodes and host.gpus is None:
        yield Finding(
            "driver-library-missing",
            "warning",
            "there are device files of GPUs, and not NVIDIA's management library: CUDA may run, and nothing is known",
            "start the container with -e NVIDIA_DRIVER_CAPABILITIES=compute,utility",
        )


def is_passed_on(host: Host) -> Iterator[Finding]:
    """A container may use the GPUs of its host."""
    if host.access.module and not host.access.nodes and not host.gpus:
        yield Finding(
            "gpu-not-passed",
            "warning",
            "the kernel has the NVIDIA driver, and there is no /dev/nvidia*: this container may use no GPU",
            "start it with --gpus all (docker, podman), or ask the platform for a GPU",
        )


def is_there(host: Host) -> Iterator[Finding]:
    """No GPU was lost on the way, and none has failing memory."""
    for gpu in host.gpus or ():
        if gpu.lost:
            yield Finding(
                "gpu-lost",
                "error",
                f"GPU {gpu.index} does not answer: {gpu.lost}",
                "restart the machine, or give it back and rent another",
            )
        if gpu.ecc_errors:
            yield Finding(
                "gpu-ecc",
                "warning",
                f"{_named(gpu)} had {gpu.ecc_errors} memory errors that could not be corrected",
                "reset the GPU, or give the machine back: results may be wrong",
            )


def is_visible(host: Host) -> Iterator[Finding]:
    """CUDA_VISIBLE_DEVICES names GPUs that are there."""
    visible, there = host.access.visible, tuple(gpu for gpu in host.gpus or () if not gpu.lost)
    if visible is None or not there:
        return
    shown = host.usable_gpus()
    if visible.strip() in NO_GPU:
        yield Finding(
            "gpu-hidden",
            "note",
            f"CUDA_VISIBLE_DEVICES is {visible!r}: none of the {len(there)} GPUs is used",
            "unset CUDA_VISIBLE_DEVICES to use them",
        )
    elif len(shown) < len(names := [name.strip() for name in visible.split(",")]):
        known = ", ".join(dict.fromkeys(str(gpu.index) for gpu in there))
        sure = not shown and not any(gpu.mig for gpu in there) and all(map(_PLAIN_NAME.fullmatch, names))
        yield Finding(
            "gpu-unknown",
            "error" if sure else "warning",
            f"CUDA_VISIBLE_DEVICES is {visible!r}, and the GPUs are {known}: CUDA shows {len(shown)} of them",
            f"set CUDA_VISIBLE_DEVICES={known.replace(' ', '')}, or unset it",
        )


def is_whole(host: Host) -> Iterator[Finding]:
    """GPUs that are cut into instances have some, and more than one process to use them."""
    cut = [gpu for gpu in host.usable_gpus() if gpu.mig]
    instances = [gpu for gpu in cut if gpu.uuid.startswith("MIG-")]
    for gpu in cut:
        if gpu not in instances:
            yield Finding(
                "gpu-mig-empty",
                "warning",
                f"{_named(gpu)} is in MIG mode and shows no instance: CUDA may see no device",
                "make an instance with nvidia-smi mig -cgi, or pass one on to this container",
            )
    if len(instances) > 1 and host.access.visible is None:
        yield Finding(
            "gpu-mig-several",
            "note",
            f"there are {len(instances)} MIG instances, and a CUDA process uses the first one alone",
            f"choose one: CUDA_VISIBLE_DEVICES={instances[0].uuid}",
        )


def is_free(host: Host) -> Iterator[Finding]:
    """Nobody else has taken the memory of a GPU."""
    for gpu in host.usable_gpus():
        if gpu.memory_total is None or gpu.memory_free is None:
            continue
        used = gpu.memory_total - gpu.memory_free
        if used <= _IDLE_BYTES:
            continue
        yield Finding(
            "gpu-busy",
            "warning" if used > _BUSY * gpu.memory_total else "note",
            f"{readable(used)} of {readable(gpu.memory_total)} on {_named(gpu)} are taken{_by_whom(gpu)}",
            "stop what uses it, or choose another GPU with CUDA_VISIBLE_DEVICES",
        )


def is_numbered(host: Host) -> Iterator[Finding]:
    """CUDA numbers GPUs as everybody else does."""
    names = {gpu.name for gpu in host.usable_gpus()}
    if len(names) > 1 and host.access.order != "PCI_BUS_ID":
        yield Finding(
            "gpu-order",
            "note",
            f"the GPUs differ ({', '.join(sorted(names))}), and CUDA may number them otherwise than the driver does",
            "set CUDA_DEVICE_ORDER=PCI_BUS_ID",
        )


def is_of_nvidia(host: Host) -> Iterator[Finding]:
    """The accelerator is one that greenroom uses."""
    if host.access.other is not None and not host.gpus:
        yield Finding(
            "gpu-other",
            "note",
            f"there is {host.access.other}, and greenroom uses NVIDIA GPUs and the CPU",
            "rent a machine with an NVIDIA GPU for the large models",
        )


def _named(gpu: Gpu) -> str:
    return f"GPU {gpu.index} ({gpu.name})"


def _by_whom(gpu: Gpu) -> str:
    if not gpu.processes:
        return "" if gpu.processes is None else ", by nobody whom this container can see"
    who = [f"{process.pid} ({process.name})" if process.name else str(process.pid) for process in gpu.processes]
    return f" by process{'es' if len(who) > 1 else ''} {', '.join(who)}"
