"""Who asks, and what of the server they get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

if TYPE_CHECKING:
    from greenroom.models.registry import Served

from greenroom.errors import UnknownName
from greenroom.jobs.job import Job, NewJob
from greenroom.serve.keys import Caller
from greenroom.serve.limits import TooManyJobs
from greenroom.serve.server import Server


class ModelUnknown(UnknownName):
    """A path names a model that is not served."""

    code = "model-unknown"


def server_of(request: Request) -> Server:
    """The server that this application was made for."""
    server: Server = request.app.state.server
    return server


def caller_of(request: Request) -> Caller:
    """Who asks. Raises Unauthorised, RateLimited."""
    server = server_of(request)
    caller = server.keys.caller(request.headers)
    server.rates.take(caller)
    return caller


# Coroutines, though they wait for nothing: FastAPI gives a plain function to a thread, for each request.
async def _server(request: Request) -> Server:
    return server_of(request)


async def _caller(request: Request) -> Caller:
    return caller_of(request)


At = Annotated[Server, Depends(_server)]
By = Annotated[Caller, Depends(_caller)]


def owner_of(caller: Caller) -> str | None:
    """Whose jobs a caller sees: an administrator all, others their own."""
    return None if caller.admin else caller.name


def reader(request: Request, server: Server, name: str, expires: int | None, signature: str | None) -> str | None:
    """Whose files may be read: everybody's by a signed link to one, one's own with a key. Raises LinkInvalid."""
    if expires is None or signature is None:
        return owner_of(caller_of(request))
    server.signer.check(name, expires, signature)
    return None


def served_model(server: Server, name: str) -> Served:
    """A model by the name in a path. Raises ModelUnknown."""
    if name not in server.served:
        raise ModelUnknown("model", name, server.served)
    return server.served[name]


async def accept(server: Server, caller: Caller, new: NewJob) -> tuple[Job, bool]:
    """Take a job in for a caller, within their limit; says whether it is new.

    What an idempotency key names already is answered with, whatever has become of its media or of the limit since.
    Raises InputInvalid, TooManyJobs, and what ``Jobs.accept`` raises.
    """
    if new.idempotency_key is not None and (known := await server.jobs.known(new)) is not None:
        return known, False
    await server.media.check(server.served[new.model], new.input, owner_of(caller))
    if new.webhook is not None:
        server.media.check_url(new.webhook.url)
    await _check_room(server, caller)
    return await server.jobs.accept(new)


async def run_again(server: Server, caller: Caller, job_id: str) -> Job:
    """Run a job once more, within the caller's limit. Raises TooManyJobs, and what ``Jobs.again`` raises."""
    await server.jobs.get(job_id, owner_of(caller))
    await _check_room(server, caller)
    return await server.jobs.again(job_id, owner_of(caller))


async def _check_room(server: Server, caller: Caller) -> None:
    """Whether one job more is within a caller's limit. Raises TooManyJobs."""
    if caller.concurrency is not None and await server.jobs.open_jobs(caller.name) >= caller.concurrency:
        raise TooManyJobs(caller.concurrency)
