"""All that is known of a machine. None is unknown, everywhere: no check may take it for an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

# weights: the cache that pull writes to.  weights-folder: what GREENROOM_WEIGHTS names, which is only read.
Purpose = Literal["weights", "weights-folder", "environment", "temp", "data", "artifacts", "volume"]

# What CUDA_VISIBLE_DEVICES is set to where no GPU is to be used.
NO_GPU = frozenset({"", "-1", "none", "void", "NoDevFiles"})


@dataclass(frozen=True, slots=True)
class GpuProcess:
    """Somebody who works on a GPU. memory: bytes.  name: of the user's own processes alone."""

    pid: int
    memory: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU, or one MIG instance of one.

    index: the driver's number, which CUDA also uses unless CUDA_VISIBLE_DEVICES says otherwise.  memory_total and
    memory_free: bytes.  capability: of compute, (8, 9).  mig: whether it is cut into instances, which are then listed
    in its place, each with its own uuid.  ecc_errors: uncorrected ones since the driver was loaded.  lost: why the
    driver cannot speak to it any more.
    """

    index: int
    name: str
    uuid: str = ""
    memory_total: int | None = None
    memory_free: int | None = None
    capability: tuple[int, int] | None = None
    mig: bool | None = None
    ecc_errors: int | None = None
    processes: tuple[GpuProcess, ...] | None = None
    lost: str = ""


@dataclass(frozen=True, slots=True)
class Driver:
    """NVIDIA's driver. version: ``570.124.06``.  cuda: what its libcuda offers, ``12.8``; newer with cuda-compat."""

    version: str
    cuda: str | None = None


@dataclass(frozen=True, slots=True)
class GpuAccess:
    """How GPUs are reached.

    module: whether the kernel has NVIDIA's driver.  nodes: the device files that are there.  library: whether NVIDIA's
    management library is installed.  problem: why it did not answer.  visible: CUDA_VISIBLE_DEVICES, None where it is
    not set.  order: CUDA_DEVICE_ORDER.  compat: CUDAs whose cuda-compat libraries are installed.  other: an accelerator
    of another maker.
    """

    module: bool | None = None
    nodes: tuple[str, ...] = ()
    library: bool | None = None
    problem: str = ""
    visible: str | None = None
    order: str | None = None
    compat: tuple[str, ...] = ()
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Torch:
    """torch as it is installed for this Python, read without importing it.

    version: ``2.8.0+cu128``.  cuda: of the build, ``12.8``; None for builds without.  rocm: a build for AMD's GPUs.
    intact: whether its package is really there.
    """

    version: str
    cuda: str | None
    rocm: bool = False
    intact: bool = True


@dataclass(frozen=True, slots=True)
class Python:
    """The Python that runs this. version: (3, 11, 7).  libc: ``glibc 2.36`` or ``musl``.

    externally_managed: the marker of PEP 668 that keeps pip out.  missing: by extra of greenroom, what is not
    installed; None where the package's metadata cannot be read.
    """

    version: tuple[int, int, int]
    implementation: str = "cpython"
    machine: str = "x86_64"
    bits: int = 64
    libc: str | None = None
    free_threaded: bool = False
    venv: bool | None = None
    externally_managed: str | None = None
    pip: bool | None = None
    uv: str | None = None
    missing: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class Disk:
    """A folder that greenroom uses, and the file system under it.

    path: the folder.  exists: whether it is there; if not, all else is of the nearest folder above that is.  own:
    whether it belongs to this user.  free and total: bytes that this user may still write, and of the file system.
    inodes_free and inodes_total: None where the file system does not count them.  write_rate: bytes/s, and
    clock_skew_s: the file system's clock less ours, where they were measured.  leftovers: files that killed processes
    began to write, a day ago or earlier.
    """

    purpose: Purpose
    path: str
    exists: bool = True
    mount: str | None = None
    filesystem: str | None = None
    network: bool | None = None
    read_only: bool | None = None
    writable: bool | None = None
    own: bool | None = None
    free: int | None = None
    total: int | None = None
    inodes_free: int | None = None
    inodes_total: int | None = None
    write_rate: float | None = None
    clock_skew_s: float | None = None
    leftovers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes. available: what could be had now, within the container's limit.  limit: that limit.  shm: of /dev/shm."""

    total: int | None = None
    available: int | None = None
    limit: int | None = None
    swap_free: int | None = None
    shm: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What the system allows. None is also without bound.

    cpus: that this process may run on.  cpu_quota: how many of them at full time, by the container.  open_files and
    processes: soft limits.  open_files_hard: up to which the soft one may be raised.  address_space and file_size:
    bytes.  pids_free: processes and threads that the container may still start.  threads: OMP_NUM_THREADS.
    """

    cpus: int | None = None
    cpu_quota: float | None = None
    open_files: int | None = None
    open_files_hard: int | None = None
    processes: int | None = None
    address_space: int | None = None
    file_size: int | None = None
    pids_free: int | None = None
    threads: str | None = None


@dataclass(frozen=True, slots=True)
class Platform:
    """Where it runs. system: ``Linux``.  os: ``debian``, os_release: ``12``.  container: ``docker``, ``podman``, ...

    runpod: ``pod`` or ``serverless``.  volumes: network volumes that are mounted where RunPod mounts them.
    """

    system: str = "Linux"
    kernel: str | None = None
    os: str | None = None
    os_release: str | None = None
    title: str | None = None
    container: str | None = None
    runpod: Literal["pod", "serverless"] | None = None
    volumes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Token:
    """The token of the model hub. place: where it was found.  fault: what its form has wrong; never the token itself.

    exposed: a file that others may read.
    """

    place: str
    fault: str = ""
    exposed: str | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """host and port: what serve would listen on.  bind_error: why it could not now, by errno.  offline: the hub is."""

    host: str
    port: int
    bind_error: int | None = None
    token: Token | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Host:
    """A machine. gpus: None where nobody could say, empty where there are none that this process may use.

    packages: releases of what is built for one torch, and of NumPy.  now: seconds of the epoch by its clock.
    unanswered: probes that did not end in time.  sqlite: whether jobs are kept in a file in the data folder.
    """

    python: Python
    platform: Platform = Platform()
    driver: Driver | None = None
    gpus: tuple[Gpu, ...] | None = None
    access: GpuAccess = GpuAccess()
    torch: Torch | None = None
    packages: Mapping[str, str] = field(default_factory=dict)
    disks: tuple[Disk, ...] = ()
    memory: Memory = Memory()
    limits: Limits = Limits()
    network: Network | None = None
    sqlite: bool = True
    now: float | None = None
    unanswered: tuple[str, ...] = ()

    def disk(self, purpose: Purpose) -> Disk | None:
        """The folder for a purpose."""
        return next((disk for disk in self.disks if disk.purpose == purpose), None)

    def usable_gpus(self) -> tuple[Gpu, ...]:
        """The GPUs that CUDA would show, as CUDA_VISIBLE_DEVICES has it, in its order."""
        whole = tuple(gpu for gpu in self.gpus or () if not gpu.lost)
        if self.access.visible is None:
            return whole
        chosen: list[Gpu] = []
        for name in (part.strip() for part in self.access.visible.split(",")):
            found = next((gpu for gpu in whole if _is_named(gpu, name)), None)
            if found is None:  # CUDA ignores a name that it does not know, and all that follow
                break
            chosen.append(found)
        return tuple(chosen)


def _is_named(gpu: Gpu, name: str) -> bool:
    return bool(name) and (str(gpu.index) == name or gpu.uuid.startswith(name))
