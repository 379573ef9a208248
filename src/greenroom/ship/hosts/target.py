"""A machine with Docker Compose as a place where releases run: what a deploy or a rollback would do there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from greenroom.errors import InputInvalid
from greenroom.findings import Finding
from greenroom.ship.deploy import images
from greenroom.ship.deploy.beside import TakenBack
from greenroom.ship.deploy.errors import ReleasedElsewhere, ReleaseUnfinished, RollbackImpossible
from greenroom.ship.deploy.images import pinned
from greenroom.ship.deploy.masking import shown
from greenroom.ship.deploy.pace import PACE, Pace
from greenroom.ship.deploy.records import NO_MARK, History, Release
from greenroom.ship.deploy.rollout import Rollout, TakenDown
from greenroom.ship.deploy.target import Prepared, Request
from greenroom.ship.hosts.compose import down, projects
from greenroom.ship.hosts.host import host as host_of
from greenroom.ship.hosts.project import SLOTS, moved, of_slot, project, resolve
from greenroom.ship.hosts.rollout import HostRollout
from greenroom.ship.hosts.survey import host_name, survey_host

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.plan.actions import Attempt
    from greenroom.ship.deploy.images import Looked, Reference
    from greenroom.ship.deploy.standing import Running, Standing
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
class HostTarget:
    """Machines with Docker Compose. look_up: asks an image's registry."""

    pace: Pace = PACE
    look_up: Callable[[Reference], Looked] = images.look_up
    kind: Literal["compose"] = "compose"

    def prepare_deploy(self, history: History, asked: HostAsked) -> Prepared:
        """Have Compose resolve the file there. Raises HostFailed, InputInvalid, UnknownName, ReleaseUnfinished."""
        current, under_way = history.current, history.unfinished
        _check_host(under_way or current, asked)
        if asked.canary is not None and not asked.canary.get("path"):
            raise InputInvalid("the canary names no path", mend='--canary \'{"path": "/v1/...", "body": {...}}\'')
        host = host_of(asked.host)
        wanted, findings = self._wanted(host, history, asked)
        if under_way is not None and under_way.wanted != wanted:
            raise ReleaseUnfinished(
                f"{under_way} did not come to its end",
                mend=f"deploy the same again, or greenroom rollback {asked.name}",
            )
        before = current.wanted if current else None
        beside = current.endpoint if current else None
        release = under_way or _new(history, wanted, before, beside, asked.canary)
        bring_about = partial(self._bring_about, soak_s=asked.soak_s)
        is_so = under_way is None and current is not None and _is_the_same(current, wanted)
        return Prepared(history, release, bring_about, under_way is not None, findings, is_so, _commands(release))

    def prepare_rollback(self, history: History, to: int | None) -> Prepared:
        """What going back would do. Raises RollbackImpossible, ReleaseUnfinished, UnknownName."""
        under_way, last = history.unfinished, history.last
        name = history.name
        if under_way is not None and under_way.wanted is not None and to is None:
            goes_on = self._bring_about if under_way.kind == "rollback" else self._take_back
            return Prepared(history, under_way, goes_on, resumes=True)
        if last is None or (to == 0 and last.state == "removed"):
            raise RollbackImpossible(f"nothing of {name} is there", mend="greenroom deploy makes it")
        if to == 0 or (last.wanted is None and under_way is not None):
            release = _new(history, None, last.wanted or last.before, last.beside, None)
            release = replace(release, endpoint=last.endpoint, back_to=0)
            return Prepared(history, release, self._bring_about, requests=_commands(release))
        if under_way is not None:
            raise ReleaseUnfinished(f"{under_way} did not come to its end", mend="roll back without --to first")
        goal = history.release(to).wanted if to is not None else last.before
        if goal is None:
            raise RollbackImpossible(f"{last} is the first one", mend=f"greenroom rollback {name} --to 0 takes it down")
        back = [release for release in history.releases if release.state == "live" and release.wanted == goal]
        wanted = {**moved(goal, _free_slot(last.endpoint, name), name), "host": host_name(last)}
        release = _new(history, wanted, last.wanted, last.endpoint, back[-1].canary if back else None)
        release = replace(release, kind="rollback", back_to=back[-1].number if back else None)
        return Prepared(history, release, self._bring_about, requests=_commands(release))

    def beside(self, history: History, release: Release) -> HostRollout:
        """What puts the old project away."""
        return HostRollout(host_of(host_name(release)), history, release, self.pace, 0.0)

    def survey(self, history: History) -> tuple[Standing, tuple[Running, ...]]:
        """What of a name is on its machine. Raises HostFailed."""
        last = history.last or next(iter(history.releases[::-1]), None)
        return survey_host(host_of(host_name(last) if last else ""), history)

    def _bring_about(self, history: History, release: Release, soak_s: float = 0.0) -> Rollout:
        host = host_of(host_name(release))
        if release.wanted is not None:
            return HostRollout(host, history, release, self.pace, soak_s)
        ours = [project(history.name, slot) for slot in SLOTS]

        def remove(_: Attempt) -> None:
            for one in ours:
                down(host, one)

        words = " and ".join(f"docker compose -p {one} down" for one in ours)
        return TakenDown(history, release, words, remove, lambda: not projects(host).keys() & set(ours))

    def _take_back(self, history: History, release: Release) -> Rollout:
        return TakenBack(self.beside(history, release))

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


def _commands(release: Release) -> tuple[Request, ...]:
    """What is started, with its file; the rest stands in the plan."""
    wanted = release.wanted
    if wanted is None:
        return ()
    return (Request("RUN", f"docker compose -p {wanted['project']} -f - up -d", shown(wanted)["config"]),)


def _new(
    history: History,
    wanted: dict[str, Any] | None,
    before: dict[str, Any] | None,
    beside: str | None,
    canary: dict[str, Any] | None,
) -> Release:
    return Release(
        name=history.name,
        number=history.next_number,
        target="compose",
        kind="deploy" if wanted is not None else "rollback",
        wanted=wanted,
        before=before,
        beside=beside,
        marks=(NO_MARK,),
        canary=canary,
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
