"""Every kind of resource, typed."""

from __future__ import annotations

import pytest

from greenroom.ship.runpod.client import RunPod, read
from greenroom.ship.runpod.errors import AnswerStrange, NotThere, RequestRefused
from greenroom.ship.runpod.fake import Behaviour, FakeRunPod, Fault, ManualClock
from greenroom.ship.runpod.queue import Balancer, Queue
from greenroom.ship.runpod.types import Endpoint
from tests.ship.runpod.bodies import endpoint


def test_an_endpoint_from_its_making_to_its_end(runpod: RunPod, clock: ManualClock) -> None:
    made = runpod.endpoints.create(endpoint())
    assert (made.name, made.type, made.gpu and made.gpu.pools) == ("joe", "QUEUE", ("ADA_24",))
    clock.advance(3)
    (worker,) = runpod.endpoints.workers(made.id).workers
    assert (worker.status, worker.is_ready, worker.costs) == ("IDLE", True, True)
    changed = runpod.endpoints.change(made.id, {"image": "i:2"})
    assert changed.image == "i:2"
    listing = runpod.endpoints.releases(made.id)
    assert [change.field for change in listing.releases[0].diff] == ["template.imageName"]
    assert (listing.releases[0].diff[0].old, listing.releases[0].version) == ("i:1", 2)
    assert runpod.endpoints.delete(made.id)
    assert not runpod.endpoints.delete(made.id)
    assert runpod.endpoints.find(made.id) is None
    with pytest.raises(NotThere):
        runpod.endpoints.get(made.id)


def test_logs_of_a_worker_and_of_a_pod(runpod: RunPod, clock: ManualClock) -> None:
    made = runpod.endpoints.create(endpoint())
    clock.advance(3)
    (worker,) = runpod.endpoints.workers(made.id).workers
    lines = list(runpod.endpoints.worker_logs(made.id, worker.id))
    assert [(line.source, line.line) for line in lines] == [
        ("system", "container started"),
        ("container", "i:1 is idle"),
    ]
    pod = runpod.pods.create({"name": "p", "image": "x", "cpu": {"id": "cpu3c", "vcpuCount": 2}})
    assert next(iter(runpod.pods.logs(pod.id, tail=1))).source == "system"
    with pytest.raises(NotThere):
        list(runpod.endpoints.worker_logs(made.id, "nobody"))


def test_a_pod_is_stopped_started_and_ended(runpod: RunPod, clock: ManualClock) -> None:
    pod = runpod.pods.create({"name": "p", "image": "x", "gpu": {"id": "NVIDIA L4", "count": 1}})
    assert pod.status == "PROVISIONING"
    clock.advance(1)
    assert runpod.pods.get(pod.id).status == "STARTING"
    clock.advance(1)
    assert runpod.pods.get(pod.id).status == "RUNNING"
    assert runpod.pods.get(pod.id).cost > 0
    stopped = runpod.pods.act(pod.id, "stop")
    assert (stopped.status, stopped.cost, stopped.actions) == ("EXITED", 0, ("start", "terminate"))
    with pytest.raises(RequestRefused, match="EXITED"):
        runpod.pods.act(pod.id, "stop")
    assert runpod.pods.act(pod.id, "start").status == "PROVISIONING"
    assert runpod.pods.delete(pod.id)


def test_templates_volumes_and_registries(runpod: RunPod) -> None:
    template = runpod.templates.create({"name": "t", "image": "i:9", "env": {"A": "1"}, "serverless": True})
    without_image = {name: value for name, value in endpoint(templateId=template.id).items() if name != "image"}
    made = runpod.endpoints.create(without_image)
    assert (made.image, made.env) == ("i:9", {"A": "1", "MARK": "1"})
    volume = runpod.volumes.create({"name": "v", "size": 20, "dataCenter": "EU-RO-1"})
    assert runpod.volumes.change(volume.id, {"size": 30}).size == 30
    with pytest.raises(RequestRefused, match="shrink"):
        runpod.volumes.change(volume.id, {"size": 10})
    registry = runpod.registries.create({"name": "r", "username": "u", "password": "p"})
    assert runpod.registries.list() == (registry,)
    assert [one.id for one in runpod.volumes.list()] == [volume.id]


def test_the_catalogue(runpod: RunPod) -> None:
    ada = [gpu for gpu in runpod.gpus() if gpu.pool == "ADA_24"]
    assert [(gpu.id, gpu.memory, gpu.price.serverless) for gpu in ada] == [("NVIDIA GeForce RTX 4090", 24, 1.1)]
    assert ada[0].cuda_versions
    assert ada[0].availability == "HIGH"


def test_a_job_through_the_queue(runpod: RunPod, clock: ManualClock) -> None:
    made = runpod.endpoints.create(endpoint())
    queue = Queue(runpod.transport, made)
    job = queue.run({"text": "x"}, timeout_ms=1000)
    assert not job.has_ended
    clock.advance(10)
    job = queue.status(job)
    assert (job.status, job.output, job.has_ended) == ("COMPLETED", {"image": "i:1"}, True)
    queue.cancel(job)
    assert queue.health()["jobs"]["completed"] == 1
    with pytest.raises(AnswerStrange):
        Balancer(runpod.transport, made)


def test_a_load_balancer(runpod: RunPod, fake: FakeRunPod, clock: ManualClock) -> None:
    scaling = {"type": "REQUEST_COUNT", "requestCount": 4}
    workers = {"min": 0, "max": 1}
    given = endpoint(type="LOAD_BALANCER", env={"HEALTH_CHECK_PATH": "/readyz"}, workers=workers, scaling=scaling)
    balancer = Balancer(runpod.transport, runpod.endpoints.create(given))
    assert not balancer.ping()
    clock.advance(5)
    assert balancer.ping()
    assert balancer.post("/v1/audio/speech", {"input": "x"}).body == {"image": "i:1"}


def test_an_answer_of_another_shape_is_named_and_its_values_are_not() -> None:
    with pytest.raises(AnswerStrange) as raised:
        read(Endpoint, {"id": "e", "name": "n", "env": {"HF_TOKEN": ["hf_secret"]}}, "/serverless/e")
    assert "env.HF_TOKEN" in raised.value.message
    assert "hf_secret" not in raised.value.message


def test_a_list_that_is_none(runpod: RunPod, fake: FakeRunPod) -> None:
    fake.platform.gpus = {}  # type: ignore[assignment]  # an answer that the interface does not promise
    with pytest.raises(AnswerStrange, match="no list gpus"):
        runpod.gpus()


def test_a_behaviour_of_images(runpod: RunPod, fake: FakeRunPod, clock: ManualClock) -> None:
    fake.platform.behave = {"i:1": Behaviour(starts=False)}
    made = runpod.endpoints.create(endpoint())
    clock.advance(5)
    assert [worker.status for worker in runpod.endpoints.workers(made.id).workers] == ["UNHEALTHY"]
    fake.faults.append(Fault("refuse", method="GET", status=500))
