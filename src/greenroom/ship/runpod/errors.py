"""What RunPod's interface can answer, as types, and whether asking again makes sense.

RunPodError
├── KeyMissing       no key is set
├── KeyRefused       401: the key is wrong or was withdrawn
├── NotAllowed       403: the key may not do this
├── NotThere         404: no such endpoint, pod, volume, ...
├── RequestRefused   400, 405, 409, 422: the platform does not take this request
├── RateLimited      429: too many requests, and the wait would be too long
├── ServerTrouble    5xx: the platform failed
├── Unreachable      nothing was sent: no connection
├── ReplyLost        the request was sent, and nobody knows whether it had its effect
└── AnswerStrange    the answer is not what the interface promises
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from greenroom.errors import GreenroomError
from greenroom.ship.runpod.quota import windows
from greenroom.weights.transfer.patience import retry_after

if TYPE_CHECKING:
    import httpx

_LONGEST_DETAIL = 400
# What a platform might repeat of a request: a key of its own, and whatever follows the word Bearer.
_SECRET = re.compile(r"(?i)\brpa_\w+|(?<=bearer )\S+")


class RunPodError(GreenroomError):
    """Base of all that can go wrong between greenroom and RunPod. retry_after_s: when the platform would be asked."""

    code = "runpod-failed"

    def __init__(self, message: str, *, mend: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(message, mend=mend)
        self.retry_after_s = retry_after_s


class KeyMissing(RunPodError):
    """No key is set."""

    code = "runpod-key-missing"
    exit_code = 2

    def __init__(self) -> None:
        super().__init__("no key for RunPod is set", mend="set RUNPOD_API_KEY to a key that may change endpoints")


class KeyRefused(RunPodError):
    """The key is wrong, or was withdrawn."""

    code = "runpod-key-refused"


class NotAllowed(RunPodError):
    """The key is good, and may not do this."""

    code = "runpod-not-allowed"


class NotThere(RunPodError):
    """There is no such thing in this account."""

    code = "runpod-not-there"


class RequestRefused(RunPodError):
    """The platform does not take the request as it is."""

    code = "runpod-request-refused"


class RateLimited(RunPodError):
    """Too many requests, and waiting for the next one would take too long."""

    code = "runpod-rate-limited"
    retryable = True


class ServerTrouble(RunPodError):
    """The platform failed, and may recover."""

    code = "runpod-trouble"
    retryable = True


class Unreachable(RunPodError):
    """No connection came about, so nothing was asked."""

    code = "runpod-unreachable"
    retryable = True


class ReplyLost(RunPodError):
    """A request was sent and its reply never came whole: it may have had its effect, or not."""

    code = "runpod-reply-lost"
    retryable = True


class AnswerStrange(RunPodError):
    """An answer that has not the shape which the interface promises."""

    code = "runpod-answer-strange"


_AWAY = frozenset({408, 425})
_REFUSALS: dict[int, tuple[type[RunPodError], str]] = {
    400: (RequestRefused, "change what the platform names"),
    401: (KeyRefused, "make a new key in the console and set RUNPOD_API_KEY"),
    403: (NotAllowed, "use a key that may do this, or ask who owns the account"),
    404: (NotThere, "greenroom status shows what is there"),
    429: (RateLimited, "wait a minute, then run it again"),
}


def refusal(answer: httpx.Response, asked: str, key: str) -> RunPodError:
    """The error that an answer stands for. asked: ``PATCH /serverless/ab12``.  key: stays out of its words.

    Source: RFC 9457 for its body.
    """
    kind, mend = _REFUSALS.get(
        answer.status_code,
        (ServerTrouble, "run it again later; greenroom status shows what is there")
        if answer.status_code >= 500 or answer.status_code in _AWAY
        else (RequestRefused, "change what the platform names"),
    )
    said = _said(answer, key)
    message = f"RunPod answers {answer.status_code} to {asked}{f': {said}' if said else ''}"
    return kind(message, mend=mend, retry_after_s=_asked_to_wait(answer))


def _asked_to_wait(answer: httpx.Response) -> float | None:
    """By Retry-After, or else by the windows of the quota that are used up."""
    asked = retry_after(answer.headers.get("Retry-After"))
    if asked is None and answer.status_code == 429:
        spent = [window.reset_s for window in windows(answer.headers.get("RateLimit")) if window.remaining <= 0]
        return max(spent, default=None)
    return asked


def _said(answer: httpx.Response, key: str) -> str:
    """What the problem document says, on one line and without the key, or what looks like one."""
    try:
        problem: Any = answer.json()
    except ValueError:
        return ""
    if not isinstance(problem, dict):
        return ""
    parts = [str(problem.get("detail") or problem.get("title") or "")]
    parts += [str(error) for error in problem.get("errors") or () if isinstance(error, str)]
    line = " ".join("; ".join(filter(None, parts)).split()).replace(key, "********")
    return _SECRET.sub("********", line)[:_LONGEST_DETAIL]
