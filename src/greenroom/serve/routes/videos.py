"""Videos as OpenAI's clients ask for them: jobs in their words. Of several samples each is asked for by its number.

https://platform.openai.com/docs/api-reference/videos
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from greenroom.errors import InputInvalid, UnknownName, quoted
from greenroom.inputs import fields
from greenroom.jobs.errors import JobConflict
from greenroom.jobs.history import Asked
from greenroom.jobs.job import Artifact, Job, NewJob, Status
from greenroom.serve.limits import is_form
from greenroom.serve.requests import json_of, read_object
from greenroom.serve.routes.access import At, By, accept, owner_of
from greenroom.serve.routes.uploads import keep
from greenroom.serve.shapes import OBJECT, OF_BODIES, problems, reference

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from greenroom.models.registry import Served
    from greenroom.serve.keys import Caller
    from greenroom.serve.server import Server

router = APIRouter(prefix="/v1/videos", tags=["openai"])

_STATUS: dict[Status, str] = {
    "queued": "queued", "running": "in_progress", "succeeded": "completed", "failed": "failed",
    "cancelled": "failed", "timed_out": "failed",
}  # fmt: skip
_FILES = ("input_reference", "image_reference", "video_reference", "audio_reference")
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
_FORMS = ("application/json", "multipart/form-data")
_FIELDS = {
    "prompt": {"type": "string"},
    **{name: {"type": "string", "description": "A file, the id of an upload, or a URL."} for name in _FILES},
    "seconds": {"type": "string"},
    "size": {"type": "string", "description": "WIDTHxHEIGHT; of models that keep the source's shape, the height."},
    "seed": {"type": "integer"},
    "extra_params": {"type": "object", "description": "The model's own inputs, by name."},
}
_BODY = {"requestBody": {"required": True, "content": {form: {"schema": reference("VideoBody")} for form in _FORMS}}}


def video_body(served: Iterable[str]) -> dict[str, Any]:
    """The schema of what is asked for. served: the names of the models."""
    fields = {"model": {"enum": list(served)}, **_FIELDS}
    return {"type": "object", "required": ["model"], "properties": fields}


@router.post(
    "",
    responses={200: {"content": OBJECT}, **problems(*OF_BODIES)},
    openapi_extra=_BODY,
)
async def create(request: Request, server: At, caller: By) -> Response:
    """Accept a job for a model that takes or makes pictures; asked for by a form or by JSON."""
    said = await _said(request, server, caller)
    name = str(said.pop("model", ""))
    served = server.served.get(name)
    if served is None:
        raise UnknownName("model", name, server.served)
    inputs = served.inputs.check(_inputs(served, said)).model_dump(mode="json")
    asked = {"size": str(said["size"])} if said.get("size") else {}
    new = NewJob(name, inputs, owner=caller.name, timeout_s=served.timeout_s, metadata=asked)
    job, _ = await accept(server, caller, new)
    return JSONResponse(_video(job))


@router.get("", responses={200: {"content": OBJECT}, **problems(404)})
async def listed(
    server: At,
    caller: By,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    after: Annotated[str | None, Query(max_length=100)] = None,
    order: Literal["desc"] = "desc",  # noqa: ARG001 - there is no other
) -> Response:
    """Jobs, the newest first."""
    page = await server.jobs.page(Asked(owner_of(caller), limit=limit, after=after))
    data = [_video(job) for job in page.jobs]
    ends = {"first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None}
    return JSONResponse({"object": "list", "data": data, "has_more": page.has_more, **ends})


@router.get("/{video_id}", responses={200: {"content": OBJECT}, **problems(404)})
async def one(video_id: str, server: At, caller: By) -> Response:
    """One job."""
    return JSONResponse(_video(await server.jobs.get(video_id, owner_of(caller))))


@router.delete(
    "/{video_id}",
    responses={200: {"content": OBJECT}, **problems(404, 409)},
)
async def delete(video_id: str, server: At, caller: By) -> Response:
    """Stop a job if it still runs, then forget it and its files."""
    job = await server.jobs.cancel(video_id, owner_of(caller))
    if not job.ended:
        await server.jobs.wait(video_id, 15.0, owner_of(caller))
    await server.jobs.delete(video_id, owner_of(caller))
    return JSONResponse({"id": video_id, "object": "video.deleted", "deleted": True})


@router.get(
    "/{video_id}/content",
    status_code=307,
    response_class=RedirectResponse,
    responses=problems(404, 409),
)
async def content(
    video_id: str,
    server: At,
    caller: By,
    variant: Literal["video", "thumbnail"] = "video",
    sample: Annotated[int, Query(ge=1, le=1000, description="Which of several, as samples names them.")] = 1,
) -> Response:
    """The file itself, or a picture of it: the newest that its model showed, from the moment in which it did."""
    job = await server.jobs.get(video_id, owner_of(caller))
    if variant == "thumbnail":
        shown = next((each for each in reversed(job.previews) if each.media_type.startswith("image/")), None)
        if shown is None:
            raise JobConflict(f"{video_id} is {job.status} and has no picture", mend="ask again later")
        return RedirectResponse(server.artifact_link(shown))
    if not job.artifacts:
        raise JobConflict(f"{video_id} is {job.status} and has no file", mend="ask again when it is completed")
    made = _samples(job)
    if sample > len(made):
        many = "one sample" if len(made) == 1 else f"{len(made)} samples"
        raise InputInvalid(f"sample is {sample}, and {video_id} has {many}", mend=f"ask for 1 to {len(made)}")
    return RedirectResponse(server.artifact_link(made[sample - 1]))


async def _said(request: Request, server: Server, caller: Caller) -> dict[str, Any]:
    """The body as plain values; files are kept as uploads first."""
    if not is_form(request.headers.get("content-type", "")):
        return read_object(await json_of(request), "the body")
    said: dict[str, Any] = {}
    async with request.form(max_files=4, max_fields=40) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                _put(said, name, value)
                continue
            said[name] = (await keep(server, caller, value)).id
    return said


def _put(said: dict[str, Any], name: str, value: str) -> None:
    """A value of a form, whose names may be those of parts: ``extra_params[seed]``."""
    whole, bracket, part = name.partition("[")
    if bracket and isinstance(said.setdefault(whole, {}), dict):
        said[whole][part.removesuffix("]")] = value
    else:
        said[name] = read_object(value, name) if name == "extra_params" else value


def _inputs(served: Served, said: Mapping[str, Any]) -> dict[str, Any]:
    """The body in the model's own words; what it has no word for stays as it is. Raises InputInvalid."""
    declared = {field.name: field for field in fields(served.inputs)}
    inputs: dict[str, Any] = {}
    for name, value in said.items():
        if name == "extra_params":
            inputs.update(value if isinstance(value, dict) else read_object(str(value), name))
        elif name in _FILES:
            inputs[_place_for(served, name, inputs)] = _reference(value)
        elif name == "prompt" and name not in declared and "text" in declared:
            inputs["text"] = value
        elif name in declared:
            inputs[name] = value
        elif name == "size" and "height" in declared:
            inputs["height"] = _height(value, said.get("extra_params"))
        # Clients always send a prompt, and a length for which most of these models have no word.
        elif name != "seconds" and (name, value) != ("prompt", ""):
            inputs[name] = value  # the model's check refuses it, in its own words
    return inputs


def _height(size: Any, extra: Any) -> int:
    """The height of ``WIDTHxHEIGHT``: the width follows from the shape of the source. Raises InputInvalid."""
    found = _SIZE.fullmatch(str(size))
    if found is None:
        raise InputInvalid(f"size is {quoted(size)}, which is not WIDTHxHEIGHT", mend="write it as 1920x1080")
    if isinstance(extra, dict) and not extra.keys().isdisjoint(("height", "scale")):
        raise InputInvalid("size is given, and so is height or scale", mend="give one of them")
    return int(found[2])


def _place_for(served: Served, name: str, taken: Mapping[str, Any]) -> str:
    kind = name.removesuffix("_reference")
    for field in fields(served.inputs):
        if field.media and field.name not in taken and (kind == "input" or kind in field.media):
            return field.name
    raise InputInvalid(f"{served.name} takes no {name}", mend=f"see the inputs of {served.name} in GET /v1/models")


def _reference(value: Any) -> Any:
    """A file as those clients name it: ``{"image_url": ...}``, ``{"file_id": ...}``, or the name alone."""
    if isinstance(value, dict) and len(value) == 1:
        return next(iter(value.values()))
    return value


def _samples(job: Job) -> list[Artifact]:
    """The files that are each a result of their own: those that the model tells of as such, else the first one."""
    told = (job.output or {}).get("samples")
    names = [str(sample.get("file")) for sample in told if isinstance(sample, dict)] if isinstance(told, list) else []
    named = {artifact.name: artifact for artifact in job.artifacts}
    found = [named[name] for name in names if name in named]
    return found if found and len(found) == len(names) else list(job.artifacts[:1])


def _video(job: Job) -> dict[str, Any]:
    done = 100 if job.status == "succeeded" else int(99 * job.progress.fraction) if job.progress else 0
    error = {"code": job.error["code"], "message": job.error["message"]} if job.error else None
    return {
        "id": job.id,
        "object": "video",
        "model": job.model,
        "status": _STATUS[job.status],
        "progress": done,
        "created_at": job.created_at // 1000,
        "completed_at": job.finished_at // 1000 if job.finished_at and job.status == "succeeded" else None,
        "expires_at": None,
        "prompt": job.input.get("prompt", job.input.get("text")),
        "size": _size_of(job),
        "seconds": _seconds_of(job),
        "error": error,
        # Theirs has none of these.
        "samples": [
            {"index": number, "name": file.name, "media_type": file.media_type, "size": file.size}
            for number, file in enumerate(_samples(job), 1)
        ],
    }


def _size_of(job: Job) -> str:
    """Of the result once it is there, else as it was asked for."""
    output = job.output or {}
    match output.get("after"):
        case [int(width), int(height)]:
            return f"{width}x{height}"
    if _SIZE.fullmatch(made := str(output.get("size"))):
        return made
    return str(job.input.get("size") or job.metadata.get("size", ""))


def _seconds_of(job: Job) -> str:
    output = job.output or {}
    found = next((output[name] for name in ("length_s", "seconds") if isinstance(output.get(name), int | float)), "")
    return str(found)
