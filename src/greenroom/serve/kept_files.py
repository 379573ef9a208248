"""Files of the store as answers: shown here, or saved from wherever they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from fastapi.responses import FileResponse, RedirectResponse, StreamingResponse

from greenroom.jobs.artifacts import ArtifactsUnavailable
from greenroom.serve.server import LINK_S

if TYPE_CHECKING:
    from fastapi import Response

    from greenroom.jobs.artifacts import ArtifactStore

# What a model made or a caller sent is shown, never run: a page that a request brought into being has no rights here.
_HARMLESS = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}


class KeptFile(Protocol):
    """A file that has a name, a type, and a key in the store."""

    @property
    def key(self) -> str:
        """Its name in the store."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def media_type(self) -> str:
        """What it is."""

    @property
    def size(self) -> int:
        """Bytes."""


async def answer(store: ArtifactStore, file: KeptFile, *, download: bool) -> Response:
    """A file, or the way to it. download: to be saved; it may then come from the store's own server.

    Raises ArtifactsUnavailable.
    """
    disposition = f"{'attachment' if download else 'inline'}; filename*=UTF-8''{quote(file.name)}"
    headers = {**_HARMLESS, "Content-Disposition": disposition, "Cache-Control": "private, max-age=3600"}
    path = store.local_path(file.key)
    if path is not None:
        if not path.is_file():
            raise ArtifactsUnavailable(file.name)
        return FileResponse(path, media_type=file.media_type, headers=headers)
    # A page shows only what comes from here: its policy allows no other host.
    link = await store.link(file.key, LINK_S) if download else None
    if link is not None:
        return RedirectResponse(link)
    headers["Content-Length"] = str(file.size)
    return StreamingResponse(store.read(file.key), media_type=file.media_type, headers=headers)
