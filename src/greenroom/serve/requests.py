"""What requests hold, checked once at the edge: exactly what the OpenAPI document says, and nothing more."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from greenroom.errors import GreenroomError, InputInvalid, UnknownName, quoted
from greenroom.jobs.job import DEFAULT_ATTEMPTS, NewJob, Webhook
from greenroom.jobs.signing import check_webhook_secret
from greenroom.models.model import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from starlette.requests import Request

    from greenroom.models.registry import Served

EventKind = Literal["queued", "started", "requeued", "succeeded", "failed", "cancelled", "timed_out"]
_ENDS: tuple[EventKind, ...] = ("succeeded", "failed", "cancelled", "timed_out")
_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json\s*(?:;.*)?", re.IGNORECASE)
# Beyond, not every whole number is a float.
_LARGEST_WHOLE = 2**53
# Beyond so many faults, a list of them helps nobody.
_MOST_FAULTS = 20
# As deep as the checker of declarations reads.
_DEEPEST = 200
_Asked = TypeVar("_Asked", bound=BaseModel)

Name = Annotated[str, Field(max_length=200)]
TimeoutS = Annotated[float, Field(gt=0, le=604_800, description="Seconds that it may run.")]


class Body(BaseModel):
    """Base of all bodies: no unknown names, no value of another kind."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class WebhookBody(Body):
    """Who is told when something happens to a job."""

    url: Annotated[str, Field(pattern=r"^https?://", max_length=2000, description="Where to POST.")]
    secret: Annotated[
        str | None, Field(pattern=r"^whsec_", max_length=200, description="Signs; the server's own if not given.")
    ] = None
    events: Annotated[
        list[EventKind], Field(min_length=1, max_length=7, description="Which events; the ends if not given.")
    ] = list(_ENDS)

    def webhook(self) -> Webhook:
        """As jobs keep it. Raises InputInvalid for a secret that cannot sign."""
        secret = None if self.secret is None else check_webhook_secret(self.secret)
        return Webhook(self.url, secret, tuple(self.events))


class JobBody(Body):
    """A job to accept; each model's own body says what its ``input`` is."""

    model: Name
    input: Any
    priority: Annotated[int, Field(ge=-100, le=100, description="Higher goes first.")] = 0
    timeout_s: TimeoutS = Model.timeout_s
    ttl_s: Annotated[
        float | None, Field(gt=0, le=2_592_000, description="Seconds that it may wait; for ever if not given.")
    ] = None
    max_attempts: Annotated[int, Field(ge=1, le=10, description="Starts in all.")] = DEFAULT_ATTEMPTS
    webhook: WebhookBody | None = None
    metadata: Annotated[
        dict[Annotated[str, Field(max_length=100)], Annotated[str, Field(max_length=1000)]],
        Field(max_length=32, description="Words of your own, found by the search."),
    ] = {}

    def job(self, owner: str, idempotency_key: str | None, traceparent: str | None) -> NewJob:
        """As it is accepted."""
        return NewJob(
            model=self.model,
            input=self.input.model_dump(mode="json"),
            owner=owner,
            priority=self.priority,
            timeout_s=self.timeout_s,
            ttl_s=self.ttl_s,
            max_attempts=self.max_attempts,
            idempotency_key=idempotency_key,
            webhook=self.webhook.webhook() if self.webhook else None,
            metadata=self.metadata,
            traceparent=traceparent,
        )


class RunPolicy(Body):
    """Limits of a request as RunPod's clients give them, in milliseconds."""

    executionTimeout: Annotated[int | None, Field(ge=5000, le=604_800_000)] = None  # noqa: N815 - their name
    ttl: Annotated[int | None, Field(ge=10_000, le=604_800_000)] = None
    lowPriority: bool = False  # noqa: N815 - the platform's name


class RunBody(Body):
    """A job as RunPod's clients ask for it. Names that only that platform knows are not looked at."""

    model_config = ConfigDict(extra="ignore")

    input: Any
    webhook: Annotated[str | None, Field(pattern=r"^https?://", max_length=2000)] = None
    policy: RunPolicy = RunPolicy()


class MediaTypeUnsupported(GreenroomError):
    """A body is of a kind that the path does not take."""

    code = "media-type-unsupported"


async def json_of(request: Request) -> bytes:
    """The body of a request that says that it is JSON. Raises MediaTypeUnsupported.

    A page of another origin can send other kinds without asking; JSON it cannot.
    """
    said = request.headers.get("content-type", "")
    if not _JSON.fullmatch(said):
        what = f"the body is {quoted(said)}" if said else "the request does not say what its body is"
        raise MediaTypeUnsupported(what, mend="send JSON, with the header Content-Type: application/json")
    return await request.body()


class _Named(BaseModel):
    """The one thing that is looked at before it is known what the rest must be."""

    model_config = ConfigDict(strict=True)

    model: Name


@functools.cache
def job_body(served: Served) -> type[JobBody]:
    """The body of a job of one model."""
    return create_model(
        f"{schema_name(served.name)}Job",
        __base__=JobBody,
        __doc__=f"A job of {served.name}.",
        model=(Literal[served.name], ...),  # type: ignore[arg-type]  # a type that is made here
        input=(served.inputs, ...),
        timeout_s=(TimeoutS, served.timeout_s),
    )


@functools.cache
def run_body(served: Served) -> type[RunBody]:
    """The body of a job of one model, in RunPod's words."""
    doc = f"A job of {served.name}, in RunPod's words."
    return create_model(f"{schema_name(served.name)}Run", __base__=RunBody, __doc__=doc, input=(served.inputs, ...))


def read_job_body(raw: bytes, served: Mapping[str, Served]) -> JobBody:
    """Check a body against what its model takes. Raises RequestValidationError, InputInvalid, UnknownName."""
    name = read(_Named, raw).model
    if name not in served:
        raise UnknownName("model", name, served)
    return read(job_body(served[name]), raw)


def read(kind: type[_Asked], raw: bytes) -> _Asked:
    """Check JSON against a declaration, as strictly as its schema is. Raises RequestValidationError, InputInvalid."""
    try:
        return kind.model_validate_json(raw, strict=True)
    except ValidationError as error:
        # Each fault holds what was sent.
        if (count := error.error_count()) > _MOST_FAULTS:
            raise InputInvalid(
                f"the body has {count:,} faults, such as fields that are not known",
                mend="/openapi.json says what each field is",
            ) from None
        if any(problem["type"] == "int_type" for problem in error.errors()) and (whole := _with_whole_numbers(raw)):
            return read(kind, whole)
        found = [{**problem, "loc": ("body", *problem["loc"])} for problem in error.errors(include_url=False)]
        raise RequestValidationError(found) from None


def read_object(raw: bytes | str, what: str, *, parse_float: Callable[[str], float] | None = None) -> dict[str, Any]:
    """A JSON object as plain values, at most 200 levels deep. what: what it is, for the error. Raises InputInvalid."""
    mend = 'give one such as {"model": ..., "prompt": ...}'
    try:
        said = json.loads(raw, parse_float=parse_float)
    except RecursionError:
        raise _too_deep(what) from None
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise InputInvalid(f"{what} is no JSON object", mend=mend) from None
    except ValueError:
        raise InputInvalid(f"{what} has a number of too many digits", mend="give a shorter number") from None
    if not isinstance(said, dict):
        raise InputInvalid(f"{what} is no JSON object", mend=mend)
    level: list[Any] = [said]
    for _ in range(_DEEPEST):
        level = [part for value in level if isinstance(value, dict | list) for part in _parts(value)]
        if not level:
            return said
    raise _too_deep(what)


def _parts(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _too_deep(what: str) -> InputInvalid:
    return InputInvalid(f"{what} has more than {_DEEPEST} levels", mend="nest less deeply")


def _with_whole_numbers(raw: bytes) -> bytes | None:
    """The same JSON with ``3.0`` as ``3``, which JSON Schema calls an integer, too; None if it has no such number."""
    changed = False

    def number(written: str) -> float:
        nonlocal changed
        value = float(written)
        if not value.is_integer() or abs(value) > _LARGEST_WHOLE:
            return value
        changed = True
        return int(value)

    said = read_object(raw, "the body", parse_float=number)
    return json.dumps(said).encode() if changed else None


def schema_name(model: str) -> str:
    """``voice-joe`` as a schema is named: ``VoiceJoe``."""
    return "".join(part[:1].upper() + part[1:] for part in model.replace(":", "-").replace(".", "-").split("-"))
