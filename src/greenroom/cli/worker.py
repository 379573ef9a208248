"""``greenroom worker``: the command of a RunPod serverless endpoint."""

from __future__ import annotations

import json
from typing import Any

import click

from greenroom.cli.configured import configured
from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, json_option
from greenroom.errors import ExtraMissing, InputInvalid


@click.command()
@click.argument("model", default="voice-joe")
@setting_flags("devices", "artifacts", "runpod_concurrency", "runpod_stream")
@click.option("--test-input", metavar="JSON", help="Do this one job here, print the answer, and end.")
@json_option
def worker(model: str, test_input: str | None, as_json: bool, **flags: Any) -> int:
    """Serve one model on RunPod serverless.

    MODEL is a name of the catalogue, or module:Class. The model is loaded and warmed up before a job is taken. What the
    platform sets in the environment says where jobs come from; greenroom config shows what else can be set.
    """
    out = Output("worker", as_json)
    settings = configured(out, flags)

    try:
        from greenroom.serve.runpod.start import run_worker, try_job
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("greenroom"):
            raise
        raise ExtraMissing("the RunPod worker", "runpod") from error
    from greenroom.models.registry import find
    from greenroom.serve.runpod.media import Media
    from greenroom.serve.runpod.options import WorkerOptions

    served, options, media = find(model), WorkerOptions.of(settings), Media.of(settings)
    if test_input is None:
        return run_worker(served, options, media)
    with out.progress() as step:
        answer = try_job(served, options, media, _input(test_input), step)
    out.result(answer, json.dumps(answer, ensure_ascii=False, indent=2))
    return 0


def _input(text: str) -> dict[str, Any]:
    """The input of a job, bare or as RunPod's ``{"input": {...}}``. Raises InputInvalid."""
    try:
        given = json.loads(text)
    except ValueError as error:
        raise InputInvalid(
            f"--test-input is no JSON: {error}", mend="""write --test-input '{"text": "Hello."}'"""
        ) from None
    if isinstance(given, dict) and isinstance(given.get("input"), dict):
        given = given["input"]
    if not isinstance(given, dict):
        raise InputInvalid("--test-input is no object", mend="""write --test-input '{"text": "Hello."}'""")
    return given
