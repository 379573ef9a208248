"""The greenroom that runs now, as a wheel: the environment gets this very code, wherever it came from."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import greenroom
from greenroom.files import Publication
from greenroom.machine.environments.errors import InstallRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

_TAG = "py3-none-any"
# What pip and uv wrote about their own work, and what is written anew.
_NOT_OURS = {"INSTALLER", "RECORD", "REQUESTED", "WHEEL", "direct_url.json", "uv_build.json", "uv_cache.json"}
# The same bytes make the same wheel on every day.
_DATE = (1980, 1, 1, 0, 0, 0)
_MODE = 0o644


@dataclass(frozen=True, slots=True)
class OwnWheel:
    """greenroom as a wheel. requires: what METADATA says it needs, a line each, markers and extras included."""

    content: bytes = field(repr=False)
    version: str
    sha256: str
    requires: tuple[str, ...]

    def write(self, folder: Path) -> Path:
        """The wheel as ``folder/HASH/greenroom-VERSION-py3-none-any.whl``. Raises OutputUnwritable."""
        place = folder / self.sha256[:16]
        name = f"greenroom-{self.version}-{_TAG}.whl"
        if not (place / name).is_file():
            with Publication(place, "--into") as out:
                out.write(name, self.content)
        return place / name


def requirement(wheel: Path, extras: tuple[str, ...]) -> str:
    """greenroom from a wheel, as pip and uv take it."""
    named = f"[{','.join(extras)}]" if extras else ""
    return f"greenroom{named} @ {wheel.as_uri()}"


def pack() -> OwnWheel:
    """The wheel. Raises InstallRefused where greenroom runs from a folder that was never installed."""
    try:
        installed = importlib.metadata.distribution("greenroom")
    except importlib.metadata.PackageNotFoundError:
        raise InstallRefused(
            "greenroom runs from a folder and was never installed, so nobody knows what it requires",
            mend="install it first: pip install greenroom",
        ) from None
    content = _wheel(installed)
    digest = hashlib.sha256(content).hexdigest()
    return OwnWheel(content, installed.version, digest, tuple(installed.requires or ()))


def _wheel(installed: importlib.metadata.Distribution) -> bytes:
    info = f"greenroom-{installed.version}.dist-info"
    files = {
        **dict(_code()),
        **{f"{info}/{name}": content for name, content in _metadata(installed)},
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: greenroom\nRoot-Is-Purelib: true\nTag: {_TAG}\n".encode(),
    }
    rows = [f"{name},sha256={_encoded(content)},{len(content)}" for name, content in sorted(files.items())]
    files[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as wheel:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = _MODE << 16  # where Unix keeps it
            wheel.writestr(entry, content)
    return packed.getvalue()


def _code() -> Iterator[tuple[str, bytes]]:
    root = Path(greenroom.__file__).parent
    for path in root.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield f"greenroom/{path.relative_to(root).as_posix()}", path.read_bytes()


def _metadata(installed: importlib.metadata.Distribution) -> Iterator[tuple[str, bytes]]:
    for file in installed.files or ():
        if file.parts[0].endswith(".dist-info") and file.name not in _NOT_OURS:
            yield "/".join(file.parts[1:]), Path(str(file.locate())).read_bytes()


def _encoded(content: bytes) -> str:
    """A SHA-256 as RECORD writes it."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
