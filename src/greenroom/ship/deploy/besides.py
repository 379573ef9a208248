"""Places where each release is a thing of its own beside the one before, and going back is another such release."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from greenroom.errors import InputInvalid
from greenroom.ship.deploy.beside import TakenBack
from greenroom.ship.deploy.errors import ReleaseUnfinished, RollbackImpossible
from greenroom.ship.deploy.records import NO_MARK, History, Release
from greenroom.ship.deploy.target import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.findings import Finding
    from greenroom.ship.deploy import records
    from greenroom.ship.deploy.beside import Beside
    from greenroom.ship.deploy.rollout import Rollout
    from greenroom.ship.deploy.target import Request

    Values = dict[str, Any]


class BesideTarget(ABC):
    """What such places do alike, from what is wanted to how it is brought about. kind: as records name it."""

    kind: records.Target

    @abstractmethod
    def beside(self, history: History, release: Release, soak_s: float = 0.0) -> Beside:
        """What brings a release about, and puts the old one away."""

    @abstractmethod
    def taken_down(self, history: History, release: Release) -> Rollout:
        """What takes everything of a name down."""

    @abstractmethod
    def requests(self, release: Release) -> tuple[Request, ...]:
        """What a release would send, as far as it is worth reading."""

    @abstractmethod
    def again(self, goal: Values, last: Release) -> Values:
        """What an earlier release set, made fit to run beside the last one."""

    def prepare_beside(
        self,
        history: History,
        wanted: Values,
        findings: tuple[Finding, ...],
        *,
        is_live: bool,
        canary: Values | None,
        model: str | None = None,
        bring_about: Callable[[History, Release], Rollout],
    ) -> Prepared:
        """A deploy of what is wanted. is_live: it runs already.

        Raises ReleaseUnfinished.
        """
        current, under_way = history.current, history.unfinished
        if under_way is not None and under_way.wanted != wanted:
            raise ReleaseUnfinished(
                f"{under_way} did not come to its end",
                mend=f"deploy the same again, or greenroom rollback {history.name}",
            )
        is_so = is_live and under_way is None
        if not is_so:
            _check_old_is_gone(history)
        before, beside = (current.wanted, current.endpoint) if current else (None, None)
        release = under_way or replace(self._new(history, wanted, before, beside, canary), model=model)
        return Prepared(history, release, bring_about, under_way is not None, findings, is_so, self.requests(release))

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
            release = self._new(history, None, last.wanted or last.before, last.beside, None)
            marks = (NO_MARK, *last.marks, *(history.current.marks if history.current else ()))
            release = replace(release, endpoint=last.endpoint, back_to=0, marks=marks)
            return Prepared(history, release, self._bring_about, requests=self.requests(release))
        if under_way is not None:
            raise ReleaseUnfinished(f"{under_way} did not come to its end", mend="roll back without --to first")
        goal = history.release(to).wanted if to is not None else last.before
        if goal is None:
            raise RollbackImpossible(f"{last} is the first one", mend=f"greenroom rollback {name} --to 0 takes it down")
        _check_old_is_gone(history)
        proved = [release for release in history.releases if release.state == "live" and release.wanted == goal]
        release = self._new(
            history, self.again(goal, last), last.wanted, last.endpoint, proved[-1].canary if proved else None
        )
        release = replace(release, kind="rollback", back_to=proved[-1].number if proved else None)
        return Prepared(history, release, self._bring_about, requests=self.requests(release))

    def _bring_about(self, history: History, release: Release) -> Rollout:
        return self.beside(history, release) if release.wanted is not None else self.taken_down(history, release)

    def _take_back(self, history: History, release: Release) -> Rollout:
        return TakenBack(self.beside(history, release))

    def _new(
        self, history: History, wanted: Values | None, before: Values | None, beside: str | None, canary: Values | None
    ) -> Release:
        return Release(
            name=history.name,
            number=history.next_number,
            target=self.kind,
            kind="deploy" if wanted is not None else "rollback",
            wanted=wanted,
            before=before,
            beside=beside,
            marks=(NO_MARK,),
            canary=canary,
        )


def check_canary(canary: Values | None) -> None:
    """A release that answers HTTP is asked by it. Raises InputInvalid for a canary that names no path."""
    if canary is not None and not canary.get("path"):
        raise InputInvalid("the canary names no path", mend='--canary \'{"path": "/v1/...", "body": {...}}\'')


def _check_old_is_gone(history: History) -> None:
    """A third one beside two others would be in no record. Raises ReleaseUnfinished."""
    current = history.current
    if history.unfinished is None and current is not None and current.beside is not None:
        raise ReleaseUnfinished(
            f"the old {current.beside} of {current} is still there",
            mend="deploy the same again, which takes it down; greenroom status names it",
        )
