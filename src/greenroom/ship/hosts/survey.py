"""What of a deploy is on its host now."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.errors import GreenroomError
from greenroom.findings import Finding
from greenroom.ship.deploy.standing import Running, Standing, Survey
from greenroom.ship.hosts.compose import projects
from greenroom.ship.hosts.host import host
from greenroom.ship.hosts.project import SLOTS, project

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenroom.ship.deploy.records import History, Release
    from greenroom.ship.deploy.standing import Role
    from greenroom.ship.hosts.host import Host

_COUNT = re.compile(r"(\w+)\((\d+)\)")


def survey_hosts(histories: Iterable[History]) -> Survey:
    """Every name on its machine; one that cannot be reached hides nothing of the others."""
    seen = Survey()
    for history in histories:
        try:
            standing, running = survey_host(host(host_name(history.last or history.releases[-1])), history)
        except GreenroomError as error:
            message = f"{history.name}: {error.message}"
            seen += Survey(findings=(Finding(error.code, "error", message, error.mend),))
        else:
            seen += Survey((standing,), running)
    return seen


def survey_host(machine: Host, history: History) -> tuple[Standing, tuple[Running, ...]]:
    """Look at both slots of one name. Raises HostFailed."""
    there = projects(machine)
    running = []
    for slot in SLOTS:
        if (mine := project(history.name, slot)) in there:
            states = {state: int(count) for state, count in _COUNT.findall(there[mine])}
            place = machine.name or "this machine"
            running.append(Running("project", _role(history, mine), mine, place, states, 0, 0.0))
    under_way, current = history.unfinished, history.current
    release = under_way if under_way and under_way.state == "switched" else current
    standing = Standing(
        history.name,
        release.masked if release else None,
        under_way.masked if under_way else None,
        history.endpoint,
        address(release) if release else "",
        release.image if release else "",
        percent=100 if history.endpoint in there else None,
        gone=history.endpoint is not None and history.endpoint not in there,
        what="project",
    )
    return standing, tuple(running)


def host_name(release: Release) -> str:
    """The machine of a release; empty for this one."""
    return str((release.wanted or release.before or {}).get("host", ""))


def address(release: Release) -> str:
    """Where callers find a release."""
    wanted = release.wanted or {}
    machine = host_name(release).rpartition("@")[2] or "127.0.0.1"
    return f"http://{machine}:{wanted['port']}" if "port" in wanted else ""


def _role(history: History, mine: str) -> Role:
    under_way = history.unfinished
    if mine == history.endpoint:
        return "in-use"
    if under_way is not None and mine == under_way.endpoint:
        return "unfinished"
    if mine in {release.beside for release in (under_way, history.current) if release}:
        return "beside"
    return "stray"
