"""A machine with Docker Compose as a place where releases run: what a deploy or a rollback would do there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from greenroom.errors import InputInvalid
from greenroom.findings import Finding
from greenroom.ship.deploy import images
from greenroom.ship.deploy.besides import BesideTarget, check_canary
from greenroom.ship.deploy.errors import ReleasedElsewhere
from greenroom.ship.deploy.images import pinned
from greenroom.ship.deploy.masking import shown
from greenroom.ship.deploy.pace import PACE, Pace
from greenroom.ship.deploy.rollout import TakenDown
from greenroom.ship.deploy.target import Request
from greenroom.ship.hosts.compose import down, projects
from greenroom.ship.hosts.host import host as host_of
from greenroom.ship.hosts.project import SLOTS, moved, of_slot, project, resolve
from greenroom.ship.hosts.rollout import HostRollout
from greenroom.ship.hosts.survey import host_name, survey_host

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.plan.actions import Attempt
    from greenroom.ship.deploy.images import Looked, Reference
    from greenroom.ship.deploy.records import History, Release
    from greenroom.ship.deploy.standing import Running, Standing
    from greenroom.ship.deploy.target import Prepared
    from greenroom.ship.hosts.host import Host


@dataclass(frozen=True, slots=True)
class HostAsked:
    """A deploy to a host. text: of the compose file.  host: ``user@machine``, empty for this one.  probe: a path.

    image: instead of the file's own, empty for that.  switch: a command with ``{port}``, empty for none.  soak_s: how
    long the old one is kept.  folder: what paths of the file are relative to; empty for where commands run there.
    """

    name: str
    text: str
    host: str = ""
    image: str = ""
    service: str | None = None
    probe: str = "/readyz"
    switch: str = ""
    canary: dict[str, Any] | None = None
    soak_s: float = 600.0
    folder: str = ""


@dataclass(frozen=True, slots=True)
class HostTarget(BesideTarget):
    """Machines with Docker Compose. look_up: asks an image's registry."""

    pace: Pace = PACE
    look_up: Callable[[Reference], Looked] = images.look_up
    kind: Literal["compose"] = "compose"

    def prepare_deploy(self, history: History, asked: HostAsked) -> Prepared:
        """Have Compose resolve the file there. Raises HostFailed, InputInvalid, UnknownName, ReleaseUnfinished."""
        current = history.current
        _check_host(history.unfinished or current, asked)
        check_canary(asked.canary)
        host = host_of(asked.host)
        wanted, findings = self._wanted(host, history, asked)
        return self.prepare_beside(
            history,
            wanted,
            findings,
            is_live=current is not None and _is_the_same(current, wanted),
            canary=asked.canary,
            bring_about=partial(self.beside, soak_s=asked.soak_s),
        )

    def beside(self, history: History, release: Release, soak_s: float = 0.0) -> HostRollout:
        """A project of its own."""
        return HostRollout(host_of(host_name(release)), history, release, self.pace, soak_s)

    def taken_down(self, history: History, release: Release) -> TakenDown:
        """Both projects; volumes stay."""
        host = host_of(host_name(release))
        ours = [project(history.name, slot) for slot in SLOTS]

        def remove(_: Attempt) -> None:
            for one in ours:
                down(host, one)

        words = " and ".join(f"docker compose -p {one} down" for one in ours)
        return TakenDown(history, release, words, remove, lambda: not projects(host).keys() & set(ours))

    def requests(self, release: Release) -> tuple[Request, ...]:
        """What is started, with its file; the rest stands in the plan."""
        wanted = release.wanted
        if wanted is None:
            return ()
        return (Request("RUN", f"docker compose -p {wanted['project']} -f - up -d", shown(wanted)["config"]),)

    def again(self, goal: dict[str, Any], last: Release) -> dict[str, Any]:
        """In the slot that the last one does not have, on its machine."""
        slot = _free_slot(last.endpoint, last.name)
        return {**moved(goal, slot, last.name), "host": host_name(last)}

    def survey(self, history: History) -> tuple[Standing, tuple[Running, ...]]:
        """What of a name is on its machine. Raises HostFailed."""
        last = history.last or next(iter(history.releases[::-1]), None)
        return survey_host(host_of(host_name(last) if last else ""), history)

    def _wanted(self, host: Host, history: History, asked: HostAsked) -> tuple[dict[str, Any], tuple[Finding, ...]]:
        """The release as the record keeps it, and what is to be said of it."""
        compose = resolve(host, asked.text, asked.name, asked.service, asked.folder)
        named = asked.image or compose.image
        if not named:
            raise InputInvalid(f"the service {compose.service} names no image", mend="--image NAME@sha256:DIGEST")
        image, said = pinned(named, self.look_up(images.Reference.parse(named)))
        if any(finding.code == "image-digest-unknown" for finding in said) and _is_there(host, named):
            image, said = named, (_unpinned(named),)
        slot = _free_slot(history.current.endpoint if history.current else None, asked.name)
        port = compose.port + SLOTS.index(slot)
        wanted = {
            "image": image,
            "project": project(asked.name, slot),
            "service": compose.service,
            "port": port,
            "probe": asked.probe,
            "switch": asked.switch,
            "host": asked.host,
            "config": of_slot(compose, slot, image, port),
        }
        return wanted, (*compose.findings, *said)


def _check_host(last: Release | None, asked: HostAsked) -> None:
    """What runs of a name on another machine would be left there unnamed. Raises ReleasedElsewhere."""
    if last is not None and (was := host_name(last)) != asked.host:
        raise ReleasedElsewhere(
            f"{asked.name} runs on {was or 'this machine'}, not on {asked.host or 'this machine'}",
            mend=f"give another --name, or greenroom rollback {asked.name} --to 0 first",
        )


def _free_slot(current: str | None, name: str) -> str:
    return SLOTS[1] if current == project(name, SLOTS[0]) else SLOTS[0]


def _is_the_same(current: Release, wanted: dict[str, Any]) -> bool:
    """But for the slot."""
    slot = str(wanted["project"]).removeprefix(f"{current.name}-")
    return current.wanted is not None and moved(current.wanted, slot, current.name) == wanted


def _is_there(host: Host, image: str) -> bool:
    """Whether the machine has an image that no registry does: built there, for instance."""
    return host.run(["docker", "image", "inspect", "--format", "{{.Id}}", image]).code == 0


def _unpinned(image: str) -> Finding:
    message = (
        f"{image} is on that machine alone, and its tag may be moved: a rollback to it brings back what it then is"
    )
    return Finding("image-unpinned", "warning", message, "push it to a registry, and give it by digest")
