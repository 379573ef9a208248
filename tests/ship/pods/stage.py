"""What tests of pods share: the account, what is deployed, and what must be so afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from greenroom.errors import Cancelled
from greenroom.ship.account.declaration import Declaration
from greenroom.ship.deploy.deploying import deploy, rollback
from greenroom.ship.deploy.pace import Pace
from greenroom.ship.deploy.reports import Report
from greenroom.ship.pods.door import Door
from greenroom.ship.pods.survey import survey_name
from greenroom.ship.pods.target import PodAsked, PodTarget
from tests.ship.endpoints.stage import NAME, Stage, image

CANARY = {"path": "/v1/audio/speech", "body": {"input": "Hello."}}


def values(letter: str = "a", name: str = "joe", **other: Any) -> dict[str, Any]:
    """A pod as a file declares it; what is None is left out."""
    given = {
        "name": NAME, "type": "POD", "image": image(letter, name), "env": {"MODEL": "joe"}, "ports": ["7860/http"],
        "gpu": {"id": "NVIDIA L4", "minCudaVersion": "12.8"}, "disk": 20, "cloud": "SECURE", **other,
    }  # fmt: skip
    return {field: value for field, value in given.items() if value is not None}


@dataclass
class PodStage(Stage):
    """The same account, for pods."""

    door: Door = field(kw_only=True)

    @property
    def pods(self) -> PodTarget:
        pace = Pace(look=1.0, rollout=100.0, canary=60.0, unhealthy=5.0, pause=self.clock.pause, clock=self.clock)
        return PodTarget(self.runpod, self.door, pace, self.look_up)

    def asked(self, letter: str = "a", name: str = "joe", /, **given: Any) -> PodAsked:
        own = ("max_hourly", "soak_s", "recipes", "stops_old", "shares_volume", "probe", "canary")
        asked = {"soak_s": 0.0, "canary": CANARY, **{key: given.pop(key) for key in own if key in given}}
        return PodAsked(Declaration(NAME, values(letter, name, **given)), **asked)

    def deploy(self, letter: str = "a", name: str = "joe", /, **given: Any) -> Report:
        return deploy(self.data, self.pods, self.asked(letter, name, **given))

    def soaking(self, letter: str, *, stops_old: bool = False) -> Report:
        """A deploy that is stopped in the middle of its soak."""

        def stop(stage: str, done: float, total: float) -> None:
            if "soak" in stage:
                raise Cancelled

        return deploy(self.data, self.pods, self.asked(letter, soak_s=3600.0, stops_old=stops_old), step=stop)

    def rollback(self, to: int | None = None) -> Report:
        return rollback(self.data, self.pods, NAME, to)

    @property
    def images(self) -> list[str]:
        """Of all pods, by the platform."""
        return [pod.config["image"] for pod in self.fake.platform.pods.values()]

    def check(self, *, named: bool = True) -> None:
        """The record says what is there: one pod that runs and answers, or none."""
        history = self.history
        assert history.unfinished is None
        current, pods = history.current, self.fake.platform.pods
        assert list(pods) == ([current.endpoint] if current else [])
        for pod in pods.values():
            assert current is not None
            assert (pod.status, pod.config["image"]) == ("RUNNING", current.image)
        if named:
            self.check_named()

    def check_named(self) -> None:
        """No pod is there without being named by status, also in the middle of things."""
        named = {one.id for one in survey_name(self.runpod, self.door, self.history)[1]}
        assert self.fake.platform.pods.keys() == named
