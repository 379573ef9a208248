"""Who can reach the server: without a key, this machine alone, unless it is said otherwise."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING

from greenroom.errors import GreenroomError, InputInvalid, quoted
from greenroom.settings import variable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Resolve = Callable[[str], Sequence[str]]


class OpenWithoutKey(GreenroomError):
    """The server would be open to everybody who reaches its address."""

    code = "open-without-key"
    exit_code = 2

    def __init__(self, host: str) -> None:
        super().__init__(
            f"{quoted(host)} can be reached from other machines, and no key is set",
            mend=f"set {variable('api_key')} or a file of --keys, listen on 127.0.0.1, or say --allow-anonymous",
        )


class HostUnusable(InputInvalid):
    """The host has no address to listen on."""

    code = "host-unusable"


def resolve(host: str) -> tuple[str, ...]:
    """The addresses of a name. Raises HostUnusable."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise HostUnusable(
            f"the host {quoted(host)} has no address", mend="give 127.0.0.1, 0.0.0.0 or a name of this machine"
        ) from error
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def check_binding(host: str, *, has_key: bool, allow_anonymous: bool, resolve: Resolve = resolve) -> tuple[str, ...]:
    """Decide whether ``host`` may be listened on; gives the addresses it stands for, which are what was checked.

    Every address of a name must be a loopback address for the name to be one. Raises OpenWithoutKey, HostUnusable.
    """
    name = host.strip()
    # An empty host is every address, as sockets have it.
    addresses = tuple(resolve(name.removeprefix("[").removesuffix("]"))) if name else ("0.0.0.0", "::")  # noqa: S104
    if not (has_key or allow_anonymous or all(is_loopback(address) for address in addresses)):
        raise OpenWithoutKey(host)
    return addresses


def is_loopback(address: str) -> bool:
    """Whether nothing but this machine can use an address."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return found.is_loopback
