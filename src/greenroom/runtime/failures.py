"""What a failure below us means: a compiler that is missing, a card without kernels, a library that does not load.

Libraries of CUDA raise plain RuntimeErrors; what they mean is in their words and in where they were raised.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from greenroom.errors import GreenroomError
from greenroom.findings import Finding
from greenroom.runtime.memory import is_device_lost

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

_NO_KERNEL = ("no kernel image is available", "invalid device function", "device kernel image is invalid")
# The driver is older than the compiler: it runs machine code of that CUDA, and cannot compile for it.
_NEWER_PTX = ("compiled with an unsupported toolchain", "Unsupported .version")
_NO_COMPILER = "Failed to find C compiler"
# Triton's words for what the driver said to it.
_TO_TRITON = "Triton Error [CUDA]"
_LONGEST = 300


def finding_of(error: Exception, doing: str) -> Finding:
    """A failure as a finding. doing: what was being done, which begins the message."""
    found = _recognised(error)
    return Finding(found.code, "error", f"{doing}: {found.message}", found.mend)


def _recognised(error: Exception) -> Finding:
    if isinstance(error, GreenroomError):
        return _finding(error.code, error.message, error.mend or "see the message")
    said = _first_line(error)
    if (of_cuda := _of_cuda(error, said)) is not None:
        return of_cuda
    if _NO_COMPILER in str(error) or _is_from(error, "triton"):
        return _of_triton(error)
    if isinstance(error, ImportError):
        return _finding("library-unloadable", said, "install it, or the system library that it names")
    return _finding("stage-failed", f"{type(error).__name__}: {said}", "report this to greenroom, and on which machine")


def _of_cuda(error: Exception, said: str) -> Finding | None:
    """What CUDA said, be it to torch or to Triton."""
    if any(words in str(error) for words in _NEWER_PTX):
        return _finding(
            "driver-old",
            f"the driver cannot compile what a newer CUDA made ({said})",
            "take a newer driver, or a build of torch for the CUDA of this one: greenroom doctor names both",
        )
    if any(words in str(error) for words in _NO_KERNEL):
        return _finding(
            "kernel-missing",
            f"a library has no kernel for this card ({said})",
            "install a build of torch for this card, or take --device cpu",
        )
    if is_device_lost(error) or _TO_TRITON in str(error):
        return _finding("device-lost", f"the device stopped working: {said}", "try again; if it stays so, another card")
    return None


def _of_triton(error: Exception) -> Finding:
    if _NO_COMPILER in str(error):
        return _finding(
            "compiler-missing",
            "Triton compiles its kernels with a C compiler, and finds none",
            "apt-get install -y gcc libc6-dev, or name one with CC=/path/to/cc; --precision fp32 runs without Triton",
        )
    if isinstance(error, subprocess.CalledProcessError):
        return _finding(
            "kernel-uncompiled",
            f"Triton's C compiler ended with {error.returncode}; it needs Python's headers and those of the C library",
            "apt-get install -y libc6-dev and the headers of this Python (python3-dev)",
        )
    if isinstance(error, OSError) and error.filename is not None:
        return _finding(
            "kernel-uncompiled",
            f"Triton cannot keep its kernels in {error.filename}: {error.strerror}",
            "set TRITON_CACHE_DIR to a folder that takes files",
        )
    return _finding(
        "kernel-uncompiled",
        f"Triton cannot compile a kernel: {_first_line(error)}",
        "install the release of Triton that torch asks for; --precision fp32 runs without Triton",
    )


def _finding(code: str, message: str, mend: str) -> Finding:
    return Finding(code, "error", message, mend)


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    said = lines[0] if lines else type(error).__name__
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"


def _is_from(error: BaseException, package: str) -> bool:
    """Whether the error was raised in a package, or by what that called."""
    return any(name.partition(".")[0] == package for name in _modules(error.__traceback__))


def _modules(trace: TracebackType | None) -> Iterator[str]:
    while trace is not None:
        yield str(trace.tb_frame.f_globals.get("__name__", ""))
        trace = trace.tb_next
