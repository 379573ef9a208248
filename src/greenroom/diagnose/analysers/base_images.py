"""FROM: tags that were never made, and tags that change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.diagnose.base import Base, base
from greenroom.diagnose.saying import error, note, replaced, warning
from greenroom.diagnose.source import Place
from greenroom.diagnose.variables import has_variable
from greenroom.machine.facts import images
from greenroom.machine.facts import torch as torch_facts
from greenroom.machine.versions import cuda_tag, minor, release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.recipe import Built, Recipe
    from greenroom.findings import Finding


def tags(recipe: Recipe) -> Iterator[Finding]:
    """Tags of nvidia/cuda by its rules."""
    for built in recipe.images:
        for stage in built.image.stages:
            known = base(stage.base)
            if stage.parent is not None or has_variable(stage.base):
                continue
            place = _place(built, stage.instruction.line)
            if known.repository.endswith("nvidia/cuda"):
                yield from _cuda(recipe, known, place)
            if known.repository == "pytorch/pytorch" and known.torch and known.cuda:
                there = torch_facts.has_variant(known.torch, cuda_tag(known.cuda))
                if there is not None and not there.value:
                    told = error if there.sure else warning
                    yield told(
                        "base-tag-nonexistent",
                        place,
                        f"torch {known.torch} was never built for CUDA {known.cuda}, so there is no such image",
                        "see its list of tags",
                    )
            if (
                known.repository in ("python", "ubuntu", "debian", "nvidia/cuda", "pytorch/pytorch")
                and not known.digest
            ) and known.tag in ("", "latest"):
                missing = known.repository == "nvidia/cuda"
                told = warning if missing else note
                why = (
                    "nvidia/cuda is not known to have a tag latest"
                    if missing
                    else "this tag is another image every month"
                )
                yield told("base-unpinned", place, why, "name a version")


def _place(built: Built, line: int) -> Place:
    """The FROM, or the ARG that gives it its tag."""
    instruction = next(one for one in built.image.dockerfile.instructions if one.keyword == "FROM" and one.line == line)
    names = re.findall(r"\$\{?(\w+)", instruction.value)
    if len(names) == 1:
        for one in built.image.dockerfile.instructions:
            if one.keyword == "ARG" and one.line < line and one.value.partition("=")[0].strip() == names[0]:
                return Place(built.image.path, one.line)
    return Place(built.image.path, line)


def _cuda(recipe: Recipe, known: Base, place: Place) -> Iterator[Finding]:
    tag, version = known.tag, known.cuda
    rows = images.cuda_images()
    told = error if rows.sure else warning
    if not version:
        return
    by_version = {row.cuda: row for row in rows.value}
    same_minor = [row for row in rows.value if minor(row.cuda) == minor(version)]
    if version.count(".") == 1:
        right = tag.replace(version, same_minor[-1].cuda, 1) if same_minor else ""
        if right and "cudnn" in right:
            right = re.sub(r"cudnn\d*", same_minor[-1].cudnn, right)
        told = told if same_minor else warning  # the list begins later
        yield told(
            "base-tag-nonexistent",
            place,
            f"tags of {known.repository} have three version parts, and there is no {tag}: manifest unknown",
            f"{known.repository}:{right}" if right else "see its list of tags",
            replaced(recipe.folder, place, tag, right),
        )
        return
    ubuntu = known.release
    row = by_version.get(version)
    cudnn = re.search(r"cudnn\d*", tag)
    if known.os == "ubuntu" and _never_on(version, ubuntu):
        newest = next((one for one in rows.value if ubuntu in one.ubuntus), None)
        mend = f"{known.repository}:{newest.cuda if newest else '12.6.3'}-..., or another Ubuntu"
        yield told(
            "base-tag-nonexistent",
            place,
            f"there is no image of CUDA {version} on Ubuntu {ubuntu}: manifest unknown",
            mend,
        )
    elif cudnn is not None and row is not None and cudnn[0] != row.cudnn:
        right = tag.replace(cudnn[0], row.cudnn)
        yield told(
            "base-tag-nonexistent",
            place,
            f"the tags of CUDA {version} call cuDNN {row.cudnn!r}, not {cudnn[0]!r}: manifest unknown",
            f"{known.repository}:{right}",
            replaced(recipe.folder, place, tag, right),
        )
    elif row is None and same_minor and _is_beyond(version, same_minor[-1].cuda, rows.value[-1].cuda):
        right = tag.replace(version, same_minor[-1].cuda)
        yield told(
            "base-tag-nonexistent",
            place,
            f"CUDA {version} was never released: {same_minor[-1].cuda} is the last {minor(version)}",
            f"{known.repository}:{right}",
            replaced(recipe.folder, place, tag, right),
        )
    elif row is None and cudnn is not None and same_minor:
        yield warning(
            "base-tag-nonexistent",
            place,
            f"no image with cuDNN is known for CUDA {version}",
            f"CUDA {same_minor[-1].cuda}",
        )


def _is_beyond(version: str, last: str, newest: str) -> bool:
    """Whether a release is later than the last of its minor, and the minor is so old that no other will come."""
    return release(version) > release(last) and minor(last) != minor(newest)


def _never_on(version: str, ubuntu: str) -> bool:
    """The rules of images.toml: Ubuntu 24.04 begins with 12.6.0, and 20.04 ends with 12.9."""
    if ubuntu == "24.04":
        return release(version) < (12, 6)
    return ubuntu == "20.04" and release(version) >= (13,)
