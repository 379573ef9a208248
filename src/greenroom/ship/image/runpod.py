"""RunPod's files: the endpoint that greenroom deploy takes, and what the Hub lists and tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from greenroom.machine.facts.drivers import toolkit_driver
from greenroom.machine.facts.fact import table
from greenroom.machine.versions import minor, release

if TYPE_CHECKING:
    from greenroom.ship.image.blueprint import Blueprint

# GB of a worker's disk beside weights: room for torch and its CUDA libraries unpacked and cached, and for results.
_ROOM_GB = 30
_TEXT = "Good evening, and welcome."
# What a family must be given to make anything. The recording is the example of F5-TTS's own repository, with its words.
_INPUTS: dict[str, dict[str, str]] = {
    "voice": {"text": _TEXT},
    "f5tts": {
        "text": _TEXT,
        "reference": "https://github.com/SWivid/F5-TTS/raw/main/src/f5_tts/infer/examples/basic/basic_ref_en.wav",
        "reference_text": "Some call me nature, others call me mother nature.",
    },
}
_TEST_TIMEOUT_MS = 600_000
_CATEGORIES = {"audio": "audio", "video": "video", "image": "image"}


def runpod_files(blueprint: Blueprint) -> dict[str, str]:
    """By path; empty for an image that is not for RunPod's GPUs."""
    if not blueprint.on_runpod:
        return {}
    return {
        "endpoint.json": _json(_endpoint(blueprint)),
        ".runpod/hub.json": _json(_hub(blueprint)),
        ".runpod/tests.json": _json(_tests(blueprint)),
    }


def _endpoint(blueprint: Blueprint) -> dict[str, Any]:
    """The body of ``POST /v2/serverless``; the image is given by its digest when it is deployed."""
    gpu: dict[str, Any] = {"pools": list(blueprint.pools), "count": 1}
    if blueprint.excluded:
        gpu["excludedTypes"] = list(blueprint.excluded)
    if blueprint.cuda:
        gpu["minCudaVersion"] = blueprint.cuda
    return {
        "name": blueprint.model,
        "type": "QUEUE",
        "gpu": gpu,
        "disk": _disk_gb(blueprint),
        "workers": {"min": 0, "max": 3, "idleTimeout": 5},
        "scaling": {"type": "QUEUE_DELAY", "queueDelay": 4},
        "flashboot": "FLASHBOOT",
    }


def _hub(blueprint: Blueprint) -> dict[str, Any]:
    recipe = blueprint.recipe
    variables = [_licence()] if blueprint.fetches else []
    return {
        "title": recipe.title,
        "description": recipe.summary,
        "type": "serverless",
        "category": _CATEGORIES.get(recipe.outputs[0].kind, "audio") if recipe.outputs else "audio",
        "config": {
            "runsOn": "GPU",
            "containerDiskInGb": _disk_gb(blueprint),
            "gpuCount": 1,
            "gpuIds": ",".join([*blueprint.pools, *(f"-{name}" for name in blueprint.excluded)]),
            "allowedCudaVersions": _cudas(blueprint),
            "env": variables,
        },
    }


def _tests(blueprint: Blueprint) -> dict[str, Any]:
    tested = _INPUTS[blueprint.recipe.family]
    return {
        "tests": [{"name": "one sentence", "input": tested, "timeout": _TEST_TIMEOUT_MS}],
        "config": {
            "gpuTypeId": blueprint.gpus[0],
            "gpuCount": 1,
            "allowedCudaVersions": _cudas(blueprint),
            "env": [],
        },
    }


def _licence() -> dict[str, Any]:
    return {
        "key": "GREENROOM_ACCEPT_LICENCE",
        "input": {
            "name": "Accept the licence",
            "type": "boolean",
            "description": "The weights have terms that limit their use: greenroom models MODEL shows them.",
            "default": False,
        },
    }


def _cudas(blueprint: Blueprint) -> list[str]:
    """The CUDAs of hosts on which nothing of the image is too new, the newest first."""
    if blueprint.cuda is None:
        return []
    known = {minor(toolkit) for toolkit in table("drivers")["toolkit_driver_linux"]["value"]}
    new = [cuda for cuda in known if release(cuda) >= release(blueprint.cuda) and toolkit_driver(cuda) is not None]
    return sorted(new, key=release, reverse=True)


def _disk_gb(blueprint: Blueprint) -> int:
    from greenroom.recipes.catalogue import with_components

    weights = sum(part.download().bytes for part in with_components(blueprint.model))
    return _ROOM_GB + -(-weights // 10**9)


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"
