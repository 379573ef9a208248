"""Uploads: files for models that take any, streamed to disk and looked at before they are taken."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse

from greenroom.errors import InputInvalid
from greenroom.jobs.errors import UploadUnknown
from greenroom.serve.kept_files import answer
from greenroom.serve.limits import is_form
from greenroom.serve.problems import problem
from greenroom.serve.requests import MediaTypeUnsupported
from greenroom.serve.routes.access import At, By, owner_of, reader
from greenroom.serve.shapes import BYTES, OF_BODIES, UploadShown, problems

if TYPE_CHECKING:
    from starlette.datastructures import UploadFile

    from greenroom.jobs.uploads import Upload
    from greenroom.serve.keys import Caller
    from greenroom.serve.server import Server

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])

_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        }
    },
}


@router.post(
    "",
    status_code=201,
    response_model=UploadShown,
    responses=problems(*OF_BODIES),
    openapi_extra={"requestBody": _BODY},
)
async def create(request: Request, server: At, caller: By) -> Response:
    """Keep a file that inputs of jobs may name. It must be sound, a video or a picture within the limits."""
    if not is_form(request.headers.get("content-type", "")):
        raise MediaTypeUnsupported("an upload is a form", mend="send multipart/form-data with one file, named file")
    async with request.form(max_files=1, max_fields=4) as form:
        file = form.get("file")
        if file is None or isinstance(file, str):
            raise InputInvalid("file is missing", mend="send a form with one file, named file")
        upload = await keep(server, caller, file)
    return JSONResponse(upload.shown(server.upload_link(upload.id)), 201)


@router.get("/{upload_id}", response_model=UploadShown, responses=problems(404))
async def one(upload_id: str, server: At, caller: By) -> Response:
    """One upload."""
    try:
        upload = await server.uploads.find(upload_id, owner_of(caller))
    except UploadUnknown as error:
        return problem(error, 404)
    return JSONResponse(upload.shown(server.upload_link(upload.id)))


@router.get(
    "/{upload_id}/content",
    response_class=Response,
    responses={200: {"description": "The file; parts of it by Range.", "content": BYTES}, **problems(403, 404, 503)},
)
async def content(
    upload_id: str,
    request: Request,
    server: At,
    expires: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    signature: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """The file itself, by a signed link or with its owner's key."""
    owner = reader(request, server, upload_id, expires, signature)
    try:
        upload = await server.uploads.find(upload_id, owner)
    except UploadUnknown as error:
        return problem(error, 404)
    return await answer(server.store, upload, download=False)


@router.delete("/{upload_id}", status_code=204, response_class=Response, responses=problems(404))
async def delete(upload_id: str, server: At, caller: By) -> Response:
    """Forget an upload; jobs that wait for it fail."""
    try:
        await server.uploads.delete(upload_id, owner_of(caller))
    except UploadUnknown as error:
        return problem(error, 404)
    return Response(status_code=204)


async def keep(server: Server, caller: Caller, file: UploadFile) -> Upload:
    """Keep a file of a form, once it has been looked at. Raises MediaInvalid, and what the store raises."""
    with tempfile.NamedTemporaryFile(dir=server.folder / "now") as kept:
        while piece := await file.read(1 << 20):
            kept.write(piece)
        kept.flush()
        path = Path(kept.name)
        facts = await server.media.look(path)
        return await server.uploads.keep(path, caller.name, file.filename or "file", facts.media_type, asdict(facts))
