"""What failures of libraries mean, by their words and by where they were raised."""

from __future__ import annotations

import subprocess
from types import CodeType

import pytest

from greenroom.errors import ExtraMissing
from greenroom.runtime.failures import finding_of


def raised_in(module: str, error: Exception) -> Exception:
    """The error, raised by code of a module of that name."""
    code: CodeType = compile("def build(error):\n    raise error\n", f"{module}.py", "exec")
    names: dict[str, object] = {"__name__": module}
    exec(code, names)
    build = names["build"]
    assert callable(build)
    with pytest.raises(type(error)) as caught:
        build(error)
    return caught.value


@pytest.mark.parametrize(
    ("error", "code", "mends"),
    [
        (RuntimeError("Failed to find C compiler. Please specify via CC."), "compiler-missing", "gcc"),
        (RuntimeError("CUDA error: no kernel image is available for execution"), "kernel-missing", "torch"),
        (RuntimeError("Triton Error [CUDA]: device kernel image is invalid"), "kernel-missing", "torch"),
        (
            RuntimeError("CUDA error: the provided PTX was compiled with an unsupported toolchain."),
            "driver-old",
            "newer driver",
        ),
        (RuntimeError("Triton Error [CUDA]: an illegal memory access was encountered"), "device-lost", "again"),
        (ImportError("libcudart.so.13: cannot open shared object file"), "library-unloadable", "install"),
        (RuntimeError("CUDA error: unspecified launch failure"), "device-lost", "again"),
        (ZeroDivisionError("division by zero"), "stage-failed", "report"),
        (ExtraMissing("PyAV", "captions"), "extra-missing", "greenroom[captions]"),
    ],
)  # fmt: skip
def test_a_failure_is_recognised_by_its_words(error: Exception, code: str, mends: str) -> None:
    found = finding_of(error, "warm-up")
    assert found.code == code
    assert found.severity == "error"
    assert found.message.startswith("warm-up: ")
    assert mends in found.mend


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (subprocess.CalledProcessError(1, ["gcc", "main.c"]), "headers"),
        (PermissionError(13, "Permission denied", "/.triton"), "keep its kernels in /.triton: Permission denied"),
        (RuntimeError("PassManager::run failed\nmodule {..."), "cannot compile a kernel: PassManager::run failed"),
    ],
)
def test_what_triton_raises_is_about_compiling(error: Exception, words: str) -> None:
    found = finding_of(raised_in("triton.runtime.build", error), "warm-up")
    assert found.code == "kernel-uncompiled"
    assert words in found.message
    assert "module {" not in found.message


def test_the_same_error_from_elsewhere_is_not() -> None:
    assert finding_of(raised_in("tritone", RuntimeError("x")), "text").code == "stage-failed"


def test_a_long_message_is_cut_to_a_line() -> None:
    assert len(finding_of(ValueError("x" * 5000 + "\nmore"), "text").message) < 400
    assert finding_of(ValueError(), "text").message == "text: ValueError: ValueError"
