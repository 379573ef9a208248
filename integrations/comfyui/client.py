"""A greenroom server over HTTP: its models, uploads, jobs and their files. Standard library alone."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

USUAL_SERVER = "http://127.0.0.1:7860"
_LOOK_S = 0.5
_QUICK_S = 2.0
_PATIENT_S = 120.0
_KEPT_S = 15.0
# Answers of a proxy, or of a server that starts anew: the job is on its disk, and goes on.
_PASSING = frozenset({429, 502, 503, 504})
_REFUSED = frozenset({401, 403})
# Looks that may fail one after another: five minutes, in which a server starts anew. A job that was not taken yet is
# sent again for some seconds.
_MOST_FAILURES = 600
_MOST_SENDINGS = 5
_ENDED = frozenset({"succeeded", "failed", "cancelled", "timed_out"})


class GreenroomFailed(Exception):
    """What the server says of a request that it refused, or of a job that failed."""


class Unreachable(GreenroomFailed):
    """The server does not answer, now."""


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it would take the key along."""

    def redirect_request(self, *_: object) -> None:
        return None


_OPENER = urllib.request.build_opener(_StayHere)


@dataclass
class Server:
    """A server. key: sent as ``Authorization: Bearer``; never part of a workflow."""

    address: str
    key: str = field(repr=False, default="")

    @classmethod
    def of(cls, address: str) -> Server:
        """The server of a node; GREENROOM_SERVER for one that names none.

        The key is GREENROOM_API_KEY. It goes to that server alone: a workflow of others may name any other.
        """
        own = (os.environ.get("GREENROOM_SERVER", "") or USUAL_SERVER).rstrip("/")
        chosen = address.strip().rstrip("/") or own
        return cls(chosen, os.environ.get("GREENROOM_API_KEY", "") if chosen == own else "")

    def models(self, timeout_s: float = _PATIENT_S) -> list[dict[str, Any]]:
        """All models that it serves, with the schema of what each takes."""
        try:
            listed: list[dict[str, Any]] = self._json("GET", "/v1/models", timeout_s=timeout_s)["data"]
        except (TypeError, KeyError):
            raise self._is_another() from None
        return listed

    def upload(self, name: str, content: bytes, media_type: str) -> str:
        """Keep a file for inputs to name; gives its id."""
        boundary = uuid.uuid4().hex
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {media_type}\r\n\r\n"
        )
        body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        return str(self._json("POST", "/v1/uploads", body, {"Content-Type": kind})["id"])

    def run(
        self,
        model: str,
        inputs: Mapping[str, Any],
        progress: Callable[[float], None],
        interrupted: Callable[[], None],
    ) -> dict[str, Any]:
        """A job from its acceptance to its end; gives it. progress: told the share that is done.

        interrupted: raises when the user has stopped the workflow; the job is then cancelled. Raises GreenroomFailed.
        """
        body = {"model": model, "input": dict(inputs), "metadata": {"from": "comfyui"}}
        # The key makes it one job, however often a bad line has it sent again.
        headers = {"Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex}
        content = json.dumps(body).encode()
        job = self._patiently(lambda: self._json("POST", "/v1/jobs", content, headers), _MOST_SENDINGS, interrupted)
        try:
            return self._followed(job, progress, interrupted)
        except BaseException:
            self._cancel(str(job["id"]))
            raise

    def fetch(self, artifact: Mapping[str, Any]) -> bytes:
        """A file of a job."""
        return self._ask("GET", f"/v1/artifacts/{artifact['id']}")

    def _followed(
        self, job: dict[str, Any], progress: Callable[[float], None], interrupted: Callable[[], None]
    ) -> dict[str, Any]:
        path = f"/v1/jobs/{job['id']}"
        while job["status"] not in _ENDED:
            interrupted()
            if job["progress"]:
                progress(float(job["progress"]["fraction"]))
            time.sleep(_LOOK_S)
            job = self._patiently(lambda: self._json("GET", path), _MOST_FAILURES, interrupted)
        if job["status"] != "succeeded":
            error = job["error"] or {"message": f"the job was {job['status']}", "mend": ""}
            raise GreenroomFailed(_words(error))
        progress(1.0)
        return job

    def _patiently(
        self, ask: Callable[[], dict[str, Any]], most_failures: int, interrupted: Callable[[], None]
    ) -> dict[str, Any]:
        """Ask until there is an answer. Raises Unreachable at last, and whatever ``interrupted`` raises."""
        for _ in range(most_failures):
            try:
                return ask()
            except Unreachable:
                interrupted()
                time.sleep(_LOOK_S)
        return ask()

    def _cancel(self, job: str) -> None:
        with contextlib.suppress(GreenroomFailed):  # it may have ended, or the server with it
            self._ask("POST", f"/v1/jobs/{job}/cancel", b"")

    def _json(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout_s: float = _PATIENT_S,
    ) -> Any:
        try:
            return json.loads(self._ask(method, path, body, headers, timeout_s=timeout_s))
        except ValueError:
            raise self._is_another() from None

    def _is_another(self) -> GreenroomFailed:
        return GreenroomFailed(f"what answers at {self.address} is no greenroom server; name one: {USUAL_SERVER}")

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        timeout_s: float = _PATIENT_S,
    ) -> bytes:
        if urllib.parse.urlsplit(self.address).scheme not in {"http", "https"}:
            raise GreenroomFailed(f"{self.address!r} is no address of a server; write {USUAL_SERVER}")
        known = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        request = urllib.request.Request(  # noqa: S310 - the scheme was just looked at
            self.address + path, body, {**known, **(headers or {})}, method=method
        )
        try:
            with _OPENER.open(request, timeout=timeout_s) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            with error:
                said = error.read()
            if error.code in _PASSING:
                raise Unreachable(f"{self.address} answers {error.code}: {_problem(said)}") from None
            raise GreenroomFailed(f"{_problem(said)} ({error.code}){self._about_the_key(error.code)}") from None
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(
                f"no greenroom server answers at {self.address}: {error}; start one with greenroom serve, "
                "or name it in the node or in GREENROOM_SERVER"
            ) from None

    def _about_the_key(self, code: int) -> str:
        if code not in _REFUSED or self.key or not os.environ.get("GREENROOM_API_KEY"):
            return ""
        return "; the key of GREENROOM_API_KEY goes to the server of GREENROOM_SERVER alone: name it there"


_known: dict[str, tuple[float, list[dict[str, Any]]]] = {}


def known_models(address: str = "") -> list[dict[str, Any]]:
    """The models of a server, asked now and then and not for long: ComfyUI draws its nodes from this.

    None where it does not answer; the node says so when it is run.
    """
    server = Server.of(address)
    asked, models = _known.get(server.address, (float("-inf"), []))
    if time.monotonic() - asked > _KEPT_S:
        try:
            models = server.models(timeout_s=_QUICK_S)
        except GreenroomFailed:
            models = []
        _known[server.address] = (time.monotonic(), models)
    return models


def _problem(said: bytes) -> str:
    """A problem document in words."""
    try:
        problem = json.loads(said)
        return _words({"message": problem.get("detail") or problem.get("title"), "mend": problem.get("mend", "")})
    except (ValueError, AttributeError):
        return "it gave no reason"


def _words(error: Mapping[str, Any]) -> str:
    return f"{error['message']}; {error['mend']}" if error.get("mend") else str(error["message"])
