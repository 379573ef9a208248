"""A lock: every package of an environment by version, place and hash. It names the environment.

Files are ``pylock.toml`` (PEP 751).
"""

from __future__ import annotations

import hashlib
import json
import sysconfig
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.pylock import (
    PackageArchive,
    PackageSdist,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockValidationError,
)

from greenroom.errors import quoted
from greenroom.machine.environments.errors import LockInvalid
from greenroom.machine.environments.index_settings import redacted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.pylock import Package

# Of the 64 letters of a hash, enough to be a name.
ID_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock.

    name: normalised.  sha256: of the wheel or source archive at ``url``.  size: its bytes; None where nobody says.
    part: the extra of greenroom that it came with; empty for what is needed.  by_url: whether it is fetched from its
    URL and not by its name from the index.
    """

    name: str
    version: str
    url: str
    sha256: str
    size: int | None = None
    part: str = ""
    by_url: bool = False

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel, and not a source archive that has to be built."""
        return self.url.endswith(".whl")

    @property
    def is_local(self) -> bool:
        """Whether it lies on this machine."""
        return self.url.startswith("file:")

    @property
    def requirement(self) -> str:
        """A line that pip and uv take, with the hash that they check."""
        place = f" @ {self.url}" if self.by_url or self.is_local else f"=={self.version}"
        return f"{self.name}{place} --hash=sha256:{self.sha256}"

    @property
    def pin(self) -> str:
        """``name==version``."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True, slots=True)
class Lock:
    """All packages of an environment, by name."""

    packages: tuple[Locked, ...]

    @classmethod
    def of(cls, packages: Iterable[Locked]) -> Self:
        """In the order of names."""
        return cls(tuple(sorted(packages, key=lambda package: package.name)))

    @property
    def id(self) -> str:
        """Names the environment: what is in it, by content, and the Python and platform that it is for.

        Where a package is fetched from does not count.
        """
        lines = [f"{package.pin} {package.sha256}" for package in self.packages]
        return hashlib.sha256("\n".join([python_tag(), *lines]).encode()).hexdigest()[:ID_LENGTH]

    @property
    def download(self) -> int:
        """Bytes of all packages whose size is known."""
        return sum(package.size or 0 for package in self.packages)

    def only(self, part: str) -> tuple[Locked, ...]:
        """The packages of one part."""
        return tuple(package for package in self.packages if package.part == part)

    def without(self, part: str) -> Lock:
        """The lock less the packages of one part."""
        return Lock(tuple(package for package in self.packages if package.part != part))

    def with_part(self, part: str, packages: Iterable[Locked]) -> Lock:
        """The lock and what ``packages`` adds to it, as a part."""
        known = {package.name for package in self.packages}
        return Lock.of((*self.packages, *(replace(new, part=part) for new in packages if new.name not in known)))

    def as_toml(self) -> str:
        """The lock as a pylock.toml, without users and passwords."""
        head = 'lock-version = "1.0"\ncreated-by = "greenroom"\n'
        return head + "".join(_as_toml(package) for package in self.packages)


def python_tag() -> str:
    """The Python and the platform that an environment is for: ``cpython-311-x86_64-linux-gnu``."""
    return str(sysconfig.get_config_var("SOABI"))


def read(path: Path, *, by_url: bool = False) -> Lock:
    """A lock for this Python and platform.

    by_url: fetch everything from where the lock says. Raises LockInvalid.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LockInvalid(f"the lock {quoted(path)} cannot be read: {error}", mend="name a pylock.toml") from error
    return parse(content, path, by_url=by_url)


def parse(content: dict[str, object], path: Path, *, by_url: bool = False) -> Lock:
    """A lock as TOML has it; ``path`` is where relative paths begin. Raises LockInvalid."""
    try:
        return Lock.of(_selected(Pylock.from_dict(content), path, by_url))
    except (PylockValidationError, PylockSelectError) as error:
        raise LockInvalid(
            f"{quoted(path)} is no lock for this Python: {error}",
            mend="make it with uv pip compile -o pylock.toml, for this Python and platform",
        ) from error


def _selected(lock: Pylock, path: Path, by_url: bool) -> Iterator[Locked]:
    for package, source in lock.select():
        if not isinstance(source, PackageWheel | PackageSdist | PackageArchive) or package.version is None:
            raise LockInvalid(
                f"{quoted(path)} names a folder or a repository for {package.name}",
                mend="lock releases of an index, or wheels",
            )
        url = source.url or (path.parent / str(source.path)).resolve().as_uri()
        digest = source.hashes.get("sha256") or _digest_of_local(url)
        if digest is None:
            raise LockInvalid(f"{quoted(path)} has no SHA-256 for {package.name}", mend="lock it with hashes")
        part = _part_of(package)
        yield Locked(str(package.name), str(package.version), url, digest, source.size, part, by_url)


def local_path(url: str) -> Path | None:
    """The file that a file: URL names; None for other URLs."""
    parts = urlsplit(url)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


def _digest_of_local(url: str) -> str | None:
    """uv gives no hash of a wheel that it was shown as a file."""
    path = local_path(url)
    if path is None:
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _part_of(package: Package) -> str:
    ours = (package.tool or {}).get("greenroom", {})
    return str(ours.get("part", ""))


def _as_toml(package: Locked) -> str:
    size = f", size = {package.size}" if package.size is not None else ""
    place = f"url = {_string(redacted_url(package.url))}{size}, hashes = {{ sha256 = {_string(package.sha256)} }}"
    source = f"wheels = [{{ {place} }}]" if package.is_wheel else f"sdist = {{ {place} }}"
    part = f"tool = {{ greenroom = {{ part = {_string(package.part)} }} }}\n" if package.part else ""
    named = f"name = {_string(package.name)}\nversion = {_string(package.version)}\n"
    return f"\n[[packages]]\n{named}{source}\n{part}"


def redacted_url(url: str) -> str:
    """A URL without user and password; who fetches it has them from the settings of the index."""
    return redacted(url).replace("****@", "")


def _string(text: str) -> str:
    """A basic string of TOML; JSON writes the same."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
