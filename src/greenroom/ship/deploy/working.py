"""A release while it is worked on: its record, its plan, and how it ends."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from greenroom.ship.deploy.records import now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.findings import Finding
    from greenroom.plan.plan import Plan
    from greenroom.ship.deploy.records import History, Release
    from greenroom.ship.deploy.reports import Outcome


class Working(ABC):
    """One release of one name, wherever it runs."""

    def __init__(self, history: History, release: Release) -> None:
        self.history = history
        self.release = release

    @abstractmethod
    def plan(self) -> Plan:
        """How the release is brought about."""

    def note(self, **changed: Any) -> None:
        """Keep what has become of the release. Raises OutputUnwritable."""
        self.release = replace(self.release, **changed)
        self.history = self.history.save(self.release)

    @property
    def secrets(self) -> Mapping[str, str]:
        """Variables whose values stay out of logs, as far as their names say that they are secret."""
        env: dict[str, str] = (self.release.wanted or {}).get("env", {})
        return env

    def conclude(self) -> tuple[Outcome, tuple[Finding, ...]]:
        """The plan is done: keep how it ended. Raises OutputUnwritable."""
        self.note(state="live", ended=now(), outcome="proved" if self.release.canary is not None else "rolled out")
        return "live", ()

    @property
    def proved(self) -> Release | None:
        """The release that is in use once this one has ended well; None where nothing is."""
        return self.release
