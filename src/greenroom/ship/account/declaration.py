"""What is to be deployed on RunPod, as a file says it: an endpoint or a pod, in the words of the interface."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from greenroom.errors import FileUnreadable, InputInvalid, UnknownName, quoted
from greenroom.ship.deploy.records import checked_name

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.ship.account.values import Values

Type = Literal["QUEUE", "LOAD_BALANCER", "POD"]
_CONTAINER = ("name", "image", "args", "disk", "env", "ports", "registry", "gpu", "cpu", "dataCenterIds")
# Everything that a PATCH can set, but the template: its values are in the others once it was used.
OF_ENDPOINT = (*_CONTAINER, "workers", "scaling", "networkVolumes", "timeout", "flashboot")
OF_POD = (*_CONTAINER, "mounts", "cloud")
_KNOWN = {
    "QUEUE": (*OF_ENDPOINT, "type", "templateId"),
    "LOAD_BALANCER": (*OF_ENDPOINT, "type", "templateId"),
    "POD": (*OF_POD, "type", "templateId"),
}
_OBJECTS = ("env", "workers", "scaling", "gpu", "mounts")
_LISTS = ("dataCenterIds", "networkVolumes", "ports")
_CLOUDS = ("SECURE", "COMMUNITY")
_PORT = re.compile(r"([0-9]{1,5})/(http|tcp)")
# GB of a pod's own disk where neither the file nor a template says it.
_DISK = 20
_LARGEST = 1_000_000
_BODY = "write the body of POST /v2/serverless, or of POST /v2/pods"


@dataclass(frozen=True, slots=True)
class Declaration:
    """An endpoint or a pod as it should be. values: the body of its POST, its type and name among them."""

    name: str
    values: Values

    @property
    def type(self) -> Type:
        """A pod, or the type of an endpoint."""
        return cast("Type", self.values["type"])


def read_declaration(path: Path, *, image: str | None = None, name: str | None = None) -> Declaration:
    """Read ``endpoint.json``. image, name: instead of the file's own.

    Raises FileUnreadable, UnknownName for a field that the interface does not have, InputInvalid.
    """
    values = _object(path)
    kind = values.setdefault("type", "QUEUE")
    if kind not in _KNOWN:
        raise UnknownName("type of an endpoint or a pod", str(kind), _KNOWN)
    for field in values:
        if field not in _KNOWN[kind]:
            what = "a pod" if kind == "POD" else "an endpoint"
            raise UnknownName(f"field of {what} (in {path.name})", field, _KNOWN[kind])
    values |= {field: given for field, given in (("image", image), ("name", name)) if given}
    called = checked_name(values.get("name"))
    values.setdefault("env", {})
    if kind == "POD":
        _fill_pod(values)
    else:
        _fill_endpoint(values)
    if not values.get("image") and not values.get("templateId"):
        raise InputInvalid(f"{quoted(path)} names no image", mend="--image NAME@sha256:DIGEST")
    if ("gpu" in values) == ("cpu" in values):
        example = '{"id": "NVIDIA L4"}' if kind == "POD" else '{"pools": ["ADA_24"]}'
        raise InputInvalid(f"{quoted(path)} must have one of gpu and cpu", mend=f'"gpu": {example}')
    _check_kinds(path, values)
    if kind == "POD":
        _check_pod(path, values)
    else:
        _check_workers(path, values["workers"])
    return Declaration(called, values)


def http_ports(values: Values) -> tuple[int, ...]:
    """The ports that the platform's proxy serves, in their order."""
    return tuple(
        int(port) for port, _, kind in (said.partition("/") for said in values.get("ports", ())) if kind == "http"
    )


def _object(path: Path) -> Values:
    try:
        with path.open("rb") as file:
            said = json.loads(file.read(_LARGEST))
    except FileNotFoundError:
        raise FileUnreadable(f"there is no file {quoted(path)}", mend="check the path") from None
    except (OSError, ValueError) as error:
        raise FileUnreadable(f"{quoted(path)} cannot be read as JSON: {error}", mend=_BODY) from error
    if not isinstance(said, dict):
        raise FileUnreadable(f"{quoted(path)} holds no object", mend=_BODY)
    return said


def _fill_endpoint(values: Values) -> None:
    is_queue = values["type"] == "QUEUE"
    values.setdefault(
        "scaling",
        {"type": "QUEUE_DELAY", "queueDelay": 4} if is_queue else {"type": "REQUEST_COUNT", "requestCount": 4},
    )
    values.setdefault("workers", {"min": 0, "max": 3})


def _fill_pod(values: Values) -> None:
    values.setdefault("cloud", "SECURE")
    if not values.get("templateId"):
        values.setdefault("disk", _DISK)


def _check_kinds(path: Path, values: Values) -> None:
    """What the checks before a deploy read must be what they take it for. Raises InputInvalid."""
    kinds: dict[str, tuple[type, str]] = dict.fromkeys(_OBJECTS, (dict, "an object"))
    kinds |= dict.fromkeys(_LISTS, (list, "a list"))
    kinds["cpu"] = (dict, "an object") if values["type"] == "POD" else (list, "a list")
    for field, (kind, word) in kinds.items():
        if field in values and not isinstance(values[field], kind):
            raise InputInvalid(f"{field} in {quoted(path)} is not {word}", mend=f"make it {word}")
    if wrong := next((name for name, value in values["env"].items() if not isinstance(value, str)), None):
        raise InputInvalid(f"env.{wrong} in {quoted(path)} is not a string", mend="put quotes around it")


def _check_workers(path: Path, workers: dict[str, Any]) -> None:
    """Raises InputInvalid."""
    for field in ("min", "max"):
        _check_number(path, f"workers.{field}", workers.get(field, 0), least=0)
    if workers.get("min", 0) > workers.get("max", 3):
        raise InputInvalid(f"workers.min in {quoted(path)} is above workers.max", mend="raise max")


def _check_pod(path: Path, values: Values) -> None:
    """Raises InputInvalid, UnknownName."""
    if values["cloud"] not in _CLOUDS:
        raise UnknownName(f"cloud (in {path.name})", str(values["cloud"]), _CLOUDS)
    if "disk" in values:
        _check_number(path, "disk", values["disk"], least=1)
    for port in values.get("ports", ()):
        if not isinstance(port, str) or not _PORT.fullmatch(port):
            raise InputInvalid(f"the port {quoted(str(port))} in {quoted(path)} is none", mend='"ports": ["7860/http"]')
    if "gpu" in values:
        _check_text(path, "gpu.id", values["gpu"].get("id"))
        _check_number(path, "gpu.count", values["gpu"].get("count", 1), least=1)
        if values["gpu"].get("allowedCudaVersions") and values["gpu"].get("minCudaVersion"):
            mend = "leave one of them out"
            raise InputInvalid(f"gpu in {quoted(path)} has allowedCudaVersions and minCudaVersion", mend=mend)
    else:
        _check_text(path, "cpu.id", values["cpu"].get("id"))
        _check_number(path, "cpu.vcpuCount", values["cpu"].get("vcpuCount"), least=2)
    _check_mounts(path, values.get("mounts", {}), has_gpu="gpu" in values)


def _check_mounts(path: Path, mounts: dict[str, Any], *, has_gpu: bool) -> None:
    """Raises InputInvalid, UnknownName."""
    for kind in mounts:
        if kind not in ("network", "persistent"):
            raise UnknownName(f"kind of mount (in {path.name})", kind, ("network", "persistent"))
    if len(mounts) > 1:
        raise InputInvalid(f"mounts in {quoted(path)} has both kinds", mend="keep network or persistent")
    network, persistent = mounts.get("network"), mounts.get("persistent")
    if network is not None:
        if not isinstance(network, list) or len(network) != 1 or not isinstance(network[0], dict):
            mend = '"network": [{"volumeId": "...", "path": "/workspace"}]'
            raise InputInvalid(f"mounts.network in {quoted(path)} is not a list of one volume", mend=mend)
        for field in ("volumeId", "path"):
            _check_text(path, f"mounts.network.{field}", network[0].get(field))
    if persistent is not None:
        if not isinstance(persistent, dict) or not has_gpu:
            mend = '"persistent": {"size": 20, "path": "/workspace"}, of a pod with a GPU'
            raise InputInvalid(f"mounts.persistent in {quoted(path)} is not what a pod can have", mend=mend)
        _check_number(path, "mounts.persistent.size", persistent.get("size"), least=10)
        _check_text(path, "mounts.persistent.path", persistent.get("path"))


def _check_number(path: Path, field: str, said: Any, *, least: int) -> None:
    if not isinstance(said, int) or isinstance(said, bool) or said < least:
        raise InputInvalid(f"{field} in {quoted(path)} is {quoted(str(said))}", mend=f"a number from {least}")


def _check_text(path: Path, field: str, said: Any) -> None:
    if not isinstance(said, str) or not said:
        raise InputInvalid(f"{field} is missing in {quoted(path)}", mend=f"give {field}, as a string")
