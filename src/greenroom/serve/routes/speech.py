"""Speech as OpenAI's clients ask for it (https://platform.openai.com/docs/api-reference/audio/createSpeech)."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from greenroom.errors import GreenroomError, UnknownName
from greenroom.progress import silent
from greenroom.serve.leaving import unless_client_leaves
from greenroom.serve.requests import Name, json_of, read
from greenroom.serve.routes.access import At, By, owner_of
from greenroom.serve.routes.voices import speaking, takes_voices
from greenroom.serve.shapes import BYTES, OF_BODIES, event_stream, json_body, problems

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

    from greenroom.models.registry import Served
    from greenroom.serve.server import Server

router = APIRouter(prefix="/v1/audio", tags=["openai"])

# Programs written for that service send its names: they get the voice that is here.
_THEIR_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
_THEIR_VOICES = (
    "alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse", "marin", "cedar",
)  # fmt: skip
_SOUNDS = ("audio/mpeg", "audio/ogg", "audio/aac", "audio/flac", "audio/wav", "audio/pcm")
_EVENTS = ("speech.audio.delta", "speech.audio.error", "speech.audio.done")
_SSE = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class VoiceBody(BaseModel):
    """A voice by its id."""

    id: Name


class SpeechBody(BaseModel):
    """A text and how to say it. Names that are not here are not looked at, as those clients expect."""

    model_config = ConfigDict(strict=True)

    model: Name
    input: Annotated[str, Field(min_length=1, max_length=100_000)]
    voice: Name | VoiceBody | None = None
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"
    speed: Annotated[float, Field(ge=0.25, le=4.0)] = 1.0
    stream_format: Literal["audio", "sse"] = "audio"
    seed: Annotated[int | None, Field(ge=0, le=2**31 - 1)] = None
    language: Annotated[str | None, Field(max_length=50)] = None
    # Of models that speak in any voice; that service has none of these.
    reference: Annotated[str | None, Field(min_length=1, max_length=2000)] = None
    reference_text: Annotated[str | None, Field(min_length=1, max_length=5000)] = None
    steps: Annotated[int | None, Field(ge=4, le=64)] = None


def speech_body(server: Server) -> dict[str, Any]:
    """The schema of what is asked for, with the names of the voices that are here."""
    schema = SpeechBody.model_json_schema()
    models = [name for name, _ in speaking(server)]
    by_id = schema.pop("$defs")["VoiceBody"]
    by_name: dict[str, Any] = {"enum": [*models, "default", *_THEIR_VOICES]}
    if any(takes_voices(served) for _, served in speaking(server)):
        by_name = {"type": "string", "maxLength": 200}  # whatever is stored by then
    by_id["properties"]["id"] |= by_name
    schema["properties"]["model"]["enum"] = [*models, *_THEIR_MODELS] if models else []
    schema["properties"]["voice"] = {"anyOf": [by_name, by_id, {"type": "null"}], "default": None}
    return schema


@router.post(
    "/speech",
    response_class=Response,
    responses={
        200: {
            "description": "Sound, while it is made.",
            "content": dict.fromkeys(_SOUNDS, BYTES["*/*"]) | event_stream(*_EVENTS),
        },
        **problems(*OF_BODIES),
    },
    openapi_extra=json_body("SpeechBody"),
)
async def speech(request: Request, server: At, caller: By) -> Response:
    """Say a text; the first bytes come while the rest is made. Who leaves stops it."""
    body = read(SpeechBody, await json_of(request))
    served = _model(server, body)
    inputs = served.inputs.check(_inputs(server, served, body)).model_dump(mode="json")
    await server.media.check(served, inputs, owner_of(caller))
    folder = server.folders.take()
    sound = _sound(server, served, inputs, owner_of(caller), folder)
    try:
        # An error before the first sound is an answer of its own; behind it, it can only break the stream.
        first = await unless_client_leaves(request, anext(sound, b""))
    except BaseException:
        await sound.aclose()
        raise
    if body.stream_format == "sse":
        return StreamingResponse(
            _as_events(first, sound, len(body.input)), media_type="text/event-stream", headers=_SSE
        )
    kind = served.model.stream_type(served.inputs.check(inputs))
    return StreamingResponse(_from(first, sound), media_type=kind)


def _model(server: Server, body: SpeechBody) -> Served:
    models = dict(speaking(server))
    wanted = body.model
    if wanted in _THEIR_MODELS and models:
        wanted = next(iter(models))
    if wanted not in models:
        raise UnknownName("speech model", body.model, models)
    return models[wanted]


def _inputs(server: Server, served: Served, body: SpeechBody) -> dict[str, Any]:
    """The body in the model's own words; what the model does not know is left out. Raises UnknownName."""
    said = {
        "text": body.input, "speed": body.speed, "format": body.response_format, "seed": body.seed,
        "language": body.language, "captions": "", "voice": _voice(server, served, body), "steps": body.steps,
        "reference": body.reference, "reference_text": body.reference_text,
    }  # fmt: skip
    return {name: value for name, value in said.items() if value is not None and name in served.inputs.model_fields}


def _voice(server: Server, served: Served, body: SpeechBody) -> str | None:
    """A stored voice by its name, for a model that takes any; None for a model's own. Raises UnknownName."""
    voice = body.voice.id if isinstance(body.voice, VoiceBody) else body.voice
    if takes_voices(served):
        # Those clients must name one, though the request may bring its own.
        return None if body.reference is not None and voice in (*_THEIR_VOICES, "default") else voice
    own = [name for name, other in speaking(server) if not takes_voices(other)]
    if voice is not None and voice not in (*own, *_THEIR_VOICES, "default"):
        raise UnknownName("voice", voice, [*own, "default"])
    return None


async def _sound(
    server: Server, served: Served, inputs: dict[str, Any], owner: str | None, folder: Path
) -> AsyncGenerator[bytes]:
    server.metrics.stream_opened()
    given = server.folders.take()
    try:
        ready = await server.media.fetch(served, inputs, owner, given, silent)
        stream = server.pool.stream(served.name, ready, folder, urgent=True)
        try:
            async for piece in stream:
                yield piece
        finally:
            await stream.aclose()
    finally:
        server.metrics.stream_closed()
        await server.folders.give_back(folder)
        await server.folders.give_back(given)


async def _from(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    try:
        yield first
        async for piece in rest:
            yield piece
    finally:
        await rest.aclose()


async def _as_events(first: bytes, rest: AsyncGenerator[bytes], characters: int) -> AsyncIterator[str]:
    try:
        async for piece in _from(first, rest):
            yield _event({"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()})
    except GreenroomError as error:
        yield _event({"type": "speech.audio.error", "error": error.as_dict()})
        return
    # There are no tokens here: what is counted are characters.
    usage = {"input_tokens": characters, "output_tokens": 0, "total_tokens": characters}
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(data: dict[str, Any]) -> str:
    return f"event: {data['type']}\ndata: {json.dumps(data)}\n\n"
