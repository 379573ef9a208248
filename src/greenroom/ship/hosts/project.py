"""A compose file as Docker Compose resolves it, made into one release: another project, another port, one image."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenroom.errors import FileUnreadable, InputInvalid, UnknownName, quoted
from greenroom.findings import Finding
from greenroom.ship.deploy.errors import HostFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from greenroom.ship.hosts.host import Host

# What Docker Compose takes as the name of a project, with room for the slot.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,60}")
_TOP_NAME = re.compile(r"^name:\s*[\"']?([A-Za-z0-9_-]+)", re.MULTILINE)
SLOTS = ("a", "b")


@dataclass(frozen=True, slots=True)
class Compose:
    """A resolved file. service: the one that is released.  port: what callers use, and ``port + 1`` beside it."""

    name: str
    service: str
    port: int
    target: int
    config: dict[str, Any]
    findings: tuple[Finding, ...]

    @property
    def image(self) -> str:
        """The image that the file names; empty where it builds one."""
        return str(self.config["services"][self.service].get("image", ""))


def project(name: str, slot: str) -> str:
    """The compose project of a slot."""
    return f"{name}-{slot}"


def name_of(path: Path, text: str) -> str:
    """The name of a deploy as Compose would choose it. Raises InputInvalid."""
    found = _TOP_NAME.search(text)
    name = found[1] if found else path.absolute().parent.name.lower()
    if not _NAME.fullmatch(name):
        raise InputInvalid(f"{quoted(name)} cannot be the name of a project", mend="--name with a-z, 0-9, - and _")
    return name


def read_text(path: Path) -> str:
    """The file's own text. Raises FileUnreadable."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(f"{quoted(path)} cannot be read", mend="check the path, and that it is UTF-8") from error


def resolve(host: Host, text: str, name: str, service: str | None, folder: str) -> Compose:
    """Have Compose on the host resolve a file, variables and files of variables with it.

    folder: what its paths are relative to; empty for where commands run there.

    Raises HostFailed, UnknownName, InputInvalid.
    """
    place = ["--project-directory", folder] if folder else []
    done = host.run(["docker", "compose", "-p", name, *place, "-f", "-", "config", "--format", "json"], text)
    if done.code:
        raise HostFailed(f"docker compose does not take the file: {done.last_words}", mend="docker compose config")
    try:
        config = json.loads(done.out)
        services: dict[str, Any] = config["services"]
    except (ValueError, KeyError, TypeError) as error:
        raise HostFailed("docker compose config gives no JSON", mend="install Docker Compose 2 or newer") from error
    chosen = _service(services, service)
    port, target = _port(services[chosen], chosen)
    return Compose(name, chosen, port, target, config, tuple(_findings(services, chosen)))


def of_slot(compose: Compose, slot: str, image: str, port: int) -> dict[str, Any]:
    """The file of one release. Named volumes stay the same for both slots, so that weights are fetched once."""
    config: dict[str, Any] = copy.deepcopy(compose.config)
    config["name"] = project(compose.name, slot)
    for name, service in config["services"].items():
        service.pop("container_name", None)  # two containers cannot share it
        if name != compose.service:
            service.pop("ports", None)
    released = config["services"][compose.service]
    released.pop("build", None)
    released["image"] = image
    released["ports"] = [_published(said, compose.target, port) for said in released["ports"]][:1]
    for network in (config.get("networks") or {}).values():
        if network and not network.get("external"):
            network.pop("name", None)
    return config


def moved(wanted: dict[str, Any], slot: str, name: str) -> dict[str, Any]:
    """A release as it was, in another slot."""
    was = str(wanted["project"]).removeprefix(f"{name}-")
    port = int(wanted["port"]) - SLOTS.index(was) + SLOTS.index(slot)
    config = {**wanted["config"], "name": project(name, slot)}
    service = dict(config["services"][wanted["service"]])
    service["ports"] = [{**said, "published": str(port)} for said in service["ports"]]
    config["services"] = {**config["services"], wanted["service"]: service}
    return {**wanted, "project": project(name, slot), "port": port, "config": config}


def _service(services: Mapping[str, Any], wanted: str | None) -> str:
    if wanted is not None:
        if wanted not in services:
            raise UnknownName("service", wanted, services)
        return wanted
    published = [name for name, service in services.items() if service.get("ports")]
    if len(published) != 1:
        raise InputInvalid(
            f"{len(published)} services of the file publish a port", mend=f"--service with one of {', '.join(services)}"
        )
    return published[0]


def _port(service: Mapping[str, Any], name: str) -> tuple[int, int]:
    """The published port and the container's. Raises InputInvalid."""
    for said in service.get("ports") or ():
        if str(said.get("published", "")).isdecimal() and said.get("protocol", "tcp") == "tcp":
            return int(said["published"]), int(said["target"])
    raise InputInvalid(f"the service {name} publishes no port", mend='ports: ["7860:7860"]')


def _published(said: Mapping[str, Any], target: int, port: int) -> dict[str, Any]:
    kept = {name: value for name, value in said.items() if name in ("mode", "host_ip", "protocol")}
    return {**kept, "target": target, "published": str(port)}


def _findings(services: Mapping[str, Any], chosen: str) -> Iterator[Finding]:
    service = services[chosen]
    if "container_name" in service:
        message = f"container_name of {chosen} is left out, since two releases run beside each other"
        yield Finding("container-name", "note", message, "address it by its port")
    devices = (((service.get("deploy") or {}).get("resources") or {}).get("reservations") or {}).get("devices")
    if devices or service.get("gpus"):
        message = f"while the new {chosen} is probed the old one still holds its GPU: both must fit"
        yield Finding("gpu-shared", "warning", message, "see greenroom doctor there for what is free")
    others = [name for name in services if name != chosen]
    if others:
        message = f"{', '.join(others)} are started with each release too, without ports"
        yield Finding("services-doubled", "warning", message, "keep what holds data in a project of its own")
