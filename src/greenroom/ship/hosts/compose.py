"""Docker Compose's answers, and what is asked of it for any project."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from greenroom.ship.deploy.errors import HostFailed

if TYPE_CHECKING:
    from greenroom.ship.hosts.host import Host


def down(host: Host, project: str) -> None:
    """Remove a project's containers and networks; volumes stay. One that is not there is gone. Raises HostFailed."""
    done = host.run(["docker", "compose", "-p", project, "down", "--remove-orphans"], timeout_s=300.0)
    if done.code:
        raise HostFailed(f"docker compose -p {project} down failed: {done.last_words}", mend="run it there by hand")


def projects(host: Host) -> dict[str, str]:
    """All projects of a machine with their status, such as ``running(1)``. Raises HostFailed."""
    done = host.run(["docker", "compose", "ls", "--all", "--format", "json"])
    if done.code:
        raise HostFailed(f"docker compose ls failed: {done.last_words}", mend="is Docker running there?")
    return {str(one.get("Name")): str(one.get("Status")) for one in listed(done.out)}


def listed(text: str) -> list[dict[str, Any]]:
    """What ``--format json`` of Compose prints: one list, or since 2.21 an object a line. Raises HostFailed."""
    try:
        if text.lstrip().startswith("["):
            found = json.loads(text)
        else:
            found = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise HostFailed("docker compose gives no JSON", mend="install Docker Compose 2 or newer") from error
    return [one for one in found if isinstance(one, dict)]
