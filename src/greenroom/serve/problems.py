"""Errors as HTTP tells them: application/problem+json (RFC 9457), in plain words, without paths or tracebacks."""

from __future__ import annotations

import json
import logging
import math
from http import HTTPStatus
from http.client import responses
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from greenroom.errors import GreenroomError
from greenroom.files import is_disk_full
from greenroom.jobs.errors import StorageFull
from greenroom.serve.logs import bound
from greenroom.serve.paths import without_paths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger("greenroom.serve")

# Each code's status, and a title that says the same of every error with this code. A code that is not here is 500.
KINDS: dict[str, tuple[int, str]] = {
    "input-invalid": (422, "The input is not valid"),
    "unknown-name": (422, "There is nothing of this name"),
    "upload-unknown": (422, "There is no such upload"),
    "idempotency-mismatch": (422, "The idempotency key belongs to another request"),
    "media-invalid": (422, "The file cannot be used"),
    "file-unreadable": (422, "The file cannot be read"),
    "video-damaged": (422, "The video breaks off"),
    "times-missing": (422, "The video does not tell when its pictures are shown"),
    "frame-size-changed": (422, "The video changes its size"),
    "alpha-present": (422, "The picture is transparent"),
    "encoding-impossible": (422, "The video cannot be written like this"),
    "url-refused": (422, "The address may not be used"),
    "url-unreachable": (422, "The address does not give the file"),
    "nothing-to-say": (422, "The text says nothing"),
    "mark-invalid": (422, "A mark in the text is not written right"),
    "duration-impossible": (422, "The length does not fit the text"),
    "edit-empty": (422, "There is nothing to edit"),
    "edit-invalid": (422, "There is nothing to edit"),
    "edit-too-long": (422, "The recording is too long to edit"),
    "row-too-long": (422, "Too much is to be said in one go"),
    "edit-unheard": (422, "The recording cannot be edited"),
    "recording-too-short": (422, "The recording is too short"),
    "reference-unusable": (422, "The reference cannot be used"),
    "reference-not-finite": (422, "The reference cannot be used"),
    "reference-silent": (422, "The reference is silent"),
    "reference-too-short": (422, "The reference is too short"),
    "reference-too-long": (422, "The reference is too long"),
    "reference-clipped": (422, "The reference is too loud"),
    "reference-text-empty": (422, "The reference's text is empty"),
    "reference-text-mismatch": (422, "The reference does not say its text"),
    "voice-name-invalid": (422, "A voice cannot have this name"),
    "voice-unknown": (422, "There is no such voice"),
    "voice-taken": (409, "There is a voice of this name"),
    "unauthorised": (401, "A valid key is needed"),
    "forbidden": (403, "This is not allowed"),
    "link-invalid": (403, "The link is not valid"),
    "link-expired": (403, "The link has expired"),
    "result-too-large": (406, "The result does not fit into JSON"),
    "not-found": (404, "There is nothing here"),
    "model-unknown": (404, "There is no such model"),
    "job-unknown": (404, "There is no such job"),
    "artifact-unknown": (404, "There is no such artifact"),
    "method-not-allowed": (405, "The method does not fit the path"),
    "body-too-slow": (408, "The request took too long to arrive"),
    "job-conflict": (409, "The job is in another state"),
    "cancelled": (409, "The work was cancelled"),
    "body-too-large": (413, "The request is too large"),
    "media-type-unsupported": (415, "The kind of body does not fit the path"),
    "rate-limited": (429, "Too many requests"),
    "too-many-jobs": (429, "Too many jobs at once"),
    "client-left": (499, "The client left"),
    "failed": (500, "Something went wrong"),
    "extra-missing": (500, "A part of the server is not installed"),
    "model-failed": (500, "The model failed"),
    "worker-crashed": (503, "The worker was lost"),
    "worker-unresponsive": (503, "The worker does not answer"),
    "device-lost": (503, "The device does not answer"),
    "out-of-memory": (503, "The request does not fit the device"),
    "busy": (503, "The server is busy"),
    "model-unready": (503, "The model is not ready"),
    "gang-unfit": (503, "The model does not run on these devices"),
    "memory-short": (503, "The device has too little memory"),
    "server-stopping": (503, "The server is stopping"),
    "store-unusable": (503, "The store of results does not answer"),
    "database-unavailable": (503, "The database does not answer"),
    "artifacts-unavailable": (503, "The store of files does not answer"),
    "job-timeout": (504, "The work took too long"),
    "queue-timeout": (504, "The work waited too long"),
    "artifact-store-full": (507, "There is no room left"),
    "storage-full": (507, "There is no room left"),
    "result-unwritable": (507, "The result cannot be kept"),
    "output-unwritable": (507, "The result cannot be written"),
}
_UNKNOWN = (500, "Something went wrong")
# What these say is for whoever may look at the machine: their messages name files of it.
_NAMES_FILES = {
    "file-unreadable", "output-unwritable", "failed", "model-failed",
    "video-damaged", "times-missing", "frame-size-changed", "alpha-present", "encoding-impossible",
}  # fmt: skip
# When nothing better is known, as a fair guess of when it is worth while to ask again.
_RETRY_AFTER_S = {503: 5.0, 429: 5.0}
_CODES = {400: "input-invalid", 403: "forbidden", 404: "not-found", 405: "method-not-allowed", 413: "body-too-large"}
_METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_LONGEST_DETAIL = 1000
_LONGEST_NAME = 200


def problem(
    error: GreenroomError, status: int | None = None, *, errors: Sequence[Mapping[str, str]] | None = None
) -> Response:
    """An error as an answer.

    status: instead of the code's own, as for a name in the path that is unknown.  errors: fields that are at fault,
    each ``field`` and ``message``.  An error's ``retry_after_s`` becomes Retry-After.
    """
    usual, title = KINDS.get(error.code, _UNKNOWN)
    status = status or usual
    detail = without_paths(error.message) if error.code in _NAMES_FILES else error.message
    detail = _cut(detail, _LONGEST_DETAIL)
    said: dict[str, Any] = {
        "type": f"urn:greenroom:error:{error.code}",
        "title": title,
        "status": status,
        "detail": detail,
        "code": error.code,
        "mend": error.mend,
        # OpenAI's clients show their users this, and nothing else.
        "error": {
            "message": f"{detail} ({error.mend})" if error.mend else detail,
            "type": "invalid_request_error" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error",
            "code": error.code,
            "param": errors[0]["field"] if errors else None,
        },
    }
    if request_id := bound("request"):
        said["instance"] = f"urn:greenroom:request:{request_id}"
    if errors is not None:
        said["errors"] = list(errors)
    headers = {"cache-control": "no-store"}
    seconds = getattr(error, "retry_after_s", None) or _RETRY_AFTER_S.get(status)
    if seconds is not None:
        headers["retry-after"] = str(math.ceil(seconds))
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Bearer realm="greenroom"'
    # A name from outside may hold half a letter, which UTF-8 cannot; JSON writes it in ASCII.
    return Response(json.dumps(said).encode(), status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Make an application answer every failure with a problem, and log those that are ours."""
    app.add_exception_handler(GreenroomError, _of_ours)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_middleware(_Unexpected)


async def _of_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, GreenroomError)  # noqa: S101 - what it is registered for
    answer = problem(error)
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("%s %s: %s (%s)", request.method, request.url.path, error.message, error.code)
    return answer


async def _of_validation(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what it is registered for
    # What was sent is left out: it may be long, or secret.
    found = [{"field": _field(one["loc"]), "message": _plain(one)} for one in error.errors()]
    if any(one["type"] == "json_invalid" for one in error.errors()):
        return problem(_Invalid("the body is no JSON", mend="send JSON, as UTF-8"), HTTPStatus.BAD_REQUEST)
    first = f"{found[0]['field']}: {found[0]['message']}" if found else "the request is not valid"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return problem(_Invalid(first + more, mend="/openapi.json says what each field is"), errors=found)


async def _of_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    status = error.status_code
    if status < HTTPStatus.BAD_REQUEST:
        return Response(status_code=status, headers=error.headers)
    detail = {
        404: f"there is nothing at {request.url.path}",
        405: f"{request.url.path} does not take {request.method}",
    }.get(status, str(error.detail) or responses.get(status, "an error"))
    answer = problem(
        _kind(_CODES.get(status, f"http-{status}"))(detail, mend="/openapi.json lists what is here"), status
    )
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["allow"] = ", ".join(_methods(request))
    return answer


def _methods(request: Request) -> list[str]:
    """What the path takes; the router itself names only the methods of the first route that fits."""
    routes: Sequence[BaseRoute] = request.app.router.routes
    asked = [(method, {**request.scope, "method": method}) for method in _METHODS]
    return [method for method, scope in asked if any(route.matches(scope)[0] is Match.FULL for route in routes)]


class _Unexpected:
    """Turns what nobody expected into words for the caller and a traceback for the log, once.

    Starlette's own handler would have the server log it a second time.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except ClientDisconnect:
            pass  # nobody is there to be told
        except Exception as error:
            # Once the answer has begun it cannot be changed; it ends short, and the client sees that.
            if isinstance(error, GreenroomError):
                _log.error("%s %s ended early: %s", scope["method"], scope["path"], error.message)
                answer = problem(error)
            elif is_disk_full(error):
                _log.error("%s %s: %s", scope["method"], scope["path"], error)
                answer = problem(StorageFull())
            else:
                _log.exception("%s %s: unexpected failure", scope["method"], scope["path"])
                message = f"unexpected failure ({type(error).__name__})"
                answer = problem(GreenroomError(message, mend="the server's log says more, by the id of this request"))
            if not begun:
                await answer(scope, receive, send)


class _Invalid(GreenroomError):
    code = "input-invalid"


def _kind(code: str) -> type[GreenroomError]:
    return type("HttpError", (GreenroomError,), {"code": code})


def _field(location: Sequence[Any]) -> str:
    """``("body", "input", "text")`` as people say it: ``input.text``."""
    parts = [_cut(str(part), _LONGEST_NAME) for part in location if not str(part).startswith("function-")]
    shown = parts[1:] if len(parts) > 1 and parts[0] in ("body", "query", "path", "header") else parts
    return _cut(".".join(shown), _LONGEST_NAME)


def _plain(one: Mapping[str, Any]) -> str:
    match one["type"]:
        case "missing":
            return "it is missing"
        case "extra_forbidden":
            return "there is no such field"
    reason = str(one["msg"]).removeprefix("Value error, ")
    return _cut(reason[:1].lower() + reason[1:], _LONGEST_NAME)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
