"""The device that is a thread's own, which kernels of ours, streams and graphs go to."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def current(device: torch.device) -> AbstractContextManager[object]:
    """Make a device the thread's own for a while. A CPU is every thread's."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
