"""What tests of deploys share: the account, what is deployed, and what must be so afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from greenroom.errors import Cancelled
from greenroom.ship.account.declaration import Declaration
from greenroom.ship.account.values import MARK
from greenroom.ship.deploy.deploying import deploy, rollback
from greenroom.ship.deploy.images import Looked, Reference
from greenroom.ship.deploy.pace import Pace
from greenroom.ship.deploy.records import History
from greenroom.ship.deploy.reports import Report
from greenroom.ship.endpoints.survey import survey_name
from greenroom.ship.endpoints.target import EndpointAsked, EndpointTarget
from greenroom.ship.runpod.client import RunPod
from greenroom.ship.runpod.fake import FakeRunPod, ManualClock
from greenroom.ship.runpod.transport import Transport
from greenroom.weights.transfer.patience import Patience

NAME = "joe"
CANARY = {"text": "Hello."}
LOOKED = Looked("unreachable", problem="no network in this test")


def PATIENCE(clock: ManualClock) -> Patience:  # noqa: N802 - a value but for its clock
    """Waits that pass at once."""
    return Patience(connect_s=60, stall_s=60, tries=3, backoff_s=0.01, pause=clock.pause, draw=lambda: 1.0)


def image(letter: str, name: str = "joe") -> str:
    """An image by digest; names such as ``fails-jobs`` say how it behaves."""
    return f"registry.example/{name}@sha256:{letter * 64}"


def values(letter: str = "a", name: str = "joe", **other: Any) -> dict[str, Any]:
    """An endpoint as a file declares it; what is None is left out."""
    given = {
        "name": NAME, "type": "QUEUE", "image": image(letter, name), "env": {"MODEL": "joe"},
        "gpu": {"pools": ["ADA_24"], "minCudaVersion": "12.8"}, "workers": {"min": 0, "max": 2},
        "scaling": {"type": "QUEUE_DELAY", "queueDelay": 4}, **other,
    }  # fmt: skip
    return {field: value for field, value in given.items() if value is not None}


@dataclass
class Stage:
    """One account, and one folder of records."""

    fake: FakeRunPod
    clock: ManualClock
    runpod: RunPod
    data: Path
    look_up: Callable[[Reference], Looked] = field(default=lambda _: LOOKED)

    @contextmanager
    def hasty(self) -> Iterator[Callable[[Callable[[Stage], Report]], Report]]:
        """Does a work with a client that asks everything once."""
        with Transport(
            self.fake.url, SecretStr(self.fake.key), replace(PATIENCE(self.clock), tries=1), self.clock
        ) as transport:
            hasty = RunPod(transport)

            def hastily(work: Callable[[Stage], Report]) -> Report:
                usual, self.runpod = self.runpod, hasty
                try:
                    return work(self)
                finally:
                    self.runpod = usual

            yield hastily

    @property
    def target(self) -> EndpointTarget:
        pace = Pace(look=1.0, rollout=100.0, canary=60.0, unhealthy=5.0, pause=self.clock.pause, clock=self.clock)
        return EndpointTarget(self.runpod, pace, self.look_up)

    def deploy(self, letter: str = "a", name: str = "joe", /, **given: Any) -> Report:
        asked = {
            key: given.pop(key) for key in ("blue_green", "adopt", "max_hourly", "soak_s", "recipes") if key in given
        }
        asked.setdefault("soak_s", 0.0)
        canary = given.pop("canary", CANARY)
        declaration = Declaration(NAME, values(letter, name, **given))
        return deploy(self.data, self.target, EndpointAsked(declaration, canary, **asked))

    def soaking(self, letter: str) -> Report:
        """A blue/green deploy that is stopped in the middle of its soak."""

        def stop(stage: str, done: float, total: float) -> None:
            if "soak" in stage:
                raise Cancelled

        asked = EndpointAsked(Declaration(NAME, values(letter)), CANARY, blue_green=True, soak_s=3600.0)
        return deploy(self.data, self.target, asked, step=stop)

    def stopped(self, letter: str) -> Report:
        """A deploy that is stopped while it rolls out."""

        def stop(stage: str, done: float, total: float) -> None:
            if "roll out" in stage:
                raise Cancelled

        return deploy(self.data, self.target, EndpointAsked(Declaration(NAME, values(letter)), CANARY), step=stop)

    def rollback(self, to: int | None = None) -> Report:
        return rollback(self.data, self.target, NAME, to)

    @property
    def history(self) -> History:
        return History.read(self.data, NAME)

    @property
    def images(self) -> list[str]:
        """Of all endpoints, by the platform."""
        return [endpoint.config["image"] for endpoint in self.fake.platform.endpoints.values()]

    def check(self, *, named: bool = True) -> None:
        """What must be so whenever a deploy or rollback says that it has ended.

        The record says what is there, one endpoint has it or none, no worker runs anything else, and status names
        everything that costs money (named; of one endpoint that the record has there is little to miss).
        """
        history = self.history
        assert history.unfinished is None
        current = history.current
        endpoints = self.fake.platform.endpoints
        if current is None:
            assert endpoints == {}
        else:
            assert list(endpoints) == [current.endpoint]
            endpoint = endpoints[str(current.endpoint)]
            assert endpoint.config["image"] == current.image
            assert endpoint.config["name"] == NAME
            assert all(worker.image == current.image for worker in endpoint.workers)
        if named:
            self.check_named()

    def check_named(self) -> None:
        """Nothing costs money without being named by status, also in the middle of things."""
        named = {one.id for one in survey_name(self.runpod, self.history)[1]}
        running = {identity for identity, one in self.fake.platform.endpoints.items() if one.workers}
        assert running <= named
        assert all(
            MARK in one.config["env"] or identity in named for identity, one in self.fake.platform.endpoints.items()
        )
