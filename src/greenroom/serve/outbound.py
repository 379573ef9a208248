"""Connections to addresses that others name: to the public internet alone, unless private networks are allowed.

A name is resolved here, all that it resolves to is checked, and the connection goes to what was checked: an answer of
DNS that changes between the check and the use changes nothing. TLS still verifies the name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import httpcore

from greenroom.errors import GreenroomError, InputInvalid, quoted

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_LONGEST_URL = 8000
# What stands in a path or a query as it is; what is quoted already stays so.
_SAFE = "%/:=&?~+!$,;'@()*[]|-._"

# What Python's tables call global, or leave open, and what still leads somewhere that no stranger may send us.
_REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "100.64.0.0/10",  # behind a provider's NAT; one cloud has its metadata there
        "168.63.129.16/32",  # a cloud's platform, reached from inside alone
        "192.0.0.0/24",  # of protocols; one cloud has its metadata there
        "192.88.99.0/24",  # relays of 6to4
        "::/96",  # IPv4 in an old dress
        "64:ff9b:1::/48",  # NAT64 of a local network
        "2001::/23",  # of protocols, Teredo among them
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing
        "fec0::/10",  # site-local, before fc00::/7
    )
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class UrlRefused(InputInvalid):
    """An address is not one that may be used."""

    code = "url-refused"


class FetchFailed(GreenroomError):
    """What an address leads to did not answer as it should."""

    code = "url-unreachable"
    retryable = True


def is_public(address: str) -> bool:
    """Whether an IP address, and the IPv4 address inside it if there is one, belongs to the public internet."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is None and found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
    refused = any(found.version == network.version and found in network for network in _REFUSED)
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified or refused)


def check_url(url: str, *, allow_private: bool = False) -> httpcore.URL:
    """An address as connections take it, if its form is fine; where it leads to is seen when it is used.

    Letters beyond ASCII are encoded as browsers do. Raises UrlRefused.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, (parts.hostname or "")
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError:  # UnicodeError among them
        parts, port, host = urlsplit(""), None, ""
    if not host or len(url) > _LONGEST_URL or any(sign <= " " or sign == "\x7f" for sign in url):
        raise UrlRefused("that is no address of a file", mend="give one such as https://host/file.wav")
    if parts.scheme not in ("http", "https"):
        raise UrlRefused(f"addresses with {quoted(parts.scheme)} are not used", mend="give an http or https address")
    if "@" in parts.netloc:
        raise UrlRefused("an address with a name and a password is not used", mend="leave out what stands before the @")
    if not allow_private and _is_literal(host) and not is_public(host):
        raise _not_public(host)
    target = quote(parts.path or "/", safe=_SAFE, errors="replace")
    if parts.query:
        target += f"?{quote(parts.query, safe=_SAFE, errors='replace')}"
    return httpcore.URL(scheme=parts.scheme, host=host, port=port, target=target)


def host_header(url: httpcore.URL) -> str:
    """As Host names it: an IPv6 address in brackets, and a port if it was given."""
    name = url.host.decode()
    name = f"[{name}]" if ":" in name else name
    return name if url.port is None else f"{name}:{url.port}"


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """All addresses of a name, as this machine sees them. Also reads 0x7f.1 and its like, as connecting would."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def pool(
    *, allow_private: bool = False, resolve: Resolve = resolve_by_system, tls: ssl.SSLContext | None = None
) -> httpcore.AsyncConnectionPool:
    """A pool of connections that go nowhere but where they may. tls: whom to trust; the usual ones if not given.

    Its requests raise UrlRefused beside httpcore's errors. A proxy of the environment is not used: it would connect for
    us.
    """
    return httpcore.AsyncConnectionPool(
        ssl_context=tls, network_backend=_Checked(allow_private, resolve), max_connections=20, retries=0
    )


class _Checked(httpcore.AsyncNetworkBackend):
    """Resolves, checks, and connects to what was checked."""

    def __init__(self, allow_private: bool, resolve: Resolve) -> None:
        self._allow_private, self._resolve = allow_private, resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of the host that takes it, all of which are public."""
        until = None if timeout is None else asyncio.get_running_loop().time() + timeout
        try:
            async with asyncio.timeout_at(until):
                addresses = await self._resolve(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(str(error)) from error
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise _not_public(host)
        failure: Exception = httpcore.ConnectError("the name has no address")
        for address in addresses:
            left = None if until is None else max(0.1, until - asyncio.get_running_loop().time())
            try:
                return await self._inner.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _not_public(host: str) -> UrlRefused:
    # The host is what was given; the address that it leads to says how our network is made, and stays here.
    return UrlRefused(
        f"{host} does not lead to the public internet",
        mend="upload the file instead, or set allow_private_urls on the server",
    )
