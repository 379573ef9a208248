"""What an environment will cost, from its lock alone, before a byte of a package moves."""

from __future__ import annotations

import shutil
import tempfile
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import urlsplit

from greenroom.machine.environments.errors import DiskShort
from greenroom.machine.environments.lock import Lock, local_path
from greenroom.recipes.sizes import readable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenroom.machine.environments.folder import Degraded, Environment
    from greenroom.machine.environments.installer import Installer
    from greenroom.machine.environments.lock import Locked

# Bytes that a byte of a wheel becomes, roughly: 2.9 for all of the models' set (benchmarks/install.py). The compiled
# libraries that the largest wheels hold shrink less, and a guess too high would refuse what fits.
_UNPACKED = 3
_UNPACKED_LARGE = 2
_LARGE = 100_000_000
# What stays free on a file system, for all that others write meanwhile.
MARGIN = 256 * 2**20
_ASK_S = 10.0
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Space:
    """A folder and what the install takes there. needs and free: bytes; ``left`` is of its whole file system."""

    purpose: str
    folder: Path
    needs: int
    free: int
    left: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an install takes.

    packages: in the environment.  fetched: packages from elsewhere that no other environment here has.  download: their
    bytes at most, since the installer's cache may have some, of ``unsized`` packages unknown.  unpacked: bytes of the
    environment, estimated.  degraded: parts that will not be there.
    """

    environment: str
    installer: str
    packages: int
    fetched: int
    download: int
    unsized: int
    unpacked: int
    spaces: tuple[Space, ...]
    degraded: tuple[Degraded, ...] = ()
    warnings: tuple[str, ...] = ()


def with_sizes(lock: Lock) -> Lock:
    """The lock with sizes of what it gives none for: local files are looked at, servers are asked."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="size") as pool:
        sizes = pool.map(lambda package: package.size or _size(package), lock.packages)
        return Lock(tuple(replace(package, size=size) for package, size in zip(lock.packages, sizes, strict=True)))


def estimate(lock: Lock, installer: Installer, root: Path, here: Iterable[Environment]) -> Estimate:
    """What an environment of this lock takes in ``root``, beside the environments that are here."""
    cached = {package.sha256 for environment in here for package in environment.lock.packages}
    new = [package for package in lock.packages if package.sha256 not in cached]
    fetched = [package for package in new if not package.is_local]
    unpacked = unpacked_bytes(lock.packages)
    return Estimate(
        environment=lock.id,
        installer=installer.name,
        packages=len(lock.packages),
        fetched=len(fetched),
        download=sum(package.size or 0 for package in fetched),
        unsized=sum(package.size is None for package in new),
        unpacked=unpacked,
        spaces=_spaces(new, unpacked, installer, root),
    )


def unpacked_bytes(packages: Iterable[Locked]) -> int:
    """What packages take once they are installed, estimated."""
    sizes = [package.size or 0 for package in packages]
    return sum(size * (_UNPACKED_LARGE if size > _LARGE else _UNPACKED) for size in sizes)


def check_room(estimated: Estimate) -> None:
    """Refuse what would fill a file system. Raises DiskShort."""
    for space in estimated.spaces:
        if space.needs and space.left < MARGIN:
            raise _short(space.needs, space.folder, space.purpose, space.free)


def check_free(folder: Path, needs: int) -> None:
    """Refuse bytes that would fill the file system of a folder. Raises DiskShort."""
    if (free := _free(folder)) - needs < MARGIN:
        raise _short(needs, folder, "environments", free)


def _short(needs: int, folder: Path, purpose: str, free: int) -> DiskShort:
    return DiskShort(
        f"the environment needs about {readable(needs)} in {folder} ({purpose}), where {readable(free)} are free and "
        f"{readable(MARGIN)} stay so",
        mend="free some room, or choose another folder with --into",
    )


def _spaces(new: list[Locked], unpacked: int, installer: Installer, root: Path) -> tuple[Space, ...]:
    cache = installer.cache()
    temp = Path(tempfile.gettempdir())
    shared = installer.links and _device(cache) == _device(root)
    needs = {
        "environments": (root, 0 if shared else unpacked),
        # uv keeps packages unpacked, pip as they came.
        "cache": (cache, unpacked_bytes(new) if installer.links else _bytes(new)),
        # pip unpacks one after another there; uv works within its cache.
        "temp": (temp, 0 if installer.links else max((package.size or 0 for package in new), default=0)),
    }
    by_device: dict[int, int] = {}
    for folder, amount in needs.values():
        by_device[_device(folder)] = by_device.get(_device(folder), 0) + amount
    return tuple(
        Space(purpose, folder, amount, free := _free(folder), free - by_device[_device(folder)])
        for purpose, (folder, amount) in needs.items()
    )


def _bytes(packages: Iterable[Locked]) -> int:
    return sum(package.size or 0 for package in packages)


def _size(package: Locked) -> int | None:
    if (path := local_path(package.url)) is not None:
        return path.stat().st_size
    if urlsplit(package.url).scheme not in {"http", "https"}:
        return None
    request = urllib.request.Request(package.url, method="HEAD")  # noqa: S310 - the scheme was just looked at
    try:
        with urllib.request.urlopen(request, timeout=_ASK_S) as answer:  # noqa: S310 - the scheme is http or https
            length = answer.headers.get("Content-Length")
    except (URLError, OSError, ValueError):
        return None  # the plan says of how many packages nobody knew the size
    return int(length) if length and length.isdecimal() else None


def _existing(folder: Path) -> Path:
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())


def _device(folder: Path) -> int:
    return _existing(folder).stat().st_dev


def _free(folder: Path) -> int:
    return shutil.disk_usage(_existing(folder)).free
