"""The README of an image: what it is, how to run it, what it may hold, why it is as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.ship.image.blueprint import PORT
from greenroom.ship.image.dockerfile import DATA, UID, VOLUME
from greenroom.ship.image.runpod import hub_tests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.ship.image.blueprint import Blueprint

_YOURS = {
    "text": "Good evening, and welcome.",
    "reference": "https://ADDRESS/OF/voice.wav",
    "reference_text": "ITS WORDS",
}


def readme(blueprint: Blueprint, version: str) -> str:
    """The whole file."""
    return "\n\n".join(_blocks(blueprint, version)) + "\n"


def _blocks(blueprint: Blueprint, version: str) -> Iterator[str]:
    recipe = blueprint.recipe
    yield f"# {recipe.title}\n\n{recipe.summary} Served by greenroom {version}."
    yield _terms(blueprint)
    yield (
        "## Run\n\n```sh\n"
        "export GREENROOM_API_KEY=...     # clients send it as Authorization: Bearer KEY\n"
        "docker compose up --build --detach\n"
        f'curl -H "Authorization: Bearer $GREENROOM_API_KEY" http://127.0.0.1:{PORT}/readyz\n'
        "```"
    )
    if blueprint.on_runpod:
        yield (
            "On RunPod serverless the same image takes jobs of the queue. `endpoint.json` is what `greenroom deploy` "
            "takes, `.runpod/` what the Hub reads. A network volume is optional; without one each new worker fetches "
            "anew what is not in the image."
        )
        if hub_tests(blueprint) is None:
            yield (
                "The Hub asks for `.runpod/tests.json`, too. The test of this model needs a recording of a voice at an "
                "address that RunPod reaches, and its words, so it is yours to write:\n\n"
                f"```json\n{hub_tests(blueprint, _YOURS)}```"
            )
    yield "## Where things are\n\n| | |\n| --- | --- |\n" + "\n".join(
        f"| {name} | {place} |" for name, place in _places(blueprint)
    )
    yield "## Why so\n\n" + "\n".join(f"- {reason}" for reason in blueprint.reasons)
    yield (
        "## Build behind a proxy or a mirror\n\n"
        "`pip.conf` and a bundle of certificates are passed as secrets, and stand in no layer:\n\n"
        "```sh\ndocker build --secret id=pip,src=pip.conf --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt .\n```"
    )


def _terms(blueprint: Blueprint) -> str:
    licences = ", ".join(f"{licence.part}: {licence.words}" for licence in blueprint.recipe.licences)
    said = "\n".join(f"- {restriction.text}" for restriction in blueprint.recipe.all_restrictions)
    how = ""
    if blueprint.pulls:
        how = "\n\nWho builds it accepts them: `docker build --build-arg ACCEPT_LICENCE=true`."
    elif blueprint.fetches:
        how = "\n\nWho runs it accepts them: `GREENROOM_ACCEPT_LICENCE=true`."
    return f"Licences: {licences}." + (f"\n\n{said}{how}" if said else "")


def _places(blueprint: Blueprint) -> Iterator[tuple[str, str]]:
    yield "user", f"{UID}, in no group but its own; the root file system may be read-only"
    yield f"`{DATA}`", "jobs, uploads, results, caches: a local disk of its own"
    if blueprint.fetches_at_start:
        yield "weights", f"on the volume at `{VOLUME}`, fetched by the first start"
    else:
        yield "weights", "in the image" if blueprint.weights == "baked" else "with the packages"
    if blueprint.environment == "volume":
        yield "packages", f"packed on the volume at `{VOLUME}`, made by the first start, unpacked to `{DATA}` by all"
    else:
        yield "packages", "in the image"
    yield "port", f"`PORT`, {PORT} if not set; `/readyz` is 200 once the model is warm"
