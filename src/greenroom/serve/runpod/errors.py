"""What can go wrong with a RunPod worker, and how a failed job says it to whoever asked.

GreenroomError
├── NotOnRunPod        the process was started where there is no platform
├── StoreUnusable      the place for large results does not take any
├── ResultTooLarge     the result is larger than the platform carries, and there is no other place for it
└── ModelLost          the model was ready, and is not any more
"""

from __future__ import annotations

import json
import re
from typing import Any

from greenroom.errors import GreenroomError, InputInvalid

# A path of this machine, with its quotes; not the path of a URL.
_PATH = re.compile(r"""(?P<quote>['"]?)(?<![\w:/.])/(?:[^\s/'":,;]+/)+[^\s/'":,;]*(?P=quote)""")


class NotOnRunPod(InputInvalid):
    """The platform's variables are not set."""

    code = "not-on-runpod"

    def __init__(self) -> None:
        super().__init__(
            "RUNPOD_WEBHOOK_GET_JOB is not set, so there is no platform to take jobs from",
            mend="start it as the command of a RunPod serverless endpoint, or try one job: --test-input '{...}'",
        )


class StoreUnusable(GreenroomError):
    """The store cannot be reached, refuses the keys, or has no such bucket."""

    code = "store-unusable"
    retryable = True


class ResultTooLarge(GreenroomError):
    """More than the platform carries, and no store to put it into."""

    code = "result-too-large"


class ModelLost(GreenroomError):
    """The model's process fails again and again."""

    code = "model-lost"


def as_result(error: BaseException) -> dict[str, str]:
    """A failed job's result as the SDK takes it: ``error`` is JSON of ``code, message, mend, retryable``.

    JSON in a string is what the SDK itself makes of an exception; unlike other keys it reaches the caller of a failed
    job in every mode of the SDK. No traceback and no path of this machine is in it.
    """
    return {"error": json.dumps(as_fields(error), ensure_ascii=False)}


def as_fields(error: BaseException) -> dict[str, Any]:
    """``code, message, mend, retryable`` without paths; an error that is none of ours is named by its type alone."""
    if not isinstance(error, GreenroomError):
        return {
            "code": GreenroomError.code,
            "message": f"unexpected failure ({type(error).__name__})",
            "mend": "the worker's log says more, under the id of the job",
            "retryable": False,
        }
    said: dict[str, Any] = {name: _PATH.sub("a file of the worker", text) for name, text in error.as_dict().items()}
    if isinstance(error, InputInvalid):
        said = dict(error.as_dict())  # it quotes what the caller sent, who may well have sent a path
    return {**said, "retryable": error.retryable}
