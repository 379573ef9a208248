"""How much memory this process took at most: of its device, and of the host."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenroom.runtime.device import CPU

_STATUS = Path("/proc/self/status")
# The kernel's own highest mark of a process; writing 5 sets it back to what is resident now.
_HIGHEST = "VmHWM:"
_RESET, _BACK = Path("/proc/self/clear_refs"), "5"


@dataclass(frozen=True, slots=True)
class Peak:
    """Bytes at most. device: of what was free once CUDA had begun; None on the CPU.  host: resident; None if unknown.

    The device's are those that torch reserved, graphs' among them, and those that went missing beside: kernels as they
    are loaded, workspaces of CUDA's libraries, and also what another process took meanwhile.
    """

    device: int | None
    host: int | None


class Gauge:
    """Peaks from one ``reset`` to the next ``read``. Nothing is asked of a GPU before torch has begun to use it.

    device: ``cpu`` or ``cuda:0``.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._for_torch: int | None = None
        self._beside = 0

    def reset(self) -> None:
        """Begin anew, from what is taken now."""
        if self._torch is not None:
            self._torch.cuda.reset_peak_memory_stats(self._device)
        try:
            _RESET.write_text(_BACK)
        except OSError:  # not every kernel has it: the mark then counts from the process's beginning
            return

    def read(self) -> Peak:
        """The peaks; waits until the device has done what it was asked."""
        torch = self._torch
        if torch is None:
            return Peak(None, host_peak())
        torch.cuda.synchronize(self._device)
        free, _ = torch.cuda.mem_get_info(self._device)
        left = free + torch.cuda.memory_reserved(self._device)
        if self._for_torch is None:  # CUDA has just begun
            self._for_torch = left
        self._beside = max(self._beside, self._for_torch - left)
        return Peak(int(torch.cuda.max_memory_reserved(self._device)) + self._beside, host_peak())

    @property
    def _torch(self) -> Any:
        """Torch, once it uses the GPU that is gauged; else None."""
        if self._device == CPU or "torch" not in sys.modules:
            return None
        torch = importlib.import_module("torch")
        return torch if torch.cuda.is_initialized() else None


def host_peak(status: Path = _STATUS) -> int | None:
    """Bytes that this process had resident at most, None where the kernel does not say."""
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return None
    found = next((line.split() for line in lines if line.startswith(_HIGHEST)), [])
    return int(found[1]) * 1024 if len(found) == 3 and found[1].isdecimal() else None
