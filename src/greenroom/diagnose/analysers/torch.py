"""torch: releases and builds that were never made, for another Python, from an index that does not have them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.diagnose.base import base
from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.torch_builds import TorchBuild, builds, exists, index_tag
from greenroom.machine.facts import packages
from greenroom.machine.facts import torch as torch_facts
from greenroom.machine.facts.architectures import support
from greenroom.machine.versions import cuda_of_tag, minor, release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.recipe import Recipe
    from greenroom.findings import Finding


def made(recipe: Recipe) -> Iterator[Finding]:
    """A release, or a build of it, that is not there."""
    for scope in recipe.scopes:
        for build in builds(scope):
            yield from _made(recipe, build)
    for built in recipe.images:
        known = base(built.image.final.root)
        if known.torch and exists(known.torch) is False:
            from greenroom.diagnose.source import Place

            place = Place(built.image.path, built.image.final.lineage[0].instruction.line)
            yield error(
                "base-tag-nonexistent",
                place,
                f"there is no torch {known.torch}, and so no such image",
                _nearest(known.torch),
            )


def _made(recipe: Recipe, build: TorchBuild) -> Iterator[Finding]:
    place, version, tag = build.requirement.place, build.version, build.tag
    if not version:
        return
    if exists(version) is False:
        better = _nearest(version)
        newer = torch_facts.torch_release(better)
        fits = newer is not None and newer.variants.value is not None
        use = tag if fits and newer is not None and newer.variants.value and tag in newer.variants.value else ""
        # The index that is named may not have the better one: whoever mends it must choose both.
        patch = (
            replaced(
                recipe.folder,
                place,
                build.requirement.version,
                f"{better}{f'+{use}' if use and '+' in build.requirement.version else ''}",
            )
            if use or not tag
            else None
        )
        yield error(
            "torch-version-nonexistent",
            place,
            f"there is no torch {version}: no matching distribution",
            f"torch=={better}" if use or not tag else f"torch=={better}, and its own index",
            patch,
        )
        return
    there = torch_facts.has_variant(version, tag) if tag and (tag == "cpu" or tag.startswith("cu")) else None
    if there is not None and not there.value:
        told = error if there.sure and _was_never_built(version, tag) else warning
        never = "never" if told is error else "perhaps not"
        known = torch_facts.torch_release(version)
        listed = ", ".join(known.variants.value) if known is not None and known.variants.value else "none that is known"
        yield told(
            "torch-version-nonexistent",
            place,
            f"torch {version} was {never} built for {tag}: no matching distribution",
            f"its builds are {listed}",
            None,
        )
        return
    known = torch_facts.torch_release(version)
    python = build.installed.target.python
    if (
        known is not None
        and python is not None
        and known.pythons.value
        and minor(python.value) not in known.pythons.value
    ):
        probed = "only" not in known.pythons.note and len(known.pythons.value) > 1
        told = error if known.pythons.sure and python.sure and probed else warning
        yield told(
            "torch-python-unsupported",
            place,
            f"torch {version} has no wheel for Python {python.value}: no matching distribution",
            f"it has wheels for {', '.join(known.pythons.value)}",
        )


def _was_never_built(version: str, tag: str) -> bool:
    """Whether a build is surely absent: its CUDA had ended, or was not there yet. The lists of builds may have gaps."""
    known = torch_facts.torch_release(version)
    listed = [cuda for one in (known.variants.value or () if known is not None else ()) if (cuda := cuda_of_tag(one))]
    cuda, ended = cuda_of_tag(tag), torch_facts.ended().value.get(tag)
    if ended is not None and release(version) >= release(ended):
        return True
    return cuda is not None and bool(listed) and release(cuda) > max(map(release, listed))


def _nearest(version: str) -> str:
    """The newest release of the same minor, else the newest before it."""
    known = [one.version for one in torch_facts.releases()]
    same = [one for one in known if minor(one) == minor(version)]
    earlier = [one for one in known if release(one) < release(version)]
    return (same or earlier or known)[0]


def indexes(recipe: Recipe) -> Iterator[Finding]:
    """A local version and an index that do not agree; other packages asked of torch's index alone."""
    for scope in recipe.scopes:
        for build in builds(scope):
            local = build.requirement.version.partition("+")[2]
            place = build.requirement.place
            tag = index_tag(build.installed)
            links = build.installed.install.find_links
            own = [address for address in build.installed.install.indexes if address]
            if (
                local.startswith(("cu", "cpu"))
                and tag
                and local != tag
                and not any(address.rstrip("/").endswith("/whl") for address in (*own, *links))
            ):
                yield error(
                    "torch-index-mismatch",
                    place,
                    f"{build.words} is asked of the index for {tag}, which has builds for {tag} alone",
                    f"--index-url https://download.pytorch.org/whl/{local}",
                )
            elif local.startswith(("cu", "cpu", "rocm")) and not own and not links and not build.requirement.url:
                yield error(
                    "torch-index-missing",
                    place,
                    f"{build.words} is on torch's own index alone, and none is named: no matching distribution",
                    f"--extra-index-url https://download.pytorch.org/whl/{local}",
                )
        for installed in scope:
            index = installed.install.index
            if "download.pytorch.org/whl" not in index or installed.install.extra_indexes:
                continue
            for requirement in installed.install.requirements:
                absent = packages.not_on_torch_index(requirement.name)
                if absent is None or requirement.url:
                    continue
                place = installed.install.place
                told = error if absent.sure else warning
                own_file = requirement.place.path != place.path
                patch = replaced(recipe.folder, place, "--index-url", "--extra-index-url") if not own_file else None
                yield told(
                    "package-not-on-index",
                    requirement.place if not own_file else place,
                    f"--index-url asks torch's index alone, and that has no {requirement.name}: no matching "
                    f"distribution{absent.doubt}",
                    "--extra-index-url, or install torch in a command of its own",
                    patch,
                )
                break


def libc(recipe: Recipe) -> Iterator[Finding]:
    """torch on Alpine, whose C library no wheel of it is made for."""
    for built in recipe.images:
        known = base(built.image.final.root)
        if known.os != "alpine":
            continue
        for installed in built.installs:
            for requirement in installed.install.requirements:
                if requirement.name in ("torch", "torchvision", "torchaudio", "onnxruntime", "xformers"):
                    fact = torch_facts.libc()
                    told = error if fact.sure else warning
                    yield told(
                        "torch-on-musl",
                        requirement.place,
                        f"{requirement.name} has wheels for glibc alone, and Alpine has musl",
                        "FROM python:3.11-slim",
                    )
                    break


def without_gpu(recipe: Recipe) -> Iterator[Finding]:
    """A build for the processor where a GPU is rented."""
    asked = next(recipe.endpoint.gpus(), None) if recipe.endpoint is not None else None
    for scope in recipe.scopes:
        last = builds(scope)[-1:]
        for build in last:
            if build.tag == "cpu" and asked is not None:
                tag = _tag_for(build, asked[0].capability.value)
                patch = (
                    replaced(recipe.folder, build.installed.install.place, "/whl/cpu", f"/whl/{tag}") if tag else None
                )
                yield error(
                    "torch-without-gpu",
                    build.requirement.place,
                    f"{build.words} is a build for the processor, and {asked[0].id} is rented: "
                    "torch.cuda is not available",
                    "take a build for CUDA",
                    patch,
                )


def _tag_for(build: TorchBuild, capability: str) -> str:
    """A build of the same release for CUDA that runs on a GPU; empty where the tables know none."""
    parts = capability.split(".")
    if "+" in build.requirement.version or len(parts) != 2 or not all(part.isdigit() for part in parts):
        return ""
    for tag in ("cu126", "cu128", "cu124", "cu121"):
        version = build.version or torch_facts.releases()[0].version
        there = torch_facts.has_variant(version, tag)
        runs = support(version, cuda_of_tag(tag) or "", (int(parts[0]), int(parts[1]))).runs
        if there is not None and there.value and runs is not False:
            return tag
    return ""


def pinned(recipe: Recipe) -> Iterator[Finding]:
    """torch without a version: what it brings changes with the day, and today needs a driver of CUDA 13."""
    for scope in recipe.scopes:
        found = builds(scope)
        for build in found[:1]:
            specifier = build.requirement.specifier
            if build.installed.install.by_project:
                continue  # its lock says which
            if not build.version and not re.search(r"<|==|~=", specifier) and not build.requirement.url:
                newest = torch_facts.releases()[0]
                which = (
                    f"for {build.tag}" if build.tag else f"for CUDA {newest.default_cuda.value}, which needs driver 580"
                )
                yield warning(
                    "torch-unpinned",
                    build.requirement.place,
                    f"torch is not pinned: today the newest comes, {newest.version} {which}"
                    if not build.tag
                    else f"torch is not pinned: the newest build {which} comes",
                    "pin it: torch==2.8.0",
                )
