"""The HTTP application over a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import FastAPI

from greenroom import __version__
from greenroom.serve.limits import BodyLimit, RequestIds
from greenroom.serve.origins import ThisMachineOnly
from greenroom.serve.page.page import page_routes
from greenroom.serve.problems import install
from greenroom.serve.requests import job_body, run_body, schema_name
from greenroom.serve.routes import artifacts, health, jobs, models, runpod, speech, uploads, videos, voices
from greenroom.serve.routes.speech import speech_body
from greenroom.serve.routes.videos import video_body
from greenroom.serve.shapes import Problem, reference
from greenroom.serve.tracing import Traced

if TYPE_CHECKING:
    from pydantic import BaseModel

    from greenroom.serve.server import Server

# What takes files, as forms.
_UPLOADS = ("/v1/uploads", "/v1/videos", "/v1/audio/voices")


def create_app(server: Server) -> FastAPI:
    """The application, with the real schema of each served model in its OpenAPI document."""
    app = FastAPI(
        title="greenroom",
        version=__version__,
        summary="Speech, sound and video models as a service.",
        docs_url=None,  # their pages load scripts from other hosts
        redoc_url=None,
    )
    app.state.server = server
    install(app)
    for part in (jobs, uploads, artifacts, models, speech, voices, videos, health):
        app.include_router(part.router)
    app.include_router(runpod.router)
    app.include_router(runpod.router, prefix="/v2/{endpoint}", include_in_schema=False)
    app.router.routes.extend(page_routes())
    _describe(app, server)
    # The last added is the outermost.
    app.add_middleware(BodyLimit, forms=dict.fromkeys(_UPLOADS, int(server.settings.max_upload_mb * 1e6)))
    if not server.keys.required:
        settings = server.settings
        app.add_middleware(ThisMachineOnly, any_host=settings.allow_anonymous, public_url=settings.public_url)
    if server.tracing.on:
        app.add_middleware(Traced, tracing=server.tracing)
    app.add_middleware(RequestIds, metrics=server.metrics)
    return app


def _describe(app: FastAPI, server: Server) -> None:
    """Put the bodies, which are checked by hand, into the document that FastAPI draws: those of each model, too."""
    draw = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        document, first = draw(), next(iter(server.served.values()))
        schemas: dict[str, Any] = document["components"]["schemas"]
        # FastAPI's words for what is invalid; ours are problems.
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        _add(schemas, Problem)
        schemas["SpeechBody"] = speech_body(server)
        schemas["VideoBody"] = video_body(server.served)
        schemas["RunBody"] = _add(schemas, run_body(first), first.name)
        jobs_of = {name: _add(schemas, job_body(served), name) for name, served in server.served.items()}
        by_model = {"propertyName": "model", "mapping": {name: body["$ref"] for name, body in jobs_of.items()}}
        _body(document, "/v1/jobs", {"oneOf": list(jobs_of.values()), "discriminator": by_model})
        _generate(document, {name: _add(schemas, served.inputs, name) for name, served in server.served.items()})
        _secure(document, keyed=server.keys.required)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's own documentation does it


def _body(document: dict[str, Any], path: str, schema: dict[str, Any]) -> None:
    content = {"application/json": {"schema": schema}}
    document["paths"][path]["post"]["requestBody"] = {"required": True, "content": content}


def _generate(document: dict[str, Any], inputs: dict[str, dict[str, str]]) -> None:
    """A path for each model in the place of the one for all: what they take has nothing in common."""
    shared = document["paths"].pop("/v1/models/{model}/generate")["post"]
    for name, schema in inputs.items():
        path = f"/v1/models/{name}/generate"
        own = {"operationId": f"generate_{schema_name(name)}", "parameters": [], "summary": f"Generate with {name}"}
        document["paths"][path] = {"post": {**shared, **own}}
        _body(document, path, schema)


def _add(schemas: dict[str, Any], shape: type[BaseModel], model: str = "", prefix: str = "") -> dict[str, str]:
    """Put a schema and those that it names among the others; gives the reference to it.

    model: whose it is: two may have different inputs in classes of one name.
    """
    whole = shape.model_json_schema(ref_template=reference(f"{prefix}{{model}}")["$ref"])
    parts = whole.pop("$defs", {}) | {shape.__name__: whole}
    if not prefix and any(schemas.get(name, part) != part for name, part in parts.items()):
        return _add(schemas, shape, model, f"{schema_name(model)}.")
    schemas.update({f"{prefix}{name}": part for name, part in parts.items()})
    return reference(f"{prefix}{shape.__name__}")


def _secure(document: dict[str, Any], *, keyed: bool) -> None:
    if keyed:
        document["components"]["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"key": []}]
