"""``greenroom jobs``: the jobs of a server, asked over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

import click

from greenroom.cli.configured import configured
from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, columns, counted, json_option
from greenroom.errors import ExtraMissing, GreenroomError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.settings import Settings

_STATUSES = ("queued", "running", "succeeded", "failed", "cancelled", "timed_out")


class ServerUnreachable(GreenroomError):
    """No server answers there."""

    code = "server-unreachable"


class ServerRefused(GreenroomError):
    """The server answered with an error, whose words these are."""

    code = "server-refused"


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
    """Follow a job to its end. Exit code 0 only if it succeeded."""
    out = Output("jobs-follow", as_json)
    with Client(configured(out, {"server": server})) as client:
        with out.progress() as step:
            for kind, event in client.events(job_id):
                if kind == "progress":
                    step(event["stage"], event["done"], event["total"])
                else:
                    out.say(f"{event['at']}  {kind}")
        job = client.get(f"/v1/jobs/{job_id}")
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

    def events(self, job_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """What happens to a job, until its end. Raises ServerUnreachable, ServerRefused."""
        try:
            with self._http.stream("GET", f"/v1/jobs/{job_id}/events") as answer:
                if answer.is_error:
                    answer.read()
                    raise _refused(answer)
                kind = ""
                for line in answer.iter_lines():
                    name, _, value = line.partition(": ")
                    if name == "event":
                        kind = value
                    elif name == "data":
                        yield kind, json.loads(value)
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

    def _unreachable(self, error: Exception) -> ServerUnreachable:
        return ServerUnreachable(
            f"no server answers at {self.url} ({type(error).__name__})",
            mend="greenroom serve starts one; or give --server",
        )


def _refused(answer: Any) -> GreenroomError:
    try:
        said = answer.json()
        return ServerRefused(str(said["detail"]), mend=str(said.get("mend", "")))
    except (ValueError, KeyError, TypeError):
        return ServerRefused(f"the server answered {answer.status_code}", mend="check --server")


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
    return columns(rows)
