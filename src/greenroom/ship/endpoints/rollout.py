"""A release on RunPod: what rolling and blue/green deploys do alike, each thing so that doing it again does no harm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenroom.ship.account.marked import Marked
from greenroom.ship.deploy.errors import ChangeNotTaken
from greenroom.ship.deploy.rollout import Rollout
from greenroom.ship.endpoints.canary import prove
from greenroom.ship.endpoints.configuration import as_patch, changes, values_of
from greenroom.ship.endpoints.watching import watch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from greenroom.plan.actions import Attempt
    from greenroom.ship.deploy.pace import Pace
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.types import Endpoint

# A PATCH may be taken by halves; what is missing is sent again so often.
_CHANGES = 3


class EndpointRollout(Rollout):
    """One release, its record, and the endpoint that it is about. runpod, pace: its maker's to set."""

    runpod: RunPod
    pace: Pace
    _image = ""
    _proved = False

    def listening(self, attempt: Attempt) -> AbstractContextManager[None]:
        """Waits for the quota, and between tries, end with the attempt."""
        return self.runpod.transport.stopped_by(attempt.stop)

    @property
    def made(self) -> Marked[Endpoint]:
        """What this release made."""
        return Marked(self.runpod.endpoints, "endpoint", self.release.marks)

    @property
    def identity(self) -> str:
        """The endpoint's id, once it was found or made."""
        assert self.release.endpoint is not None, "it was brought about before"  # noqa: S101 - the order of our steps
        return self.release.endpoint

    def find(self) -> Endpoint | None:
        """The endpoint: by its id, or by the mark of a creation whose reply never came. Raises RunPodError."""
        return self.made.find(self.release.endpoint)

    def bring_about(self, wanted: Mapping[str, Any], attempt: Attempt) -> Endpoint:
        """Create the endpoint or set its values, and see that it has them. Raises ChangeNotTaken, RunPodError."""
        endpoint = self.find() or self.made.create(wanted, attempt)
        self._image = str(wanted.get("image", ""))
        if endpoint.id != self.release.endpoint:
            self.note(endpoint=endpoint.id)
        return self.set_values(endpoint, wanted, attempt)

    def set_values(self, endpoint: Endpoint, wanted: Mapping[str, Any], attempt: Attempt) -> Endpoint:
        """Set what differs, and look whether it was taken. Raises ChangeNotTaken, RunPodError."""
        for _ in range(_CHANGES):
            missing = changes(wanted, values_of(endpoint))
            if not missing:
                return endpoint
            attempt.say(f"sets {', '.join(missing)} of {endpoint.name} ({endpoint.id})")
            self.runpod.endpoints.change(endpoint.id, as_patch(missing))
            endpoint = self.runpod.endpoints.get(endpoint.id)
        if missing := changes(wanted, values_of(endpoint)):
            raise ChangeNotTaken(
                f"RunPod took the change of {', '.join(missing)} {_CHANGES} times, and {endpoint.id} does not have it",
                mend="look at the endpoint in the console: it may limit what can be set",
            )
        return endpoint

    def has(self, wanted: Mapping[str, Any]) -> bool:
        """Whether the endpoint is there and has these values. Raises RunPodError."""
        endpoint = self.find()
        return endpoint is not None and not changes(wanted, values_of(endpoint))

    def delete_all(self, attempt: Attempt) -> None:
        """Take down the endpoint, and the one that may still be beside it. Raises RunPodError."""
        self.made.delete_made(self.release.endpoint, attempt)
        self.made.delete(self.release.beside, attempt)

    def is_gone(self) -> bool:
        """Whether nothing of it is in the list. Raises RunPodError."""
        return self.find() is None

    def roll_out(self, attempt: Attempt, *, least: int = 0) -> None:
        """Wait until the newest version runs everywhere. Raises RolloutFailed, RunPodError."""
        watch(self.runpod, self.identity, self._image, attempt, self.pace, least=least)

    def has_rolled_out(self) -> bool:
        """Whether no worker is an old one. Raises RunPodError."""
        return self.runpod.endpoints.releases(self.identity).rollout.is_done

    def prove(self, attempt: Attempt) -> None:
        """Run the canary. Raises CanaryFailed, RunPodError."""
        prove(self.runpod, self.runpod.endpoints.get(self.identity), self.release.canary or {}, attempt, self.pace)
        self._proved = True

    def is_proved(self) -> bool:
        """Whether the canary was answered in this run."""
        return self._proved
