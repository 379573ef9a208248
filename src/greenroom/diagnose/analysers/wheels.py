"""Wheels by their address, whose tags are for another Python, torch, CUDA or C++ ABI."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.torch_builds import TorchBuild, build_at
from greenroom.machine.versions import release

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenroom.diagnose.recipe import Installed, Recipe
    from greenroom.diagnose.requirement import Requirement
    from greenroom.findings import Finding


_WHEEL = re.compile(r"/?([A-Za-z0-9_.]+)-([^-/]+)(?:-(\d[^-/]*))?-([a-z0-9.]+)-([a-z0-9_.]+)-([a-z0-9_.]+)\.whl")


def wheels(recipe: Recipe) -> Iterator[Finding]:
    """A wheel by its address, whose tags are for another Python, torch, CUDA or C++ ABI."""
    for scope in recipe.scopes:
        for position, installed in enumerate(scope):
            for requirement in installed.install.requirements:
                found = _WHEEL.search(requirement.url.replace("%2B", "+").replace("%2b", "+"))
                if found is not None:
                    yield from _tags(recipe, scope, position, installed, requirement, found)


def _tags(
    recipe: Recipe,
    scope: Sequence[Installed],
    position: int,
    installed: Installed,
    requirement: Requirement,
    wheel: re.Match[str],
) -> Iterator[Finding]:
    python_tag, platform = wheel[4], wheel[6]
    local = wheel[2].partition("+")[2]
    code = "flash-attn-wheel-mismatch" if wheel[1].lower().startswith("flash_attn") else "wheel-tag-mismatch"
    place = requirement.place
    python = installed.target.python
    asked = re.fullmatch(r"cp(\d)(\d+)", python_tag)
    abi3 = wheel[5] == "abi3"
    if (
        asked
        and python is not None
        and f"{asked[1]}.{asked[2]}" != python.value
        and not (abi3 and release(python.value) >= release(f"{asked[1]}.{asked[2]}"))
    ):
        told = error if python.sure else warning
        right = "cp" + python.value.replace(".", "")
        patch = replaced(recipe.folder, place, f"-{python_tag}-{wheel[5]}-", f"-{right}-{right}-")
        yield told(
            code,
            place,
            f"the wheel is for CPython {asked[1]}.{asked[2]}, and the image has {python.value}: not supported on "
            "this platform",
            f"take the {right} wheel of the same release",
            patch,
        )
        return
    if platform.startswith(("win", "macosx")):
        yield error(
            code,
            place,
            f"the wheel is for {platform}, and the image is Linux: not supported on this platform",
            "take the linux_x86_64 wheel",
        )
        return
    build = build_at(scope, position)
    if build is None:
        return
    of_torch = re.search(r"torch(\d+\.\d+)", local)
    of_cuda = re.search(r"cu(\d+)", local)
    of_abi = re.search(r"cxx11abi(TRUE|FALSE)", local)
    if of_torch and build.version and of_torch[1] != build.minor:
        yield error(
            code,
            place,
            f"the wheel is for torch {of_torch[1]}, and {build.words} is installed: undefined symbol when it is "
            "imported",
            f"take the one for torch {build.minor}",
        )
    elif of_cuda and build.cuda and of_cuda[1][:2] != build.cuda.split(".")[0]:
        yield error(
            code,
            place,
            f"the wheel is for CUDA {of_cuda[1][:2]}, and {build.words} is for CUDA {build.cuda}",
            f"take the cu{build.cuda.split('.')[0]} wheel",
        )
    elif of_abi and build.version and (right_abi := _abi(build)) is not None and right_abi != of_abi[1]:
        patch = replaced(recipe.folder, place, f"cxx11abi{of_abi[1]}", f"cxx11abi{right_abi}", safe=True)
        yield error(
            code,
            place,
            f"the wheel is for the C++ ABI {of_abi[1]}, and {build.words} has {right_abi}: undefined symbol when it "
            "is imported",
            f"take the cxx11abi{right_abi} wheel",
            patch,
        )


def _abi(build: TorchBuild) -> str | None:
    """torch's ``_GLIBCXX_USE_CXX11_ABI``, by the rule in flash_attention.toml: FALSE up to 2.6.0+cu124, then TRUE."""
    if release(build.version) >= (2, 7):
        return "TRUE"
    if release(build.version) < (2, 6):
        return "FALSE"
    return {"12.4": "FALSE", "11.8": "FALSE", "12.6": "TRUE"}.get(build.cuda)
