"""Deploy and rollback on a host with Docker Compose, from a file to a report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from greenroom.errors import InputInvalid
from greenroom.findings import Finding
from greenroom.progress import Step, silent
from greenroom.ship.deploy import images
from greenroom.ship.deploy.errors import ReleaseUnfinished, RollbackImpossible
from greenroom.ship.deploy.pace import PACE, Pace
from greenroom.ship.deploy.performing import perform, run_release, with_next
from greenroom.ship.deploy.preflight import pinned
from greenroom.ship.deploy.records import History, Release
from greenroom.ship.deploy.reports import Report
from greenroom.ship.hosts.host import host as host_of
from greenroom.ship.hosts.project import SLOTS, of_slot, project, resolve
from greenroom.ship.hosts.release import HostRelease, HostTakenBack, HostTakenDown

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from greenroom.ship.deploy.images import Looked, Reference
    from greenroom.ship.deploy.performing import OnEnd
    from greenroom.ship.hosts.host import Host

_MARK = "NEW"


@dataclass(frozen=True, slots=True)
class HostAsked:
    """A deploy to a host. text: of the compose file.  host: ``user@machine``, empty for this one.  probe: a path.

    switch: a command with ``{port}``, empty for none.  soak_s: how long the old one is kept.
    """

    name: str
    text: str
    host: str = ""
    image: str | None = None
    service: str | None = None
    probe: str = "/readyz"
    switch: str = ""
    canary: dict[str, Any] | None = None
    soak_s: float = 600.0


@dataclass(frozen=True, slots=True)
class HostPlace:
    """Where a deploy works. data: the folder of records.  look_up: asks an image's registry."""

    data: Path
    pace: Pace = PACE
    look_up: Callable[[Reference], Looked] = images.look_up


@dataclass(frozen=True, slots=True)
class HostPrepared:
    """All that is known before anything is written."""

    history: History
    release: Release
    resumes: bool
    host: Host
    findings: tuple[Finding, ...] = ()
    soak_s: float = 0.0

    @property
    def is_refused(self) -> bool:
        """Whether a check found an error."""
        return any(finding.severity == "error" for finding in self.findings)

    def working(self, pace: Pace, *, back: bool = False) -> HostRelease:
        """What brings the release about. back: what is under way is to be taken back."""
        if self.release.wanted is None:
            name = self.release.name
            return HostTakenDown(self.host, self.history, self.release, pace, [project(name, slot) for slot in SLOTS])
        if back and self.resumes and self.release.kind != "rollback":
            return HostTakenBack(self.host, self.history, self.release, pace, self.soak_s)
        return HostRelease(self.host, self.history, self.release, pace, self.soak_s)


def prepare_deploy(place: HostPlace, asked: HostAsked) -> HostPrepared:
    """Look at everything that a deploy would meet. Raises HostFailed, InputInvalid, UnknownName, ReleaseUnfinished."""
    history = History.read(place.data, asked.name)
    host = host_of(asked.host)
    compose = resolve(host, asked.text, asked.name, asked.service)
    named = asked.image or compose.image
    if not named:
        raise InputInvalid(f"the service {compose.service} names no image", mend="--image NAME@sha256:DIGEST")
    image, said = pinned(named, place.look_up(images.Reference.parse(named)))
    if any(finding.code == "image-digest-unknown" for finding in said) and _is_there(host, named):
        image, said = named, (_unpinned(named),)
    current, under_way = history.current, history.unfinished
    slot = _other(current.endpoint if current else None, asked.name)
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
    if under_way is not None and under_way.wanted != wanted:
        raise ReleaseUnfinished(
            f"{under_way} did not come to its end", mend=f"deploy the same again, or greenroom rollback {asked.name}"
        )
    before = current.wanted if current else None
    beside = current.endpoint if current else None
    release = under_way or _new(history, wanted, before, beside, asked.canary)
    findings = (*compose.findings, *said)
    return HostPrepared(history, release, under_way is not None, host, findings, asked.soak_s)


def prepare_rollback(place: HostPlace, name: str, to: int | None = None) -> HostPrepared:
    """What going back would do. Raises RollbackImpossible, UnknownName."""
    history = History.read(place.data, name)
    current, under_way = history.current, history.unfinished
    if under_way is not None and under_way.wanted is not None and to is None:
        return HostPrepared(history, under_way, True, host_of(_host_name(under_way)))
    last = under_way or current
    if last is None:
        raise RollbackImpossible(f"nothing of {name} is known here", mend="greenroom status shows what is")
    host = host_of(_host_name(last))
    if to == 0 or last.wanted is None:
        release = replace(_new(history, None, last.wanted, last.beside, None), endpoint=last.endpoint, back_to=0)
        return HostPrepared(history, release, last.wanted is None, host)
    if under_way is not None:
        raise ReleaseUnfinished(f"{under_way} did not come to its end", mend="roll back without --to first")
    goal = history.release(to).wanted if to is not None else last.before
    if goal is None:
        raise RollbackImpossible(f"{last} is the first one", mend=f"greenroom rollback {name} --to 0 takes it down")
    back = [release for release in history.releases if release.state == "live" and release.wanted == goal]
    wanted = _moved(goal, _other(last.endpoint, name), name)
    release = _new(history, wanted, last.wanted, last.endpoint, back[-1].canary if back else None)
    return HostPrepared(
        history, replace(release, kind="rollback", back_to=back[-1].number if back else None), False, host
    )


def deploy(
    place: HostPlace,
    asked: HostAsked,
    *,
    step: Step = silent,
    said: Callable[[str], None] | None = None,
    on_end: OnEnd | None = None,
) -> Report:
    """Bring a release about beside what is in use, and switch. Arguments as of ``ship.deploy.deploying.deploy``."""
    report = Report(asked.name, "deploy", "refused", image=asked.image or "")

    def work() -> Report:
        step("checking", 0, 1)
        left = _put_away(place, asked.name)
        prepared = prepare_deploy(place, asked)
        current = prepared.history.current
        found = (*left, *prepared.findings)
        checked = replace(report, findings=found, image=prepared.release.image, endpoint=prepared.history.endpoint)
        if prepared.is_refused:
            return with_next(checked, has_before=False)
        if current is not None and not prepared.resumes and _is_the_same(current, prepared.release):
            unchanged = replace(checked, outcome="unchanged", number=current.number, address=address(current))
            return with_next(unchanged, has_before=current.before is not None)
        return _run(place, prepared, checked, step, said)

    return perform(place.data, report, work, on_end)


def rollback(
    place: HostPlace,
    name: str,
    to: int | None = None,
    *,
    step: Step = silent,
    said: Callable[[str], None] | None = None,
    on_end: OnEnd | None = None,
) -> Report:
    """Bring back the release before, or a named one; 0 takes everything down. What is under way is taken back."""
    report = Report(name, "rollback", "refused")

    def work() -> Report:
        step("looking", 0, 1)
        left = replace(report, findings=_put_away(place, name))
        return _run(place, prepare_rollback(place, name, to), left, step, said, back=True)

    return perform(place.data, report, work, on_end)


def address(release: Release) -> str:
    """Where callers find a release."""
    wanted = release.wanted or {}
    machine = str(wanted.get("host", "")).rpartition("@")[2] or "127.0.0.1"
    return f"http://{machine}:{wanted['port']}" if "port" in wanted else ""


def _run(
    place: HostPlace,
    prepared: HostPrepared,
    report: Report,
    step: Step,
    said: Callable[[str], None] | None,
    *,
    back: bool = False,
) -> Report:
    if not prepared.resumes:
        history, release = prepared.history.begin(prepared.release)
        prepared = replace(prepared, history=history, release=release)
    report = run_release(prepared.working(place.pace, back=back), report, step, said)
    current = History.read(place.data, report.name).current
    return replace(report, address=address(current)) if current and report.endpoint else report


def _put_away(place: HostPlace, name: str) -> tuple[Finding, ...]:
    """The old project of a deploy that was killed behind its end, if there is one."""
    history = History.read(place.data, name)
    current = history.current
    if history.unfinished is not None or current is None or current.beside is None:
        return ()
    return HostRelease(host_of(_host_name(current)), history, current, place.pace, 0.0).retire()


def _new(
    history: History,
    wanted: dict[str, Any] | None,
    before: dict[str, Any] | None,
    beside: str | None,
    canary: dict[str, Any] | None,
) -> Release:
    number = (history.releases[-1].number if history.releases else 0) + 1
    return Release(
        name=history.name,
        number=number,
        target="compose",
        kind="deploy" if wanted is not None else "rollback",
        wanted=wanted,
        before=before,
        beside=beside,
        marks=(_MARK,),
        canary=canary,
    )


def _other(current: str | None, name: str) -> str:
    """The slot that is free."""
    return SLOTS[1] if current == project(name, SLOTS[0]) else SLOTS[0]


def _moved(wanted: dict[str, Any], slot: str, name: str) -> dict[str, Any]:
    """A release as it was, in another slot."""
    was = str(wanted["project"]).removeprefix(f"{name}-")
    port = int(wanted["port"]) - SLOTS.index(was) + SLOTS.index(slot)
    config = {**wanted["config"], "name": project(name, slot)}
    service = dict(config["services"][wanted["service"]])
    service["ports"] = [{**said, "published": str(port)} for said in service["ports"]]
    config["services"] = {**config["services"], wanted["service"]: service}
    return {**wanted, "project": project(name, slot), "port": port, "config": config}


def _is_the_same(current: Release, new: Release) -> bool:
    """But for the slot."""
    name, slot = current.name, str((new.wanted or {}).get("project", "")).removeprefix(f"{current.name}-")
    return current.wanted is not None and _moved(current.wanted, slot, name) == new.wanted


def _host_name(release: Release) -> str:
    return str((release.wanted or release.before or {}).get("host", ""))


def _is_there(host: Host, image: str) -> bool:
    """Whether the machine has an image that no registry does: built there, for instance."""
    return host.run(["docker", "image", "inspect", "--format", "{{.Id}}", image]).code == 0


def _unpinned(image: str) -> Finding:
    message = (
        f"{image} is on that machine alone, and its tag may be moved: a rollback to it brings back what it then is"
    )
    return Finding("image-unpinned", "warning", message, "push it to a registry, and give it by digest")
