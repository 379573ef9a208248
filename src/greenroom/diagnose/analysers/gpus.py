"""Whether the build runs on the GPUs, drivers and memory that are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.diagnose.base import base
from greenroom.diagnose.saying import error, note, warning
from greenroom.diagnose.source import Place
from greenroom.diagnose.torch_builds import builds
from greenroom.machine.facts.architectures import support
from greenroom.machine.facts.drivers import oldest_driver
from greenroom.machine.versions import minor, release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.platform import Endpoint
    from greenroom.diagnose.recipe import Recipe
    from greenroom.findings import Finding


def architecture(recipe: Recipe) -> Iterator[Finding]:
    """A torch without kernels for a GPU that is asked for."""
    if recipe.endpoint is None:
        return
    for scope in recipe.scopes:
        for build in builds(scope)[-1:]:
            if build.version and build.cuda:
                torch = (build.version, build.cuda)
                yield from _without_kernels(
                    recipe.endpoint, torch, build.words, build.requirement.place, sure=build.sure
                )
    for built in recipe.images:
        known = base(built.image.final.root)
        if known.repository == "pytorch/pytorch" and known.torch and not builds(built.installs):
            place = Place(built.image.path, built.image.final.lineage[0].instruction.line)
            words = f"the image's torch {known.torch} for CUDA {known.cuda}"
            yield from _without_kernels(recipe.endpoint, (known.torch, known.cuda), words, place, sure=True)


def _without_kernels(
    endpoint: Endpoint, torch: tuple[str, str], words: str, place: Place, *, sure: bool
) -> Iterator[Finding]:
    """The first GPU that a torch does not run on. torch: its version and CUDA.  sure: whether that is what comes."""
    for gpu, _ in endpoint.gpus():
        parts = gpu.capability.value.split(".")
        if len(parts) != 2 or not all(part.isdigit() for part in parts):
            continue
        answer = support(*torch, (int(parts[0]), int(parts[1])))
        if answer.runs is False:
            told = error if answer.sure and gpu.capability.sure and sure else warning
            yield told(
                "gpu-arch-unsupported",
                place,
                f"{words} has no kernels for the {gpu.id} ({gpu.capability.value}), "
                f"since {answer.reason}: no kernel image is available",
                _newer(gpu.capability.value),
            )
            return


def _newer(capability: str) -> str:
    old = release(capability) < (7, 5)
    return "a build for CUDA 12.6, or a newer GPU" if old else "torch==2.8.0 from the cu128 index, or another GPU"


def drivers(recipe: Recipe) -> Iterator[Finding]:
    """A build of a newer CUDA than the driver of a host that is admitted."""
    versions = recipe.endpoint.cuda_versions if recipe.endpoint is not None else ()
    oldest = min((version for version in versions if release(version)), key=release, default="")
    for scope in recipe.scopes:
        for build in builds(scope)[-1:]:
            floor = oldest_driver(build.cuda) if build.cuda else None
            if floor is None:
                continue
            place = build.requirement.place
            wanted = release(build.cuda)[0]
            if oldest and release(oldest)[0] < wanted:
                told = error if build.sure and floor.sure else warning
                where = f"{build.words}+cu126" if build.version and not build.tag else "a build for CUDA 12"
                yield told(
                    "driver-too-old",
                    place,
                    f"{build.words} is built for CUDA {build.cuda}, which needs driver {floor.value}; "
                    f"the endpoint admits hosts with CUDA {oldest}: the NVIDIA driver on your system is too old",
                    f"{where}, or allowedCudaVersions from {wanted}.0 on",
                )
            elif (
                not versions
                and recipe.endpoint is not None
                and wanted >= 13
                and next(recipe.endpoint.gpus(), None) is not None
            ):
                yield warning(
                    "driver-unfiltered",
                    place,
                    f"{build.words} needs driver {floor.value}, and the endpoint admits any host",
                    f"allowedCudaVersions from {wanted}.0 on",
                )
    if oldest:
        yield from _images(recipe, oldest)


def _images(recipe: Recipe, oldest: str) -> Iterator[Finding]:
    for built in recipe.images:
        known = base(built.image.final.root)
        if not known.cuda or release(known.cuda)[:2] <= release(oldest)[:2]:
            continue
        place = Place(built.image.path, built.image.final.lineage[0].instruction.line)
        floor = oldest_driver(known.cuda)
        if release(known.cuda)[0] > release(oldest)[0] and floor is not None:
            told = error if floor.sure else warning
            yield told(
                "driver-too-old",
                place,
                f"the image is of CUDA {known.cuda}, which needs driver {floor.value}; the endpoint admits hosts with "
                f"CUDA {oldest}",
                f"an image of CUDA {minor(oldest)}, or allowedCudaVersions from {minor(known.cuda)} on",
            )
        else:
            yield note(
                "image-newer-than-host",
                place,
                f"the image is of CUDA {known.cuda}, and the endpoint admits hosts with CUDA {oldest}: "
                "its own check of the driver may refuse",
                "NVIDIA_DISABLE_REQUIRE=1, or an older image",
            )


def memory(recipe: Recipe) -> Iterator[Finding]:
    """Weights that are larger than the memory of a GPU that is asked for."""
    if recipe.endpoint is None or recipe.weights is None or not recipe.weights.largest:
        return
    for gpu, value in recipe.endpoint.gpus():
        count = recipe.endpoint.get("gpu", "count") or recipe.endpoint.get("gpuCount")
        room = gpu.memory_gb.value * 1e9 * (count.number or 1 if count is not None else 1)
        if gpu.memory_gb.sure and recipe.weights.largest > room:
            place = Place(recipe.endpoint.document.path, value.line)
            largest = f"{recipe.weights.largest / 1e9:.1f} GB"
            message = f"the largest file of weights has {largest}, and the {gpu.id} has {gpu.memory_gb.value} GB"
            yield error("gpu-memory-short", place, message, "a larger GPU, or weights of half the precision")
            return


def workers(recipe: Recipe) -> Iterator[Finding]:
    """Numbers of an endpoint with which it never works."""
    if recipe.endpoint is None:
        return
    document = recipe.endpoint.document
    most, least = recipe.endpoint.get("workers", "max"), recipe.endpoint.get("workers", "min")
    if most is not None and most.number == 0:
        yield error(
            "workers-none",
            Place(document.path, most.line),
            "the endpoint may have no worker, so no job is ever taken",
            "max: 1 or more",
        )
    if most is not None and least is not None and (least.number or 0) > (most.number or 0):
        yield error(
            "workers-none",
            Place(document.path, least.line),
            "the least number of workers is above the most",
            "min at most as many as max",
        )
    centres = recipe.endpoint.get("dataCenterIds")
    for mount in recipe.endpoint.mounts:
        own = mount.value.get("dataCenter") or mount.value.get("dataCenterId")
        if own is not None and centres is not None and centres.strings and own.scalar not in centres.strings:
            yield error(
                "volume-elsewhere",
                Place(document.path, own.line),
                f"the volume lies in {own.scalar}, and the endpoint runs in "
                f"{', '.join(centres.strings)}: it cannot be mounted",
                f"run in {own.scalar}",
            )
    image = recipe.endpoint.get("image")
    if image is not None and image.scalar.endswith(":latest"):
        yield warning(
            "image-latest",
            Place(document.path, image.line),
            "a host that has this tag already starts the old image",
            "name it by version or digest",
        )
