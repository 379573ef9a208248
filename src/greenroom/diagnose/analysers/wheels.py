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
    told = _of_python(recipe, installed, requirement, wheel) or _of_system(requirement, wheel)
    build = build_at(scope, position)
    if told is None and build is not None:
        told = _of_torch(recipe, requirement, wheel, build)
    if told is not None:
        yield told


def _code(wheel: re.Match[str]) -> str:
    return "flash-attn-wheel-mismatch" if wheel[1].lower().startswith("flash_attn") else "wheel-tag-mismatch"


def _of_python(recipe: Recipe, installed: Installed, requirement: Requirement, wheel: re.Match[str]) -> Finding | None:
    """A wheel for another CPython; one for the stable ABI runs on later ones too."""
    python_tag, abi = wheel[4], wheel[5]
    python = installed.target.python
    asked = re.fullmatch(r"cp(\d)(\d+)", python_tag)
    if asked is None or python is None:
        return None
    wanted = f"{asked[1]}.{asked[2]}"
    if wanted == python.value or (abi == "abi3" and release(python.value) >= release(wanted)):
        return None
    told = error if python.sure else warning
    right = "cp" + python.value.replace(".", "")
    return told(
        _code(wheel),
        requirement.place,
        f"the wheel is for CPython {wanted}, and the image has {python.value}: not supported on this platform",
        f"take the {right} wheel of the same release",
        replaced(recipe.folder, requirement.place, f"-{python_tag}-{abi}-", f"-{right}-{right}-"),
    )


def _of_system(requirement: Requirement, wheel: re.Match[str]) -> Finding | None:
    """A wheel for Windows or macOS."""
    platform = wheel[6]
    if not platform.startswith(("win", "macosx")):
        return None
    return error(
        _code(wheel),
        requirement.place,
        f"the wheel is for {platform}, and the image is Linux: not supported on this platform",
        "take the linux_x86_64 wheel",
    )


def _of_torch(recipe: Recipe, requirement: Requirement, wheel: re.Match[str], build: TorchBuild) -> Finding | None:
    """A wheel whose name says that it was compiled for another build of torch."""
    local, place = wheel[2].partition("+")[2], requirement.place
    torch = re.search(r"torch(\d+\.\d+)", local)
    if torch and build.version and torch[1] != build.minor:
        return error(
            _code(wheel),
            place,
            f"the wheel is for torch {torch[1]}, and {build.words} is installed: undefined symbol when it is imported",
            f"take the one for torch {build.minor}",
        )
    cuda = re.search(r"cu(\d+)", local)
    if cuda and build.cuda and cuda[1][:2] != (major := build.cuda.split(".")[0]):
        return error(
            _code(wheel),
            place,
            f"the wheel is for CUDA {cuda[1][:2]}, and {build.words} is for CUDA {build.cuda}",
            f"take the cu{major} wheel",
        )
    abi = re.search(r"cxx11abi(TRUE|FALSE)", local)
    if abi and build.version and (right := _abi(build)) is not None and right != abi[1]:
        return error(
            _code(wheel),
            place,
            f"the wheel is for the C++ ABI {abi[1]}, and {build.words} has {right}: undefined symbol when it is "
            "imported",
            f"take the cxx11abi{right} wheel",
            replaced(recipe.folder, place, f"cxx11abi{abi[1]}", f"cxx11abi{right}", safe=True),
        )
    return None


def _abi(build: TorchBuild) -> str | None:
    """torch's ``_GLIBCXX_USE_CXX11_ABI``, by the rule in flash_attention.toml: FALSE up to 2.6.0+cu124, then TRUE."""
    if release(build.version) >= (2, 7):
        return "TRUE"
    if release(build.version) < (2, 6):
        return "FALSE"
    return {"12.4": "FALSE", "11.8": "FALSE", "12.6": "TRUE"}.get(build.cuda)
