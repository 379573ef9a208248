"""A network that goes away at each request of a pod's release."""

from __future__ import annotations

import pytest

from greenroom.ship.runpod.fake import Fault
from greenroom.ship.runpod.fake.faults import Kind
from tests.ship.breaking import Work, break_everywhere, released
from tests.ship.pods.stage import PodStage

BACK: Work[PodStage] = Work("back", lambda stage: stage.rollback(), before=2, is_back=True)
WORKS: list[Work[PodStage]] = [
    Work("first", lambda stage: stage.deploy("a"), before=0),
    Work("next", lambda stage: stage.deploy("b"), reads=True),
    Work("failing", lambda stage: stage.deploy("c", "bad"), fails=True),
    BACK,
    Work("down", lambda stage: stage.rollback(0), is_back=True),
]


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_the_network_goes_away_at_each_request(stage: PodStage, work: Work[PodStage]) -> None:
    break_everywhere(released(stage, work.before), work)


def soaking(stage: PodStage) -> None:
    stage.soaking("b", stops_old=True)


def without_old(stage: PodStage) -> None:
    """Somebody terminated the old pod meanwhile."""
    stage.soaking("b", stops_old=True)
    del stage.fake.platform.pods["pod1"]


@pytest.mark.parametrize("soaks", [soaking, without_old])
def test_the_network_goes_away_while_a_soak_is_taken_back(stage: PodStage, soaks: object) -> None:
    """The old pod is started again, or made again."""
    scene = released(stage, 1, soaks=soaking if soaks is soaking else without_old)
    break_everywhere(scene, BACK)


class Once(Fault):
    """Happens to each request, and not to the same one again; one that reads is another whenever it is sent anew."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.lost: list[tuple[str, str]] = []
        self._to_come_again: set[tuple[str, str]] = set()

    def meets(self, number: int, method: str, path: str) -> bool:
        """Whether it happens to this one."""
        request = (method, path)
        if request in self._to_come_again:
            if method == "GET":
                self._to_come_again.remove(request)
            return False
        self._to_come_again.add(request)
        self.lost.append(request)
        return True


@pytest.mark.parametrize("kind", ["cut-before", "cut-after", "refuse", "fail"])
def test_a_request_that_is_lost_once_is_no_failure(stage: PodStage, kind: Kind) -> None:
    """Not even when that happens to every one."""
    assert stage.deploy("a").ok
    once = Once(kind)
    stage.fake.faults.append(once)
    report = stage.deploy("b", stops_old=True)
    stage.fake.faults.clear()
    assert report.outcome == "live", report.why
    changing = [(method, path.removeprefix("/v2")) for method, path in once.lost if method != "GET"]
    assert changing == [
        ("POST", "/pods"),
        ("POST", f"/pods/{report.endpoint}/7860/v1/audio/speech"),
        ("POST", "/pods/pod1/action"),
        ("DELETE", "/pods/pod1"),
    ]
    assert sum(method == "GET" for method, _ in once.lost) > len(changing)
    stage.check()
