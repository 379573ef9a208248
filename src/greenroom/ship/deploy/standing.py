"""What of a deploy is there now: the endpoint, its release, its workers, and what costs money."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greenroom.findings import Finding
from greenroom.ship.deploy.configuration import MARK, changes, values_of
from greenroom.ship.deploy.spending import dollars, price_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from greenroom.ship.deploy.records import History, Release
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.types import Endpoint, GpuType, Pod

# in-use: what callers use.  beside: the other one of a blue/green deploy.  unfinished: of a deploy that did not end.
# stray: marked as ours, and no record here knows it.  pod: any pod of the account that is paid for.
Role = Literal["in-use", "beside", "unfinished", "stray", "pod"]
What = Literal["endpoint", "pod", "project"]
_ROLES: dict[Role, str] = {
    "in-use": "in use",
    "beside": "kept beside it",
    "unfinished": "of a deploy that did not end",
    "stray": "marked as greenroom's, and in no record here",
    "pod": "a pod",
}


@dataclass(frozen=True, slots=True)
class Running:
    """One thing on the platform, or a compose project on a host.

    workers: how many workers, or containers, in which state.  always: how many never go.  hourly: dollars now, None
    where nobody knows.
    """

    what: What
    role: Role
    id: str
    name: str
    workers: Mapping[str, int]
    always: int
    hourly: float | None

    @property
    def words(self) -> str:
        """``endpoint ep1 (joe), in use: 1 idle worker, $0.69 an hour``."""
        said = ", ".join(f"{count} {state.lower()}" for state, count in sorted(self.workers.items()))
        unit = "container" if self.what == "project" else "worker"
        parts = [f"{said} {unit}{'s' if sum(self.workers.values()) != 1 else ''}"] if said else []
        if self.what != "project":
            free = "costs nothing now"
            parts.append("of unknown price" if self.hourly is None else dollars(self.hourly) if self.hourly else free)
        always = f" ({self.always} always on)" if self.always else ""
        return f"{self.what} {self.id} ({self.name}), {_ROLES[self.role]}: {', '.join(parts) or 'nothing runs'}{always}"


@dataclass(frozen=True, slots=True)
class Standing:
    """One name. release: what is in use, None for nothing.  percent: of workers on the newest version.

    unfinished: what was begun and did not end.  drift: values that differ from the record.  gone: the record's endpoint
    is not there any more.
    """

    name: str
    release: Release | None
    unfinished: Release | None
    endpoint: str | None = None
    address: str = ""
    image: str = ""
    rolling: bool = False
    percent: int | None = None
    drift: tuple[str, ...] = ()
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Survey:
    """All names that were asked for, and all that runs of ours. hourly: dollars in all, None where one is unknown."""

    standings: tuple[Standing, ...]
    running: tuple[Running, ...]
    hourly: float | None


def survey(runpod: RunPod, histories: Sequence[History], *, pods: bool = True) -> Survey:
    """Look at everything that these names have, and at everything that bears our mark. Raises RunPodError."""
    endpoints = {endpoint.id: endpoint for endpoint in runpod.endpoints.list()}
    gpus = runpod.gpus() if endpoints else ()
    roles = _roles(histories, endpoints)
    running = [_endpoint(runpod, endpoints[identity], role, gpus) for identity, role in roles.items()]
    if pods:
        running += [_pod(pod) for pod in runpod.pods.list() if pod.cost > 0 or MARK in pod.env]
    hourly = [one.hourly for one in running]
    known = [amount for amount in hourly if amount is not None]
    standings = tuple(_standing(runpod, history, endpoints) for history in histories)
    return Survey(standings, tuple(running), sum(known) if len(known) == len(hourly) else None)


def _roles(histories: Sequence[History], endpoints: Mapping[str, Endpoint]) -> dict[str, Role]:
    """Why each endpoint counts; the first reason is the strongest."""
    roles: dict[str, Role] = {}
    for history in histories:
        under_way = history.unfinished
        said: list[tuple[str | None, Role]] = [(history.endpoint, "in-use")]
        for release in filter(None, (under_way, history.current)):
            said += [(release.beside, "beside"), (release.endpoint, "unfinished" if release is under_way else "in-use")]
        if under_way is not None:
            said += [(one.id, "unfinished") for one in endpoints.values() if one.env.get(MARK) in under_way.marks]
        for identity, role in said:
            if identity is not None and identity in endpoints:
                roles.setdefault(identity, role)
    for endpoint in endpoints.values():
        if MARK in endpoint.env:
            roles.setdefault(endpoint.id, "stray")
    return roles


def _endpoint(runpod: RunPod, endpoint: Endpoint, role: Role, gpus: Sequence[GpuType]) -> Running:
    workers = runpod.endpoints.workers(endpoint.id).workers
    prices = [price_of(worker, gpus) for worker in workers]
    known = [price for price in prices if price is not None]
    hourly = sum(known) if len(known) == len(prices) else None
    states = dict(Counter(str(worker.status) for worker in workers))
    return Running("endpoint", role, endpoint.id, endpoint.name, states, endpoint.workers.min, hourly)


def _pod(pod: Pod) -> Running:
    return Running("pod", "pod", pod.id, pod.name, {}, 0, pod.cost)


def _standing(runpod: RunPod, history: History, endpoints: Mapping[str, Endpoint]) -> Standing:
    under_way = history.unfinished.masked if history.unfinished else None
    current = history.current.masked if history.current else None
    release = under_way if under_way and under_way.state == "switched" else current
    endpoint = endpoints.get(history.endpoint or "")
    if endpoint is None:
        return Standing(history.name, release, under_way, history.endpoint, gone=history.endpoint is not None)
    rollout = runpod.endpoints.releases(endpoint.id).rollout
    drift = () if under_way or release is None else tuple(changes(_recorded(release), values_of(endpoint)))
    return Standing(
        history.name,
        release,
        under_way,
        endpoint.id,
        address(endpoint),
        endpoint.image,
        rollout.in_progress,
        rollout.percent_on_latest if rollout.workers_total else None,
        drift,
    )


def _recorded(release: Release) -> dict[str, object]:
    """What a release set, but for its mark, which is not what drifts."""
    return {name: value for name, value in (release.wanted or {}).items() if name != "env"}


def address(endpoint: Endpoint) -> str:
    """Where callers send what they ask."""
    return endpoint.request_urls.run or endpoint.request_urls.base or ""


def found(seen: Survey) -> tuple[Finding, ...]:
    """What of it a person should act on."""
    return (*_of_names(seen), *_of_running(seen))


def _of_names(seen: Survey) -> Iterator[Finding]:
    for one in seen.standings:
        if one.unfinished is not None and one.unfinished.state != "switched":
            message = f"{one.unfinished} ({one.unfinished.kind}, {one.unfinished.state}) did not come to its end"
            mend = f"run it again to go on, or greenroom rollback {one.name}"
            yield Finding("release-unfinished", "error", message, mend)
        if one.unfinished is not None and one.unfinished.state == "switched":
            message = f"{one.unfinished} is in use, and {one.unfinished.beside} is kept beside it until the soak ends"
            yield Finding("soaking", "note", message, f"deploy it again to end the soak; greenroom rollback {one.name}")
        if one.gone:
            message = f"the endpoint {one.endpoint} of {one.name} is not there any more"
            yield Finding("endpoint-gone", "error", message, "deploy it again")
        if one.drift:
            message = f"{', '.join(one.drift)} of {one.name} are not what {one.release} set: somebody changed them"
            yield Finding("endpoint-drifted", "warning", message, "deploy it again, or take the change into its file")


def _of_running(seen: Survey) -> Iterator[Finding]:
    for one in seen.running:
        if one.role == "stray":
            message = f"{one.words}: another machine may have deployed it"
            yield Finding("endpoint-stray", "warning", message, "delete it in the console if nobody needs it")


def rows(seen: Survey) -> list[tuple[str, ...]]:
    """One row a name, a heading first."""
    table: list[tuple[str, ...]] = [("NAME", "RELEASE", "ENDPOINT", "ROLLED OUT", "IMAGE")]
    for one in seen.standings:
        release = str(one.release.number) if one.release else "-"
        percent = "no workers" if one.percent is None else f"{one.percent} %"
        table.append((one.name, release, one.endpoint or "-", percent if one.endpoint else "-", one.image or "-"))
    return table
