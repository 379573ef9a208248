"""A job as everybody sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from greenroom.models.model import Model

if TYPE_CHECKING:
    from collections.abc import Mapping

Status = Literal["queued", "running", "succeeded", "failed", "cancelled", "timed_out"]
STATUSES: tuple[Status, ...] = ("queued", "running", "succeeded", "failed", "cancelled", "timed_out")
ENDED: frozenset[Status] = frozenset({"succeeded", "failed", "cancelled", "timed_out"})
# Kinds of events that jobs have by themselves; what a model tells has another one.
PREVIEW = "preview"
# What a model tells of its work before it begins; the one kind of its own that is looked into here.
PLAN = "plan"
EVENT_KINDS = ("queued", "started", "progress", PREVIEW, "requeued", "cancelling", *sorted(ENDED))

DEFAULT_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Webhook:
    """Who is told of a job. events: kinds of events, by default the ends.  secret: signs what is sent, if given."""

    url: str
    secret: str | None = None
    events: tuple[str, ...] = tuple(sorted(ENDED))


@dataclass(frozen=True, slots=True)
class NewJob:
    """What is asked for. input: checked already.  owner: name of the key it came with, empty without keys.

    priority: -100 to 100, higher goes first.  timeout_s: of running.  ttl_s: of waiting; None waits for ever.
    max_attempts: starts in all, for failures that are worth a retry and for lost workers.  traceparent: W3C.
    """

    model: str
    input: Mapping[str, Any]
    owner: str = ""
    priority: int = 0
    timeout_s: float = Model.timeout_s
    ttl_s: float | None = None
    max_attempts: int = DEFAULT_ATTEMPTS
    idempotency_key: str | None = None
    webhook: Webhook | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a running job stands. done of total: in the stage's own unit.  eta_s: about so many seconds are left."""

    stage: str
    done: float
    total: float
    eta_s: float | None = None

    @property
    def fraction(self) -> float:
        """Between 0 and 1."""
        return min(1.0, max(0.0, self.done / self.total)) if self.total > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that a job made, or showed before. key: its name in the store."""

    id: str
    job_id: str
    name: str
    media_type: str
    size: int
    sha256: str
    key: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a job. number: from 1, without holes.  at: milliseconds of the epoch."""

    job_id: str
    number: int
    kind: str
    at: int
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands. Times are milliseconds of the epoch; error is ``code, message, mend, retryable``.

    host: who runs it.  claim: the token of the attempt that runs it: whoever holds another one may not write.
    runs: how often it was put into the queue anew by its caller.  artifacts: what it made, the result first.
    previews: what it showed before that, the oldest first.
    """

    id: str
    model: str
    status: Status
    owner: str
    input: Mapping[str, Any]
    output: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    progress: Progress | None
    priority: int
    timeout_s: float
    ttl_s: float | None
    attempts: int
    max_attempts: int
    runs: int
    cancel_requested: bool
    metadata: Mapping[str, Any]
    webhook: Webhook | None
    traceparent: str | None
    host: str | None
    claim: str | None
    created_at: int
    queued_at: int
    started_at: int | None
    finished_at: int | None
    artifacts: tuple[Artifact, ...] = ()
    previews: tuple[Artifact, ...] = ()
    queue_position: int | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ENDED
