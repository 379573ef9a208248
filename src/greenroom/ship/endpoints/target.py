"""RunPod as a place where releases run: what is asked for, what is there, and what a deploy or a rollback would do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from greenroom.findings import Finding
from greenroom.ship.account.asked import Asked
from greenroom.ship.account.templates import with_template
from greenroom.ship.account.values import MARK, with_mark, without_mark
from greenroom.ship.deploy import images
from greenroom.ship.deploy.beside import TakenBack
from greenroom.ship.deploy.errors import ReleaseUnfinished, RollbackImpossible
from greenroom.ship.deploy.images import pinned
from greenroom.ship.deploy.pace import PACE, Pace
from greenroom.ship.deploy.records import NO_MARK, History, Release
from greenroom.ship.deploy.rollout import Rollout, TakenDown
from greenroom.ship.deploy.target import Prepared
from greenroom.ship.endpoints.blue_green import BlueGreen
from greenroom.ship.endpoints.configuration import changes, values_of
from greenroom.ship.endpoints.preflight import Account, examine
from greenroom.ship.endpoints.requests import requests, taking_back
from greenroom.ship.endpoints.rolling import Rolling
from greenroom.ship.endpoints.spending import Spending
from greenroom.ship.endpoints.survey import survey_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from greenroom.recipes.recipe import Recipe
    from greenroom.ship.account.values import Values
    from greenroom.ship.deploy.images import Looked, Reference
    from greenroom.ship.deploy.records import Kind
    from greenroom.ship.deploy.standing import Running, Standing
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.types import Endpoint


@dataclass(frozen=True, slots=True)
class EndpointAsked(Asked):
    """A deploy as it is asked for.

    canary: inputs of the job that proves it.  recipes: the model's and its components'.  max_hourly: dollars.
    blue_green: with a second endpoint, and the first one kept for soak_s.  adopt: an endpoint of the same name that
    greenroom did not make may be taken over.
    """

    canary: Values | None
    model: str | None = None
    recipes: Sequence[Recipe] = ()
    max_hourly: float | None = None
    blue_green: bool = False
    soak_s: float = 600.0
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class EndpointTarget:
    """One account. look_up: asks an image's registry."""

    runpod: RunPod
    pace: Pace = PACE
    look_up: Callable[[Reference], Looked] = images.look_up
    kind: Literal["runpod"] = "runpod"

    def prepare_deploy(self, history: History, asked: EndpointAsked) -> Prepared:
        """Look at the account, the catalogue and the registry.

        Raises RunPodError, ReleaseUnfinished, FileUnreadable, InputInvalid.
        """
        endpoint, found = _endpoint(history, self.runpod.endpoints.list(), adopt=asked.adopt)
        values, said = with_template(asked.declaration.values, self.runpod)
        found += said
        looked = self.look_up(images.Reference.parse(str(values["image"])))
        values["image"], said = pinned(str(values["image"]), looked)
        found += said
        kind: Kind = "blue-green" if asked.blue_green and endpoint is not None else "deploy"
        under_way = history.unfinished
        # Gone on with as it was begun, whatever the flags say now.
        resumes = under_way is not None and under_way.kind != "rollback" and under_way.wanted == values
        if under_way and not resumes and "blue-green" in (under_way.kind, kind):
            raise ReleaseUnfinished(
                f"{under_way} ({under_way.kind}) did not come to its end, and blue/green begins from what was proved",
                mend=f"deploy the same again to go on, or greenroom rollback {history.name}",
            )
        release = under_way if under_way and resumes else _new(history, values, endpoint, kind, asked)
        account = Account.look(self.runpod, values)
        beside = 0.0
        if endpoint is not None and release.kind == "blue-green":
            spending = Spending.of(values_of(endpoint), account.prices)
            beside = spending.most if spending else 0.0
        found += examine(values, account, looked.image, asked.recipes, max_hourly=asked.max_hourly, beside=beside)
        found += (*_fixed(values, endpoint), *_canary(asked))
        bring_about = partial(self._bring_about, soak_s=asked.soak_s)
        is_so = not resumes and _is_so(history, release, endpoint)
        return Prepared(history, release, bring_about, resumes, found, is_so, tuple(requests(release, endpoint)))

    def prepare_rollback(self, history: History, to: int | None) -> Prepared:
        """What going back would do. Raises RollbackImpossible, ReleaseUnfinished, UnknownName, RunPodError."""
        under_way = history.unfinished
        if under_way is not None and under_way.kind == "blue-green":
            if to is not None:
                raise ReleaseUnfinished(
                    f"{under_way}, a blue/green deploy, did not come to its end", mend="roll back without --to first"
                )
            asks = tuple(taking_back(under_way))
            return Prepared(history, under_way, self._take_back, resumes=True, requests=asks)
        going_on = under_way is not None and under_way.kind == "rollback" and to in (None, under_way.back_to)
        release = under_way if under_way and going_on else _backwards(history, to)
        endpoint = self.runpod.endpoints.find(release.endpoint) if release.endpoint else None
        if endpoint is not None and under_way is None:
            release = replace(release, before=values_of(endpoint))
        asks = tuple(requests(release, endpoint))
        return Prepared(history, release, self._bring_about, going_on, requests=asks)

    def beside(self, history: History, release: Release) -> BlueGreen:
        """What puts blue away."""
        return BlueGreen(self.runpod, history, release, self.pace, 0.0)

    def survey(self, history: History) -> tuple[Standing, tuple[Running, ...]]:
        """What of a name is there now. Raises RunPodError."""
        return survey_name(self.runpod, history)

    def _bring_about(self, history: History, release: Release, soak_s: float = 0.0) -> Rollout:
        if release.kind == "blue-green":
            return BlueGreen(self.runpod, history, release, self.pace, soak_s)
        rolling = Rolling(self.runpod, history, release, self.pace)
        if release.wanted is not None:
            return rolling
        words = f"DELETE /serverless/{release.endpoint or 'ID'}"
        return TakenDown(history, release, words, rolling.delete_all, rolling.is_gone, rolling.listening)

    def _take_back(self, history: History, release: Release) -> Rollout:
        return TakenBack(self.beside(history, release))


def _endpoint(
    history: History, endpoints: Sequence[Endpoint], *, adopt: bool
) -> tuple[Endpoint | None, tuple[Finding, ...]]:
    """What is there of this name: by the record, by the mark of what is under way, or else by the name itself."""
    under_way = history.unfinished
    known = under_way.endpoint if under_way and under_way.kind != "blue-green" else None
    wanted = known or history.endpoint
    if under_way is not None and under_way.kind == "blue-green":
        wanted = under_way.beside
    found = next((endpoint for endpoint in endpoints if endpoint.id == wanted), None)
    if found is None and under_way is not None:
        found = next((endpoint for endpoint in endpoints if endpoint.env.get(MARK) in under_way.marks), None)
    if found is not None:
        return found, ()
    said: tuple[Finding, ...] = ()
    if wanted is not None:
        message = f"the endpoint {wanted} of {history.name} is not there any more"
        said = (Finding("endpoint-gone", "warning", message, "somebody deleted it; a new one is made"),)
    named = [endpoint for endpoint in endpoints if endpoint.name == history.name]
    if len(named) > 1:
        ids = ", ".join(endpoint.id for endpoint in named)
        message = f"{len(named)} endpoints have the name {history.name}: {ids}"
        mend = "give another --name, or delete what is too much"
        return None, (*said, Finding("name-ambiguous", "error", message, mend))
    if named and not adopt:
        message = (
            f"the endpoint {named[0].id} has the name {history.name}, and no record here says that greenroom made it"
        )
        mend = "--adopt takes it over, and its values are what a rollback brings back; or give another --name"
        return None, (*said, Finding("endpoint-not-ours", "error", message, mend))
    return (named[0] if named else None), said


def _new(history: History, values: Values, endpoint: Endpoint | None, kind: Kind, asked: EndpointAsked) -> Release:
    """A new release; what was before one that did not end is what is before this one. Raises ReleaseUnfinished."""
    under_way, current = history.unfinished, history.current
    if kind == "blue-green" and current is not None and current.beside is not None:
        raise ReleaseUnfinished(
            f"the old endpoint {current.beside} of {current} is still there",
            mend="deploy again when its jobs have ended; greenroom status names it",
        )
    before = under_way.before if under_way else None if endpoint is None else values_of(endpoint)
    identity = endpoint.id if endpoint else None
    return Release(
        name=history.name,
        number=history.next_number,
        target="runpod",
        kind=kind,
        wanted=values,
        before=before,
        endpoint=None if kind == "blue-green" else identity,
        beside=identity if kind == "blue-green" else current.beside if current else None,
        marks=(NO_MARK, *(under_way.marks if under_way else ())),
        canary=asked.canary,
        model=asked.model,
    )


def _backwards(history: History, to: int | None) -> Release:
    """A release that goes back. Raises RollbackImpossible, UnknownName."""
    under_way, current, last = history.unfinished, history.current, history.last
    if last is None or (to == 0 and last.state == "removed"):
        raise RollbackImpossible(f"nothing of {history.name} is there", mend="greenroom deploy makes it")
    back_to: int | None
    if to == 0:
        wanted, back_to = None, 0
    elif to is not None:
        goal = history.release(to)
        wanted, back_to = with_mark(goal.wanted or {}, goal.marks[0]), to
    elif under_way is not None:
        wanted, back_to = under_way.before, current.number if current and under_way.before is not None else 0
    elif last.before is None:
        raise RollbackImpossible(
            f"{last} is the first one", mend=f"greenroom rollback {history.name} --to 0 takes everything down"
        )
    else:
        earlier = [release for release in history.releases if release.state == "live" and release.number < last.number]
        wanted, back_to = last.before, earlier[-1].number if earlier else None
    proved = next((release for release in history.releases if release.number == back_to), None)
    return Release(
        name=history.name,
        number=history.next_number,
        target="runpod",
        kind="rollback",
        wanted=wanted,
        before=None if last.state == "removed" else last.before,
        endpoint=last.endpoint or (current.endpoint if current else None),
        beside=last.beside,
        marks=(NO_MARK, *last.marks),
        back_to=back_to,
        canary=proved.canary if proved else None,
        model=proved.model if proved else None,
    )


def _is_so(history: History, release: Release, endpoint: Endpoint | None) -> bool:
    """Whether what is wanted is live, and nothing is under way."""
    current = history.current
    if endpoint is None or current is None or current.endpoint != endpoint.id or history.unfinished:
        return False
    return not changes(without_mark(release.wanted or {}), without_mark(values_of(endpoint)))


def _fixed(values: Values, endpoint: Endpoint | None) -> Iterator[Finding]:
    """What an endpoint keeps for its life, and a PATCH does not change."""
    if endpoint is None:
        return
    mend = "give another --name"
    if endpoint.type != values["type"]:
        message = f"{endpoint.name} ({endpoint.id}) is of the type {endpoint.type}, and cannot become {values['type']}"
        yield Finding("endpoint-type-fixed", "error", message, mend)
    if bool(endpoint.cpu) != ("cpu" in values):
        was, new = ("CPU", "GPU") if endpoint.cpu else ("GPU", "CPU")
        message = f"{endpoint.name} ({endpoint.id}) has {was} workers, and cannot get {new} workers"
        yield Finding("endpoint-compute-fixed", "error", message, mend)


def _canary(asked: EndpointAsked) -> Iterator[Finding]:
    """A queue is asked with inputs; a load balancer's ping is asked for in any case, and a request if one is given."""
    if asked.declaration.type == "LOAD_BALANCER" and asked.canary is not None and not asked.canary.get("path"):
        message = "the canary names no path, and a load balancer is asked over HTTP"
        yield Finding("canary-without-path", "error", message, '--canary \'{"path": "/v1/...", "body": {...}}\'')
    if asked.canary is None and asked.declaration.type == "QUEUE":
        model = asked.model or "the model"
        message = f"nothing proves that {model} answers: no canary is given"
        yield Finding("canary-missing", "error", message, "--canary with inputs that it takes, as a JSON object")
