"""RunPod pods as a place where releases run: what is asked for, and what a deploy or a rollback would do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from greenroom.findings import Finding
from greenroom.ship.account.asked import Asked
from greenroom.ship.account.templates import with_template
from greenroom.ship.account.values import MARK, with_mark, without_empty
from greenroom.ship.deploy import images
from greenroom.ship.deploy.besides import BesideTarget, check_canary
from greenroom.ship.deploy.images import pinned
from greenroom.ship.deploy.masking import shown
from greenroom.ship.deploy.pace import PACE, Pace
from greenroom.ship.deploy.rollout import TakenDown
from greenroom.ship.deploy.target import Request
from greenroom.ship.pods.preflight import Account, examine
from greenroom.ship.pods.rollout import ENDED, PodRollout, address_of, body_of
from greenroom.ship.pods.survey import survey_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from greenroom.recipes.recipe import Recipe
    from greenroom.ship.account.values import Values
    from greenroom.ship.deploy.images import Looked, Reference
    from greenroom.ship.deploy.records import History, Release
    from greenroom.ship.deploy.standing import Running, Standing
    from greenroom.ship.deploy.target import Prepared
    from greenroom.ship.pods.door import Door
    from greenroom.ship.runpod.client import RunPod

# What stands for the id of a pod that was not made.
_ID = "ID"


@dataclass(frozen=True, slots=True)
class PodAsked(Asked):
    """A deploy as it is asked for.

    probe: a path that the pod answers with 200.  canary: a request that proves it.  recipes: the model's and its
    components'.  max_hourly: dollars.  soak_s: how long the old pod is kept behind the switch, stopped if stops_old.
    shares_volume: the image bears another pod on its network volume.
    """

    probe: str = "/readyz"
    canary: Values | None = None
    model: str | None = None
    recipes: Sequence[Recipe] = ()
    max_hourly: float | None = None
    soak_s: float = 600.0
    stops_old: bool = False
    shares_volume: bool = False


@dataclass(frozen=True, slots=True)
class PodTarget(BesideTarget):
    """The pods of one account. look_up: asks an image's registry."""

    runpod: RunPod
    door: Door
    pace: Pace = PACE
    look_up: Callable[[Reference], Looked] = images.look_up
    kind: Literal["pod"] = "pod"

    def prepare_deploy(self, history: History, asked: PodAsked) -> Prepared:
        """Look at the account, the catalogue and the registry. Raises RunPodError, ReleaseUnfinished, InputInvalid."""
        check_canary(asked.canary)
        values, found = with_template(asked.declaration.values, self.runpod)
        looked = self.look_up(images.Reference.parse(str(values["image"])))
        values["image"], said = pinned(str(values["image"]), looked)
        wanted = {**values, "probe": f"/{asked.probe.lstrip('/')}"}
        pods = self.runpod.pods.list()
        current, under_way = history.current, history.unfinished
        used = next((pod for pod in pods if current is not None and pod.id == current.endpoint), None)
        found += (*said, *_gone(history, is_there=used is not None))
        others = tuple(pod for pod in pods if under_way is None or pod.env.get(MARK) not in under_way.marks)
        account = Account.look(self.runpod, others, wanted, current.wanted if current and used else None)
        is_live = current is not None and current.wanted == wanted and used is not None and used.status not in ENDED
        if not is_live:
            found += examine(
                wanted,
                account,
                looked.image,
                asked.recipes,
                max_hourly=asked.max_hourly,
                shares_volume=asked.shares_volume,
            )
            found += tuple(_kept(account, asked))
        return self.prepare_beside(
            history,
            wanted,
            found,
            is_live=is_live,
            canary=asked.canary,
            model=asked.model,
            bring_about=partial(self.beside, soak_s=asked.soak_s, stops_old=asked.stops_old),
        )

    def beside(self, history: History, release: Release, soak_s: float = 0.0, *, stops_old: bool = False) -> PodRollout:
        """A pod of its own."""
        return PodRollout(self.runpod, self.door, history, release, self.pace, soak_s, stops_old=stops_old)

    def taken_down(self, history: History, release: Release) -> TakenDown:
        """Every pod of the name; network volumes stay."""
        pods = self.beside(history, release)
        words = " and ".join(f"DELETE /pods/{one}" for one in _ids(release)) or f"DELETE /pods/{_ID}"
        return TakenDown(history, release, words, pods.remove_all, pods.is_gone, pods.listening)

    def requests(self, release: Release) -> tuple[Request, ...]:
        """What is sent, in its order."""
        return tuple(self._requests(release))

    def again(self, goal: Values, last: Release) -> Values:
        """As it was: pods stand beside each other without a change."""
        return goal

    def survey(self, history: History) -> tuple[Standing, tuple[Running, ...]]:
        """What of a name is there now. Raises RunPodError."""
        return survey_name(self.runpod, self.door, history)

    def _requests(self, release: Release) -> Iterator[Request]:
        if release.wanted is not None:
            yield Request("POST", "/pods", shown(without_empty(with_mark(body_of(release.wanted), release.marks[0]))))
            if release.canary is not None:
                address = address_of(release.wanted, _ID, self.door)
                yield Request(
                    "POST", f"{address}/{str(release.canary['path']).lstrip('/')}", release.canary.get("body")
                )
        old = _ids(release) if release.wanted is None else (release.beside,) if release.beside else ()
        yield from (Request("DELETE", f"/pods/{one}") for one in old)


def _ids(release: Release) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(one for one in (release.endpoint, release.beside) if one))


def _gone(history: History, *, is_there: bool) -> Iterator[Finding]:
    if history.current is not None and not is_there:
        message = f"the pod {history.current.endpoint} of {history.name} is not there any more"
        yield Finding("pod-gone", "warning", message, "somebody terminated it; a new one is made")


def _kept(account: Account, asked: PodAsked) -> Iterator[Finding]:
    """What the old pod costs from the switch on until it goes."""
    cost = account.cost(account.beside) if account.beside else None
    if cost is None or not asked.soak_s:
        return
    hourly, state = (cost.stopped, "stopped") if asked.stops_old else (cost.running, "running")
    message = f"until the soak ends the old pod is kept {state}: ${hourly:.3f} an hour for {asked.soak_s:.0f} s"
    mend = (
        "a way back starts it again, or makes it anew where its machine has no GPU left"
        if asked.stops_old
        else "--stop-old keeps it stopped; a way back then takes as long as its start"
    )
    yield Finding("old-kept", "note", message, mend)
