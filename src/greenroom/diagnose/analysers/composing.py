"""Compose files: what compose refuses, and a GPU that nobody passes on."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.diagnose.base import base
from greenroom.diagnose.ignoring import rules
from greenroom.diagnose.saying import error, warning
from greenroom.diagnose.source import Place
from greenroom.diagnose.torch_builds import builds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.document import Document, Value
    from greenroom.diagnose.recipe import Recipe, Service
    from greenroom.findings import Finding


def _services(compose: Document) -> dict[str, Value]:
    services = compose.get("services")
    return {key.scalar: value for key, value in services.entries} if services is not None else {}


def refused(recipe: Recipe) -> Iterator[Finding]:
    """Names that lead nowhere."""
    for compose in recipe.composes:
        services = _services(compose)
        declared = compose.get("volumes")
        names = {key.scalar for key, _ in declared.entries} if declared is not None else set()
        for name, service in services.items():
            yield from _dependencies(compose, services, name, service)
            volumes = service.get("volumes")
            for value in volumes.items if volumes is not None else ():
                source, target = value.scalar.partition(":")[::2]
                if target and re.fullmatch(r"[A-Za-z0-9][\w.-]*", source) and source not in names:
                    yield error(
                        "compose-name-unknown",
                        Place(compose.path, value.line),
                        f"the volume {source} is not declared: undefined volume",
                        f"volumes: {{ {source}: }} at the end of the file",
                    )
            if service.get("image") is None and service.get("build") is None and service.get("extends") is None:
                key = compose.get("services")
                said = key.key(name) if key is not None else None
                line = said.line if said is not None else service.line
                yield error(
                    "compose-name-unknown",
                    Place(compose.path, line),
                    f"the service {name} has neither an image nor a build context",
                    "image: or build:",
                )
            yield from _files(recipe, compose, service)


def _dependencies(compose: Document, services: dict[str, Value], name: str, service: Value) -> Iterator[Finding]:
    depends = service.get("depends_on")
    for value in depends.items if depends is not None else ():
        if value.scalar not in services:
            yield error(
                "compose-name-unknown",
                Place(compose.path, value.line),
                f"{name} depends on {value.scalar}, and there is no such service",
                f"there is {', '.join(services)}",
            )
    for key, value in depends.entries if depends is not None else ():
        condition = value.get("condition")
        if key.scalar not in services:
            yield error(
                "compose-name-unknown",
                Place(compose.path, key.line),
                f"{name} depends on {key.scalar}, and there is no such service",
                f"there is {', '.join(services)}",
            )
        elif condition is not None and condition.scalar == "service_healthy":
            other = services[key.scalar]
            if other.get("healthcheck") is None and other.get("build") is None and other.get("image") is not None:
                continue  # the image may have one of its own
            if other.get("healthcheck") is None:
                yield warning(
                    "depends-on-health",
                    Place(compose.path, condition.line),
                    f"{key.scalar} has no health check in this file",
                    "healthcheck:",
                )


def _files(recipe: Recipe, compose: Document, service: Value) -> Iterator[Finding]:
    folder = posixpath.dirname(compose.path)
    listed = service.get("env_file")
    for value in (listed.items or (listed,)) if listed is not None else ():
        said = value.get("path")
        path = value.scalar or (said.scalar if said else "")
        optional = value.get("required")
        whole = posixpath.normpath(posixpath.join(folder, path)) if path else ""
        if (
            whole
            and "$" not in whole
            and whole not in recipe.folder.known
            and not (optional is not None and optional.scalar == "false")
        ):
            named = any(name.startswith(whole) for name in recipe.folder.names)
            # What git leaves out is for whoever starts it to make.
            own = rules(recipe.folder.read(".gitignore"), anywhere=True).keeping_out(whole) is not None
            told = warning if named or own or whole.rsplit("/", 1)[-1].startswith(".env") else error
            yield told(
                "compose-file-missing",
                Place(compose.path, value.line),
                f"{path} is not in this folder: compose refuses to start",
                f"make it from {path}.example",
            )
    build = service.get("build")
    if build is None:
        return
    said = build.get("context")
    context = build.scalar or (said.scalar if said else ".")
    named_file = build.get("dockerfile")
    if re.match(r"https?:|git@|\$", context) or build.get("dockerfile_inline") is not None:
        return
    whole = posixpath.normpath(posixpath.join(folder, context))
    prefix = "" if whole == "." else whole + "/"
    if prefix and not any(name.startswith(prefix) for name in recipe.folder.names) and not prefix.startswith("../"):
        yield error(
            "compose-file-missing",
            Place(compose.path, build.line),
            f"the build context {context} is not in this folder",
            "name the folder with the Dockerfile",
        )
    elif named_file is not None and "$" not in named_file.scalar and not prefix.startswith("../"):
        path = posixpath.normpath(posixpath.join(prefix, named_file.scalar))
        if path not in recipe.folder.known:
            yield error(
                "compose-file-missing",
                Place(compose.path, named_file.line),
                f"there is no {path} to build from",
                "name the Dockerfile that is there",
            )


def gpu(recipe: Recipe) -> Iterator[Finding]:
    """A service with a CUDA image, and no GPU for it."""
    overlaid = any("nvidia" in compose.source.text or "gpus:" in compose.source.text for compose in recipe.composes)
    if overlaid and len(recipe.composes) > 1:
        return  # one file may lie over another
    for built in recipe.images:
        cuda = bool(base(built.image.final.root).cuda)
        cuda = cuda or any(build.cuda and build.tag.startswith("cu") for build in builds(built.installs))
        for service in recipe.services_of(built) if cuda else ():
            # What a service with another command does may need none.
            if built.service is None and not _has_gpu(service.value) and not _shared(recipe, service):
                # Which image it is made from may be told otherwise.
                told = warning if "$" in built.image.final.lineage[0].instruction.value else error
                yield told(
                    "compose-without-gpu",
                    Place(service.compose.path, service.line),
                    f"{service.name} is built for CUDA and is given no GPU: torch.cuda is not available",
                    "deploy: resources: reservations: devices: [{driver: nvidia, count: all, capabilities: [gpu]}]",
                )


def _shared(recipe: Recipe, service: Service) -> bool:
    """Whether another service of the file runs the same image with a GPU: this one is then meant to have none."""
    return any(
        one.compose is service.compose and one.dockerfile == service.dockerfile and _has_gpu(one.value)
        for one in recipe.services
    )


def _has_gpu(service: Value) -> bool:
    devices = service.get("deploy", "resources", "reservations", "devices")
    runtime = service.get("runtime")
    listed = service.get("devices")
    extends = service.get("extends")
    return (
        devices is not None
        or service.get("gpus") is not None
        or (runtime is not None and runtime.scalar == "nvidia")
        or (listed is not None and any("nvidia" in item.scalar for item in listed.items))
        or extends is not None
    )


def capabilities(recipe: Recipe) -> Iterator[Finding]:
    """A reservation without ``capabilities``, which compose refuses."""
    for compose in recipe.composes:
        for service in _services(compose).values():
            devices = service.get("deploy", "resources", "reservations", "devices")
            for device in devices.items if devices is not None else ():
                if device.get("capabilities") is None:
                    yield error(
                        "compose-name-unknown",
                        Place(compose.path, device.line),
                        "a device reservation needs capabilities: compose refuses the file",
                        "capabilities: [gpu]",
                    )
