"""``greenroom jobs``: the jobs of a server, asked over HTTP."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Self

import click

from greenroom.cli.configured import configured
from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, columns, counted, json_option
from greenroom.errors import ExtraMissing, GreenroomError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenroom.settings import Settings

_ENDS = ("succeeded", "failed", "cancelled", "timed_out")
_STATUSES = ("queued", "running", *_ENDS)
# How long a server that was there may be away, and the longest pause between two looks.
_PATIENCE_S = 60.0
_PAUSE_S = 5.0
# A server, or a proxy before it, that will be back.
_AWAY = (429, 502, 503, 504)


class ServerUnreachable(GreenroomError):
    """No server answers there."""

    code = "server-unreachable"
    retryable = True


class ServerRefused(GreenroomError):
    """The server answered with an error, whose words these are."""

    code = "server-refused"


class ServerAway(ServerRefused):
    """The server answered that it cannot answer now."""

    retryable = True


@click.group()
def jobs() -> None:
    """List, follow and cancel the jobs of a server."""


@jobs.command("list")
@click.option("--status", type=click.Choice(_STATUSES), help="Only jobs in this state.")
@click.option("--model", help="Only jobs of this model.")
@click.option("--search", help="Only jobs with all of these words.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="At most so many.")
@setting_flags("server")
@json_option
def list_jobs(
    status: str | None, model: str | None, search: str | None, limit: int, server: str | None, as_json: bool
) -> None:
    """List jobs, the newest first."""
    out = Output("jobs-list", as_json)
    asked = {"status": status, "model": model, "q": search, "limit": limit}
    with Client(configured(out, {"server": server})) as client:
        page = client.get("/v1/jobs", {name: value for name, value in asked.items() if value is not None})
    rows = [(job["id"], job["status"], job["model"], job["created_at"], _about(job)) for job in page["data"]]
    out.result(page, columns(rows) if rows else "no jobs")


@jobs.command()
@click.argument("job_id", metavar="JOB")
@setting_flags("server")
@json_option
def show(job_id: str, server: str | None, as_json: bool) -> None:
    """Show one job: how it stands, what it made."""
    out = Output("jobs-show", as_json)
    with Client(configured(out, {"server": server})) as client:
        job = client.get(f"/v1/jobs/{job_id}")
        out.result(job, _sheet(job, client.url))


@jobs.command()
@click.argument("job_id", metavar="JOB")
@setting_flags("server")
@json_option
def follow(job_id: str, server: str | None, as_json: bool) -> int:
    """Follow a job to its end, also while its server is started anew. Exit code 0 only if it succeeded."""
    out = Output("jobs-follow", as_json)
    patience = Patience(out.say)
    with Client(configured(out, {"server": server})) as client:
        with out.progress() as step:
            for kind, event in client.events(job_id, patience):
                if kind == "progress":
                    step(event["stage"], event["done"], event["total"])
                else:
                    told = f"  {json.dumps(event['data'], ensure_ascii=False)}" if "data" in event else ""
                    out.say(f"{event['at']}  {kind}{told}")
        job = patience.of(lambda: client.get(f"/v1/jobs/{job_id}"))
        out.result(job, _sheet(job, client.url))
    return 0 if job["status"] == "succeeded" else 1


@jobs.command()
@click.argument("job_id", metavar="JOB")
@setting_flags("server")
@json_option
def cancel(job_id: str, server: str | None, as_json: bool) -> None:
    """Stop a job: at once if it waits, within a step if it runs."""
    out = Output("jobs-cancel", as_json)
    with Client(configured(out, {"server": server})) as client:
        job = client.post(f"/v1/jobs/{job_id}/cancel")
    asked = job["cancel_requested"] and job["status"] == "running"
    out.result(job, f"{job_id} is being stopped" if asked else f"{job_id} is {job['status']}")


class Patience:
    """Waits for a server that was there and is away, as while it is started anew. say: told so, once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say, self._has_said = say, False
        self._was_there, self._lost_at, self._pause_s = False, 0.0, 0.0

    def answered(self) -> None:
        """The server is there."""
        self._was_there, self._lost_at, self._pause_s = True, 0.0, 0.0

    def wait(self, error: GreenroomError) -> None:
        """Pause before it is asked again. Raises the error when that is of no use any more."""
        now = time.monotonic()
        self._lost_at = self._lost_at or now
        if not (error.retryable and self._was_there and now - self._lost_at < _PATIENCE_S):
            raise error
        if not self._has_said:
            self._say(f"the connection to the server was lost; it is tried for {_PATIENCE_S:g} s")
            self._has_said = True
        self._pause_s = min(_PAUSE_S, 2 * self._pause_s or 0.25)
        time.sleep(self._pause_s)

    def of(self, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """An answer, however often it takes. Raises what asking raises."""
        while True:
            try:
                return ask()
            except GreenroomError as error:
                self.wait(error)


class Client:
    """A server of greenroom, seen from the command line."""

    def __init__(self, settings: Settings) -> None:
        try:
            import httpx
        except ModuleNotFoundError as error:
            raise ExtraMissing("the client of servers", "serve") from error
        self._failed = (httpx.HTTPError, httpx.InvalidURL)
        self.url = settings.server.rstrip("/")
        key = settings.api_key.get_secret_value() if settings.api_key else None
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        # A stream says something every fifteen seconds.
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=httpx.Timeout(10.0, read=60.0))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, asked: dict[str, Any] | None = None) -> dict[str, Any]:
        """An answer's JSON. Raises ServerUnreachable, ServerRefused."""
        return self._json("GET", path, asked)

    def post(self, path: str) -> dict[str, Any]:
        """The same for what changes something."""
        return self._json("POST", path, None)

    def events(self, job_id: str, patience: Patience) -> Iterator[tuple[str, dict[str, Any]]]:
        """What happens to a job, each event once, until its end. Raises ServerUnreachable, ServerRefused."""
        after, kind = 0, ""
        while True:
            # A server that ends ends its streams, too.
            lost: GreenroomError = self._unreachable("the stream ended early")
            try:
                for one in self._stream(job_id, after):
                    patience.answered()
                    if one is not None:
                        kind, event = one
                        after = event["number"]
                        yield kind, event
            except GreenroomError as error:
                lost = error
            if kind in _ENDS:
                return
            patience.wait(lost)

    def _stream(self, job_id: str, after: int) -> Iterator[tuple[str, dict[str, Any]] | None]:
        """The events behind one as they come; None for whatever else shows that the server is there."""
        headers = {"Last-Event-ID": str(after)}
        try:
            with self._http.stream("GET", f"/v1/jobs/{job_id}/events", headers=headers) as answer:
                if answer.is_error:
                    answer.read()
                    raise _refused(answer)
                kind = ""
                for line in answer.iter_lines():
                    name, _, value = line.partition(": ")
                    if name == "event":
                        kind = value
                    yield (kind, json.loads(value)) if name == "data" else None
        except self._failed as error:
            raise self._unreachable(error) from error

    def _json(self, method: str, path: str, asked: dict[str, Any] | None) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, params=asked)
        except self._failed as error:
            raise self._unreachable(error) from error
        if answer.is_error:
            raise _refused(answer)
        said: dict[str, Any] = answer.json()
        return said

    def _unreachable(self, reason: Exception | str) -> ServerUnreachable:
        why = reason if isinstance(reason, str) else type(reason).__name__
        return ServerUnreachable(
            f"no server answers at {self.url} ({why})",
            mend="greenroom serve starts one; or give --server",
        )


def _refused(answer: Any) -> GreenroomError:
    kind = ServerAway if answer.status_code in _AWAY else ServerRefused
    try:
        said = answer.json()
        return kind(str(said["detail"]), mend=str(said.get("mend", "")))
    except (ValueError, KeyError, TypeError):
        return kind(f"the server answered {answer.status_code}", mend="check --server")


def _about(job: dict[str, Any]) -> str:
    if job["status"] == "running" and job["progress"]:
        return f"{job['progress']['stage']} {job['progress']['fraction']:.0%}"
    if job["status"] == "queued":
        return f"{job['queue_position'] or 0} ahead"
    if job["error"]:
        return str(job["error"]["message"])
    return counted(len(job["artifacts"]), "file")


def _sheet(job: dict[str, Any], url: str) -> str:
    rows = [
        ("job", job["id"]), ("model", job["model"]), ("status", job["status"]), ("about", _about(job)),
        ("created", job["created_at"]), ("started", job["started_at"] or "-"), ("finished", job["finished_at"] or "-"),
        ("attempts", f"{job['attempts']} of {job['max_attempts']}"),
    ]  # fmt: skip
    if job["error"] and job["error"]["mend"]:
        rows.append(("mend", job["error"]["mend"]))
    rows += [(artifact["name"], f"{url}{artifact['url']}") for artifact in job["artifacts"]]
    rows += [(f"{preview['name']}, shown before", f"{url}{preview['url']}") for preview in job["previews"]]
    return columns(rows)
