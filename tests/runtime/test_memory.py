"""Want of memory and lost devices are told apart from all else, by name and words."""

from __future__ import annotations

import sys
import weakref
from types import SimpleNamespace

import pytest

from greenroom.errors import GreenroomError
from greenroom.runtime.memory import is_device_lost, is_out_of_memory, release

# As torch has them: below RuntimeError, in modules that are not imported here.
TorchOutOfMemory = type("OutOfMemoryError", (RuntimeError,), {"__module__": "torch"})
TorchAccelerator = type("AcceleratorError", (RuntimeError,), {"__module__": "torch"})


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        TorchOutOfMemory("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("CUDA error: out of memory"),
        TorchAccelerator("CUDA error: out of memory"),
        RuntimeError("cuBLAS error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"),
        RuntimeError("[ONNXRuntimeError] : 6 : Failed to allocate memory for requested buffer of size 1"),
        OSError(12, "out of memory"),
    ],
)
def test_want_of_memory_is_recognised(error: BaseException) -> None:
    assert is_out_of_memory(error)
    assert not is_device_lost(error)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("CUDA error: an illegal memory access was encountered"),
        TorchAccelerator("anything"),
        RuntimeError("CUDA error: device-side assert triggered"),
    ],
)
def test_a_lost_device_is_recognised(error: BaseException) -> None:
    assert is_device_lost(error)
    assert not is_out_of_memory(error)


@pytest.mark.parametrize(
    "error", [ValueError("out of memory"), RuntimeError("no"), KeyError("CUDA error:"), GreenroomError("out of memory")]
)
def test_other_failures_are_neither(error: BaseException) -> None:
    assert not is_out_of_memory(error)
    assert not is_device_lost(error)


def test_what_an_error_was_raised_from_counts() -> None:
    wrapped = GreenroomError("the voice failed")
    wrapped.__cause__ = MemoryError()
    assert is_out_of_memory(wrapped)
    met_on_the_way = GreenroomError("the voice failed")
    met_on_the_way.__context__ = MemoryError()
    assert is_out_of_memory(met_on_the_way)
    met_on_the_way.__suppress_context__ = True
    assert not is_out_of_memory(met_on_the_way)


def test_an_error_that_goes_in_circles_ends() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert not is_out_of_memory(first)


def test_release_lets_go_of_what_a_failed_attempt_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    class Tensor:
        """Large."""

    seen: list[weakref.ref[Tensor]] = []

    def attempt() -> None:
        tensor = Tensor()
        seen.append(weakref.ref(tensor))
        raise MemoryError

    emptied: list[bool] = []
    cuda = SimpleNamespace(
        is_available=lambda: True, is_initialized=lambda: True, empty_cache=lambda: emptied.append(True)
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    try:
        attempt()
    except MemoryError as error:
        assert seen[0]() is not None
        release(error)
    assert seen[0]() is None
    assert emptied == [True]
