"""flash-attn, mmcv and others that are compiled, or have wheels for one torch, one CUDA and one Python."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.diagnose.base import base
from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.torch_builds import TorchBuild, build_at
from greenroom.machine.facts import flash_attention, mmcv
from greenroom.machine.versions import cuda_tag, minor, release

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from greenroom.diagnose.recipe import Installed, Recipe
    from greenroom.diagnose.requirement import Requirement
    from greenroom.diagnose.source import Place
    from greenroom.findings import Finding, Patch

# Indexes that have no wheels of what torch's users compile: the public one, and torch's own.
_ORDINARY = re.compile(r"//(?:pypi\.\w+|download\.pytorch\.org)(?:[:/]|$)")
# These import torch in their setup, as flash-attn does: an isolated build has none.
_NEEDS_TORCH = {
    "flash-attn", "apex", "detectron2", "causal-conv1d", "mamba-ssm", "xformers-source", "transformer-engine",
    "flash-attn-3", "torch-scatter", "torch-sparse", "pytorch3d", "gptqmodel", "auto-gptq", "sageattention",
}  # fmt: skip
_COMPILES_CUDA = {"flash-attn", "apex", "causal-conv1d", "mamba-ssm", "pytorch3d", "transformer-engine"}


def isolation(recipe: Recipe) -> Iterator[Finding]:
    """A package whose setup imports torch, built where there is none."""
    for scope in recipe.scopes:
        for position, installed in enumerate(scope):
            for requirement in installed.install.requirements:
                if (
                    requirement.name in _NEEDS_TORCH
                    and not installed.install.by_project  # it may say how that is built
                    and not requirement.url.endswith(".whl")
                    and not _links_to_wheels(installed)
                ):
                    yield from _isolation(recipe, scope, position, installed, requirement)


def _links_to_wheels(installed: Installed) -> bool:
    links = installed.install.find_links
    own = [address for address in installed.install.indexes if address and not _ORDINARY.search(address)]
    return bool(links or own) or installed.install.has("--no-index", "--only-binary")


def _without_isolation(recipe: Recipe, place: Place) -> Patch | None:
    """The option behind the one ``pip install`` of a line; None where there are several."""
    source = recipe.folder.read(place.path)
    called = re.findall(r"pip3?(?:\.\d+)? +install\b", source.line(place.line) if source is not None else "")
    return (
        replaced(recipe.folder, place, called[0], f"{called[0]} --no-build-isolation", safe=True)
        if len(called) == 1
        else None
    )


def _variables(installed: Installed) -> Mapping[str, str]:
    """The variables where an install runs."""
    step, stage = installed.text.step, installed.stage
    return step.environment if step is not None else stage.environment if stage is not None else {}


def _is_off(environment: Mapping[str, str]) -> bool:
    """Whether variables turn the isolation off: pip's says so by a no, uv's by a yes."""
    said = environment.get("PIP_NO_BUILD_ISOLATION", "").lower(), environment.get("UV_NO_BUILD_ISOLATION", "").lower()
    return said[0] in ("0", "false", "off", "no") or said[1] in ("1", "true", "on", "yes")


def _isolation(
    recipe: Recipe, scope: Sequence[Installed], position: int, installed: Installed, requirement: Requirement
) -> Iterator[Finding]:
    known = requirement.name == "flash-attn"
    environment = _variables(installed)
    off = installed.install.has("--no-build-isolation", "--no-build-isolation-package") or _is_off(environment)
    # Options may come in a variable.
    off = off or any(word.startswith("$") for word in installed.install.command.words)
    place = requirement.place
    # Of a base image with more in it than a system nobody knows the settings.
    told = error if known and installed.stage is not None and base(installed.stage.root).is_plain else warning
    if not off:
        patch = _without_isolation(recipe, installed.install.place)
        yield told(
            "flash-attn-build-isolation" if known else "build-isolation",
            place,
            f"{requirement.name} imports torch while it is built, and pip builds it apart from what is installed: No "
            "module named 'torch'",
            "add --no-build-isolation, with torch, ninja, packaging and wheel installed before",
            patch,
        )
        return
    before = [one for earlier in scope[:position] for one in earlier.install.requirements]
    base_has_torch = installed.stage is not None and (
        base(installed.stage.root).torch or not base(installed.stage.root).is_plain
    )
    if not any(one.name == "torch" for one in before) and not base_has_torch and installed.stage is not None:
        unknown = any("-r" in one.install.command.words and not one.install.requirements for one in scope[:position])
        if not unknown:
            yield told(
                "built-before-torch",
                place,
                f"{requirement.name} is built without isolation, and torch is not installed before it: "
                "No module named 'torch'",
                "install torch in a command before this one",
            )


def toolkit(recipe: Recipe) -> Iterator[Finding]:
    """A package that compiles CUDA code, on an image without the compiler, or with one of another CUDA."""
    for scope in recipe.scopes:
        for position, installed in enumerate(scope):
            if installed.stage is None:
                continue
            known = base(installed.stage.root)
            build = build_at(scope, position)
            for requirement in installed.install.requirements:
                if (
                    requirement.name not in _COMPILES_CUDA
                    or requirement.url.endswith(".whl")
                    or _links_to_wheels(installed)
                ):
                    continue
                wheel = _ready_wheel(requirement, build, installed)
                has_nvcc = known.lacks is None or "nvcc" not in known.lacks.value or _installs_cuda(recipe)
                if not has_nvcc and not wheel:
                    told = (
                        error
                        if requirement.name == "flash-attn"
                        and build is not None
                        and build.version
                        and requirement.version
                        else warning
                    )
                    yield told(
                        "nvcc-missing",
                        requirement.place,
                        f"{requirement.name} is compiled here, and {known.repository}:{known.tag} has no nvcc",
                        f"build on {known.tag.replace('runtime', 'devel')}"
                        if "runtime" in known.tag
                        else "build on a devel image",
                    )
                elif (
                    build is not None
                    and build.cuda
                    and known.cuda
                    and release(build.cuda)[:1] != release(known.cuda)[:1]
                    and not wheel
                ):
                    yield error(
                        "toolkit-mismatch",
                        requirement.place,
                        f"{requirement.name} is compiled with the image's CUDA {known.cuda}, and "
                        f"{build.words} was built with {build.cuda}: the detected CUDA version mismatches",
                        "take an image and a torch of one CUDA",
                    )


def _ready_wheel(requirement: Requirement, build: TorchBuild | None, installed: Installed) -> bool:
    """Whether flash-attn's own setup finds a wheel, and so compiles nothing."""
    if requirement.name != "flash-attn" or build is None or not build.version or installed.target.python is None:
        return False
    version = requirement.version or "2.8.3"
    found = flash_attention.wheel_for(version, build.minor, installed.target.python.value)
    return found is not None and found.value == "official"


def _installs_cuda(recipe: Recipe) -> bool:
    return any(
        "cuda" in word
        for text in recipe.naming("cuda")
        if text.kind == "run"
        for command in text.commands
        for word in command.words
        if command.program in ("apt-get", "apt", "conda", "mamba", "dpkg")
    )


def mmcv_range(recipe: Recipe) -> Iterator[Finding]:
    """mmcv for which nobody built a wheel with this torch and CUDA."""
    for scope in recipe.scopes:
        for installed in scope:
            for requirement in installed.install.requirements:
                if requirement.name in ("mmcv", "mmcv-full") and requirement.version and not requirement.url:
                    yield from _mmcv(scope, installed, requirement)


def _mmcv(scope: Sequence[Installed], installed: Installed, requirement: Requirement) -> Iterator[Finding]:
    build = build_at(scope, len(scope))
    environment = _variables(installed)
    assigned = {name for command in installed.text.commands for name, _ in command.assigned}
    from_source = "MMCV_WITH_OPS" in environment or "MMCV_WITH_OPS" in assigned
    if (
        build is None
        or not build.version
        or from_source
        or any("openmmlab" not in link for link in installed.install.find_links)
    ):
        return
    there = mmcv.has_wheel(requirement.version, build.version, build.cuda or "cpu")
    known = installed.stage is not None and base(installed.stage.root).flavour
    if not there.value:
        told = error if there.sure and build.sure else warning
        yield told(
            "mmcv-torch-range",
            requirement.place,
            f"nobody built mmcv {requirement.version} for "
            f"{build.words}{f' (CUDA {build.cuda})' if not build.tag else ''}: "
            "pip compiles it, and it comes without mmcv._ext",
            "build it with MMCV_WITH_OPS=1 on a devel image, or go down to torch 2.1.2 and the cu121 index of mmcv",
        )
    elif not installed.install.find_links and known != "devel":
        tags = f"{cuda_tag(build.cuda)}/torch{minor(build.version)}"
        link = f"https://download.openmmlab.com/mmcv/dist/{tags}/index.html"
        yield warning(
            "mmcv-without-index",
            requirement.place,
            "mmcv on the ordinary index is source alone: it is compiled without its operators",
            f"-f {link}",
        )
