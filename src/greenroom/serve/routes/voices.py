"""Stored voices: listed for everybody, kept and removed by whoever runs the server."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from greenroom.errors import GreenroomError, InputInvalid
from greenroom.models.f5tts.voices import FOLDER, Voices, VoiceUnknown, add_recording
from greenroom.serve.limits import is_form
from greenroom.serve.problems import problem
from greenroom.serve.requests import MediaTypeUnsupported
from greenroom.serve.routes.access import At, By
from greenroom.serve.shapes import OBJECT, OF_BODIES, VoiceShown, problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.datastructures import UploadFile

    from greenroom.models.f5tts.voices import StoredVoice
    from greenroom.models.registry import Served
    from greenroom.serve.keys import Caller
    from greenroom.serve.server import Server

router = APIRouter(prefix="/v1/audio/voices", tags=["openai"])

_TEXT = {"type": "string", "minLength": 1}
_BODY = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["name", "reference_text", "file"],
                "properties": {
                    "name": {**_TEXT, "pattern": r"^\w{1,64}$"},
                    "reference_text": {**_TEXT, "maxLength": 5000},
                    "language": {"type": "string", "maxLength": 35},
                    "file": {"type": "string", "format": "binary"},
                },
            }
        }
    },
}


class NotAllowed(GreenroomError):
    """Stored voices are everybody's, so not everybody may change them."""

    code = "forbidden"

    def __init__(self) -> None:
        super().__init__(
            "stored voices belong to whoever runs the server",
            mend="use the key of an administrator, or give reference and reference_text with the request",
        )


@router.get("", responses={200: {"content": OBJECT}, **problems()})
async def listed(server: At, _: By) -> Response:
    """The voices that ``voice`` may name: those of models that have one, and the stored ones."""
    own = [
        {"id": name, "name": served.recipe.title if served.recipe else name}
        for name, served in speaking(server)
        if not takes_voices(served)
    ]
    kept = await asyncio.to_thread(stored(server).all) if any(map(takes_voices, server.served.values())) else ()
    return JSONResponse({"voices": [*own, *map(_shown, kept)]})


@router.post(
    "",
    status_code=201,
    response_model=VoiceShown,
    responses=problems(403, 409, *OF_BODIES),
    openapi_extra={"requestBody": _BODY},
)
async def create(request: Request, server: At, caller: By) -> Response:
    """Keep a voice by name, once its recording has been looked at and listened to."""
    _check_allowed(caller)
    if not is_form(request.headers.get("content-type", "")):
        raise MediaTypeUnsupported(
            "a voice is a form", mend="send multipart/form-data with name, reference_text and one file, named file"
        )
    async with request.form(max_files=1, max_fields=8) as form:
        file = form.get("file")
        if file is None or isinstance(file, str):
            raise InputInvalid("file is missing", mend="send a form with one file, named file")
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        for name in ("name", "reference_text"):
            if not fields.get(name):
                raise InputInvalid(f"{name} is missing", mend=f"send a form with the field {name}")
        voice, warnings = await _keep(server, fields, file)
    return JSONResponse({**_shown(voice), "warnings": list(warnings)}, 201)


@router.delete("/{name}", status_code=204, response_class=Response, responses=problems(403, 404))
async def delete(name: str, server: At, caller: By) -> Response:
    """Forget a stored voice; what waits for it fails."""
    _check_allowed(caller)
    try:
        await asyncio.to_thread(stored(server).remove, name)
    except VoiceUnknown as error:
        return problem(error, 404)
    return Response(status_code=204)


def stored(server: Server) -> Voices:
    """The voices of a server: those of its data folder, which its workers read."""
    return Voices(server.settings.data / FOLDER)


def speaking(server: Server) -> list[tuple[str, Served]]:
    """The models that speak a text."""
    return [
        (name, served)
        for name, served in server.served.items()
        if served.streams and {"text", "format"} <= served.inputs.model_fields.keys()
    ]


def takes_voices(served: Served) -> bool:
    """Whether a model speaks in any voice that is stored or sent."""
    return {"text", "voice", "reference"} <= served.inputs.model_fields.keys()


def _check_allowed(caller: Caller) -> None:
    # Without keys there is one user, who has no name.
    if caller.name and not caller.admin:
        raise NotAllowed


async def _keep(server: Server, fields: Mapping[str, str], file: UploadFile) -> tuple[StoredVoice, tuple[str, ...]]:
    """Raises MediaInvalid, and what ``add_recording`` raises."""
    kept = stored(server)
    kept.check_new(fields["name"])
    with tempfile.NamedTemporaryFile(dir=server.folder / "now") as sent:
        while piece := await file.read(1 << 20):
            sent.write(piece)
        sent.flush()
        path = Path(sent.name)
        await server.media.look(path)
        return await asyncio.to_thread(
            add_recording, kept, fields["name"], path, fields["reference_text"], language=fields.get("language") or None
        )


def _shown(voice: StoredVoice) -> dict[str, object]:
    return {"id": voice.name, **asdict(voice)}
