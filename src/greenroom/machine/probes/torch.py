"""torch and what is built for it, from the files of their packages: nothing is imported."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distributions
from typing import TYPE_CHECKING

from greenroom.machine.host import Torch
from greenroom.machine.probes.reading import text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PACKAGES = ("torchvision", "torchaudio", "xformers", "triton", "numpy")
_CUDA = re.compile(r"^cuda\b[^=\n]*=\s*['\"](\d+(?:\.\d+)*)['\"]", re.MULTILINE)
_HIP = re.compile(r"^hip\b[^=\n]*=\s*['\"]", re.MULTILINE)
_VERSION = re.compile(r"^__version__\s*=\s*['\"]([^'\"]+)['\"]", re.MULTILINE)


def find_torch(path: Sequence[str]) -> Torch | None:
    """The torch that this Python would import. path: folders, as in ``sys.path``."""
    installed = _installed("torch", path)
    if installed is None:
        return None
    package = _located(installed) / "torch"
    said = text(package / "version.py")
    if said is None:
        return Torch(installed.version, cuda=None, intact=False)
    version, cuda = _VERSION.search(said), _CUDA.search(said)
    return Torch(
        version=version[1] if version else installed.version,
        cuda=cuda[1] if cuda else None,
        rocm=_HIP.search(said) is not None,
        intact=(package / "__init__.py").is_file(),
    )


def find_packages(path: Sequence[str]) -> dict[str, str]:
    """The releases of what is built for one torch, and of NumPy, by name."""
    found = ((name, _installed(name, path)) for name in PACKAGES)
    return {name: installed.version for name, installed in found if installed is not None}


def _installed(name: str, path: Sequence[str]) -> Distribution | None:
    return next(iter(distributions(name=name, path=list(path))), None)


def _located(installed: Distribution) -> Path:
    from pathlib import Path

    return Path(str(installed.locate_file("")))
