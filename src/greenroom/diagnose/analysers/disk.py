"""Whether the weights fit where they are put, and whether they stay there."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.diagnose.saying import error, size, warning
from greenroom.diagnose.source import Place
from greenroom.machine.facts import runpod

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.platform import Endpoint, Mount
    from greenroom.diagnose.recipe import Built, Recipe
    from greenroom.findings import Finding

_CACHES = (
    "HF_HOME",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "TRANSFORMERS_CACHE",
    "MODEL_DIR",
    "MODELS_DIR",
    "MODEL_PATH",
    "CKPT_DIR",
    "WEIGHTS_DIR",
    "TORCH_HOME",
    "XDG_CACHE_HOME",
    "DIFFUSERS_CACHE",
)
_INTO = ("--local-dir", "--cache-dir", "--models-dir", "--ckpt-dir", "--download-dir")
# What a build holds beside the weights before it is full, and what unpacking needs for a moment.
_MARGIN = 1.1


def room(recipe: Recipe) -> Iterator[Finding]:
    """Weights against the disk or the volume that they go to."""
    if recipe.endpoint is None or recipe.weights is None or not recipe.weights.bytes:
        return
    need, mounts = recipe.weights.bytes, recipe.endpoint.mounts
    target, place = _target(recipe)
    mount = next(
        (one for one in mounts if target and one.path and (target == one.path or target.startswith(one.path + "/"))),
        None,
    )
    if mount is not None:
        yield from _on_volume(recipe.endpoint, need, mount)
        yield from _copies(recipe, need, mount.path)
    elif (disk := recipe.endpoint.disk) is not None and disk.number is not None:
        on = _OnDisk(Place(recipe.endpoint.document.path, disk.line), need, disk.number * 1e9)
        if not mounts:
            yield from on.alone()
        elif not target:
            yield from on.perhaps()
        else:
            yield from on.beside_volume(target, place, mounts[0].path)


def _on_volume(endpoint: Endpoint, need: float, mount: Mount) -> Iterator[Finding]:
    if mount.gigabytes is not None and mount.gigabytes * 1e9 < need:
        line = (mount.value.get("size") or mount.value.get("sizeGb") or mount.value).line
        yield error(
            "disk-too-small",
            Place(endpoint.document.path, line),
            f"the weights have {size(need)}, and the volume {mount.gigabytes:g} GB: no space left on device",
            f"a volume of {_wanted(need)} GB",
        )


@dataclass(frozen=True, slots=True)
class _OnDisk:
    """Weights on the container's own disk. at: where its size is said.  need, have: bytes."""

    at: Place
    need: float
    have: float

    def alone(self) -> Iterator[Finding]:
        """There is nothing else for them."""
        if self.have < self.need:
            yield error(
                "disk-too-small",
                self.at,
                f"the weights have {size(self.need)}, and the container's disk {size(self.have)}: "
                "no space left on device",
                f"disk of {_wanted(self.need)} GB or more beside the image, or put them on a volume",
            )
        elif self.have < self.need * _MARGIN:
            yield warning(
                "disk-too-small",
                self.at,
                f"the weights have {size(self.need)} of the container's {size(self.have)}",
                f"disk of {_wanted(self.need)} GB",
            )

    def perhaps(self) -> Iterator[Finding]:
        """There is a volume, and nobody says that they go there."""
        if self.have < self.need:
            yield warning(
                "disk-too-small",
                self.at,
                f"the weights have {size(self.need)}, and the container's disk {size(self.have)}: "
                "it is not said that they go to the volume",
                "HF_HOME below the mount",
            )

    def beside_volume(self, target: str, place: Place | None, volume: str) -> Iterator[Finding]:
        """There is a volume, and they go elsewhere. place: where that is said, if it is."""
        if place is None:
            yield from self.alone()
        elif self.have < self.need:
            yield error(
                "cache-outside-volume",
                place,
                f"the weights ({size(self.need)}) go to {target}, which is on the container's disk of "
                f"{size(self.have)}; the volume is at {volume}",
                f"put them below {volume}",
            )
        else:
            yield from self.alone()
            yield warning(
                "cache-outside-volume",
                place,
                f"the weights go to {target}, which is wiped with the container, although a volume is at {volume}",
                f"put them below {volume}",
            )


def _wanted(need: float) -> int:
    return int(-(-need * 1.1 // 5e9) * 5)


def _target(recipe: Recipe) -> tuple[str, Place | None]:
    """Where the weights go: by a download's own option, else by the variable that says where caches lie."""
    if recipe.weights is not None and recipe.weights.target.startswith("/"):
        return recipe.weights.target, None
    for built in recipe.images:
        for said in (*_options(built), *_exports(built), *_variables(built)):
            return said
    return "", None


def _options(built: Built) -> Iterator[tuple[str, Place]]:
    """Folders that a command of the start is told to download into."""
    start = built.start
    commands = [(start.argv, start.place)] if start is not None else []
    commands += [
        (one.words, text.place(one.line)) for text in built.texts if text.kind == "start" for one in text.commands
    ]
    for words, place in commands:
        for word, value in itertools.pairwise(words):
            if word in _INTO and value.startswith("/"):
                yield value, place


def _exports(built: Built) -> Iterator[tuple[str, Place]]:
    """Folders in variables that the start script sets."""
    for text in built.texts:
        for command in text.commands if text.kind == "start" else ():
            for name, value in command.assigned:
                if name in _CACHES and value.startswith("/"):
                    yield value, text.place(command.line)


def _variables(built: Built) -> Iterator[tuple[str, Place]]:
    """Folders in ENV, the last one first."""
    for step in reversed(built.image.final.all_steps):
        for name in _CACHES if step.keyword == "ENV" else ():
            found = re.search(rf"\b{name}[=\s][\"']?(/[^\s\"']+)", step.value)
            if found:
                yield found[1], Place(built.image.path, step.instruction.line_of(name))


def _copies(recipe: Recipe, need: float, mount: str) -> Iterator[Finding]:
    """Weights of the volume that the start copies to a disk which is too small for them."""
    disk = recipe.endpoint.disk if recipe.endpoint is not None else None
    if disk is None or disk.number is None or disk.number * 1e9 >= need:
        return
    for built in recipe.images:
        for text in built.texts:
            for command in text.commands if text.kind == "start" else ():
                words = [word for word in command.words[1:] if not word.startswith("-")]
                if (
                    command.program in ("cp", "rsync", "mv")
                    and len(words) > 1
                    and words[0].startswith(mount)
                    and not words[-1].startswith(mount)
                ):
                    yield error(
                        "disk-too-small",
                        text.place(command.line),
                        f"the start copies {size(need)} of weights to the container's disk of {disk.number:g} GB",
                        "load them from the volume, or ask for a larger disk",
                    )
                    return


def baked(recipe: Recipe) -> Iterator[Finding]:
    """Weights in the image that make it larger than what the platform builds."""
    if recipe.weights is None:
        return
    limit = runpod.github_build_limits()
    for built in recipe.images:
        for text in built.texts:
            for command in text.commands if text.kind == "run" else ():
                fetches = (
                    command.program in ("hf", "huggingface-cli")
                    and "download" in command.words
                    and recipe.weights.repo in command.words
                )
                if fetches and recipe.weights.repo and recipe.weights.bytes > limit.value["image_gb"] * 1e9:
                    yield warning(
                        "image-too-large",
                        text.place(command.line),
                        f"{size(recipe.weights.bytes)} of weights are baked in, and the platform builds "
                        f"images up to {limit.value['image_gb']} GB",
                        "put them on a volume",
                    )


def kept_archives(recipe: Recipe) -> Iterator[Finding]:
    """An archive that one RUN fetches and another one removes: it stays in its layer."""
    for built in recipe.images:
        fetched: dict[str, Place] = {}
        for step in built.image.final.steps:
            made, gone = set(), set()
            for command in step.commands:
                if command.program in ("wget", "curl") and (name := command.option("-O", "-o", "--output")):
                    made.add(name)
                if command.program == "rm":
                    gone |= set(command.words[1:])
            for name in gone - made:
                if name in fetched:
                    yield warning(
                        "removed-too-late",
                        fetched[name],
                        f"{name} stays in this layer, although a later RUN removes it",
                        "fetch and remove it in one RUN",
                    )
            fetched |= {name: Place(built.image.path, step.instruction.line_of(name)) for name in made - gone}
