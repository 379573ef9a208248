"""Packages that are built for one release of torch, and pins that undo each other."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from greenroom.diagnose.base import base
from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.torch_builds import TorchBuild, build_at, builds, exists
from greenroom.machine.facts import packages
from greenroom.machine.facts.torch import has_variant
from greenroom.machine.versions import release

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenroom.diagnose.recipe import Installed, Recipe
    from greenroom.diagnose.requirement import Requirement
    from greenroom.findings import Finding

_PARTNERS = ("torchvision", "torchaudio", "xformers")
# The notes of packages.toml: the last one there is. Its metadata name no torch, so it goes with later ones too.
_LAST_TORCHAUDIO = "2.11.0"


def trio(recipe: Recipe) -> Iterator[Finding]:
    """torchvision, torchaudio or xformers for another torch."""
    for scope in recipe.scopes:
        for position, installed in enumerate(scope):
            for requirement in installed.install.requirements:
                if requirement.name in _PARTNERS and requirement.version:
                    yield from _partner(recipe, scope, position, installed, requirement)


def _partner(
    recipe: Recipe, scope: Sequence[Installed], position: int, installed: Installed, requirement: Requirement
) -> Iterator[Finding]:
    version = requirement.version.partition("+")[0]
    if requirement.name == "torchaudio" and release(version) > release(_LAST_TORCHAUDIO):
        yield error(
            "torch-trio-mismatch",
            requirement.place,
            f"there is no torchaudio {version}: {_LAST_TORCHAUDIO} is the last one",
            "torchaudio==2.11.0, or do without it",
        )
        return
    build = build_at(scope, position)
    if build is None or not build.version:
        return
    fits = packages.goes_with(requirement.name, version, build.version)
    last = requirement.name == "torchaudio" and release(version) == release(_LAST_TORCHAUDIO) < release(build.version)
    if fits is None or fits.value or last:
        return
    right = packages.partner(requirement.name, build.version)
    wants = packages.torch_for_package(requirement.name, version)
    made_for = f" needs torch {wants.value}" if wants is not None else " is for another torch"
    same = build.position == position
    what = "resolution impossible" if same else "pip replaces torch, or the import fails"
    patch = replaced(recipe.folder, requirement.place, requirement.version, right.value) if right is not None else None
    told = error if fits.sure else warning
    mend = (
        f"{requirement.name}=={right.value} for torch {build.version}"
        if right is not None
        else "choose the one for your torch"
    )
    if not installed.install.has("--no-deps") or requirement.name != "xformers":
        yield told(
            "torch-trio-mismatch",
            requirement.place,
            f"{requirement.name} {version}{made_for}, and torch is {build.version}: {what}",
            mend,
            patch,
        )


def replaces(recipe: Recipe) -> Iterator[Finding]:
    """A later install that puts another torch in the place of the one that was chosen."""
    for scope in recipe.scopes:
        found = builds(scope)
        for before, after in itertools.pairwise(found):
            if before.position == after.position:
                continue
            yield from _replaced(recipe, before, after)
        yield from _dragged(scope, found)
        yield from _conflicts(scope)


def _replaced(recipe: Recipe, before: TorchBuild, after: TorchBuild) -> Iterator[Finding]:
    if _is_held(after.installed) or not before.version or after.installed.install.has("--no-deps"):
        return
    place = after.requirement.place
    specifier = after.requirement.specifier
    if after.version and release(after.version) != release(before.version):
        message = f"{before.words} is replaced by torch {after.version}, as {place.path} pins it"
    elif after.version and after.tag and before.tag and after.tag != before.tag and before.tag.startswith("cu"):
        message = f"{before.words} is replaced by a build for {after.tag}"
    elif not after.version and specifier and not _admits(specifier, before.version):
        message = f"{before.words} is replaced, since {place.path} asks for torch{specifier}"
    elif not after.version and after.installed.install.has("-U", "--upgrade", "--force-reinstall"):
        message = f"{before.words} is replaced by the newest torch, since --upgrade asks for it"
    else:
        return
    there = _was_made(before)
    yield error(
        "requirements-replace-torch",
        place,
        f"{message}: what was built for the first one breaks",
        f"take torch out of it, or hold it: echo torch=={before.requirement.version} > constraints.txt; pip install "
        "-c constraints.txt"
        if there
        else "say in one place which torch it is, of those that were made",
        replaced(recipe.folder, place, after.requirement.version, before.version) if after.version and there else None,
    )


def _was_made(build: TorchBuild) -> bool:
    """Whether a build is not known to be absent, so that others may be told to take it."""
    there = has_variant(build.version, build.tag) if build.tag else None
    return exists(build.version) is not False and (there is None or there.value)


def _is_held(installed: Installed) -> bool:
    return any(one.name == "torch" for one in installed.install.constraints)


def _admits(specifier: str, version: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import InvalidVersion

    try:
        return SpecifierSet(specifier).contains(version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True


def _dragged(scope: Sequence[Installed], found: list[TorchBuild]) -> Iterator[Finding]:
    """An unpinned xformers, torchvision or torchaudio in a later install: its newest release brings its own torch."""
    for position, installed in enumerate(scope):
        before = next((build for build in reversed(found) if build.position < position), None)
        again = any(build.position == position for build in found)
        if before is None or again or not before.version or _is_held(installed) or installed.install.has("--no-deps"):
            continue
        for requirement in installed.install.requirements:
            unpinned = not requirement.specifier and not requirement.url
            if requirement.name == "xformers" and unpinned and release(before.version) < (2, 10):
                right = packages.partner("xformers", before.version)
                yield error(
                    "requirements-replace-torch",
                    requirement.place,
                    f"the newest xformers needs torch 2.10 or later, so pip replaces {before.words}",
                    f"xformers=={right.value}" if right else "pin xformers to the one for your torch",
                )
            elif requirement.name == "torchvision" and unpinned and not _same_index(installed, before):
                right = packages.partner(requirement.name, before.version)
                yield error(
                    "requirements-replace-torch",
                    requirement.place,
                    f"the newest {requirement.name} pins its own torch, so pip replaces {before.words}",
                    f"{requirement.name}=={right.value}" if right else f"pin {requirement.name}",
                )


def _same_index(installed: Installed, before: TorchBuild) -> bool:
    """An index that ends with the same release of torch has no newer partner either."""
    return (
        bool(before.tag)
        and installed.install.index == before.installed.install.index
        and before.tag in ("cu118", "cu121", "cu124")
    )


def _conflicts(scope: Sequence[Installed]) -> Iterator[Finding]:
    """Two exact pins of one package in one install, or against its constraints."""
    for installed in scope:
        pins: dict[str, Requirement] = {}
        for requirement in (*installed.install.constraints, *installed.install.requirements):
            if not requirement.version or requirement.marker:
                continue
            other = pins.setdefault(requirement.name, requirement)
            if (
                release(other.version) != release(requirement.version)
                and "*" not in other.version + requirement.version
            ):
                place = requirement.place
                yield error(
                    "pins-conflict",
                    place,
                    f"{requirement.name} is pinned to {other.version} in {other.place.path}:{other.place.line} "
                    f"and to {requirement.version} here: resolution impossible",
                    "leave one of them",
                )


def _is_all_there_is(scope: Sequence[Installed]) -> bool:
    """Whether nothing but these installs can have brought a package."""
    stage = scope[-1].stage
    fetched = any("://" in word and ".txt" in word for one in scope for word in one.install.command.words)
    return stage is not None and base(stage.root).is_plain and not fetched


def numpy(recipe: Recipe) -> Iterator[Finding]:
    """NumPy 2 beside a torch that was compiled against NumPy 1."""
    first = packages.first_torch_for_numpy_2()
    for scope in recipe.scopes:
        found = [build for build in builds(scope) if build.version]
        if not found or release(found[-1].version) >= release(first.value):
            continue
        build = found[-1]
        asked = [
            (position, one)
            for position, installed in enumerate(scope)
            for one in installed.install.requirements
            if one.name == "numpy"
        ]
        held = any(one.name == "numpy" for installed in scope for one in installed.install.constraints)
        low = [
            one
            for _, one in asked
            if (one.version and release(one.version) < (2,))
            or "<2" in one.specifier.replace(" ", "")
            or "~=1" in one.specifier
        ]
        if held or (low and asked[-1][1] in low):
            continue
        needs = [
            one for installed in scope for one in installed.install.requirements if one.name in ("torchvision", "numpy")
        ]
        if not needs:
            continue
        place = asked[-1][1].place if asked else needs[0].place
        version = asked[-1][1].version if asked else ""
        # The base image may have an older one, and so may files that nobody here has read.
        told = error if first.sure and _is_all_there_is(scope) else warning
        brings = f"numpy {version} is installed" if version else "the newest NumPy is installed"
        old_python = scope[-1].target.python is not None and release(scope[-1].target.python.value) < (3, 9)
        if not old_python:
            yield told(
                "numpy-2",
                place,
                f"torch {build.version} was compiled against NumPy 1, and {brings} beside it: _ARRAY_API not found",
                '"numpy<2" in the same install',
                replaced(recipe.folder, place, asked[-1][1].raw, "numpy<2") if asked else None,
            )
