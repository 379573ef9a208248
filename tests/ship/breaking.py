"""A network that goes away at each request, before its effect and behind it: whoever comes next ends it well."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from greenroom.ship.deploy.reports import Report
from greenroom.ship.runpod.fake import Behaviour, Fault
from greenroom.ship.runpod.fake.faults import Kind
from tests.ship.endpoints.stage import Stage

S = TypeVar("S", bound=Stage)
BEHAVIOURS = {"bad": Behaviour(0.5, 0.5, answers=False), "joe": Behaviour(0.5, 0.5)}


@dataclass(frozen=True)
class Work(Generic[S]):
    """Something that is done. before: releases before it.  fails: it is taken back by itself.

    is_back: it is a rollback, which is gone on with by the same command alone.  reads: requests that change nothing
    are cut too; one work of a kind has them.
    """

    name: str
    does: Callable[[S], Report]
    before: int = 1
    fails: bool = False
    is_back: bool = False
    reads: bool = False


class Scene(Generic[S]):
    """The state that a stage is in, to begin from as often as it takes."""

    def __init__(self, stage: S) -> None:
        self.stage = stage
        self._platform = stage.fake.platform
        self._data = stage.data
        self._numbers = itertools.count()

    def again(self) -> S:
        """The state, as it was, without faults."""
        stage = self.stage
        stage.fake.platform = self._platform.copy()
        stage.fake.faults.clear()
        stage.data = self._data.with_name(f"{self._data.name}-{next(self._numbers)}")
        if self._data.exists():
            shutil.copytree(self._data, stage.data)
        return stage


def released(stage: S, before: int, soaks: Callable[[S], object] | None = None) -> Scene[S]:
    """Some releases of images that behave as their names say. soaks: brings a second one into the midst of its soak."""
    stage.fake.platform.behave = dict(BEHAVIOURS)
    for letter in "ab"[:before]:
        assert stage.deploy(letter).ok
    if soaks is not None:
        soaks(stage)
    return Scene(stage)


def cuts(scene: Scene[S], work: Work[S]) -> Iterator[tuple[int, Kind, tuple[bool, ...]]]:
    """What can happen to each request of the work, by its number, and whether one goes back from there, or on, or both.

    One with an effect: it never comes, its reply does not (or is that of a server that failed), half of it is taken.
    Of one without an effect it does not matter on which way it was cut; one work has them, every other one each way.
    """
    stage = scene.again()
    begun = len(stage.fake.seen)
    assert work.does(stage).outcome in ("live", "reverted", "removed")
    stage.check()
    both = (False,) if work.is_back else (False, True)
    for number, request in enumerate(stage.fake.seen[begun:], 1):
        if request.method != "GET":
            yield number, "cut-before", both
            yield number, "fail" if number % 2 else "cut-after", both
        elif work.reads:
            yield number, "cut-after", (bool(number % 2),)
        if request.method == "PATCH":
            yield number, "half", both


def break_everywhere(scene: Scene[S], work: Work[S]) -> None:
    """And the network stays away; what the same command then does, or a rollback, ends in what the record names."""
    stage = scene.stage
    with stage.hasty() as hastily:
        for number, kind, ways in cuts(scene, work):
            seen = len(scene.again().fake.seen)
            stage.fake.faults.append(Fault(kind, at=seen + number))
            stage.fake.faults.append(Fault("cut-before", at=seen + number + 1, times=10_000))
            report = hastily(lambda _: work.does(stage))
            stage.fake.faults.clear()
            stage.check_named()
            assert report.ok or report.findings or report.why, "whoever deployed is told"
            broken = Scene(stage) if len(ways) > 1 else None
            for goes_back in ways:
                if broken is not None:
                    broken.again()
                _end_it(stage, work, report, goes_back=goes_back)
                stage.check(named=False)


def _end_it(stage: S, work: Work[S], report: Report, *, goes_back: bool) -> None:
    """What the report says is to be done next: the same again, or a rollback."""
    current = stage.history.current
    if stage.history.unfinished is not None:
        proved = current.image if current else None
        ended = stage.rollback() if goes_back else work.does(stage)
        if work.fails and not goes_back:
            assert ended.outcome == "reverted", ended
        else:
            assert ended.ok, ended
        if goes_back or not ended.ok:
            assert stage.images == ([proved] if proved else [])
    elif current is not None and current.beside is not None:
        assert "old-left" in {finding.code for finding in report.findings}
        again = work.does(stage)
        assert again.outcome == "unchanged" or (work.is_back and again.ok)
