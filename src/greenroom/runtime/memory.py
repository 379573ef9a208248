"""Whether a failure was for want of memory, and how to get memory back; torch is recognised, never imported."""

from __future__ import annotations

import ctypes
import gc
import sys
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# torch raises a class of its own for its allocator; libraries below it fail with words alone.
_CLASSES = ("OutOfMemoryError",)
_WORDS = ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED", "Failed to allocate memory")
# After these, every further call of the process fails: CUDA calls them sticky.
_LOST_CLASSES = ("AcceleratorError",)
_LOST_WORDS = ("CUDA error:", "device-side assert", "CUDNN_STATUS_EXECUTION_FAILED", "unspecified launch failure")
# What may fail so: errors of a model's own carry words that users gave.
_MAY_BE = (RuntimeError, OSError)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on the device or the host; also where another error was raised from it."""
    return any(
        isinstance(link, MemoryError)
        or any(name in _CLASSES for name in _names(link))
        or (isinstance(link, _MAY_BE) and any(words in str(link) for words in _WORDS))
        for link in _chain(error)
    )


def is_device_lost(error: BaseException) -> bool:
    """Whether the device refuses everything from now on, so that only a new process can use it."""
    return not is_out_of_memory(error) and any(
        any(name in _LOST_CLASSES for name in _names(link))
        or (isinstance(link, _MAY_BE) and any(words in str(link) for words in _LOST_WORDS))
        for link in _chain(error)
    )


def release(error: BaseException | None = None) -> None:
    """Give back what nobody uses any more: what the frames of ``error`` hold, cycles, torch's cache, the C heap."""
    for link in _chain(error) if error else ():
        traceback.clear_frames(link.__traceback__)
    gc.unfreeze()  # what ``settle`` set aside may be what nobody uses
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc alone has it
    if trim is not None:
        trim(0)


def settle() -> None:
    """Set what is loaded now aside from the search for garbage.

    Torch's modules are hundreds of thousands of objects; walking them stops a request for tens of milliseconds.
    """
    gc.collect()
    gc.freeze()


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those that it was raised from."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _names(error: BaseException) -> Iterator[str]:
    return (kind.__name__ for kind in type(error).__mro__)
