"""Files of jobs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from greenroom.jobs.errors import ArtifactUnknown
from greenroom.serve.kept_files import answer
from greenroom.serve.routes.access import At, reader
from greenroom.serve.shapes import BYTES, problems

router = APIRouter(prefix="/v1/artifacts", tags=["artifacts"])


@router.head("/{artifact_id}", include_in_schema=False)
@router.get(
    "/{artifact_id}",
    response_class=Response,
    responses={
        200: {"description": "The file; parts of it by Range.", "content": BYTES},
        206: {"description": "A part of the file.", "content": BYTES},
        307: {"description": "The store's own address of the file, to save it from."},
        416: {"description": "There is no such part."},
        **problems(403, 404, 503),
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
    owner = reader(request, server, artifact_id, expires, signature)
    artifact = await server.jobs.artifact(artifact_id, owner)
    if artifact is None:
        raise ArtifactUnknown(artifact_id)
    return await answer(server.store, artifact, download=download)
