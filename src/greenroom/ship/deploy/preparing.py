"""What a deploy or a rollback would do, before anything is written or changed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.ship.deploy import images
from greenroom.ship.deploy.beside import Beside, BesideTakenBack
from greenroom.ship.deploy.configuration import MARK, as_patch, changes, shown, values_of, with_mark, without_mark
from greenroom.ship.deploy.errors import ReleaseUnfinished, RollbackImpossible
from greenroom.ship.deploy.pace import PACE, Pace
from greenroom.ship.deploy.preflight import Account, examine, pinned
from greenroom.ship.deploy.records import History, Release
from greenroom.ship.deploy.rolling import Rolling, TakingDown
from greenroom.ship.deploy.spending import Spending

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from greenroom.recipes.recipe import Recipe
    from greenroom.ship.deploy.configuration import Values
    from greenroom.ship.deploy.declaration import Declaration
    from greenroom.ship.deploy.endpoint import EndpointRelease
    from greenroom.ship.deploy.images import Looked, Reference
    from greenroom.ship.deploy.records import Kind
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.types import Endpoint

# What stands for the mark of a release that was not begun.
_NO_MARK = "NEW"


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a deploy works. data: the folder of records.  look_up: asks an image's registry."""

    data: Path
    runpod: RunPod
    pace: Pace = PACE
    look_up: Callable[[Reference], Looked] = images.look_up


@dataclass(frozen=True, slots=True)
class Asked:
    """A deploy as it is asked for.

    canary: inputs of the job that proves it.  recipes: the model's and its components'.  max_hourly: dollars.
    blue_green: with a second endpoint, and the first one kept for soak_s.  adopt: an endpoint of the same name that
    greenroom did not make may be taken over.
    """

    declaration: Declaration
    canary: Values | None
    model: str | None = None
    recipes: Sequence[Recipe] = ()
    max_hourly: float | None = None
    blue_green: bool = False
    soak_s: float = 600.0
    adopt: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """A request that would be sent; values of secrets are masked."""

    method: str
    path: str
    body: Values | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that is known before anything is written.

    release: as it would be kept, or the one that is gone on with (resumes).  endpoint: what is there now.
    """

    history: History
    release: Release
    resumes: bool
    endpoint: Endpoint | None
    findings: tuple[Finding, ...] = ()
    soak_s: float = 0.0

    @property
    def is_refused(self) -> bool:
        """Whether a check found an error."""
        return any(finding.severity == "error" for finding in self.findings)

    @property
    def is_so(self) -> bool:
        """Whether what is wanted is live, and nothing is under way."""
        current = self.history.current
        if self.resumes or self.endpoint is None or current is None or current.endpoint != self.endpoint.id:
            return False
        wanted = without_mark(self.release.wanted or {})
        return not changes(wanted, without_mark(values_of(self.endpoint))) and not self.history.unfinished

    def working(self, runpod: RunPod, pace: Pace, *, back: bool = False) -> EndpointRelease:
        """What brings the release about. back: what is under way is to be taken back."""
        if self.release.kind == "blue-green":
            kind = BesideTakenBack if back else Beside
            return kind(runpod, self.history, self.release, pace, self.soak_s)
        return (Rolling if self.release.wanted is not None else TakingDown)(runpod, self.history, self.release, pace)

    def requests(self, *, back: bool = False) -> tuple[Request, ...]:
        """What would change something, in its order. back: as of ``working``."""
        if back and self.release.kind == "blue-green":
            workers = {"workers": (self.release.before or {}).get("workers", {})}
            blue, green = self.release.beside, self.release.endpoint or "ID"
            return Request("PATCH", f"/serverless/{blue}", workers), Request("DELETE", f"/serverless/{green}")
        return tuple(_requests(self.release, self.endpoint))


def prepare_deploy(place: Workplace, asked: Asked) -> Prepared:
    """Look at everything that a deploy would meet.

    Raises RunPodError, ReleaseUnfinished, FileUnreadable, InputInvalid.
    """
    history = History.read(place.data, asked.declaration.name)
    endpoint, found = _endpoint(history, place.runpod.endpoints.list(), adopt=asked.adopt)
    image = str(asked.declaration.values["image"])
    looked = place.look_up(images.Reference.parse(image))
    image, said = pinned(image, looked)
    values = {**asked.declaration.values, "image": image}
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
    account = Account.look(place.runpod, values)
    beside = 0.0
    if endpoint is not None and release.kind == "blue-green":
        beside = Spending.of(values_of(endpoint), account.gpus).most or 0.0
    found += said
    found += examine(values, account, looked.image, asked.recipes, max_hourly=asked.max_hourly, beside=beside)
    found += tuple(_canary(asked))
    return Prepared(history, release, resumes, endpoint, found, asked.soak_s)


def prepare_rollback(place: Workplace, name: str, to: int | None = None) -> Prepared:
    """What going back would do. to: the number of a release that was proved; 0 takes everything down.

    Raises RollbackImpossible, UnknownName, RunPodError, FileUnreadable.
    """
    history = History.read(place.data, name)
    under_way = history.unfinished
    if under_way is not None and under_way.kind == "blue-green":
        if to is not None:
            raise ReleaseUnfinished(
                f"{under_way}, a blue/green deploy, did not come to its end", mend="roll back without --to first"
            )
        return Prepared(history, under_way, True, None)
    going_on = under_way is not None and under_way.kind == "rollback" and to in (None, under_way.back_to)
    release = under_way if under_way and going_on else _backwards(history, to)
    endpoint = place.runpod.endpoints.find(release.endpoint) if release.endpoint else None
    if endpoint is not None and under_way is None:
        release = replace(release, before=values_of(endpoint))
    return Prepared(history, release, going_on, endpoint)


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
        return None, (
            *said,
            Finding("name-ambiguous", "error", message, "give another --name, or delete what is too much"),
        )
    if named and not adopt:
        message = (
            f"the endpoint {named[0].id} has the name {history.name}, and no record here says that greenroom made it"
        )
        mend = "--adopt takes it over, and its values are what a rollback brings back; or give another --name"
        return None, (*said, Finding("endpoint-not-ours", "error", message, mend))
    return (named[0] if named else None), said


def _new(history: History, values: Values, endpoint: Endpoint | None, kind: Kind, asked: Asked) -> Release:
    """A new release; what was before one that did not end is what is before this one."""
    under_way = history.unfinished
    before = under_way.before if under_way else None if endpoint is None else values_of(endpoint)
    identity = endpoint.id if endpoint else None
    return Release(
        name=history.name,
        number=_next(history),
        target="runpod",
        kind=kind,
        wanted=values,
        before=before,
        endpoint=None if kind == "blue-green" else identity,
        beside=identity if kind == "blue-green" else None,
        marks=(_NO_MARK, *(under_way.marks if under_way else ())),
        canary=asked.canary,
        model=asked.model,
    )


def _backwards(history: History, to: int | None) -> Release:
    """A release that goes back. Raises RollbackImpossible, UnknownName."""
    under_way, current = history.unfinished, history.current
    last = under_way or current
    if last is None:
        raise RollbackImpossible(
            f"nothing of {history.name} is known here",
            mend="greenroom status shows what was deployed from this machine",
        )
    marks = under_way.marks if under_way else last.marks
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
        number=_next(history),
        target="runpod",
        kind="rollback",
        wanted=wanted,
        before=last.before,
        endpoint=last.endpoint or (current.endpoint if current else None),
        beside=last.beside,
        marks=(_NO_MARK, *marks),
        back_to=back_to,
        canary=proved.canary if proved else None,
        model=proved.model if proved else None,
    )


def _next(history: History) -> int:
    return (history.releases[-1].number if history.releases else 0) + 1


def _canary(asked: Asked) -> Iterator[Finding]:
    if asked.canary is None and asked.declaration.type == "QUEUE":
        model = asked.model or "the model"
        message = f"nothing proves that {model} answers: no canary is given"
        yield Finding("canary-missing", "error", message, "--canary with inputs that it takes, as a JSON object")


def _requests(release: Release, endpoint: Endpoint | None) -> Iterator[Request]:
    if release.wanted is None:
        yield Request("DELETE", f"/serverless/{release.endpoint or 'ID'}")
        return
    wanted = release.wanted if release.kind == "rollback" else with_mark(release.wanted, release.marks[0])
    if release.kind == "blue-green":
        yield Request("POST", "/serverless", shown({**wanted, "name": f"{release.name}-{release.number}"}))
    elif endpoint is None:
        yield Request("POST", "/serverless", shown(wanted))
    elif changed := changes(wanted, values_of(endpoint)):
        yield Request("PATCH", f"/serverless/{endpoint.id}", shown(as_patch(changed)))
    if release.canary is not None:
        yield Request("POST", "/ID/run", {"input": release.canary})
    if release.kind == "blue-green":
        yield Request("PATCH", f"/serverless/{release.beside}", {"workers": {"min": 0, "max": 0}})
        yield Request("DELETE", f"/serverless/{release.beside}")
