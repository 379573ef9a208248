"""Files that inputs name by URL are fetched, and webhooks are posted, without becoming a way into our own network."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING
from urllib.parse import urljoin

import httpcore

from greenroom import __version__
from greenroom.errors import InputInvalid
from greenroom.files import is_disk_full
from greenroom.jobs.errors import StorageFull
from greenroom.serve.outbound import FetchFailed, UrlRefused, check_url, host_header, pool, resolve_by_system

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from greenroom.inputs import Media
    from greenroom.serve.outbound import Resolve

_REDIRECTS = 5
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
# What is read at once, hashed and written by a thread.
_PIECE = 1 << 20
_HEADERS = {"User-Agent": f"greenroom/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}

# The first half of types that may hold each kind. Servers that know nothing better say octet-stream; what a file is
# is seen when it is looked at.
_FITTING: dict[Media, tuple[str, ...]] = {
    "audio": ("audio", "video"),
    "video": ("video", "image"),  # an animated GIF
    "image": ("image",),
    "video-or-image": ("video", "image"),
}
_ANY = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/ogg", "application/mp4"})


class FileTooLarge(InputInvalid):
    """What an address leads to is larger than what is taken."""

    code = "media-invalid"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. read: without a byte.  whole: for all of it, redirects included."""

    connect: float = 10.0
    read: float = 30.0
    whole: float = 600.0

    def extension(self) -> dict[str, dict[str, float]]:
        """As httpcore reads them."""
        return {"timeout": {"connect": self.connect, "read": self.read, "write": self.read, "pool": self.connect}}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched. media_type: what the other server says of it."""

    path: Path
    size: int
    sha256: str
    media_type: str


class Fetcher:
    """Fetches and posts. allow_private: also from and to addresses of private networks.  tls: whom to trust."""

    def __init__(
        self,
        *,
        max_bytes: int = 1_000_000_000,
        allow_private: bool = False,
        timeouts: Timeouts | None = None,
        resolve: Resolve = resolve_by_system,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._max_bytes, self._allow_private = max_bytes, allow_private
        self._timeouts = timeouts or Timeouts()
        self._resolve, self._tls = resolve, tls

    def check(self, url: str) -> None:
        """Refuse an address for its form, before anything is accepted. Raises UrlRefused."""
        self._located(url)

    async def fetch(self, url: str, folder: Path, media: Media) -> Fetched:
        """Fetch a file into a folder, under a name of ours. Leaves nothing behind when it fails.

        Raises UrlRefused, FetchFailed, FileTooLarge, StorageFull.
        """
        host = self._located(url).host.decode()
        target = folder / f"fetched-{secrets.token_hex(8)}"
        done = False
        try:
            async with _in_words(host), asyncio.timeout(self._timeouts.whole), self._pool() as connections:
                fetched = await self._follow(connections, url, target, media)
            done = True
        finally:
            if not done:
                target.unlink(missing_ok=True)
        return fetched

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Post a message; gives the status of the answer. No redirect is followed. Raises UrlRefused, FetchFailed."""
        at = self._located(url)
        sent = {**_HEADERS, **headers, "Host": host_header(at)}
        said, timeouts = list(sent.items()), self._timeouts.extension()
        async with (
            _in_words(at.host.decode()),
            asyncio.timeout(self._timeouts.read),
            self._pool() as connections,
            connections.stream("POST", at, headers=said, content=body, extensions=timeouts) as answer,
        ):
            return answer.status

    def _located(self, url: str) -> httpcore.URL:
        return check_url(url, allow_private=self._allow_private)

    def _pool(self) -> httpcore.AsyncConnectionPool:
        return pool(allow_private=self._allow_private, resolve=self._resolve, tls=self._tls)

    async def _follow(self, connections: httpcore.AsyncConnectionPool, url: str, target: Path, media: Media) -> Fetched:
        for _ in range(_REDIRECTS + 1):
            at = self._located(url)
            headers = list({**_HEADERS, "Host": host_header(at)}.items())
            async with connections.stream("GET", at, headers=headers, extensions=self._timeouts.extension()) as answer:
                said = {name.lower().decode(): value.decode("latin-1") for name, value in answer.headers}
                if answer.status in _REDIRECTING and "location" in said:
                    url = _onward(url, said["location"].strip())
                    continue
                self._check(answer.status, said, at.host.decode(), media)
                size, digest = await self._keep(answer, target)
                return Fetched(target, size, digest, _type(said))
        raise FetchFailed(
            f"the address leads on more than {_REDIRECTS} times", mend="give the address of the file itself"
        )

    def _check(self, status: int, said: Mapping[str, str], host: str, media: Media) -> None:
        if status != 200:
            raise FetchFailed(f"{host} answered {status}", mend="check that the address gives the file without a login")
        if said.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise FetchFailed(f"{host} packs the file though it was asked not to", mend="upload the file instead")
        kind = _type(said)
        if kind not in _ANY and kind.partition("/")[0] not in _FITTING[media]:
            raise UrlRefused(f"the address gives {kind[:60]}, not {media}", mend="give the address of the file itself")
        length = said.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length[:20]) > self._max_bytes:
            raise self._too_large()

    async def _keep(self, answer: httpcore.Response, target: Path) -> tuple[int, str]:
        size, digest = 0, hashlib.sha256()
        with target.open("xb") as file:
            async for piece in _batched(answer):
                size += len(piece)
                if size > self._max_bytes:
                    raise self._too_large()
                await asyncio.to_thread(_write, file, digest.update, piece)
        return size, digest.hexdigest()

    def _too_large(self) -> FileTooLarge:
        return FileTooLarge(
            f"the file has more than {self._max_bytes:,} bytes", mend=f"give one of {self._max_bytes:,} bytes or fewer"
        )


def _onward(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise UrlRefused("the address leads on to none", mend="give the address of the file itself") from None


async def _batched(answer: httpcore.Response) -> AsyncIterator[bytes]:
    held = bytearray()
    async for piece in answer.aiter_stream():
        held += piece
        if len(held) >= _PIECE:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def _write(file: IO[bytes], digest: Callable[[bytes], None], piece: bytes) -> None:
    file.write(piece)
    digest(piece)


@contextlib.asynccontextmanager
async def _in_words(host: str) -> AsyncIterator[None]:
    """What can go wrong on the way, without the addresses that stand in the system's words."""
    mend = "check the address, or upload the file"
    try:
        yield
    except (TimeoutError, httpcore.TimeoutException) as error:
        raise FetchFailed(f"{host} takes too long to answer", mend=mend) from error
    except httpcore.ConnectError as error:
        raise FetchFailed(f"{host} cannot be reached", mend=mend) from error
    except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.UnsupportedProtocol) as error:
        raise FetchFailed(f"the answer of {host} broke off, or is not HTTP", mend=mend) from error
    except OSError as error:
        if is_disk_full(error):
            raise StorageFull from error
        raise


def _type(said: Mapping[str, str]) -> str:
    return said.get("content-type", "").partition(";")[0].strip().lower()
