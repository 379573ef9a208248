"""What of an account's pods is ours, and every other one that is paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.ship.account.declaration import OF_POD
from greenroom.ship.account.roles import roles_of_all, roles_with_strays
from greenroom.ship.account.values import differing, without_mark
from greenroom.ship.deploy.standing import Running, Standing, Survey
from greenroom.ship.pods.rollout import ENDED, address_of
from greenroom.ship.pods.spending import now_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from greenroom.ship.deploy.records import History
    from greenroom.ship.deploy.standing import Role
    from greenroom.ship.pods.door import Door
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.types import Pod

# What only a creation says, and a pod that is there does not show.
_ASKED_ONCE = frozenset({"dataCenterIds", "gpu", "cpu", "mounts"})


def survey_pods(runpod: RunPod, door: Door, histories: Sequence[History], names: Collection[str] = ()) -> Survey:
    """All pods of some names, every other one that bears our mark, and every other one that is paid for.

    histories: of all names, so that what they have is nobody's stray.  names: those that are asked for, all if empty.
    Raises RunPodError.
    """
    pods = {pod.id: pod for pod in runpod.pods.list()}
    asked = [history for history in histories if not names or history.name in names]
    found = roles_of_all(histories, asked, pods)
    known = roles_of_all(histories, histories, pods)
    found |= dict.fromkeys((pod.id for pod in pods.values() if now_of(pod) > 0 and pod.id not in known), "pod")
    return Survey(tuple(_standing(history, pods, door) for history in asked), _running(pods, found))


def survey_name(runpod: RunPod, door: Door, history: History) -> tuple[Standing, tuple[Running, ...]]:
    """What of one name is there, also what bears its mark and its records do not know. Raises RunPodError."""
    pods = {pod.id: pod for pod in runpod.pods.list()}
    return _standing(history, pods, door), _running(pods, roles_with_strays(history, pods))


def _running(pods: Mapping[str, Pod], found: Mapping[str, Role]) -> tuple[Running, ...]:
    return tuple(
        Running("pod", role, identity, pods[identity].name, {pods[identity].status: 1}, 0, now_of(pods[identity]))
        for identity, role in found.items()
    )


def _standing(history: History, pods: Mapping[str, Pod], door: Door) -> Standing:
    under_way, current = history.unfinished, history.current
    release = under_way if under_way and under_way.state == "switched" else current
    shown, unfinished = (one.masked if one else None for one in (release, under_way))
    pod = pods.get(history.endpoint or "")
    if pod is None or release is None:
        gone = history.endpoint is not None
        return Standing(history.name, shown, unfinished, history.endpoint, gone=gone, what="pod")
    drift: tuple[str, ...] = ()
    if under_way is None:
        actual = pod.model_dump(mode="json", by_alias=True)
        looked_at = [name for name in OF_POD if name not in _ASKED_ONCE]
        drift = tuple(differing(without_mark(release.wanted or {}), without_mark(actual), looked_at))
    return Standing(
        history.name,
        shown,
        unfinished,
        pod.id,
        address_of(release.wanted or {}, pod.id, door),
        pod.image,
        percent=100 if pod.status == "RUNNING" else 0,
        drift=drift,
        what="pod",
        ended=pod.status if pod.status in ENDED else "",
    )
