"""What answers hold, for the OpenAPI document and for those who read it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel

from greenroom.jobs.job import Status  # noqa: TC001 - pydantic reads it
from greenroom.serve.workers.state import Standing  # noqa: TC001 - pydantic reads it too


class FieldProblem(BaseModel):
    """A field that is at fault."""

    field: str
    message: str


class ProblemForOpenAI(BaseModel):
    """The same error, where OpenAI's clients look for it."""

    message: str
    type: str
    code: str
    param: str | None


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    mend: str
    error: ProblemForOpenAI
    instance: str = ""
    errors: list[FieldProblem] = []


class ProgressShown(BaseModel):
    """Where a job stands."""

    stage: str
    done: float
    total: float
    fraction: float
    share: float | None
    eta_s: float | None


class ArtifactShown(BaseModel):
    """A file that a job made. url: good for an hour, without a key."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: str
    url: str


class ErrorShown(BaseModel):
    """Why a job has no result."""

    code: str
    message: str
    mend: str
    retryable: bool


class JobShown(BaseModel):
    """A job. artifacts: what it made, the result first.  previews: what it showed before that."""

    id: str
    object: Literal["job"]
    model: str
    status: Status
    progress: ProgressShown | None
    queue_position: int | None
    input: dict[str, Any]
    output: dict[str, Any] | None
    artifacts: list[ArtifactShown]
    previews: list[ArtifactShown]
    error: ErrorShown | None
    attempts: int
    max_attempts: int
    priority: int
    timeout_s: float
    ttl_s: float | None
    metadata: dict[str, str]
    cancel_requested: bool
    created_at: str
    started_at: str | None
    finished_at: str | None


class JobList(BaseModel):
    """Some jobs."""

    object: Literal["list"]
    data: list[JobShown]
    has_more: bool
    last_id: str | None


class UploadShown(BaseModel):
    """A file that was sent. url: shows it, for an hour, without a key."""

    id: str
    object: Literal["upload"]
    name: str
    media_type: str
    size: int
    sha256: str
    facts: dict[str, Any]
    url: str
    created_at: str


class VoiceShown(BaseModel):
    """A stored voice. seconds: of its recording as it is used.  warnings: what may make its speech worse."""

    id: str
    name: str
    transcript: str
    language: str
    seconds: float
    source_sha256: str
    created: str
    warnings: list[str]


class PresetShown(BaseModel):
    """Good values for one purpose."""

    name: str
    input: dict[str, Any]


class ModelShown(BaseModel):
    """A model. inputs: JSON schema of what it takes.

    restrictions: what its licences, and those of its parts, keep users from; a sentence each.  notice: the same in a
    line.  licences: of its code and its weights.
    """

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    title: str
    summary: str
    task: str
    state: Standing
    reason: str
    device: str
    streams: bool
    inputs: dict[str, Any]
    presets: list[PresetShown]
    outputs: list[dict[str, Any]]
    notice: str
    restrictions: list[str]
    licences: list[str]


class ModelList(BaseModel):
    """All models."""

    object: Literal["list"]
    data: list[ModelShown]


# What every route may answer with, and what those that take a body may beside that.
_ALWAYS = (401, 422, 429, 503)
OF_BODIES = (400, 413, 415)
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
# Bytes of any kind: which one, the answer says. In OpenAPI, bytes are what has no schema.
BYTES: dict[str, dict[str, Any]] = {"*/*": {}}
OBJECT = {"application/json": {"schema": {"type": "object"}}}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors that a route answers with, beside those that every route may."""
    return {
        status: {"description": HTTPStatus(status).phrase, "content": _PROBLEM}
        for status in sorted({*statuses, *_ALWAYS})
    }


def reference(name: str) -> dict[str, str]:
    """To a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def json_body(name: str) -> dict[str, Any]:
    """A body in JSON, for ``openapi_extra``. name: of its schema, which the application puts into the document."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": reference(name)}}}}


def event_stream(*kinds: str, others: str = "") -> dict[str, Any]:
    """Server-sent events of these kinds, as the content of an answer. others: what events of other kinds are."""
    known: dict[str, Any] = {"enum": list(kinds)}
    event = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "event": {"anyOf": [known, {"type": "string", "description": others}]} if others else known,
            "data": {"type": "string", "contentMediaType": "application/json"},
        },
    }
    return {"text/event-stream": {"schema": event}}
