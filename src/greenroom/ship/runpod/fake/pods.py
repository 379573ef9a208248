"""Pods of the fake platform: made, started and stopped by its clock, and reached through its proxy."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenroom.ship.runpod.fake.replies import Problem, Reply, check_keys, log

if TYPE_CHECKING:
    from greenroom.ship.runpod.fake.platform import Behaviour, Platform

_CONTAINER = {"image", "args", "disk", "env", "ports", "registry"}
_FIELDS = _CONTAINER | {"name", "gpu", "cpu", "mounts", "dataCenterIds", "cloud", "templateId"}
_DEFAULTS: dict[str, Any] = {
    "args": "", "disk": 20, "ports": [], "env": {}, "registry": None, "mounts": {}, "cloud": "SECURE",
}  # fmt: skip
_ACTIONS = {
    "RUNNING": ["stop", "restart", "terminate"],
    "EXITED": ["start", "terminate"],
    "ERROR": ["start", "terminate"],
}


@dataclass(slots=True)
class Pod:
    """One pod. config: as the interface writes it.  due: when its next change comes by itself."""

    id: str
    config: dict[str, Any]
    behaviour: Behaviour
    status: str = "PROVISIONING"
    due: float = math.inf

    @property
    def actions(self) -> list[str]:
        """What may be done to it now."""
        return _ACTIONS.get(self.status, ["stop", "terminate"])

    def boot(self, now: float) -> None:
        """Half of its start is finding a machine."""
        self.status, self.due = "PROVISIONING", now + self.behaviour.boot_s / 2

    def advance(self, now: float) -> None:
        """Let happen what is due."""
        if self.status == "PROVISIONING" and self.due <= now:
            self.status, self.due = "STARTING", self.due + self.behaviour.boot_s / 2
        if self.status == "STARTING" and self.due <= now:
            self.status, self.due = ("RUNNING" if self.behaviour.starts else "ERROR"), math.inf


def answer_pods(platform: Platform, method: str, rest: list[str], body: Any) -> Reply:
    """A request below /pods. Raises Problem."""
    if not rest and method == "GET":
        return Reply(200, {"pods": [_shown(platform, pod) for pod in platform.pods.values()]})
    if not rest and method == "POST":
        pod = _create(platform, body)
        return Reply(201, _shown(platform, pod))
    found = platform.pods.get(rest[0]) if rest else None
    if found is None:
        raise Problem(404, "no such pod")
    match method, rest[1:]:
        case "GET", []:
            pass
        case "PATCH", []:
            check_keys(body, _CONTAINER | {"name", "mounts"})
            found.config.update(body)
        case "DELETE", []:
            del platform.pods[found.id]
            return Reply(204)
        case "POST", ["action"]:
            return _act(platform, found, body.get("action"))
        case "GET", ["logs"]:
            return Reply(200, log(f"{found.config['image']} is {found.status.lower()}"))
        case _:
            raise Problem(404, "no such thing of a pod")
    return Reply(200, _shown(platform, found))


def through_proxy(platform: Platform, method: str, identity: str, port: str) -> Reply:
    """What a pod's own port answers; the image's behaviour says how. Raises Problem."""
    pod = platform.pods.get(identity)
    if pod is None or f"{port}/http" not in pod.config["ports"]:
        raise Problem(404, "the proxy knows no such port")
    if pod.status != "RUNNING":
        raise Problem(502, "the proxy does not reach the pod")
    if not pod.behaviour.is_ready:
        raise Problem(503, "it is not ready")
    if method != "GET" and not pod.behaviour.answers:
        raise Problem(500, "it fails")
    return Reply(200, {"image": pod.config["image"]})


def _act(platform: Platform, pod: Pod, action: Any) -> Reply:
    if action not in pod.actions:
        raise Problem(409, f"the pod is {pod.status}")
    if action == "terminate":
        del platform.pods[pod.id]
        return Reply(204)
    if action == "start" and not platform.has_capacity:
        raise Problem(400, "there are not enough free GPUs on the host machine to start this pod")
    if action == "stop":
        pod.status, pod.due = "EXITED", math.inf
    else:
        pod.boot(platform.clock())
    return Reply(200, _shown(platform, pod))


def _create(platform: Platform, body: Any) -> Pod:
    check_keys(body, _FIELDS)
    config = dict(body)
    template = platform.templates.get(config.pop("templateId", ""))
    if template is not None:
        config = {name: template[name] for name in _CONTAINER & template.keys()} | config
        config["env"] = {**template.get("env", {}), **body.get("env", {})}
    if not config.get("name") or not config.get("image"):
        raise Problem(422, "Request validation failed.", ("name and image are required",))
    config = {**copy.deepcopy(_DEFAULTS), **copy.deepcopy(config)}
    _check(platform, config)
    if not platform.has_capacity:
        raise Problem(400, "there are no longer any instances available with the requested specifications")
    pod = Pod(platform.new_id("pod"), config, platform.behaviour_of(config["image"]))
    pod.boot(platform.clock())
    platform.pods[pod.id] = pod
    return pod


def _check(platform: Platform, config: dict[str, Any]) -> None:
    if ("gpu" in config) == ("cpu" in config):
        raise Problem(400, "specify exactly one of gpu or cpu")
    if "gpu" in config:
        check_keys(config["gpu"], {"id", "count", "allowedCudaVersions", "minCudaVersion"})
        if config["gpu"].get("allowedCudaVersions") and config["gpu"].get("minCudaVersion"):
            raise Problem(400, "allowedCudaVersions and minCudaVersion are mutually exclusive")
        if config["gpu"].get("id") not in {gpu["id"] for gpu in platform.gpus}:
            raise Problem(400, "no such GPU type")
    mounts = config["mounts"]
    check_keys(mounts, {"persistent", "network"})
    if len(mounts) > 1 or ("persistent" in mounts and "cpu" in config):
        raise Problem(400, "these mounts cannot be had together, or not with a CPU")
    for mount in mounts.get("network", ()):
        if mount["volumeId"] not in platform.volumes:
            raise Problem(400, "no such network volume")


def _shown(platform: Platform, pod: Pod) -> dict[str, Any]:
    said = {name: value for name, value in pod.config.items() if name not in ("dataCenterIds", "gpu")}
    if gpu := pod.config.get("gpu"):
        said["gpu"] = {"id": gpu["id"], "count": gpu.get("count", 1)}
    places = pod.config.get("dataCenterIds") or ["EU-RO-1"]
    return {
        **said, "id": pod.id, "status": pod.status, "actions": pod.actions, "cost": _cost(platform, pod),
        "dataCenterId": places[0], "cudaVersion": "12.8" if gpu else None, "template": None, "locked": False,
    }  # fmt: skip


def _cost(platform: Platform, pod: Pod) -> float:
    if pod.status in ("EXITED", "ERROR"):
        return 0.0
    if cpu := pod.config.get("cpu"):
        rates = {known["id"]: known["price"]["securePerVcpu"] for known in platform.cpus}
        return float(rates.get(cpu["id"], 0.0) * cpu["vcpuCount"])
    gpu, cloud = pod.config["gpu"], pod.config["cloud"].lower()
    rates = {known["id"]: known["price"][cloud] for known in platform.gpus}
    return float(rates[gpu["id"]] * gpu.get("count", 1))
