"""What of a deploy is on its host now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.ship.deploy.errors import HostFailed
from greenroom.ship.deploy.standing import Running, Standing
from greenroom.ship.hosts.deploying import address
from greenroom.ship.hosts.host import host
from greenroom.ship.hosts.project import SLOTS, project
from greenroom.ship.hosts.release import listed

if TYPE_CHECKING:
    from greenroom.ship.deploy.records import History
    from greenroom.ship.deploy.standing import Role

_COUNT = re.compile(r"(\w+)\((\d+)\)")


def survey_host(history: History) -> tuple[Standing, tuple[Running, ...]]:
    """Look at both slots of one name. Raises HostFailed, InputInvalid."""
    last = history.unfinished or history.current or history.releases[-1]
    name = str((last.wanted or last.before or {}).get("host", ""))
    done = host(name).run(["docker", "compose", "ls", "--all", "--format", "json"])
    if done.code:
        raise HostFailed(f"docker compose ls failed: {done.last_words}", mend="is Docker running there?")
    there = {str(one.get("Name")): str(one.get("Status")) for one in listed(done.out)}
    running = []
    for slot in SLOTS:
        if (mine := project(history.name, slot)) in there:
            states = {state: int(count) for state, count in _COUNT.findall(there[mine])}
            running.append(Running("project", _role(history, mine), mine, name or "this machine", states, 0, 0.0))
    release = (
        history.unfinished if history.endpoint != (history.current and history.current.endpoint) else history.current
    )
    standing = Standing(
        history.name,
        release.masked if release else None,
        history.unfinished.masked if history.unfinished else None,
        history.endpoint,
        address(release) if release else "",
        release.image if release else "",
        percent=100 if history.endpoint in there else None,
        gone=history.endpoint is not None and history.endpoint not in there,
    )
    return standing, tuple(running)


def _role(history: History, mine: str) -> Role:
    under_way = history.unfinished
    if mine == history.endpoint:
        return "in-use"
    if under_way is not None and mine == under_way.endpoint:
        return "unfinished"
    if mine in {release.beside for release in (under_way, history.current) if release}:
        return "beside"
    return "stray"
