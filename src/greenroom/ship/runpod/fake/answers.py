"""Each request of the interface, answered from the platform's state."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from greenroom.ship.runpod.fake.pods import answer_pods, through_proxy
from greenroom.ship.runpod.fake.replies import Problem, Reply, check_keys, log

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.ship.runpod.fake.platform import Endpoint, Platform, Worker

_CONTAINER = {"image", "args", "disk", "env", "ports", "registry", "templateId"}
_CHANGEABLE = _CONTAINER | {
    "name", "gpu", "cpu", "workers", "scaling", "dataCenterIds", "networkVolumes", "timeout", "flashboot",
}  # fmt: skip
_GPU = {"pools", "excludedTypes", "count", "allowedCudaVersions", "minCudaVersion"}
_CPU = {"id", "vcpuCount"}


def answer(platform: Platform, base: str, method: str, path: str, body: Any) -> Reply:
    """Answer one request. base: the server's own address. Raises Problem."""
    platform.advance()
    parts = path.strip("/").split("/")
    match parts:
        case ["v2", "serverless", *rest]:
            return _serverless(platform, base, method, rest, body)
        case ["v2", "pods", *rest]:
            return answer_pods(platform, method, rest, body)
        case ["v2", ("templates" | "network-volumes" | "registries") as kind, *rest]:
            return _plain(platform, kind, method, rest, body)
        case ["v2", "catalog", ("gpus" | "cpus") as kind] if method == "GET":
            return Reply(200, {kind: platform.gpus if kind == "gpus" else platform.cpus})
        case ["v2", identity, *rest] if identity in platform.endpoints:
            return _queue(platform, platform.endpoints[identity], method, rest, body)
    return _container(platform, method, parts, path)


def _container(platform: Platform, method: str, parts: list[str], path: str) -> Reply:
    """What containers answer by themselves."""
    match parts:
        case ["pods", identity, port, *_]:
            return through_proxy(platform, method, identity, port)
        case ["lb", identity, *rest] if identity in platform.endpoints:
            return _balanced(platform, platform.endpoints[identity], "/" + "/".join(rest))
    raise Problem(404, f"there is nothing at {path}")


def _serverless(platform: Platform, base: str, method: str, rest: list[str], body: Any) -> Reply:
    if not rest and method == "GET":
        return Reply(200, {"endpoints": [_shown(endpoint, base) for endpoint in platform.endpoints.values()]})
    if not rest and method == "POST":
        return Reply(201, _shown(platform.create_endpoint(_new_endpoint(platform, body)), base))
    endpoint = platform.endpoints.get(rest[0]) if rest else None
    if endpoint is None:
        raise Problem(404, "no such serverless endpoint")
    if rest[1:]:
        return _of_endpoint(platform, endpoint, method, rest[1:])
    if method == "PATCH":
        check_keys(body, _CHANGEABLE)
        if {"gpu", "cpu"} & body.keys() - endpoint.config.keys():
            raise Problem(400, "the compute of an endpoint cannot be changed")
        _check_endpoint({**endpoint.config, **body}, body)
        platform.change_endpoint(endpoint, body)
    elif method == "DELETE":
        del platform.endpoints[endpoint.id]
        return Reply(204)
    return Reply(200, _shown(endpoint, base))


def _of_endpoint(platform: Platform, endpoint: Endpoint, method: str, rest: list[str]) -> Reply:
    match method, rest:
        case "GET", ["workers"]:
            return Reply(200, _workers(endpoint, platform.clock()))
        case "GET", ["releases"]:
            return Reply(200, _releases(endpoint))
        case "GET", ["workers", identity, "logs"] if identity in {worker.id for worker in endpoint.workers}:
            worker = next(worker for worker in endpoint.workers if worker.id == identity)
            return Reply(200, log(f"{worker.image} is {worker.status.lower()}"))
    raise Problem(404, "no such thing of a serverless endpoint")


def _new_endpoint(platform: Platform, body: Any) -> dict[str, Any]:
    check_keys(body, _CHANGEABLE | {"type"})
    missing = tuple(f"{name} is required" for name in ("name", "type", "scaling") if not body.get(name))
    if missing:
        raise Problem(422, "Request validation failed.", missing)
    config = dict(body)
    if template := platform.templates.get(config.pop("templateId", "")):
        config = {name: template[name] for name in _CONTAINER & template.keys()} | config
        config["env"] = {**template.get("env", {}), **body.get("env", {})}
    if not config.get("image"):
        raise Problem(400, "image is required unless templateId is set")
    _check_endpoint(config, config)
    return config


def _check_endpoint(config: Mapping[str, Any], sent: Mapping[str, Any]) -> None:
    if ("gpu" in config) == ("cpu" in config):
        raise Problem(400, "specify exactly one of gpu or cpu")
    gpu = sent.get("gpu", {})
    if unknown := sorted(gpu.keys() - _GPU):
        raise Problem(422, "Request validation failed.", tuple(f"gpu.{name} is not a field" for name in unknown))
    if gpu.get("allowedCudaVersions") and gpu.get("minCudaVersion"):
        raise Problem(400, "allowedCudaVersions and minCudaVersion are mutually exclusive")
    if gpu.get("excludedTypes") and not gpu.get("pools"):
        raise Problem(400, "excludedTypes requires pools")
    for cpu in sent.get("cpu", ()):
        if unknown := sorted(cpu.keys() - _CPU):
            raise Problem(422, "Request validation failed.", tuple(f"cpu.{name} is not a field" for name in unknown))
    if config["type"] == "LOAD_BALANCER" and config["scaling"].get("type") != "REQUEST_COUNT":
        raise Problem(422, "Request validation failed.", ("a load balancer scales by REQUEST_COUNT",))
    if "idleTimeout" in sent.get("workers", {}) and not _has_idle_timeout(config):
        raise Problem(400, "idleTimeout does not apply to a queue that scales by REQUEST_COUNT")
    workers = config.get("workers", {})
    if workers.get("min", 0) > workers.get("max", 3):
        raise Problem(400, "workers.min is above workers.max")


def _shown(endpoint: Endpoint, base: str) -> dict[str, Any]:
    if endpoint.config["type"] == "QUEUE":
        names = {"run": "run", "runSync": "runsync", "health": "health", "purgeQueue": "purge-queue"}
        of_jobs = {"status": "status", "stream": "stream", "cancel": "cancel", "retry": "retry"}
        urls = {name: f"{base}/v2/{endpoint.id}/{path}" for name, path in names.items()}
        urls |= {name: f"{base}/v2/{endpoint.id}/{path}/{{job_id}}" for name, path in of_jobs.items()}
    else:
        urls = {"base": f"{base}/lb/{endpoint.id}", "health": f"{base}/lb/{endpoint.id}/ping"}
    shown = {"id": endpoint.id, **endpoint.config, "requestUrls": urls, "createdAt": "2026-11-23T12:00:00Z"}
    if "cpu" in shown:  # what is shown says more than what is taken
        shown["cpu"] = [{**cpu, "memory": 2 * cpu["vcpuCount"]} for cpu in shown["cpu"]]
    if not _has_idle_timeout(shown):
        shown["workers"] = {name: count for name, count in shown["workers"].items() if name != "idleTimeout"}
    return shown


def _has_idle_timeout(config: Mapping[str, Any]) -> bool:
    return bool(config["type"] == "LOAD_BALANCER" or config["scaling"].get("type") != "REQUEST_COUNT")


def _workers(endpoint: Endpoint, now: float) -> dict[str, Any]:
    shown = [_worker(endpoint, worker, now) for worker in endpoint.workers]
    states = ("RUNNING", "IDLE", "INITIALIZING", "THROTTLED", "UNHEALTHY")
    summary = {state.lower(): sum(worker["status"] == state for worker in shown) for state in states}
    return {"workers": shown, "summary": {**summary, "total": len(shown)}, "endpointVersion": endpoint.version}


def _worker(endpoint: Endpoint, worker: Worker, now: float) -> dict[str, Any]:
    is_placed = worker.status != "THROTTLED"
    return {
        "id": worker.id, "status": worker.status, "isStale": endpoint.is_stale(worker), "version": worker.version,
        "gpuCount": worker.gpus, "image": worker.image, "uptimeSeconds": int(now - worker.born) if is_placed else None,
        "gpuTypeId": worker.gpu if is_placed else None, "dataCenterId": "EU-RO-1" if is_placed else None,
        "startedAt": None,
    }  # fmt: skip


def _releases(endpoint: Endpoint) -> dict[str, Any]:
    latest = sum(not endpoint.is_stale(worker) for worker in endpoint.workers)
    total = len(endpoint.workers)
    counts = {
        release["version"]: sum(worker.version == release["version"] for worker in endpoint.workers)
        for release in endpoint.releases
    }
    return {
        "endpointVersion": endpoint.version,
        "rollout": {
            "inProgress": latest < total,
            "workersOnLatest": latest,
            "workersTotal": total,
            "percentOnLatest": 100 * latest // total if total else 0,
        },
        "releases": [{**release, "workerCount": counts[release["version"]]} for release in endpoint.releases],
    }


def _queue(platform: Platform, endpoint: Endpoint, method: str, rest: list[str], body: Any) -> Reply:
    match method, rest:
        case "POST", [("run" | "runsync")]:
            if not isinstance(body, dict) or "input" not in body:
                raise Problem(400, "input is required")
            job = platform.hand_in(endpoint, body["input"])
        case "GET" | "POST", ["status", identity] if identity in endpoint.jobs:
            job = endpoint.jobs[identity]
        case "POST", ["cancel", identity] if identity in endpoint.jobs:
            job = endpoint.jobs[identity]
            if job.status in ("IN_QUEUE", "IN_PROGRESS"):
                job.status = "CANCELLED"
        case "GET", ["health"]:
            return Reply(200, _health(endpoint))
        case _:
            raise Problem(404, "no such job")
    said = {"id": job.id, "status": job.status, "workerId": job.worker, "output": job.output, "error": job.error}
    return Reply(200, {name: value for name, value in said.items() if value is not None})


def _health(endpoint: Endpoint) -> dict[str, Any]:
    names = {"completed": "COMPLETED", "failed": "FAILED", "inProgress": "IN_PROGRESS", "inQueue": "IN_QUEUE"}
    jobs = {name: sum(job.status == state for job in endpoint.jobs.values()) for name, state in names.items()}
    workers = {
        state.lower(): sum(worker.status == state for worker in endpoint.workers)
        for state in ("IDLE", "RUNNING", "INITIALIZING", "THROTTLED", "UNHEALTHY")
    }
    return {"jobs": {**jobs, "retried": 0}, "workers": workers}


def _balanced(platform: Platform, endpoint: Endpoint, path: str) -> Reply:
    platform.ask(endpoint)
    ready = [worker for worker in endpoint.workers if worker.status == "IDLE" and not endpoint.is_stale(worker)]
    if path == endpoint.config["env"].get("HEALTH_CHECK_PATH", "/ping"):
        return Reply(200 if ready else 204)
    if not ready:
        raise Problem(503, "no worker is ready")
    if not ready[0].behaviour.answers:
        raise Problem(500, "it fails")
    return Reply(200, {"image": ready[0].image})


def _plain(platform: Platform, kind: str, method: str, rest: list[str], body: Any) -> Reply:
    """What is only kept: templates, volumes, registries."""
    name, kept, required = {
        "templates": ("templates", platform.templates, ("name",)),
        "network-volumes": ("networkVolumes", platform.volumes, ("name", "size", "dataCenter")),
        "registries": ("registries", platform.registries, ("name", "username", "password")),
    }[kind]
    if not rest and method == "GET":
        return Reply(200, {name: [_public(item) for item in kept.values()]})
    if not rest and method == "POST":
        if missing := tuple(f"{field} is required" for field in required if not body.get(field)):
            raise Problem(422, "Request validation failed.", missing)
        identity = platform.new_id(re.sub("[^a-z]", "", kind)[:3])
        kept[identity] = {**body, "id": identity}
        return Reply(201, _public(kept[identity]))
    if not rest or rest[0] not in kept:
        raise Problem(404, f"no such thing among {kind}")
    item = kept[rest[0]]
    if method == "PATCH":
        if kind == "network-volumes" and body.get("size", item["size"]) < item["size"]:
            raise Problem(400, "a volume does not shrink")
        item.update(body)
    elif method == "DELETE":
        del kept[rest[0]]
        return Reply(204)
    return Reply(200, _public(item))


def _public(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in ("username", "password")}
