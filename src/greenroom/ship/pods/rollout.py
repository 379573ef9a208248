"""One release on RunPod pods: a new pod beside the one in use.

A pod is never changed: a change would wipe its disk and answer nobody meanwhile. So each release makes one, and going
back makes the earlier one again from its record; only while the old one is kept it is started again instead.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from greenroom.ship.account.declaration import OF_POD, http_ports
from greenroom.ship.account.logs import tell
from greenroom.ship.account.marked import Marked
from greenroom.ship.deploy.errors import RolloutFailed
from greenroom.ship.deploy.probed import Probed
from greenroom.ship.deploy.steps import Step
from greenroom.ship.runpod.errors import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from greenroom.plan.actions import Attempt
    from greenroom.ship.account.values import Values
    from greenroom.ship.deploy.pace import Pace
    from greenroom.ship.deploy.records import History, Release
    from greenroom.ship.pods.door import Door
    from greenroom.ship.runpod.client import PodAction, RunPod
    from greenroom.ship.runpod.types import Pod

ENDED = frozenset({"EXITED", "ERROR", "TERMINATED"})
# A proxy says these for a container that it does not reach; and a canary may run twice without harm.
_NOT_REACHED = frozenset({"502", "503", "504", "524"})
_CANARIES = 3


class PodRollout(Probed):
    """A release whose ``wanted`` is the body of POST /pods, with ``probe``.

    stops_old: the old one is stopped as callers leave it, and not kept running until it goes.
    """

    def __init__(
        self,
        runpod: RunPod,
        door: Door,
        history: History,
        release: Release,
        pace: Pace,
        soak_s: float,
        *,
        stops_old: bool = False,
    ) -> None:
        super().__init__(history, release, pace, soak_s)
        self.runpod = runpod
        self._door = door
        self._stops_old = stops_old

    def listening(self, attempt: Attempt) -> AbstractContextManager[None]:
        """Waits for the quota, and between tries, end with the attempt."""
        return self.runpod.transport.stopped_by(attempt.stop)

    @property
    def made(self) -> Marked[Pod]:
        """What this release made to be used; what a way back made bears another mark."""
        return Marked(self.runpod.pods, "pod", self.release.marks[:1])

    def starting(self) -> Sequence[Step]:
        """Make the pod, wait until it runs, and probe it until it answers."""
        made = Step(
            "make the pod",
            f"POST /pods with {self.release.image}",
            self._make,
            "it is in the list of pods",
            lambda _: self.made.find(self.release.endpoint) is not None,
            "DELETE the pod",
            self.take_down,
        )
        started = Step(
            "start the pod",
            "GET the pod until it is RUNNING",
            self._wait_to_run,
            "it is RUNNING",
            lambda _: self.runpod.pods.get(self._identity).status == "RUNNING",
        )
        return made, started, self.probing()

    @property
    def switch_words(self) -> tuple[str, str]:
        """The record names the pod; the old one is stopped, where that was asked for."""
        old = self.release.beside
        stop = f", and stop {old}" if old and self._stops_old else f"; {old} runs on until the soak ends" if old else ""
        return f"name the pod's address in the record{stop}", f"name {old} in the record, running"

    def send_callers(self, attempt: Attempt) -> None:
        """Callers follow the record and the report."""
        attempt.say(f"{self.release.name} is now at {self._address}")
        old = self.runpod.pods.find(self.release.beside) if self.release.beside and self._stops_old else None
        if old is not None and "stop" in old.actions:
            self._act(old.id, "stop")
            attempt.say(f"stopped the pod {old.id}")

    def send_back(self, attempt: Attempt) -> None:
        """The old one answering: as it is, or started, or made again where its machine has no GPU left for it.

        Raises RolloutFailed where it does not come to answer, RunPodError.
        """
        current = self.history.current
        assert current is not None, "what is beside was proved"  # noqa: S101 - our own record
        mark = f"{self.release.marks[0]}/back"
        again = Marked(self.runpod.pods, "pod", (mark,))
        there = [pod for pod in (self.runpod.pods.find(self._beside), *again.all()) if pod is not None]
        pod = next((one for one in there if one.status not in ENDED), None) or self._started(there, attempt)
        if pod is None:
            self.note(marks=(*dict.fromkeys((*self.release.marks, mark)),))  # known before it is there
            pod = again.create(body_of(current.wanted or {}), attempt)
        old = PodRollout(self.runpod, self._door, self.history, replace(current, endpoint=pod.id), self.pace, 0.0)
        old._wait_to_run(attempt)
        old.wait_for_answer(attempt)
        if pod.id != self._beside:
            self.history = self.history.save(replace(current, endpoint=pod.id))
            self.note(beside=pod.id)
        for other in there:
            if other.id != pod.id:
                again.delete(other.id, attempt)
        attempt.say(f"{self.release.name} is the pod {pod.id} again")

    def status_of(self, path: str) -> int:
        """Asked through the proxy, as callers do."""
        return self._door.status(self._address, path)

    def ask(self, path: str, body: Any) -> str:
        """Asked through the proxy, again where that did not reach the pod."""
        answered = ""
        for _ in range(_CANARIES):
            answered = self._door.post(self._address, path, body, self.pace.canary)
            if answered.isdecimal() and answered not in _NOT_REACHED:
                break
        return answered

    def end(self) -> str:
        """A pod that is neither up nor on its way."""
        pod = self.runpod.pods.find(self._identity)
        return "gone" if pod is None else pod.status if pod.status in ENDED else ""

    def on_illness(self, attempt: Attempt) -> None:
        """The last lines of its log."""
        tell(partial(self.runpod.pods.logs, self._identity), self._identity, attempt)

    def remove(self, attempt: Attempt) -> None:
        """The pod, whether its id was learned or not; a network volume stays."""
        self.made.delete_made(self.release.endpoint, attempt)

    def remove_old(self, attempt: Attempt) -> None:
        """The old pod, and what its own host kept for it."""
        self.made.delete(self.release.beside, attempt)

    def remove_all(self, attempt: Attempt) -> None:
        """The pod, and those that may still be beside it. Raises RunPodError."""
        self._everything.delete_made(self.release.endpoint, attempt)
        self.remove_old(attempt)

    def is_gone(self) -> bool:
        """Whether nothing of it is in the list. Raises RunPodError."""
        there = {pod.id for pod in self.runpod.pods.list()}
        return not self._everything.all() and not there & {self.release.endpoint, self.release.beside}

    @property
    def _everything(self) -> Marked[Pod]:
        return Marked(self.runpod.pods, "pod", self.release.marks)

    @property
    def _beside(self) -> str:
        assert self.release.beside is not None, "callers are sent back to what is beside"  # noqa: S101 - our own record
        return self.release.beside

    @property
    def _identity(self) -> str:
        assert self.release.endpoint is not None, "it was made before"  # noqa: S101 - the order of our steps
        return self.release.endpoint

    @property
    def _address(self) -> str:
        return address_of(self.wanted, self._identity, self._door)

    def _make(self, attempt: Attempt) -> None:
        self.take_up()
        pod = self.made.find(self.release.endpoint) or self.made.create(body_of(self.wanted), attempt)
        if pod.id != self.release.endpoint:
            self.note(endpoint=pod.id)

    def _started(self, pods: Sequence[Pod], attempt: Attempt) -> Pod | None:
        """The first one that starts again."""
        for pod in pods:
            try:
                return self._act(pod.id, "start")
            except RequestRefused as refused:
                attempt.say(f"{pod.id} does not start again: {refused.message}")
        return None

    def _act(self, identity: str, action: PodAction) -> Pod:
        """Start or stop a pod; one that a try whose reply got lost has started or stopped refuses the next try.

        Raises RequestRefused, RunPodError.
        """
        try:
            return self.runpod.pods.act(identity, action)
        except RequestRefused:
            pod = self.runpod.pods.get(identity)
            if action in pod.actions:
                raise
            return pod

    def _wait_to_run(self, attempt: Attempt) -> None:
        """Raises RolloutFailed, RunPodError."""
        began = self.pace.clock()
        while (pod := self.runpod.pods.get(self._identity)).status != "RUNNING":
            seconds = self.pace.clock() - began
            attempt.step(f"the pod is {pod.status.lower()}", seconds, self.pace.rollout)
            if pod.status in ENDED or seconds >= self.pace.rollout:
                self.on_illness(attempt)
                why = "" if pod.status in ENDED else f" after {seconds:.0f} s"
                raise RolloutFailed(
                    f"the pod {pod.id} is {pod.status}{why}", mend="read its log in the report: does the image start?"
                )
            self.pace.pause(attempt.stop, self.pace.look)


def body_of(wanted: Mapping[str, Any]) -> Values:
    """What of a release is sent to the platform."""
    return {name: value for name, value in wanted.items() if name in OF_POD}


def address_of(wanted: Mapping[str, Any], pod: str, door: Door) -> str:
    """Where callers find a pod: at its first port that the proxy serves."""
    ports = http_ports(dict(wanted))
    return door.address(pod, ports[0]) if ports else ""
