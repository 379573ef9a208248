"""Every installed file against the RECORD of its package: the one check that finds what an installer left undone.

Source: the binary distribution format, "The .dist-info directory": a row a file with path, hash and size.
"""

from __future__ import annotations

import base64
import binascii
import csv
import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from greenroom.machine.environments.lock import Locked

_HASHES = {"sha256", "sha384", "sha512"}
# Hashing lets go of Python's lock: more threads than two wait for the disk in vain.
_THREADS = 2
_CHUNK = 2**20
# Files a thread takes at a time.
_BATCH = 128


@dataclass(frozen=True, slots=True)
class Damage:
    """A file that is not as its package's RECORD has it. path: as RECORD writes it."""

    package: str
    path: str
    what: Literal["missing", "changed", "twice", "not installed", "another version", "outside", "unreadable"]

    def __str__(self) -> str:
        return f"{self.package}: {self.path} is {self.what}" if self.path else f"{self.package} is {self.what}"


@dataclass(frozen=True, slots=True)
class _Row:
    package: str
    path: str
    digest: str
    size: int | None


def site_packages(environment: Path) -> Path:
    """Where an environment has its packages. Raises FileNotFoundError."""
    for place in sorted((environment / "lib").glob("python*/site-packages")):
        return place
    raise FileNotFoundError(environment / "lib")


def find_damage(environment: Path, packages: Iterable[Locked]) -> tuple[Damage, ...]:
    """What of these packages is not as RECORD has it: every file is read and hashed, in memory that does not grow."""
    try:
        site = site_packages(environment)
    except FileNotFoundError:
        return tuple(Damage(package.name, "", "not installed") for package in packages)
    infos = _infos(site)
    found: list[Damage] = []
    rows: list[_Row] = []
    for package in packages:
        damage = _wrong_version(package, infos.get(package.name, []))
        if damage is not None:
            found.append(damage)
            continue
        own, damage = _read_rows(package.name, infos[package.name][0])
        rows += own
        if damage is not None:
            found.append(damage)
    root = os.path.realpath(environment)
    batches = [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="record") as pool:
        for damages in pool.map(lambda batch: _check(str(site), root, batch), batches):
            found += damages
    return tuple(found)


def fingerprint(environment: Path, packages: Iterable[Locked]) -> str:
    """What the system says of every recorded file: size, and time of the last change; and the RECORDs themselves.

    As long as it stays the same, nobody has touched a file since they were hashed. Empty when something is missing.
    """
    digest = hashlib.sha256()
    try:
        site = site_packages(environment)
        infos = _infos(site)
        for package in packages:
            (info,) = infos[package.name]
            record = (info / "RECORD").read_bytes()
            digest.update(record)
            for row in csv.reader(record.decode().splitlines()):
                if not _is_bytecode(row[0]):
                    known = os.stat(f"{site}/{row[0]}")  # noqa: PTH116 - 20,000 times: a Path costs more than the look
                    digest.update(f"{known.st_size} {known.st_mtime_ns}\n".encode())
    except (OSError, KeyError, ValueError, IndexError):
        return ""
    return digest.hexdigest()


def import_names(environment: Path, package: str) -> tuple[str, ...]:
    """The modules that a package brings, topmost first: ``numpy``, ``google.cloud.speech``. None if it is not whole."""
    rows = [row for info in _infos(site_packages(environment)).get(package, []) for row in _read_rows(package, info)[0]]
    modules = {name for row in rows if (name := _module(row.path))}
    packages = {name.removesuffix(".__init__") for name in modules if name.endswith(".__init__")}
    tops = {name for name in packages if not any(name.startswith(f"{other}.") for other in packages)}
    single = {name for name in modules if "." not in name}
    return tuple(sorted(name for name in tops | single if not name.split(".")[-1].startswith("_")))


def _infos(site: Path) -> dict[str, list[Path]]:
    """The .dist-info folders by normalised name; an update that was cut short leaves two of one."""
    found: dict[str, list[Path]] = {}
    for info in sorted(site.glob("*.dist-info")):
        name = info.name.removesuffix(".dist-info").rpartition("-")[0]
        found.setdefault(canonicalize_name(name), []).append(info)
    return found


def _wrong_version(package: Locked, infos: Sequence[Path]) -> Damage | None:
    if not infos:
        return Damage(package.name, "", "not installed")
    if len(infos) > 1:
        return Damage(package.name, "", "twice")
    version = infos[0].name.removesuffix(".dist-info").rpartition("-")[2]
    # Folders write a version with _ where it has -.
    if version.replace("_", "-") != package.version.replace("_", "-"):
        return Damage(package.name, "", "another version")
    return None


def _read_rows(package: str, info: Path) -> tuple[list[_Row], Damage | None]:
    """The rows of a RECORD, and what is wrong with it: one that is cut short has no row of its own, or half a row."""
    name = f"{info.name}/RECORD"
    try:
        text = (info / "RECORD").read_text(encoding="utf-8")
        listed = list(csv.reader(text.splitlines(), strict=True))
        rows = [_Row(package, path, digest, int(size) if size else None) for path, digest, size in listed]
    except FileNotFoundError:
        return [], Damage(package, name, "missing")
    except (OSError, ValueError, csv.Error):
        return [], Damage(package, name, "unreadable")
    paths = {row.path for row in rows}
    whole = {name, f"{info.name}/METADATA", f"{info.name}/WHEEL"} <= paths and text.endswith("\n")
    return rows, None if whole else Damage(package, name, "changed")


def _check(site: str, root: str, rows: Sequence[_Row]) -> list[Damage]:
    return [damage for row in rows if (damage := _check_file(site, root, row)) is not None]


def _check_file(site: str, root: str, row: _Row) -> Damage | None:
    path = os.path.normpath(f"{site}/{row.path}")
    if row.path.startswith("/") or (".." in row.path and not os.path.realpath(path).startswith(f"{root}/")):
        return Damage(row.package, row.path, "outside")
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - done 20,000 times: a Path costs more
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or (row.size is not None and status.st_size != row.size):
                return Damage(row.package, row.path, "changed")
            if row.digest and not _is_digest_of(file.fileno(), row.digest):
                return Damage(row.package, row.path, "changed")
    except FileNotFoundError:
        return None if _is_bytecode(row.path) else Damage(row.package, row.path, "missing")
    except OSError:
        return Damage(row.package, row.path, "unreadable")
    return None


def _is_digest_of(handle: int, digest: str) -> bool:
    algorithm, _, encoded = digest.partition("=")
    if algorithm not in _HASHES:
        return False
    found = hashlib.new(algorithm)
    while chunk := os.read(handle, _CHUNK):
        found.update(chunk)
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)) == found.digest()
    except binascii.Error:
        return False


def _is_bytecode(path: str) -> bool:
    """Python makes these anew when they are missing or old."""
    return path.endswith(".pyc")


def _module(path: str) -> str:
    """The module that a file is, if it is one that a program may import: ``google/cloud/speech/__init__.py``."""
    stem, dot, suffix = path.partition(".")
    names = stem.split("/")
    if not dot or suffix.rpartition(".")[2] not in {"py", "so"} or not all(name.isidentifier() for name in names):
        return ""
    return ".".join(names)


def damaged_packages(damages: Iterable[Damage]) -> Iterator[str]:
    """The names of the packages, each once."""
    yield from dict.fromkeys(damage.package for damage in damages)
