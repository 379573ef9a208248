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
# What a family takes for a test. A voice that is taken from a recording has no entry: a job names a recording by its
# address, and no address of others is ours to depend on.
_INPUTS: dict[str, dict[str, str]] = {"voice": {"text": "Good evening, and welcome."}}
_TEST_TIMEOUT_MS = 600_000
_FIRST_START_S = 1800
_ACCEPT = "GREENROOM_ACCEPT_LICENCE"
# The Hub looks for this file. The platform itself starts the image, which takes jobs by the same command.
_HANDLER = """\
\"\"\"Takes jobs of RunPod, as the image does by itself: greenroom build writes this file for RunPod's Hub.\"\"\"

import os

os.execvp("greenroom", ["greenroom", "worker", "{model}"])
"""
_CATEGORIES = {"audio": "audio", "video": "video", "image": "image"}


def runpod_files(blueprint: Blueprint) -> dict[str, str]:
    """By path; empty for an image that is not for RunPod's GPUs."""
    if not blueprint.on_runpod:
        return {}
    tests = hub_tests(blueprint)
    return {
        "endpoint.json": _json(_endpoint(blueprint)),
        ".runpod/hub.json": _json(_hub(blueprint)),
        ".runpod/handler.py": _HANDLER.format(model=blueprint.model),
        **({".runpod/tests.json": tests} if tests is not None else {}),
    }


def hub_tests(blueprint: Blueprint, given: dict[str, str] | None = None) -> str | None:
    """What the Hub runs before it lists a release; None where the job needs what only its owner has.

    given: the input of the job, instead of one that is known to do.
    """
    tested = given or _INPUTS.get(blueprint.recipe.family)
    if tested is None:
        return None
    return _json(
        {
            "tests": [{"name": "one sentence", "input": tested, "timeout": _TEST_TIMEOUT_MS}],
            "config": {
                "gpuTypeId": blueprint.gpus[0],
                "gpuCount": 1,
                "allowedCudaVersions": _cudas(blueprint),
                "env": [{"key": name, "value": value} for name, value in _environ(blueprint).items()],
            },
        }
    )


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
        "env": _environ(blueprint),
        "workers": {"min": 0, "max": 3, "idleTimeout": 5},
        "scaling": {"type": "QUEUE_DELAY", "queueDelay": 4},
        "flashboot": "FLASHBOOT",
    }


def _hub(blueprint: Blueprint) -> dict[str, Any]:
    recipe = blueprint.recipe
    variables = [
        *([_licence()] if blueprint.fetches_at_start else []),
        *({"key": name, "value": value} for name, value in _patience(blueprint).items()),
    ]
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


def _environ(blueprint: Blueprint) -> dict[str, str]:
    """What workers are told: who builds it with a yes to the terms means the weights that they fetch, too."""
    accepted = {_ACCEPT: "true"} if blueprint.fetches_at_start and blueprint.accepts else {}
    return {**accepted, **_patience(blueprint)}


def _patience(blueprint: Blueprint) -> dict[str, str]:
    """A first start that fetches may take longer than the 7 minutes after which a worker is called unhealthy."""
    slow = blueprint.fetches_at_start or blueprint.environment == "volume"
    return {"RUNPOD_INIT_TIMEOUT": str(_FIRST_START_S)} if slow else {}


def _licence() -> dict[str, Any]:
    return {
        "key": _ACCEPT,
        "input": {
            "name": "Accept the licence",
            "type": "boolean",
            "description": "The weights have terms that limit their use: greenroom models MODEL shows them.",
            "default": False,
            "trueValue": "true",
            "falseValue": "false",
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
