"""What serve and pull will meet: the port, the token, the clock."""

from __future__ import annotations

import errno
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.machine.facts.fact import made

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.machine.host import Host


def port_is_free(host: Host) -> Iterator[Finding]:
    """serve can listen where the settings say."""
    network = host.network
    if network is None or network.bind_error is None:
        return
    place = f"{network.host}:{network.port}"
    match network.bind_error:
        case errno.EADDRINUSE:
            message = f"something listens at {place} already: serve cannot"
            yield Finding("port-taken", "warning", message, f"greenroom serve --port {network.port + 1}, or stop it")
        case errno.EACCES | errno.EPERM:
            message = f"this user may not listen at port {network.port}"
            yield Finding("port-privileged", "warning", message, "greenroom serve --port 7860")
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            message = f"{network.host} is no address of this machine: serve cannot listen there"
            yield Finding("host-foreign", "warning", message, "greenroom serve --host 127.0.0.1")


def token_has_its_form(host: Host) -> Iterator[Finding]:
    """The hub's token is one, and nobody else can read it."""
    token = host.network.token if host.network else None
    if token is None:
        return
    if token.fault:
        yield Finding(
            "token-form",
            "warning",
            f"the model hub's token in {token.place} is none: {token.fault}",
            "copy it again from the hub's settings, or unset it: most models need none",
        )
    if token.exposed is not None:
        yield Finding(
            "token-exposed",
            "note",
            "other users of this machine may read the model hub's token",
            f"chmod 600 {token.exposed}; greenroom doctor --fix does it",
            path=token.exposed,
        )


def clock_is_right(host: Host) -> Iterator[Finding]:
    """The clock is not before the day on which greenroom's tables were made."""
    if host.now is None:
        return
    today = datetime.fromtimestamp(host.now, UTC).date()
    if today < made() - timedelta(days=1):
        yield Finding(
            "clock-behind",
            "warning",
            f"this machine's clock says {today}, and that day is past: secure connections will be refused",
            "set the clock by NTP: timedatectl set-ntp true",
        )
