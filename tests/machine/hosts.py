"""Invented machines, in few words: an ordinary rented one, and what differs from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from greenroom.machine import probe as probing
from greenroom.machine.host import (
    Disk,
    Driver,
    Gpu,
    GpuAccess,
    Host,
    Limits,
    Memory,
    Network,
    Platform,
    Purpose,
    Python,
    Torch,
)
from greenroom.machine.probes import disks as disk_probe
from greenroom.machine.probes import gpus as gpu_probe

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

GB = 10**9
# A day after the tables were made.
NOW = 1_795_478_400.0

# name: what the driver calls it, bytes of memory, compute capability.
GPUS = {
    "L4": ("NVIDIA L4", 24 * GB, (8, 9)),
    "4090": ("NVIDIA GeForce RTX 4090", 25 * GB, (8, 9)),
    "3090": ("NVIDIA GeForce RTX 3090", 25 * GB, (8, 6)),
    "5090": ("NVIDIA GeForce RTX 5090", 34 * GB, (12, 0)),
    "A100": ("NVIDIA A100-SXM4-80GB", 85 * GB, (8, 0)),
    "H100": ("NVIDIA H100 80GB HBM3", 85 * GB, (9, 0)),
    "B200": ("NVIDIA B200", 191 * GB, (10, 0)),
    "B300": ("NVIDIA B300 SXM6 AC", 288 * GB, (10, 3)),
    "V100": ("Tesla V100-SXM2-16GB", 17 * GB, (7, 0)),
    "P40": ("Tesla P40", 24 * GB, (6, 1)),
    "K80": ("Tesla K80", 12 * GB, (3, 7)),
    "T4": ("Tesla T4", 16 * GB, (7, 5)),
    "3070": ("NVIDIA GeForce RTX 3070", 8 * GB, (8, 6)),
    "A2000": ("NVIDIA RTX A2000", 6 * GB, (8, 6)),
    "2GB": ("NVIDIA Small", 2 * GB, (8, 6)),
}


def gpu(name: str, index: int = 0, **changes: Any) -> Gpu:
    """One of the GPUs above, with little of it taken, as a driver shows it."""
    title, total, capability = GPUS[name]
    free = total - 500_000_000
    made = Gpu(index, title, f"GPU-{index}", total, free, capability, mig=False, ecc_errors=0, processes=())
    return replace(made, **changes)


def disk(purpose: Purpose, path: str, **changes: Any) -> Disk:
    """A folder on a disk with room."""
    made = Disk(
        purpose=purpose,
        path=path,
        mount="/",
        filesystem="overlay",
        network=False,
        read_only=False,
        writable=True,
        own=True,
        free=80 * GB,
        total=100 * GB,
        inodes_free=10**7,
        inodes_total=2 * 10**7,
    )
    return replace(made, **changes)


def disks(**changes: dict[str, Any]) -> tuple[Disk, ...]:
    """The folders of a container; changes: by purpose."""
    usual: dict[Purpose, str] = {
        "weights": "/root/.cache/huggingface/hub",
        "environment": "/venv",
        "temp": "/tmp",
        "data": "/root/.local/share/greenroom",
    }
    return tuple(disk(purpose, **{"path": path, **changes.get(purpose, {})}) for purpose, path in usual.items())


def host(
    *gpus: str | Gpu,
    driver: str = "580.95.05",
    torch: str | None = "2.11.0+cu130",
    packages: dict[str, str] | None = None,
    **changes: Any,
) -> Host:
    """A container on a rented machine that is as it should be; without GPUs, a CPU-only one.

    gpus: names of GPUS, or whole ones.  torch: with the tag of its CUDA.
    """
    cards = tuple(gpu(card, index) if isinstance(card, str) else card for index, card in enumerate(gpus))
    installed = None if torch is None else _torch(torch if cards else "2.11.0+cpu")
    usual = Host(
        python=Python((3, 12, 3), libc="glibc 2.35", venv=True, pip=True, missing={"voice": (), "models": ()}),
        platform=Platform(kernel="6.8.0", os="ubuntu", os_release="22.04", container="docker"),
        driver=Driver(driver, None) if cards else None,
        gpus=cards,
        access=GpuAccess(module=bool(cards), nodes=("nvidia0", "nvidiactl", "nvidia-uvm") if cards else ()),
        torch=installed,
        packages={"triton": "3.6.0", "numpy": "2.4.6"} if packages is None else packages,
        disks=disks(),
        memory=Memory(total=128 * GB, available=100 * GB, shm=8 * GB),
        limits=Limits(cpus=16, open_files=1_048_576, open_files_hard=1_048_576),
        network=Network("127.0.0.1", 7860),
        now=NOW,
    )
    return replace(usual, **changes)


def _torch(version: str) -> Torch:
    _, _, tag = version.partition("+")
    digits = tag.removeprefix("cu")
    return Torch(version, f"{digits[:-1]}.{digits[-1]}" if digits.isdecimal() else None, rocm=tag.startswith("rocm"))


def as_long_as_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's probes may take a minute each: it may be busy, and is no share that hangs."""
    really = probing.ask_all

    def ask_all(questions: Sequence[probing.Question[Any]]) -> tuple[str, ...]:
        for question in questions:
            question.timeout_s = 60.0
        return really(questions)

    monkeypatch.setattr(probing, "ask_all", ask_all)
    monkeypatch.setattr(disk_probe, "_SEARCH_S", 60.0)
    monkeypatch.setattr(gpu_probe, "_SMI_TIMEOUT_S", 60.0)
