"""NVIDIA's library, invented: answers calls by name, and writes into what it is given as the real one does."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any

NO_PERMISSION, NOT_SUPPORTED, NOT_FOUND, INSUFFICIENT_SIZE, GPU_IS_LOST = 4, 3, 6, 7, 15

# What the library calls them, and what they are called here.
CALLS = {
    "nvmlInit_v2": "_init",
    "nvmlShutdown": "_shutdown",
    "nvmlDeviceGetCount_v2": "_device_get_count",
    "nvmlDeviceGetHandleByIndex_v2": "_device_get_handle_by_index",
    "nvmlSystemGetDriverVersion": "_system_get_driver_version",
    "nvmlSystemGetCudaDriverVersion_v2": "_system_get_cuda_driver_version",
    "nvmlDeviceGetName": "_device_get_name",
    "nvmlDeviceGetUUID": "_device_get_uuid",
    "nvmlDeviceGetMemoryInfo": "_device_get_memory_info",
    "nvmlDeviceGetCudaComputeCapability": "_device_get_cuda_compute_capability",
    "nvmlDeviceGetMigMode": "_device_get_mig_mode",
    "nvmlDeviceGetMaxMigDeviceCount": "_device_get_max_mig_device_count",
    "nvmlDeviceGetMigDeviceHandleByIndex": "_device_get_mig_device_handle_by_index",
    "nvmlDeviceGetTotalEccErrors": "_device_get_total_ecc_errors",
    "nvmlDeviceGetComputeRunningProcesses_v2": "_device_get_compute_running_processes",
}


@dataclass
class FakeGpu:
    """One GPU. missing: calls that it does not support.  processes: pid and bytes.  instances: of MIG.

    others: it is given to somebody else.
    """

    name: str = "NVIDIA L4"
    uuid: str = "GPU-5d1f"
    total: int = 24_000_000_000
    free: int = 23_000_000_000
    capability: tuple[int, int] = (8, 9)
    mig: bool = False
    ecc: int = 0
    processes: tuple[tuple[int, int], ...] = ()
    instances: tuple[FakeGpu, ...] = ()
    lost: bool = False
    others: bool = False
    missing: tuple[str, ...] = ()


@dataclass
class FakeNvml:
    """The library as ctypes gives it. init: what nvmlInit_v2 returns.  calls: what was called."""

    gpus: tuple[FakeGpu, ...] = ()
    driver: str = "570.124.06"
    cuda: int = 12080
    init: int = 0
    calls: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        if name not in CALLS:
            raise AttributeError(name)

        def call(*arguments: Any) -> int:
            self.calls.append(name)
            if arguments and isinstance(arguments[0], ctypes.c_void_p) and arguments[0].value is not None:
                gpu = self._of(arguments[0].value)
                if name in gpu.missing:
                    return NOT_SUPPORTED
            answer = getattr(self, CALLS[name])(*arguments)
            return int(answer or 0)

        return call

    def _of(self, handle: int) -> FakeGpu:
        gpu = self.gpus[handle // 100 - 1]
        return gpu.instances[handle % 100 - 1] if handle % 100 else gpu

    def _init(self) -> int:
        return self.init

    def _shutdown(self) -> None:
        pass

    def _device_get_count(self, count: Any) -> None:
        count._obj.value = len(self.gpus)

    def _device_get_handle_by_index(self, index: int, handle: Any) -> int:
        handle._obj.value = (index + 1) * 100
        if self.gpus[index].others:
            return NO_PERMISSION
        return GPU_IS_LOST if self.gpus[index].lost else 0

    def _system_get_driver_version(self, buffer: Any, length: int) -> None:
        buffer.value = self.driver.encode()

    def _system_get_cuda_driver_version(self, version: Any) -> None:
        version._obj.value = self.cuda

    def _device_get_name(self, handle: Any, buffer: Any, length: int) -> None:
        buffer.value = self._of(handle.value).name.encode()

    def _device_get_uuid(self, handle: Any, buffer: Any, length: int) -> None:
        buffer.value = self._of(handle.value).uuid.encode()

    def _device_get_memory_info(self, handle: Any, memory: Any) -> None:
        gpu = self._of(handle.value)
        memory._obj.total, memory._obj.free, memory._obj.used = gpu.total, gpu.free, gpu.total - gpu.free

    def _device_get_cuda_compute_capability(self, handle: Any, major: Any, minor: Any) -> None:
        major._obj.value, minor._obj.value = self._of(handle.value).capability

    def _device_get_mig_mode(self, handle: Any, current: Any, pending: Any) -> None:
        current._obj.value = pending._obj.value = int(self._of(handle.value).mig)

    def _device_get_max_mig_device_count(self, handle: Any, count: Any) -> None:
        count._obj.value = 7

    def _device_get_mig_device_handle_by_index(self, handle: Any, index: int, instance: Any) -> int:
        if index >= len(self._of(handle.value).instances):
            return NOT_FOUND
        instance._obj.value = handle.value + index + 1
        return 0

    def _device_get_total_ecc_errors(self, handle: Any, kind: int, counter: int, errors: Any) -> None:
        assert (kind, counter) == (1, 0)
        errors._obj.value = self._of(handle.value).ecc

    def _device_get_compute_running_processes(self, handle: Any, count: Any, found: Any) -> int:
        processes = self._of(handle.value).processes
        room, count._obj.value = count._obj.value, len(processes)
        if found is None or room < len(processes):
            return INSUFFICIENT_SIZE if processes else 0
        for place, (pid, memory) in zip(found, processes, strict=False):
            place.pid, place.used_memory = pid, memory
        return 0
