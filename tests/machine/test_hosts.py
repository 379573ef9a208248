"""Invented machines, and what must be said of each: these findings, and none besides."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import Any

import pytest

from greenroom.machine.checks.every import examine
from greenroom.machine.host import (
    Disk,
    Driver,
    GpuAccess,
    GpuProcess,
    Host,
    Limits,
    Memory,
    Network,
    Platform,
    Python,
    Token,
    Torch,
)
from tests.machine.hosts import GB, NOW, disk, disks, gpu, host

NODES = ("nvidia0", "nvidiactl", "nvidia-uvm")
PYTHON = Python((3, 12, 3), libc="glibc 2.35", venv=True, pip=True)
DAY_S = 86_400.0


def access(**changes: Any) -> GpuAccess:
    return replace(GpuAccess(module=True, nodes=NODES), **changes)


def cuda12(card: str, tag: str, driver: str, torch: str = "2.8.0", triton: str = "3.4.0") -> Host:
    return host(card, driver=driver, torch=f"{torch}+{tag}", packages={"triton": triton})


def beside_torch(**packages: str) -> Host:
    return host("H100", packages={"triton": "3.6.0", **packages})


def folders(**changes: dict[str, Any]) -> Host:
    return host(disks=disks(**changes))


def network(**changes: Any) -> Host:
    return host(network=replace(Network("127.0.0.1", 7860), **changes))


def pod(weights_at: str, mount: str) -> Host:
    there = disks(weights={"path": weights_at, "mount": mount})
    return host("L4", platform=Platform(os="ubuntu", runpod="pod", volumes=("/workspace",)), disks=there)


# In a table of what is wrong with whom: the machine in words, the machine, its findings.
Row = tuple[str, Host, str]

DRIVERS: list[Row] = [
    ("H100 with the newest driver", host("H100", driver="610.43.02"), ""),
    ("H100, driver 580, CUDA 13", host("H100"), ""),
    ("4090, driver 570, CUDA 12.8", cuda12("4090", "cu128", "570.124.06"), ""),
    ("an unpinned torch 2.11 on a host of CUDA 12.4", host("H100", driver="550.54.15"), "error driver-old"),
    (
        "torch 2.15 for CUDA 13.2 on driver 570",
        host("4090", driver="570.124.06", torch="2.15.0+cu132", packages={"triton": "3.9.0"}),
        "error driver-old",
    ),
    ("CUDA 12 on a driver of CUDA 11", cuda12("A100", "cu126", "470.57.02"), "error driver-old"),
    ("driver 525.60, the oldest for CUDA 12", cuda12("A100", "cu126", "525.60.13"), "note driver-minor"),
    ("driver 524.99, the newest that is not", cuda12("A100", "cu126", "524.99"), "error driver-old"),
    ("driver 535 with CUDA 12.8", cuda12("A100", "cu128", "535.104.05"), "note driver-minor"),
    (
        "driver 535 with CUDA 12.1, which it is made for",
        cuda12("A100", "cu121", "535.104.05", "2.5.1", "3.1.0"),
        "warning torch-old",
    ),
    ("driver 580 with CUDA 13.2", host("H100", driver="580.65.06", torch="2.15.0+cu132", packages={"triton": "3.9.0"}),
     "note driver-minor"),
    (
        "an old driver, its libcuda replaced by cuda-compat",
        replace(host("H100"), driver=Driver("550.54.15", "13.0")),
        "",
    ),
    (
        "an old driver, cuda-compat installed and not in use",
        replace(host("H100", access=access(compat=("13.0",))), driver=Driver("550.54.15", "12.4")),
        "warning driver-old",
    ),
    (
        "the same on a GeForce, which cuda-compat does not cover",
        replace(host("4090", access=access(compat=("13.0",))), driver=Driver("550.54.15", "12.4")),
        "error driver-old",
    ),
    ("a driver whose version nobody can read", host("H100", driver="unknown"), ""),
    ("a torch of tomorrow for a CUDA that no table knows", host("H100", driver="610.10", torch="3.1.0+cu141"), ""),
    ("no torch yet, and a plain one would not run", host("4090", driver="550.54.15", torch=None),
     "warning torch-default"),
    ("no torch yet, and a plain one would run", host("4090", torch=None), ""),
    (
        "the driver was updated under a running machine",
        host(access=access(problem="the driver in the kernel and its library have different versions (NVML 18)")),
        "error driver-broken",
    ),
    (
        "a container that may compute, and not ask what with",
        replace(host(access=access(library=False)), gpus=None),
        "warning driver-library-missing",
    ),
]  # fmt: skip

GPUS: list[Row] = [
    ("a laptop without a GPU", host(), ""),
    ("4090 with CUDA 11.8", host("4090", torch="2.7.1+cu118", packages={"triton": "3.3.1"}), ""),
    ("sm_89 on cubins of sm_86", cuda12("L4", "cu129", "580.95.05"), ""),
    ("sm_103 on cubins of sm_100", host("B300"), ""),
    ("V100 with CUDA 12.6, which still has sm_70", host("V100", torch="2.11.0+cu126"), ""),
    ("V100 with CUDA 12.8 of torch 2.11, which has not", host("V100", torch="2.11.0+cu128"), "error torch-no-kernels"),
    ("V100 with CUDA 13", host("V100"), "error torch-no-kernels"),
    ("P40 on cubins of sm_60", host("P40", torch="2.11.0+cu126"), ""),
    ("P40 with CUDA 13", host("P40"), "error torch-no-kernels"),
    ("T4, the oldest that CUDA 13 knows", host("T4"), ""),
    ("5090 with torch 2.7.0 for CUDA 12.8", cuda12("5090", "cu128", "580.95.05", "2.7.0", "3.3.0"), ""),
    (
        "5090 with torch 2.7.0 for CUDA 11.8",
        cuda12("5090", "cu118", "580.95.05", "2.7.0", "3.3.0"),
        "error torch-no-kernels",
    ),
    ("5090 with torch 2.6", cuda12("5090", "cu126", "580.95.05", "2.6.0", "3.2.0"), "error torch-no-kernels"),
    ("B200 with CUDA 12.6", cuda12("B200", "cu126", "580.95.05"), "error torch-no-kernels"),
    ("B200 with CUDA 12.8", cuda12("B200", "cu128", "580.95.05"), ""),
    (
        "a V100 beside an H100, and a torch for the H100",
        host("H100", "V100", access=access(order="PCI_BUS_ID")),
        "warning torch-no-kernels",
    ),
    (
        "a V100 of which only the name is known",
        host(gpu("V100", capability=None), torch="2.11.0+cu130"),
        "error torch-no-kernels",
    ),
    (
        "a torch of conda, whose kernels nobody listed, on a card for which the ordinary one has none",
        replace(host("P40"), torch=Torch("2.11.0", "13.0")),
        "warning torch-no-kernels",
    ),
    ("torch for the CPU beside a GPU", replace(host("L4"), torch=Torch("2.11.0+cpu", None)),
     "warning torch-without-cuda"),
    ("torch for AMD's GPUs beside a GPU", replace(host("L4"), torch=Torch("2.11.0+rocm6.4", None, rocm=True)),
     "warning torch-without-cuda"),
    ("torch half installed", replace(host("L4"), torch=Torch("2.11.0", None, intact=False)), "error torch-broken"),
    ("a container started without --gpus", host(access=access(nodes=())), "warning gpu-not-passed"),
    ("a GPU that fell off the bus", host("L4", gpu("L4", 1, lost="the GPU has fallen off the bus (NVML 15)")),
     "error gpu-lost"),
    ("memory errors", host(gpu("A100", ecc_errors=3)), "warning gpu-ecc"),
    (
        "another process has most of the GPU",
        host(gpu("4090", memory_free=4 * GB, processes=(GpuProcess(4711, 20 * GB, "python"),))),
        "warning gpu-busy",
    ),
    ("another process has some of it", host(gpu("4090", memory_free=20 * GB)), "note gpu-busy"),
    ("CUDA_VISIBLE_DEVICES hides all", host("L4", access=access(visible="")), "note gpu-hidden"),
    ("CUDA_VISIBLE_DEVICES by number", host("L4", "L4", access=access(visible="1")), ""),
    ("CUDA_VISIBLE_DEVICES by uuid", host("L4", "L4", access=access(visible="GPU-1")), ""),
    ("CUDA_VISIBLE_DEVICES names no GPU of this host", host("L4", access=access(visible="3")), "error gpu-unknown"),
    ("CUDA_VISIBLE_DEVICES names one too many", host("L4", "L4", access=access(visible="0,2")), "warning gpu-unknown"),
    ("GPUs of two kinds", host("L4", "H100"), "note gpu-order"),
    ("MIG without instances", host(gpu("A100", mig=True)), "warning gpu-mig-empty"),
    (
        "two MIG instances",
        host(gpu("A100", mig=True, uuid="MIG-a"), gpu("A100", mig=True, uuid="MIG-b")),
        "note gpu-mig-several",
    ),
    (
        "a MIG instance by its older name, of which nobody here knows whether CUDA takes it",
        host(gpu("A100", mig=True, uuid="MIG-a"), access=access(visible="MIG-GPU-1/2/0")),
        "warning gpu-unknown",
    ),
    ("one MIG instance", host(gpu("A100", mig=True, uuid="MIG-a")), ""),
    ("an AMD GPU", host(access=GpuAccess(module=False, other="an AMD GPU")), "note gpu-other"),
    (
        "GPUs of which only names are known",
        host(gpu("H100", memory_total=None, memory_free=None, mig=None, ecc_errors=None, processes=None)),
        "",
    ),
]  # fmt: skip

PACKAGES: list[Row] = [
    ("torchvision of this torch", beside_torch(torchvision="0.26.0"), ""),
    ("torchvision of another", beside_torch(torchvision="0.23.0"), "warning torch-family"),
    ("torchaudio 2.11, which pins no torch", beside_torch(torchaudio="2.11.0"), ""),
    ("torchaudio of another torch", beside_torch(torchaudio="2.8.0"), "warning torch-family"),
    ("xformers of the stable ABI", beside_torch(xformers="0.0.35"), ""),
    ("xformers of one torch", beside_torch(xformers="0.0.32.post2"), "warning torch-family"),
    ("a torchvision that no table knows", beside_torch(torchvision="0.31.0"), ""),
    ("no triton beside torch for a GPU", host("H100", packages={}), "warning triton-missing"),
    ("no triton on a machine without a GPU", host(packages={}), ""),
    ("the triton of another torch", host("H100", packages={"triton": "3.4.0"}), "warning triton-other"),
    (
        "NumPy 2 beside an old torch",
        host("A100", torch="2.2.2+cu121", packages={"triton": "2.2.0", "numpy": "2.4.6"}),
        "warning torch-old, warning numpy-new",
    ),
    ("a torch of one's own", host("H100", torch="2.12.0a0+cu130", packages={"triton": "3.7.0"}), ""),
]

PYTHONS: list[Row] = [
    ("Python 3.14", host(python=replace(PYTHON, version=(3, 14, 0))), ""),
    ("Python 3.15", host(python=replace(PYTHON, version=(3, 15, 0))), "warning python-new"),
    ("Ubuntu 22.04's own Python", host(python=replace(PYTHON, version=(3, 10, 12))), "error python-old"),
    ("Ubuntu 24.04's own Python, which pip may not touch",
     host(python=replace(PYTHON, venv=False, externally_managed="/usr/lib/python3.12/EXTERNALLY-MANAGED")),
     "warning python-managed"),
    ("Debian 12 in a virtual environment", host(python=replace(PYTHON, version=(3, 11, 2))), ""),
    ("neither pip nor uv", host(python=replace(PYTHON, pip=False)), "warning installer-missing"),
    ("uv alone", host(python=replace(PYTHON, pip=False, uv="/usr/local/bin/uv")), ""),
    ("Alpine", host(python=replace(PYTHON, libc="musl")), "warning libc-musl"),
    ("CentOS 7", host(python=replace(PYTHON, libc="glibc 2.17")), "warning glibc-old"),
    ("glibc 2.28, the oldest that wheels take", host(python=replace(PYTHON, libc="glibc 2.28")), ""),
    ("an ARM server", host(python=replace(PYTHON, machine="aarch64")), "note machine-other"),
    ("32 bits", host(python=replace(PYTHON, machine="armv7l", bits=32)), "warning python-32-bit"),
    ("PyPy", host(python=replace(PYTHON, implementation="pypy")), "warning python-other"),
    ("without the global lock", host(python=replace(PYTHON, version=(3, 14, 0), free_threaded=True)),
     "warning python-free-threaded"),
    ("an environment on a network volume",
     folders(environment={"network": True, "filesystem": "fuse.juicefs", "mount": "/workspace"}),
     "warning environment-on-network"),
]  # fmt: skip

DISKS: list[Row] = [
    ("folders that are not made yet", folders(data={"exists": False}, weights={"exists": False}), ""),
    ("a disk that is full", folders(temp={"free": 20_000_000}, data={"free": 20_000_000}), "error disk-full"),
    ("a disk that is nearly full", folders(data={"free": 600_000_000}), "warning disk-low"),
    ("1 GB left", folders(temp={"free": GB}), ""),
    ("an environment on a full disk, where nothing is written", folders(environment={"free": 0, "mount": "/venv"}), ""),
    ("no inodes left", folders(temp={"inodes_free": 12}), "warning inodes-few"),
    ("a file system that does not count inodes", folders(temp={"inodes_free": None, "inodes_total": None}), ""),
    ("a read-only root", folders(data={"read_only": True, "writable": False}), "error disk-read-only"),
    ("weights on a read-only volume", folders(weights={"read_only": True, "writable": False, "network": True}), ""),
    ("a data folder without the right to write", folders(data={"writable": False}), "error folder-rights"),
    ("a data folder of root's", folders(data={"writable": False, "own": False}), "error folder-foreign"),
    ("a home that is not there", folders(data={"writable": False, "own": False, "exists": False}),
     "error folder-foreign"),
    ("jobs in a file on a network volume", folders(data={"network": True, "filesystem": "nfs4"}),
     "warning data-on-network"),
    ("jobs in PostgreSQL, files on a network volume",
     replace(folders(data={"network": True, "filesystem": "nfs4"}), sqlite=False), ""),
    ("GREENROOM_WEIGHTS names nothing",
     replace(host(), disks=(*disks(), disk("weights-folder", "/wieghts", exists=False))),
     "warning weights-folder-missing"),
    ("half-written files", folders(data={"leftovers": ("/d/.0123456789ab.part",)}), "note leftover"),
    ("a slow volume", replace(host(), disks=(*disks(), disk("volume", "/workspace", network=True, write_rate=8e6))),
     "warning disk-slow"),
    ("a volume whose clock is wrong",
     replace(host(), disks=(*disks(), disk("volume", "/workspace", write_rate=3e8, clock_skew_s=90.0))),
     "note clock-skew"),
]  # fmt: skip

REST: list[Row] = [
    ("nothing known at all", Host(Python((3, 12, 0))), ""),
    ("a container with little memory left",
     host(memory=Memory(total=128 * GB, available=300_000_000, limit=4 * GB)), "warning memory-low"),
    ("64 MiB of shared memory, one GPU", host("L4", memory=Memory(64 * GB, 60 * GB, shm=64 * 2**20)), ""),
    ("64 MiB of shared memory, two GPUs", host("L4", "L4", memory=Memory(64 * GB, 60 * GB, shm=64 * 2**20)),
     "warning shm-small"),
    ("256 open files", host(limits=Limits(cpus=2, open_files=256, open_files_hard=4096)), "warning open-files-few"),
    ("1024 open files", host(limits=Limits(cpus=2, open_files=1024, open_files_hard=1024)), ""),
    ("a container of few processes", host(limits=Limits(cpus=2, pids_free=40)), "warning processes-few"),
    ("8 of 64 processors", host(limits=Limits(cpus=64, cpu_quota=8.0)), "warning cpu-quota"),
    ("8 of 64 processors, and threads that know", host(limits=Limits(cpus=64, cpu_quota=8.0, threads="8")), ""),
    ("5 of 8 processors", host(limits=Limits(cpus=8, cpu_quota=5.0)), ""),
    ("a limit of addresses", host("L4", limits=Limits(address_space=64 * GB)), "warning address-space"),
    ("the same without a GPU", host(limits=Limits(address_space=64 * GB)), ""),
    ("a limit of file sizes", host(limits=Limits(file_size=GB)), "warning file-size"),
    ("a port that is taken", network(bind_error=errno.EADDRINUSE), "warning port-taken"),
    ("port 80 for an ordinary user", network(port=80, bind_error=errno.EACCES), "warning port-privileged"),
    ("an address of another machine", network(host="192.0.2.1", bind_error=errno.EADDRNOTAVAIL),
     "warning host-foreign"),
    ("a good token", network(token=Token("HF_TOKEN")), ""),
    ("a token in quotation marks", network(token=Token("HF_TOKEN", "there are quotation marks around it")),
     "warning token-form"),
    ("a token that others can read", network(token=Token("/h/token", exposed="/h/token")), "note token-exposed"),
    ("a clock of 1970", replace(host(), now=0.0), "warning clock-behind"),
    ("a clock of the day before the tables", replace(host(), now=NOW - 2 * DAY_S), ""),
    ("an endpoint without a volume", replace(host("L4"), platform=Platform(os="ubuntu", runpod="serverless")),
     "note volume-missing"),
    ("a pod whose weights go with it", pod("/root/.cache/huggingface/hub", "/"), "note weights-not-kept"),
    ("a pod whose weights stay", pod("/workspace/huggingface/hub", "/workspace"), ""),
    ("a file system that hangs", host(unanswered=("folder /mnt/nfs",)), "warning no-answer"),
    ("a Mac", host(platform=Platform(system="macOS")), "warning system-other"),
]  # fmt: skip

ROWS = [*DRIVERS, *GPUS, *PACKAGES, *PYTHONS, *DISKS, *REST]


@pytest.mark.parametrize(("machine", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_machine_has_these_findings_and_no_others(machine: Host, expected: str) -> None:
    found = examine(machine)
    assert ", ".join(f"{finding.severity} {finding.code}" for finding in found) == expected
    for finding in found:
        assert finding.message
        assert finding.mend
        assert "None" not in finding.message + finding.mend


def test_every_code_of_a_check_is_in_the_tables() -> None:
    """A check that no machine here fails is a check that nobody tried."""
    import inspect
    import re

    from greenroom.machine.checks import container, gpu, limits, memory, network, python, torch
    from greenroom.machine.checks import disk as folder

    modules = (container, folder, gpu, limits, memory, network, python, torch)
    written = {
        code
        for module in modules
        for call in re.findall(r"Finding\(\s*([^,]+),", inspect.getsource(module))
        for code in re.findall(r'"([a-z0-9-]+)"', call)
    }
    assert written == {finding.split()[1] for row in ROWS for finding in row[2].split(", ") if finding}


def test_the_worst_comes_first() -> None:
    machine = replace(host("V100", "L4", driver="550.54.15"), now=0.0, disks=(disk("data", "/d", free=0),))
    severities = [finding.severity for finding in examine(machine)]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    assert set(severities) == {"error", "warning", "note"}


def test_the_mend_of_an_old_driver_is_a_build_that_runs_on_it() -> None:
    (finding,) = examine(host("H100", driver="550.54.15"))
    assert finding.message == "torch 2.11.0+cu130 is built for CUDA 13.0, which needs driver 580; this is 550.54.15"
    assert finding.mend.startswith("pip install torch==2.11.0+cu126 --index-url https://")
    assert finding.mend.endswith("/cu126; or choose a machine whose driver is 580 or newer")


def test_another_build_of_the_same_release_is_not_taken_for_the_one_that_is_here() -> None:
    (finding,) = examine(replace(host("L4"), torch=Torch("2.11.0+cpu", None)))
    assert finding.mend.startswith("pip uninstall -y torch && pip install torch==2.11.0; or ")
    (finding,) = examine(replace(host("L4"), torch=Torch("2.13.0+cpu", None)))
    assert finding.mend.startswith("pip install torch==2.11.0; or ")


def test_who_has_a_gpu_is_named_where_it_is_known() -> None:
    taken = gpu("4090", memory_free=GB, processes=(GpuProcess(4711, 20 * GB, "python"), GpuProcess(12)))
    (finding,) = examine(host(taken))
    assert finding.message == (
        "24.0 GB of 25.0 GB on GPU 0 (NVIDIA GeForce RTX 4090) are taken by processes 4711 (python), 12"
    )
    (finding,) = examine(host(replace(taken, processes=())))
    assert finding.message.endswith("are taken, by nobody whom this container can see")


def test_a_fact_that_nobody_verified_never_refuses() -> None:
    (finding,) = examine(host(python=replace(PYTHON, libc="glibc 2.17")))
    assert finding.severity != "error"
    assert "(unverified)" in finding.message


def test_a_folder_is_said_once_for_its_file_system() -> None:
    full: dict[str, Any] = {"free": 0}
    assert [finding.code for finding in examine(folders(temp=full, data=full))] == ["disk-full"]
    apart: list[Disk] = [disk("temp", "/t", free=0, mount="/t"), disk("data", "/d", free=0, mount="/d")]
    assert [finding.path for finding in examine(replace(host(), disks=tuple(apart)))] == ["/t", "/d"]
