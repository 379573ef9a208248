"""The model hub's client: commands and extras that its releases lost, and switches without their package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.source import Place
from greenroom.machine.facts import packages
from greenroom.machine.versions import release

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from greenroom.diagnose.recipe import Installed, Recipe
    from greenroom.diagnose.requirement import Requirement
    from greenroom.diagnose.shell_text import ShellText
    from greenroom.findings import Finding


def _client(installs: Iterable[Installed]) -> Requirement | None:
    """The last install of the client."""
    every = [one for installed in installs for one in installed.install.requirements if one.name == "huggingface-hub"]
    return every[-1] if every else None


def _beside(recipe: Recipe, text: ShellText) -> list[Installed]:
    """What is installed where a text runs: in its image, in the only one there is, or by itself."""
    for built in recipe.images:
        if any(one is text for one in built.texts):
            return built.installs
    if len({built.image.path for built in recipe.images}) < 2:
        return recipe.installs
    return [one for one in recipe.loose_installs if one.text is text]


def _may_be(client: Requirement | None, first: str) -> bool | None:
    """Whether the client that comes is this release or a later one; None where nobody says which one comes."""
    if client is None:
        return None
    if client.version:
        return release(client.version) >= release(first)
    if "<" in client.specifier:
        bound = client.specifier.split("<", 1)[1].lstrip("=").split(",")[0].strip()
        return release(bound) > release(first)
    return True


def commands(recipe: Recipe) -> Iterator[Finding]:
    """``huggingface-cli``, where the client has it no more."""
    for text in recipe.naming(*packages.hub_gone("commands")):
        client = _client(_beside(recipe, text)) if text.kind != "workflow" else None
        for command in text.commands:
            lost = packages.hub_lost("commands", command.program) if command.plain else None
            if lost is None or command.name in ("echo", "printf"):
                continue
            newer = _may_be(client, lost.value)
            place = text.place(command.line)
            if newer is False:
                continue
            told = error if newer and lost.sure else warning
            patch = replaced(recipe.folder, place, command.program, "hf", safe=bool(newer))
            yield told(
                "renamed-cli",
                place,
                f"{command.program}: command not found: huggingface_hub {lost.value} and later call it hf",
                "call hf, and pin the client: pip install huggingface_hub==2.4.0",
                patch,
            )


def start_words(recipe: Recipe) -> Iterator[Finding]:
    """The same as the container's first program."""
    for built in recipe.images:
        client = _client(built.installs)
        start = built.start
        lost = packages.hub_lost("commands", start.program) if start is not None and not start.is_shell else None
        if start is not None and lost is not None and _may_be(client, lost.value):
            patch = replaced(recipe.folder, start.place, start.program, "hf", safe=True)
            yield error(
                "renamed-cli",
                start.place,
                f"{start.program} is not there: huggingface_hub {lost.value} and later call it hf",
                "hf",
                patch,
            )


def extras(recipe: Recipe) -> Iterator[Finding]:
    """Extras of the client that are gone: pip says so and goes on."""
    for installed in recipe.installs:
        for requirement in installed.install.requirements:
            if requirement.name != "huggingface-hub":
                continue
            for extra in requirement.extras:
                lost = packages.hub_lost("extras", extra)
                if lost is not None and _may_be(requirement, lost.value):
                    patch = (
                        replaced(recipe.folder, requirement.place, f"[{extra}]", "")
                        if len(requirement.extras) == 1
                        else None
                    )
                    yield warning(
                        "extra-gone",
                        requirement.place,
                        f"huggingface_hub {lost.value} and later have no extra {extra}: pip only warns",
                        "leave it out",
                        patch,
                    )


def transfer(recipe: Recipe) -> Iterator[Finding]:
    """HF_HUB_ENABLE_HF_TRANSFER without hf_transfer: the client before 1.0 refuses to download."""
    client = _client(recipe.installs)
    names = {one.name for installed in recipe.installs for one in installed.install.requirements}
    has_extra = client is not None and "hf_transfer" in client.extras
    if "hf-transfer" in names or has_extra:
        return
    older = client is not None and _may_be(client, "1.0") is False
    for built in recipe.images:
        for step in built.image.final.all_steps:
            if (
                step.keyword == "ENV"
                and "HF_HUB_ENABLE_HF_TRANSFER" in step.value
                and not step.value.rstrip().endswith(("=0", " 0"))
            ):
                place = Place(built.image.path, step.instruction.line_of("HF_HUB_ENABLE_HF_TRANSFER"))
                told = error if older else warning
                yield told(
                    "hf-transfer-missing",
                    place,
                    "HF_HUB_ENABLE_HF_TRANSFER is set and hf_transfer is not installed: "
                    + ("the client refuses to download" if older else "the client of 2.0 and later does not heed it"),
                    "pip install hf_transfer, or leave the variable out",
                )
