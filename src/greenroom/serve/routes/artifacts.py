"""Files of jobs."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse, StreamingResponse

from greenroom.jobs.errors import ArtifactUnknown
from greenroom.serve.routes.access import At, caller_of, owner_of
from greenroom.serve.server import LINK_S
from greenroom.serve.shapes import BYTES, problems

router = APIRouter(prefix="/v1/artifacts", tags=["artifacts"])

# What a model made is shown, never run: a page that a request brought into being has no rights here.
_HARMLESS = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}


@router.get(
    "/{artifact_id}",
    response_class=Response,
    responses={
        200: {"description": "The file; parts of it by Range.", "content": BYTES},
        206: {"description": "A part of the file.", "content": BYTES},
        307: {"description": "The store's own address of the file."},
        416: {"description": "There is no such part."},
        **problems(403, 404),
    },
)
async def one(
    artifact_id: str,
    request: Request,
    server: At,
    expires: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    signature: Annotated[str | None, Query(max_length=200)] = None,
    download: Annotated[bool, Query(description="To be saved, and not shown.")] = False,
) -> Response:
    """A file, by a signed link or with the key of its job."""
    owner: str | None = None
    if expires is not None and signature is not None:
        server.signer.check(artifact_id, expires, signature)
    else:
        owner = owner_of(caller_of(request))
    artifact = await server.jobs.artifact(artifact_id, owner)
    if artifact is None:
        raise ArtifactUnknown(artifact_id)
    disposition = f"{'attachment' if download else 'inline'}; filename*=UTF-8''{quote(artifact.name)}"
    headers = {**_HARMLESS, "Content-Disposition": disposition, "Cache-Control": "private, max-age=3600"}
    path = server.store.local_path(artifact.key)
    if path is not None:
        if not path.is_file():
            raise ArtifactUnknown(artifact_id)
        return FileResponse(path, media_type=artifact.media_type, headers=headers)
    link = await server.store.link(artifact.key, LINK_S)
    if link is not None:
        return RedirectResponse(link)
    headers["Content-Length"] = str(artifact.size)
    return StreamingResponse(server.store.read(artifact.key), media_type=artifact.media_type, headers=headers)
