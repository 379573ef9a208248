"""An environment as one file: tar, compressed by zstd, hashed as it is written and as it is read."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import sys
import tarfile
from typing import IO, TYPE_CHECKING, NamedTuple

from greenroom.errors import ExtraMissing, quoted
from greenroom.machine.environments.errors import PackDamaged

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

    from greenroom.progress import Step

_LEVEL = 3  # zstd's own default
_CHUNK = 2**20


class Content(NamedTuple):
    """What a pack is. size: its bytes.  unpacked: those of the environment's files."""

    sha256: str
    size: int
    unpacked: int


def pack(environment: Path, target: Path, step: Step) -> Content:
    """Write an environment into a file, without the links to this machine's interpreter.

    Raises ExtraMissing, OSError.
    """
    compression = zstd()
    options = {
        compression.CompressionParameter.compression_level: _LEVEL,
        compression.CompressionParameter.nb_workers: os.cpu_count() or 1,
    }
    paths, unpacked = _paths(environment), 0
    with target.open("wb") as file:
        hashed = _Hashed(file)
        with (
            compression.ZstdFile(hashed, "wb", options=options) as compressed,
            tarfile.open(fileobj=compressed, mode="w|", bufsize=_CHUNK) as tar,
        ):
            for number, path in enumerate(paths):
                step("packing", number, len(paths))
                member = _member(path, str(path.relative_to(environment)))
                unpacked += member.size
                with path.open("rb") if member.isreg() else contextlib.nullcontext() as content:
                    tar.addfile(member, content)
        file.flush()
        os.fsync(file.fileno())
    return Content(hashed.hexdigest(), hashed.count, unpacked)


def unpack(source: Path, sha256: str, place: Path, step: Step) -> None:
    """Read a pack into a new folder ``place``.

    Raises PackDamaged, ExtraMissing; OSError where ``place`` takes no more.
    """
    compression = zstd()
    try:
        hashed = _Hashed(source.open("rb", buffering=0))
    except OSError as error:
        raise damaged(source) from error
    total = source.stat().st_size
    place.mkdir()
    with hashed.file:
        try:
            with (
                compression.ZstdFile(hashed, "rb") as plain,
                tarfile.open(fileobj=plain, mode="r|", bufsize=_CHUNK) as tar,
            ):
                for member in tar:
                    step("unpacking", hashed.count, total)
                    _extract(tar, member, place)
            hashed.drain()
        except (compression.ZstdError, EOFError, tarfile.TarError, _Unreadable, _Strange) as error:
            raise damaged(source) from error
    if hashed.hexdigest() != sha256:
        raise damaged(source)


def damaged(path: Path) -> PackDamaged:
    """The error for a pack, or what came of it, that is not what it should be."""
    return PackDamaged(f"{quoted(path)} is damaged: its bytes are not those that were packed", mend="it is made anew")


def zstd() -> ModuleType:
    """zstd as Python 3.14 has it, or the same for older ones. Raises ExtraMissing."""
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError as error:
        raise ExtraMissing("zstd, which packs environments,", "install") from error
    return zstd


class _Unreadable(Exception):
    """The pack's file does not give its bytes: that is told from a disk that does not take them."""


class _Strange(Exception):
    """A pack has a member that no environment has."""


class _Hashed:
    """A file that hashes what is read from it or written to it. count: bytes so far."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self._hash = hashlib.sha256()
        self.count = 0

    def read(self, size: int = -1) -> bytes:
        """Read on. Raises _Unreadable."""
        try:
            return self._counted(self.file.read(size))
        except OSError as error:
            raise _Unreadable from error

    def write(self, data: bytes) -> int:
        """Write on."""
        self.file.write(data)
        return len(self._counted(data))

    def flush(self) -> None:
        """Hand on what is held back."""
        self.file.flush()

    def drain(self) -> None:
        """Read what is behind the last member."""
        while self.read(_CHUNK):
            pass

    def hexdigest(self) -> str:
        """Of all so far."""
        return self._hash.hexdigest()

    def _counted(self, data: bytes) -> bytes:
        self._hash.update(data)
        self.count += len(data)
        return data


def _paths(environment: Path) -> list[Path]:
    """Everything but the links to this machine's interpreter, folders before what is in them."""
    interpreter = {path for path in (environment / "bin").glob("python*") if path.is_symlink()}
    return [path for path in sorted(environment.rglob("*")) if path not in interpreter]


def _member(path: Path, name: str) -> tarfile.TarInfo:
    """A file, folder or link of an environment, without whose it is."""
    status = path.lstat()
    member = tarfile.TarInfo(name)
    member.mode, member.mtime = stat.S_IMODE(status.st_mode), int(status.st_mtime)
    if path.is_symlink():
        member.type, member.linkname = tarfile.SYMTYPE, str(path.readlink())
    elif stat.S_ISDIR(status.st_mode):
        member.type = tarfile.DIRTYPE
    else:
        member.size = status.st_size
    return member


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    """Put one member in place. tarfile's own way looks at every folder above each file, which takes far longer."""
    if not _stays_inside(member):
        raise _Strange
    target = f"{place}/{member.name}"
    source = tar.extractfile(member) if member.isreg() else None
    if member.isdir():
        os.mkdir(target)  # noqa: PTH102 - done 20,000 times: a Path costs more than the call
    elif member.issym():
        os.symlink(member.linkname, target)  # noqa: PTH211 - done 20,000 times: a Path costs more
    elif source is None:
        raise _Strange
    else:
        with open(target, "xb", buffering=0) as file:  # noqa: PTH123 - done 20,000 times: a Path costs more
            while chunk := source.read(_CHUNK):
                file.write(chunk)
        # A program is for all who may use the machine.
        os.chmod(target, 0o755 if member.mode & 0o100 else 0o644)  # noqa: PTH101 - done 20,000 times: a Path costs more
        # Bytecode is good for a source of the very same time.
        os.utime(target, (member.mtime, member.mtime))


def _stays_inside(member: tarfile.TarInfo) -> bool:
    """Whether a member, and what it links to, lies in the environment: nothing leads upwards."""
    return not any(path.startswith("/") or ".." in path.split("/") for path in (member.name, member.linkname))
