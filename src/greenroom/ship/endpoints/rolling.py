"""A release on one endpoint: set its values, watch them roll, prove them; or bring the old values back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.ship.account.values import with_mark
from greenroom.ship.deploy.records import now
from greenroom.ship.deploy.steps import Step
from greenroom.ship.endpoints.rollout import EndpointRollout

if TYPE_CHECKING:
    from greenroom.plan.actions import Attempt
    from greenroom.plan.plan import Plan
    from greenroom.ship.account.values import Values
    from greenroom.ship.deploy.pace import Pace
    from greenroom.ship.deploy.records import History, Release
    from greenroom.ship.runpod.client import RunPod


class Rolling(EndpointRollout):
    """Create or change one endpoint. A rollback is the same towards older values, and has none to bring back."""

    def __init__(self, runpod: RunPod, history: History, release: Release, pace: Pace) -> None:
        super().__init__(history, release)
        self.runpod = runpod
        self.pace = pace

    def plan(self) -> Plan:
        """The steps. A deploy that fails is taken back as a whole; a rollback that fails is left to be gone on with."""
        release = self.release
        is_back = release.kind == "rollback"
        new = release.endpoint is None
        steps = [
            Step(
                "set the values",
                f"{'POST /serverless' if new else f'PATCH /serverless/{release.endpoint}'} with {release.image}",
                self._set,
                "GET the endpoint: it has every value",
                lambda _: self.has(self.wanted),
                ""
                if is_back
                else "DELETE the endpoint"
                if release.before is None
                else "PATCH the old values, and wait until they have rolled out",
                None if is_back else self.bring_back,
            ),
            Step(
                "roll out",
                f"watch /serverless/{release.endpoint or 'ID'}/releases until percentOnLatest is 100",
                self.roll_out,
                "no worker runs an older version",
                lambda _: self.has_rolled_out(),
            ),
        ]
        if release.canary is not None:
            steps.append(
                Step(
                    "prove by a canary",
                    "run one job with the canary's inputs",
                    self.prove,
                    "a new worker answered it",
                    lambda _: self.is_proved(),
                )
            )
        return self.plan_of("rollback" if is_back else "deploy", steps, whole=not is_back)

    def bring_back(self, attempt: Attempt) -> None:
        """The values before the release again, on all workers; where there were none, no endpoint.

        Raises RolloutFailed, RunPodError, ChangeNotTaken.
        """
        self.note(state="reverting")
        before = self.release.before
        if before is None:
            self.made.delete_made(self.release.endpoint, attempt)
            self.note(state="reverted", ended=now(), endpoint=None, outcome="taken back: there is no endpoint again")
            return
        self.bring_about(before, attempt)
        self.roll_out(attempt)
        self.note(
            state="reverted", ended=now(), outcome=f"taken back: {before.get('image', 'the old values')} runs again"
        )

    @property
    def wanted(self) -> Values:
        """A new release bears its mark; what is gone back to is what it was."""
        wanted = dict(self.release.wanted or {})
        return wanted if self.release.kind == "rollback" else with_mark(wanted, self.release.marks[0])

    def _set(self, attempt: Attempt) -> None:
        self.take_up()
        self.bring_about(self.wanted, attempt)
