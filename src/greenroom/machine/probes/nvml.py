"""NVIDIA's management library, by ctypes: what GPUs there are, and how they fare. It makes no CUDA context.

Structures and numbers are those of nvml.h; their layout is stable across drivers.
"""

from __future__ import annotations

import contextlib
import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenroom.machine.host import Driver, Gpu, GpuProcess
from greenroom.machine.probes.reading import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LIBRARY = "libnvidia-ml.so.1"

_TEXT = 96
_NOT_SUPPORTED, _NO_PERMISSION = 3, 4
# NVML_MEMORY_ERROR_TYPE_UNCORRECTED, NVML_VOLATILE_ECC.
_UNCORRECTED, _SINCE_LOADED = 1, 0
_MIG_ON = 1
_UNKNOWN_BYTES = 2**64 - 1

# What the library says of itself, in words that lead somewhere.
_PROBLEMS = {
    9: "the driver is not loaded",
    12: "the driver's library is not complete",
    15: "the GPU has fallen off the bus",
    18: "the driver in the kernel and its library have different versions",
}


class NvmlFailed(Exception):
    """The library refused a call. status: its nvmlReturn_t."""

    def __init__(self, call: str, status: int) -> None:
        super().__init__(f"{_PROBLEMS.get(status, f'{call} failed')} (NVML {status})")
        self.status = status


class _Memory(ctypes.Structure):
    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


class _Process(ctypes.Structure):
    """nvmlProcessInfo_v2_t."""

    _fields_ = (
        ("pid", ctypes.c_uint),
        ("used_memory", ctypes.c_ulonglong),
        ("gpu_instance", ctypes.c_uint),
        ("compute_instance", ctypes.c_uint),
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What the library knows."""

    driver: Driver
    gpus: tuple[Gpu, ...]


def load() -> Any:
    """The library. Raises OSError where it is not installed."""
    return ctypes.CDLL(LIBRARY)


def ask(library: Any, root: Path) -> Answer:
    """Everything about all GPUs. root: of the process table. Raises NvmlFailed where the library does not start."""
    _call(library, "nvmlInit_v2")
    try:
        count = ctypes.c_uint()
        _call(library, "nvmlDeviceGetCount_v2", ctypes.byref(count))
        gpus = tuple(gpu for index in range(count.value) for gpu in _gpus(library, index, root))
        return Answer(Driver(_string(library, "nvmlSystemGetDriverVersion"), _cuda(library)), gpus)
    finally:
        with contextlib.suppress(NvmlFailed):
            _call(library, "nvmlShutdown")


def _gpus(library: Any, index: int, root: Path) -> Iterator[Gpu]:
    """The GPU of a number, or its MIG instances where it is cut into any."""
    handle = ctypes.c_void_p()
    try:
        _call(library, "nvmlDeviceGetHandleByIndex_v2", index, ctypes.byref(handle))
        whole = _gpu(library, handle, index, root)
    except NvmlFailed as failed:
        if failed.status == _NO_PERMISSION:  # a scheduler gave this GPU to somebody else
            return
        yield Gpu(index, f"GPU {index}", lost=str(failed))
        return
    instances = [_gpu(library, instance, index, root) for instance in _instances(library, handle)] if whole.mig else []
    for instance in instances:
        yield Gpu(
            index=index,
            name=instance.name,
            uuid=instance.uuid,
            memory_total=instance.memory_total,
            memory_free=instance.memory_free,
            capability=whole.capability,
            mig=True,
            processes=instance.processes,
        )
    if not instances:
        yield whole


def _gpu(library: Any, handle: ctypes.c_void_p, index: int, root: Path) -> Gpu:
    memory = _Memory()
    known = _answers(lambda: _call(library, "nvmlDeviceGetMemoryInfo", handle, ctypes.byref(memory)))
    return Gpu(
        index=index,
        name=_string(library, "nvmlDeviceGetName", handle),
        uuid=_answered(lambda: _string(library, "nvmlDeviceGetUUID", handle)) or "",
        memory_total=memory.total if known else None,
        memory_free=memory.free if known else None,
        capability=_answered(lambda: _capability(library, handle)),
        mig=_answered(lambda: _number_of(library, "nvmlDeviceGetMigMode", handle, 2) == _MIG_ON),
        ecc_errors=_answered(lambda: _ecc_errors(library, handle)),
        processes=_answered(lambda: _processes(library, handle, root)),
    )


def _instances(library: Any, handle: ctypes.c_void_p) -> Iterator[ctypes.c_void_p]:
    most = _answered(lambda: _number_of(library, "nvmlDeviceGetMaxMigDeviceCount", handle)) or 0
    for number in range(most):
        instance = ctypes.c_void_p()
        with contextlib.suppress(NvmlFailed):  # numbers without an instance
            _call(library, "nvmlDeviceGetMigDeviceHandleByIndex", handle, number, ctypes.byref(instance))
            yield instance


def _capability(library: Any, handle: ctypes.c_void_p) -> tuple[int, int]:
    major, minor = ctypes.c_int(), ctypes.c_int()
    _call(library, "nvmlDeviceGetCudaComputeCapability", handle, ctypes.byref(major), ctypes.byref(minor))
    return major.value, minor.value


def _ecc_errors(library: Any, handle: ctypes.c_void_p) -> int:
    errors = ctypes.c_ulonglong()
    _call(library, "nvmlDeviceGetTotalEccErrors", handle, _UNCORRECTED, _SINCE_LOADED, ctypes.byref(errors))
    return errors.value


def _processes(library: Any, handle: ctypes.c_void_p, root: Path) -> tuple[GpuProcess, ...]:
    """Who computes on it; without those of other containers, whom the library does not show."""
    # Not its successor: drivers 535.43 to 535.86 write longer structures there, which others do not.
    call = "nvmlDeviceGetComputeRunningProcesses_v2"
    count = ctypes.c_uint(0)
    with contextlib.suppress(NvmlFailed):  # it says that there is no room, and how many there are
        _call(library, call, handle, ctypes.byref(count), None)
    if not count.value:
        return ()
    count.value += 4  # some may have come since
    found = (_Process * count.value)()
    _call(library, call, handle, ctypes.byref(count), found)
    return tuple(
        GpuProcess(
            pid=process.pid,
            memory=None if process.used_memory == _UNKNOWN_BYTES else process.used_memory,
            name=process_name(process.pid, root),
        )
        for process in found[: count.value]
    )


def process_name(pid: int, root: Path) -> str | None:
    """The name of one of the user's own processes, if it has a GPU open.

    Within a container the number may be of the host, and another process have it here.
    """
    folder = root / "proc" / str(pid)
    try:
        open_files = [str(entry.readlink()) for entry in (folder / "fd").iterdir()]
    except OSError:  # it has ended, or is somebody else's
        return None
    return text(folder / "comm") if any(name.startswith("/dev/nvidia") for name in open_files) else None


def _cuda(library: Any) -> str | None:
    """``12.8`` for 12080."""
    version = ctypes.c_int()
    if not _answers(lambda: _call(library, "nvmlSystemGetCudaDriverVersion_v2", ctypes.byref(version))):
        return None
    return f"{version.value // 1000}.{version.value % 1000 // 10}"


def _string(library: Any, call: str, *arguments: Any) -> str:
    buffer = ctypes.create_string_buffer(_TEXT)
    _call(library, call, *arguments, buffer, _TEXT)
    return buffer.value.decode(errors="replace")


def _number_of(library: Any, call: str, handle: ctypes.c_void_p, count: int = 1) -> int:
    """The first of the numbers that a call writes."""
    numbers = [ctypes.c_uint() for _ in range(count)]
    _call(library, call, handle, *map(ctypes.byref, numbers))
    return numbers[0].value


def _call(library: Any, call: str, *arguments: Any) -> None:
    function = getattr(library, call, None)
    status = _NOT_SUPPORTED if function is None else int(function(*arguments))
    if status:
        raise NvmlFailed(call, status)


def _answers(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except NvmlFailed:
        return False
    return True


def _answered(ask: Callable[[], Any]) -> Any:
    """An answer, or None where this GPU or this driver has none."""
    try:
        return ask()
    except NvmlFailed:
        return None
