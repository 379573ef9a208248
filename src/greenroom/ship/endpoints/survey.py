"""What of serverless endpoints is ours: by name, and what bears our mark and no record knows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from greenroom.ship.account.roles import roles_of_all, roles_with_strays
from greenroom.ship.account.values import without_mark
from greenroom.ship.deploy.standing import Running, Standing, Survey
from greenroom.ship.endpoints.configuration import changes, values_of
from greenroom.ship.endpoints.spending import Prices

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from greenroom.ship.deploy.records import History
    from greenroom.ship.deploy.standing import Role
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.types import Endpoint


def survey_endpoints(runpod: RunPod, histories: Sequence[History], names: Collection[str] = ()) -> Survey:
    """All endpoints of some names, and every other one that bears our mark. Raises RunPodError.

    histories: of all names, so that what they have is nobody's stray.  names: those that are asked for, all if empty.
    """
    endpoints = {endpoint.id: endpoint for endpoint in runpod.endpoints.list()}
    asked = [history for history in histories if not names or history.name in names]
    found = roles_of_all(histories, asked, endpoints)
    standings = tuple(_standing(runpod, history, endpoints) for history in asked)
    return Survey(standings, _running(runpod, endpoints, found))


def survey_name(runpod: RunPod, history: History) -> tuple[Standing, tuple[Running, ...]]:
    """What of one name is there, also what bears its mark and its records do not know. Raises RunPodError."""
    endpoints = {endpoint.id: endpoint for endpoint in runpod.endpoints.list()}
    found = roles_with_strays(history, endpoints)
    return _standing(runpod, history, endpoints), _running(runpod, endpoints, found)


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
