"""A greenroom server over HTTP: its models, uploads, jobs and their files. Standard library alone."""

from __future__ import annotations

import contextlib
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
_MOST_FAILURES = 60
_ENDED = frozenset({"succeeded", "failed", "cancelled", "timed_out"})


class GreenroomFailed(Exception):
    """What the server says of a request that it refused, or of a job that failed."""


@dataclass
class Server:
    """A server. key: sent as ``Authorization: Bearer``; never part of a workflow."""

    address: str
    key: str = field(repr=False, default="")

    @classmethod
    def of(cls, address: str) -> Server:
        """The server of a node; GREENROOM_SERVER for one that names none. The key is GREENROOM_API_KEY."""
        chosen = address.strip() or os.environ.get("GREENROOM_SERVER", "") or USUAL_SERVER
        return cls(chosen.rstrip("/"), os.environ.get("GREENROOM_API_KEY", ""))

    def models(self, timeout_s: float = _PATIENT_S) -> list[dict[str, Any]]:
        """All models that it serves, with the schema of what each takes."""
        listed: list[dict[str, Any]] = self._json("GET", "/v1/models", timeout_s=timeout_s)["data"]
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
        return str(json.loads(self._ask("POST", "/v1/uploads", body, {"Content-Type": kind}))["id"])

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
        job: dict[str, Any] = json.loads(self._ask("POST", "/v1/jobs", json.dumps(body).encode(), headers))
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
        failures = 0
        while job["status"] not in _ENDED:
            interrupted()
            if job["progress"]:
                progress(float(job["progress"]["fraction"]))
            time.sleep(_LOOK_S)
            try:
                job = self._json("GET", f"/v1/jobs/{job['id']}")
                failures = 0
            except Unreachable:
                failures += 1
                if failures > _MOST_FAILURES:
                    raise
        if job["status"] != "succeeded":
            error = job["error"] or {"message": f"the job was {job['status']}", "mend": ""}
            raise GreenroomFailed(_words(error))
        progress(1.0)
        return job

    def _cancel(self, job: str) -> None:
        with contextlib.suppress(GreenroomFailed):  # it may have ended, or the server with it
            self._ask("POST", f"/v1/jobs/{job}/cancel", b"")

    def _json(self, method: str, path: str, *, timeout_s: float = _PATIENT_S) -> Any:
        return json.loads(self._ask(method, path, timeout_s=timeout_s))

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
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:  # noqa: S310 - the same request
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            with error:
                said = error.read()
            if error.code in _PASSING:
                raise Unreachable(f"{self.address} answers {error.code}: {_problem(said)}") from None
            raise GreenroomFailed(f"{_problem(said)} ({error.code})") from None
        except OSError as error:
            raise Unreachable(
                f"no greenroom server answers at {self.address}: {error}; start one with greenroom serve, "
                "or name it in the node or in GREENROOM_SERVER"
            ) from None


class Unreachable(GreenroomFailed):
    """The server does not answer, now."""


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
