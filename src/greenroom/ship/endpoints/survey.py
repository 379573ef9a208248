"""What of RunPod is ours: endpoints by name, what bears our mark and no record knows, and pods that are paid for."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from greenroom.ship.deploy.standing import Running, Standing, Survey
from greenroom.ship.endpoints.configuration import MARK, changes, values_of, without_mark
from greenroom.ship.endpoints.spending import Prices

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from greenroom.ship.deploy.records import History
    from greenroom.ship.deploy.standing import Role
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.types import Endpoint, Pod


def survey_account(runpod: RunPod, histories: Sequence[History], names: Collection[str] = ()) -> Survey:
    """Everything that bears our mark, and every pod that is paid for. Raises RunPodError.

    histories: of all names, so that what they have is nobody's stray.  names: those that are asked for, all if empty.
    """
    endpoints = {endpoint.id: endpoint for endpoint in runpod.endpoints.list()}
    asked = [history for history in histories if not names or history.name in names]
    of_others = {identity for history in histories if history not in asked for identity in roles(history, endpoints)}
    found: dict[str, Role] = {}
    for history in asked:
        found = {**roles(history, endpoints), **found}
    strays = [one.id for one in endpoints.values() if MARK in one.env and one.id not in {*found, *of_others}]
    found |= dict.fromkeys(strays, "stray")
    pods = [_pod(pod) for pod in runpod.pods.list() if pod.cost > 0 or MARK in pod.env]
    standings = tuple(_standing(runpod, history, endpoints) for history in asked)
    return Survey(standings, (*_running(runpod, endpoints, found), *pods))


def survey_name(runpod: RunPod, history: History) -> tuple[Standing, tuple[Running, ...]]:
    """What of one name is there, also what bears its mark and its records do not know. Raises RunPodError."""
    endpoints = {endpoint.id: endpoint for endpoint in runpod.endpoints.list()}
    found = roles(history, endpoints)
    for endpoint in endpoints.values():
        if endpoint.env.get(MARK, "").startswith(f"{history.name}/"):
            found.setdefault(endpoint.id, "stray")
    return _standing(runpod, history, endpoints), _running(runpod, endpoints, found)


def roles(history: History, endpoints: Mapping[str, Endpoint]) -> dict[str, Role]:
    """Why each endpoint of a name counts; the first reason is the strongest."""
    under_way = history.unfinished
    said: list[tuple[str | None, Role]] = [(history.endpoint, "in-use")]
    for release in filter(None, (under_way, history.current)):
        said += [(release.beside, "beside"), (release.endpoint, "unfinished" if release is under_way else "in-use")]
    if under_way is not None:
        said += [(one.id, "unfinished") for one in endpoints.values() if one.env.get(MARK) in under_way.marks]
    found: dict[str, Role] = {}
    for identity, role in said:
        if identity is not None and identity in endpoints:
            found.setdefault(identity, role)
    return found


def _running(runpod: RunPod, endpoints: Mapping[str, Endpoint], found: Mapping[str, Role]) -> tuple[Running, ...]:
    prices = Prices.look(runpod, [endpoints[identity] for identity in found])
    return tuple(_endpoint(runpod, endpoints[identity], role, prices) for identity, role in found.items())


def _endpoint(runpod: RunPod, endpoint: Endpoint, role: Role, prices: Prices) -> Running:
    workers = runpod.endpoints.workers(endpoint.id).workers
    costs = [prices.of_worker(worker, endpoint) for worker in workers]
    known = [cost for cost in costs if cost is not None]
    hourly = sum(known) if len(known) == len(costs) else None
    states = dict(Counter(str(worker.status) for worker in workers))
    return Running("endpoint", role, endpoint.id, endpoint.name, states, endpoint.workers.min, hourly)


def _pod(pod: Pod) -> Running:
    return Running("pod", "pod", pod.id, pod.name, {}, 0, pod.cost)


def _standing(runpod: RunPod, history: History, endpoints: Mapping[str, Endpoint]) -> Standing:
    under_way, current = history.unfinished, history.current
    release = under_way if under_way and under_way.state == "switched" else current
    shown, unfinished = (one.masked if one else None for one in (release, under_way))
    endpoint = endpoints.get(history.endpoint or "")
    if endpoint is None:
        return Standing(history.name, shown, unfinished, history.endpoint, gone=history.endpoint is not None)
    rollout = runpod.endpoints.releases(endpoint.id).rollout
    drift: tuple[str, ...] = ()
    if under_way is None and release is not None:
        drift = tuple(changes(without_mark(release.wanted or {}), without_mark(values_of(endpoint))))
    return Standing(
        history.name,
        shown,
        unfinished,
        endpoint.id,
        address(endpoint),
        endpoint.image,
        rollout.in_progress,
        rollout.percent_on_latest if rollout.workers_total else None,
        drift,
    )


def address(endpoint: Endpoint) -> str:
    """Where callers send what they ask."""
    return endpoint.request_urls.run or endpoint.request_urls.base or ""
