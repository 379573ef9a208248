"""The proxy that the environment names: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY, as other programs read them."""

from __future__ import annotations

import urllib.request
from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

from greenroom.weights.transfer.errors import Unreachable

if TYPE_CHECKING:
    from greenroom.weights.transfer.address import Address

_PORT = 8080  # what most programs take where a proxy has no port of its own


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy. headers: what it is told of us."""

    host: str
    port: int
    headers: dict[str, str] = field(repr=False)

    @classmethod
    def towards(cls, address: Address) -> Self | None:
        """The proxy on the way to an address, or None. Raises Unreachable for one that is not spoken to over HTTP."""
        proxies = urllib.request.getproxies()
        named = proxies.get(address.scheme) or proxies.get("all")
        if not named or urllib.request.proxy_bypass(f"{address.host}:{address.port}"):
            return None
        try:
            parts = urlsplit(named if "://" in named else f"http://{named}")
            host, port = parts.hostname, parts.port or _PORT
        except ValueError:
            host, port = None, _PORT
        else:
            host = host if parts.scheme == "http" else None
        if host is None:
            raise Unreachable(
                f"the proxy of the environment, on the way to {address.authority}, is none that is spoken to over HTTP",
                mend=f"set {address.scheme.upper()}_PROXY to http://HOST:PORT, or NO_PROXY to {address.host}",
            )
        who = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
        return cls(host, port, {"Proxy-Authorization": f"Basic {b64encode(who.encode()).decode()}"} if who else {})
