"""What can stop a deploy, beside what the platform itself says."""

from __future__ import annotations

from greenroom.errors import GreenroomError


class ChangeNotTaken(GreenroomError):
    """The platform took a change, and the endpoint does not have it."""

    code = "change-not-taken"
    retryable = True


class RolloutFailed(GreenroomError):
    """The new workers do not become healthy, or not in time."""

    code = "rollout-failed"


class CanaryFailed(GreenroomError):
    """The new release does not answer as it should."""

    code = "canary-failed"


class ReleaseUnfinished(GreenroomError):
    """An earlier deploy did not come to its end, and what is asked for does not end it."""

    code = "release-unfinished"


class ReleasedElsewhere(GreenroomError):
    """The name is one of something that runs in another place."""

    code = "released-elsewhere"


class StillBusy(GreenroomError):
    """What is to go away still does work that would be lost."""

    code = "still-busy"
    retryable = True


class RollbackImpossible(GreenroomError):
    """There is nothing to go back to."""

    code = "rollback-impossible"


class HostFailed(GreenroomError):
    """A command on a host did not do what it should."""

    code = "host-failed"
