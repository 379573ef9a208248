"""An address, taken apart: where to connect, and what to ask for there."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, urljoin, urlsplit

from greenroom.weights.transfer.errors import AddressInvalid, RedirectRefused
from greenroom.weights.transfer.source import shown

# What stands in a path or a query as it is; what is quoted already stays so.
_SAFE = "%/:=&?~+!$,;'@()*[]|-._"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Address:
    """scheme: http or https.  host: as DNS knows it, or an IP address.  target: path and query, quoted."""

    scheme: str
    host: str
    port: int
    target: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Take a URL apart. Raises AddressInvalid."""
        try:
            parts = urlsplit(url)
            host = (
                (parts.hostname or "").encode("idna").decode() if ":" not in (parts.hostname or "") else parts.hostname
            )
            port = parts.port
        except (ValueError, UnicodeError):
            raise AddressInvalid(f"{shown(url)} is no address", mend="check how it is written") from None
        if parts.scheme not in _PORTS or not host:
            raise AddressInvalid(f"{shown(url)} is no http or https address", mend="give one with https:// before it")
        if parts.username is not None or parts.password is not None:
            raise AddressInvalid(
                f"the address at {host} holds a user's name or a password", mend="leave out what stands before the @"
            )
        target = quote(parts.path or "/", safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
        return cls(parts.scheme, host, port or _PORTS[parts.scheme], target)

    @property
    def origin(self) -> tuple[str, str, int]:
        """What two addresses share when headers for one may go to the other."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """Host and port as HTTP names them: an IPv6 address in brackets, no port where it is the scheme's own."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _PORTS[self.scheme] else f"{name}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address, its query included: for a proxy, not for a message."""
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def shown(self) -> str:
        """The address as it may stand in a message."""
        return shown(self.url)

    @property
    def is_loopback(self) -> bool:
        """Whether it leads to this machine, where nobody listens on the way."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def onward(self, location: str) -> Address:
        """Where a redirect leads. Raises RedirectRefused: to no address, or from https to http."""
        try:
            onward = Address.parse(urljoin(self.url, location.strip()))
        except (AddressInvalid, ValueError) as error:
            # What the host said is not repeated: it may hold a secret.
            raise RedirectRefused(
                f"{self.shown} leads on to what is no address of a file", mend="ask who runs the host, or use a mirror"
            ) from error
        if self.scheme == "https" and onward.scheme == "http" and not onward.is_loopback:
            raise RedirectRefused(
                f"{self.shown} leads from https to http, where anyone on the way may change the file",
                mend="use a mirror that stays with https",
            )
        return onward
