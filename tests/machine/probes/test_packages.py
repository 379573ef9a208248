"""torch by its files, and what is missing for each extra."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from greenroom.machine.host import Torch
from greenroom.machine.probes.python import find_python, missing_by_extra
from greenroom.machine.probes.torch import find_packages, find_torch
from tests.machine.probes.trees import tree

TORCH_2_8 = """__all__ = ['__version__', 'debug', 'cuda', 'git_version', 'hip', 'xpu']
__version__ = '2.8.0+cu128'
debug = False
cuda: Optional[str] = '12.8'
git_version = 'a1cb3cc05d46d198467bebbb6e8fba50a325d4e7'
hip: Optional[str] = None
"""
TORCH_CPU = "__version__ = '2.13.0+cpu'\ncuda: Optional[str] = None\nhip: Optional[str] = None\n"
TORCH_ROCM = "__version__ = '2.8.0+rocm6.4'\ncuda: Optional[str] = None\nhip: Optional[str] = '6.4.43482'\n"


def installed(folder: Path, name: str, version: str, files: dict[str, str] | None = None) -> None:
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    tree(folder, {f"{name}-{version}.dist-info/METADATA": metadata, **(files or {})})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TORCH_2_8, Torch("2.8.0+cu128", "12.8")),
        (TORCH_CPU, Torch("2.13.0+cpu", None)),
        (TORCH_ROCM, Torch("2.8.0+rocm6.4", None, rocm=True)),
        ("", Torch("2.8.0", None)),
    ],
)
def test_the_build_is_read_from_its_file(tmp_path: Path, text: str, expected: Torch) -> None:
    installed(tmp_path, "torch", "2.8.0", {"torch/version.py": text, "torch/__init__.py": "raise RuntimeError"})
    assert find_torch([str(tmp_path)]) == expected


def test_a_torch_without_its_files_is_not_intact(tmp_path: Path) -> None:
    installed(tmp_path, "torch", "2.8.0")
    assert find_torch([str(tmp_path)]) == Torch("2.8.0", None, intact=False)
    tree(tmp_path, {"torch/version.py": TORCH_2_8})
    assert find_torch([str(tmp_path)]) == Torch("2.8.0+cu128", "12.8", intact=False)


def test_no_torch(tmp_path: Path) -> None:
    assert find_torch([str(tmp_path)]) is None


def test_torch_here_is_found_and_not_imported() -> None:
    import importlib.metadata

    here = find_torch(sys.path)
    assert here is not None
    assert here.version.startswith(importlib.metadata.version("torch").split("+")[0])
    assert here.intact


def test_what_stands_beside_torch(tmp_path: Path) -> None:
    installed(tmp_path, "torchvision", "0.23.0")
    installed(tmp_path, "numpy", "2.4.6")
    installed(tmp_path, "pillow", "12.0")
    assert find_packages([str(tmp_path)]) == {"torchvision": "0.23.0", "numpy": "2.4.6"}


def test_what_is_missing_for_an_extra() -> None:
    requirements = (
        "click>=8.2",
        "greenroom[captions]; extra == 'voice'",
        "piper-tts<2,>=1.8; extra == 'voice'",
        "av>=18; extra == 'captions'",
        'numpy>=1.26; extra == "captions"',
        "greenroom[voice,captions]; extra == 'dev'",
        "tomli; python_version < '3.11' and extra == 'dev'",
    )
    missing = missing_by_extra(requirements, lambda name: name == "numpy")
    assert missing == {"voice": ("av", "piper-tts"), "captions": ("av",), "dev": ("av", "piper-tts", "av")}


def test_this_python() -> None:
    python = find_python()
    assert python.version == sys.version_info[:3]
    assert python.bits == 64
    assert python.venv == (sys.prefix != sys.base_prefix)
    assert python.missing is not None
    assert python.missing["models"] == ()
    assert python.libc is not None
