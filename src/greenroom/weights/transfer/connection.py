"""A connection to a host: direct or through a proxy, kept open between requests."""

from __future__ import annotations

import contextlib
import socket
import ssl
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection, RemoteDisconnected
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.weights.transfer.errors import Interrupted, Unreachable
from greenroom.weights.transfer.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from http.client import HTTPResponse

    from greenroom.weights.transfer.address import Address
    from greenroom.weights.transfer.patience import Patience

# How a request on a kept connection ends when the host has closed it meanwhile.
_CLOSED_MEANWHILE = (RemoteDisconnected, BrokenPipeError, ConnectionResetError)


class Connection:
    """One connection at a time, used by one thread. Another may call ``abort``."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._http: HTTPConnection | None = None
        self._origin: tuple[str, str, int] | None = None
        self._proxy: Proxy | None = None
        self._response: HTTPResponse | None = None
        # HTTPConnection forgets its socket where the answer is the last one; its bytes still come through it.
        self._sock: socket.socket | None = None

    def get(self, address: Address, headers: Mapping[str, str]) -> HTTPResponse:
        """The head of the answer to a GET. Raises Unreachable, Interrupted."""
        try:
            if self._stands_open_to(address):
                with contextlib.suppress(*_CLOSED_MEANWHILE):
                    return self._ask(address, headers)
            self._open(address)
            return self._ask(address, headers)
        except (OSError, HTTPException) as error:
            self.close()
            raise broken_off(address, error) from error

    def close(self) -> None:
        """Let go of the connection and of what it still has to say."""
        if self._response is not None:
            self._response.close()
        if self._http is not None:
            self._http.close()
        self._http = self._response = self._origin = self._sock = None

    def abort(self) -> None:
        """Wake the thread that waits for bytes: it meets the end of the answer."""
        if (sock := self._sock) is not None:
            with contextlib.suppress(OSError):
                # Below TLS: an SSLSocket that is shut down would hand out what still comes undeciphered.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _stands_open_to(self, address: Address) -> bool:
        """Whether the connection leads there, and the last answer on it was read to its end."""
        read = self._response is not None and self._response.isclosed()
        return read and self._origin == address.origin and self._http is not None and self._http.sock is not None

    def _open(self, address: Address) -> None:
        self.close()
        self._proxy = Proxy.towards(address)
        self._http, self._origin = _unopened(address, self._proxy, self._patience.connect_s), address.origin
        try:
            self._http.connect()
        except ssl.SSLCertVerificationError as error:
            raise Unreachable(
                f"{address.authority} cannot prove who it is: {error.verify_message}",
                mend="check this machine's clock and its certificates; SSL_CERT_FILE names others",
            ) from error
        except (OSError, HTTPException) as error:
            by = f" through the proxy {self._proxy.host}" if self._proxy else ""
            raise Unreachable(
                f"{address.authority} cannot be reached{by}: {_reason(error)}",
                mend="check the network and the name of the host; behind a proxy, set HTTPS_PROXY",
            ) from error
        self._sock = self._http.sock
        self._http.sock.settimeout(self._patience.stall_s)

    def _ask(self, address: Address, headers: Mapping[str, str]) -> HTTPResponse:
        assert self._http is not None  # noqa: S101 - ``get`` has opened it
        target, said = address.target, {"Host": address.authority, **headers}
        if self._proxy is not None and address.scheme == "http":  # for https the proxy only tunnels
            target, said = address.url, said | self._proxy.headers
        self._http.request("GET", target, headers=said)
        self._response = self._http.getresponse()
        return self._response


def broken_off(address: Address, why: Exception | str) -> Interrupted:
    """An answer that did not come to its end."""
    reason = why if isinstance(why, str) else _reason(why)
    return Interrupted(f"the answer of {address.shown} broke off: {reason}", mend="check the network")


def _reason(error: Exception) -> str:
    """What the system says. What the host said is left out: it may repeat what it was sent."""
    if isinstance(error, TimeoutError):
        return "it takes too long"
    if isinstance(error, RemoteDisconnected | ConnectionResetError | BrokenPipeError):
        return "the connection was closed"
    if isinstance(error, HTTPException):
        return "what it says is not HTTP"
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _unopened(address: Address, proxy: Proxy | None, timeout_s: float) -> HTTPConnection:
    host, port = (address.host, address.port) if proxy is None else (proxy.host, proxy.port)
    if address.scheme == "http":
        return HTTPConnection(host, port, timeout=timeout_s)
    connection = HTTPSConnection(host, port, timeout=timeout_s, context=_trusted())
    if proxy is not None:
        connection.set_tunnel(address.host, address.port, headers=proxy.headers)
    return connection


@cache
def _trusted() -> ssl.SSLContext:
    """Whom to believe: the system, or certifi where the system has no list, as in slim images."""
    paths = ssl.get_default_verify_paths()
    if not paths.cafile and not (paths.capath and any(Path(paths.capath).iterdir())):
        with contextlib.suppress(ImportError):
            import certifi

            return ssl.create_default_context(cafile=certifi.where())
    return ssl.create_default_context()
