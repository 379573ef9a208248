"""A pull in this process, from a hub on this machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from greenroom.findings import Finding
from greenroom.leases import Holder
from greenroom.weights.pulling.hub import Hub
from greenroom.weights.pulling.plan import Asked, AskedUrl, Plan
from greenroom.weights.pulling.planner import Planner
from greenroom.weights.pulling.pull import Watch, pull
from greenroom.weights.pulling.pulled import Pulled
from greenroom.weights.side_by_side import Standing
from greenroom.weights.store.places import Places, Store
from greenroom.weights.transfer.patience import Patience
from tests.weights.hub import HubServer

# Nothing here waits long before it tries again; but what comes may be late, as this machine may stand still.
PATIENCE = Patience(connect_s=60, stall_s=60, tries=3, backoff_s=0.01, most_backoff_s=0.05, most_retry_after_s=0.05)


@dataclass
class Machine:
    """A machine with a store. told: the findings of its pulls."""

    hub: HubServer
    folder: Path
    own: Path | None = None
    more: tuple[Path, ...] = ()
    token: str | None = None
    offline: bool = False
    told: list[Finding] = field(default_factory=list)
    waited_for: list[Holder | None] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return Store(self.folder / "hub")

    @property
    def places(self) -> Places:
        return Places(self.own, (self.store.cache, *self.more))

    def planner(self) -> Planner:
        hub = Hub(self.hub.url, self.token, self.offline, PATIENCE)
        return Planner(self.places, hub, github=f"{self.hub.url}/github")

    def plan(self, *models: str, variant: str | None = None, urls: tuple[AskedUrl, ...] = ()) -> Plan:
        return self.planner().plan(Asked(models, variant, urls))

    def pull(self, *models: str, variant: str | None = None, urls: tuple[AskedUrl, ...] = ()) -> Pulled:
        asked, planner = Asked(models, variant, urls), self.planner()
        watch = Watch(_silent, lambda holder, _: self.waited_for.append(holder), self.told.append)
        return pull(planner, asked, planner.plan(asked), watch, patience=PATIENCE)


def _silent(_: Standing) -> None:
    """Show nobody."""
