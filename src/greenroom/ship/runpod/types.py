"""What RunPod's interface answers with, as far as greenroom reads it. Fields that are not named here are passed over.

Source: the OpenAPI document of REST version 2. Names are the interface's own, in Python's spelling.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

EndpointType = Literal["QUEUE", "LOAD_BALANCER"]
Availability = Literal["NONE", "LOW", "MEDIUM", "HIGH"]
JobStatus = Literal["IN_QUEUE", "IN_PROGRESS", "RUNNING", "COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"]


class Resource(BaseModel):
    """Base of all: frozen, camelCase on the wire."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Named(Resource):
    """What has an id and a name; a name need not be anybody's alone."""

    id: str
    name: str


class Container(Named):
    """What runs a container. env: its values are as secret as their owner made them. disk: GB."""

    image: str = ""
    args: str = ""
    disk: int | None = None
    env: dict[str, str] = Field(default_factory=dict, repr=False)
    ports: tuple[str, ...] = ()
    registry: str | None = None


class EndpointGpu(Resource):
    """Which GPUs workers get. excluded_types: ids of GPUs that are taken out of the pools.  count: a worker."""

    pools: tuple[str, ...] = ()
    excluded_types: tuple[str, ...] = ()
    count: int = 1
    allowed_cuda_versions: tuple[str, ...] = ()
    min_cuda_version: str | None = None


class CpuChoice(Resource):
    """CPUs of a worker or a pod. What memory it brings is the platform's to say, and not to be sent back."""

    id: str
    vcpu_count: int


class Workers(Resource):
    """How many workers there are. idle_timeout: seconds."""

    min: int = 0
    max: int = 3
    idle_timeout: int | None = None


class RequestUrls(Resource):
    """Where jobs are sent: the first ones of queues, ``base`` of load balancers."""

    run: str | None = None
    status: str | None = None
    cancel: str | None = None
    health: str | None = None
    base: str | None = None


class Endpoint(Container):
    """A serverless endpoint. timeout: milliseconds of a job."""

    type: EndpointType = "QUEUE"
    gpu: EndpointGpu | None = None
    cpu: tuple[CpuChoice, ...] = ()
    workers: Workers = Workers()
    scaling: dict[str, Any] = Field(default_factory=dict)
    data_center_ids: tuple[str, ...] = ()
    network_volumes: tuple[str, ...] = ()
    timeout: int | None = None
    flashboot: str = "OFF"
    request_urls: RequestUrls = RequestUrls()


class Worker(Resource):
    """One worker of an endpoint. is_stale: it runs an older version than the endpoint's own."""

    id: str
    status: Literal["RUNNING", "IDLE", "INITIALIZING", "THROTTLED", "UNHEALTHY"]
    is_stale: bool = False
    version: int | None = None
    gpu_count: int = 0
    image: str | None = None
    uptime_seconds: int | None = None
    gpu_type_id: str | None = None
    data_center_id: str | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it works, or could at once."""
        return self.status in {"RUNNING", "IDLE"}

    @property
    def costs(self) -> bool:
        """Whether it is paid for now; one that waits for a GPU is not."""
        return self.status != "THROTTLED"


class WorkerList(Resource):
    """The workers of an endpoint at one moment."""

    workers: tuple[Worker, ...]
    endpoint_version: int | None = None


class Change(Resource):
    """One field that a release changed."""

    field: str
    old: Any = None
    new: Any = None


class Release(Resource):
    """One version of an endpoint's configuration."""

    id: str
    version: int | None = None
    source: str = "MANUAL"
    diff: tuple[Change, ...] = ()


class Rollout(Resource):
    """How far the newest version is. percent_on_latest: 0 also where no worker runs at all."""

    in_progress: bool
    workers_on_latest: int
    workers_total: int
    percent_on_latest: int

    @property
    def is_done(self) -> bool:
        """Whether every worker there is runs the newest version."""
        return not self.in_progress and (self.workers_total == 0 or self.percent_on_latest == 100)


class ReleaseList(Resource):
    """The releases of an endpoint, newest first."""

    rollout: Rollout
    releases: tuple[Release, ...] = ()
    endpoint_version: int | None = None


class PersistentMount(Resource):
    """Storage of a pod on its own host. size: GB."""

    size: int
    path: str


class NetworkMount(Resource):
    """A network volume in a pod."""

    volume_id: str
    path: str


class Mounts(Resource):
    """What of a pod's storage outlives its container: one of both kinds at most."""

    persistent: PersistentMount | None = None
    network: tuple[NetworkMount, ...] = ()


class PodGpu(Resource):
    """The GPUs of a pod, all of one type."""

    id: str
    count: int = 1


class Pod(Container):
    """A pod. actions: what may be done to it in this state.  cost: dollars an hour now, 0 for one that is stopped."""

    status: Literal["PROVISIONING", "STARTING", "RUNNING", "EXITED", "ERROR", "TERMINATED"]
    actions: tuple[str, ...] = ()
    cost: float = 0.0
    mounts: Mounts = Mounts()
    gpu: PodGpu | None = None
    cpu: CpuChoice | None = None
    cloud: str = "SECURE"
    data_center_id: str | None = None
    cuda_version: str | None = None


class Template(Container):
    """Container settings by name. What was made from one does not follow its changes."""

    mounts: Mounts = Mounts()
    allowed_cuda_versions: tuple[str, ...] = ()
    serverless: bool = False
    public: bool = False


class Volume(Named):
    """A network volume. size: GB; it can grow, and its data centre never changes."""

    size: int
    data_center: str
    type: str = "STANDARD"


class Registry(Named):
    """Credentials of an image registry; what they are is never answered."""


class Price(Resource):
    """Dollars an hour for one GPU. serverless: None for GPUs that serverless does not have."""

    secure: float = 0.0
    community: float = 0.0
    serverless: float | None = None


class Stock(Resource):
    """How much of a GPU one data centre has."""

    id: str
    name: str = ""
    availability: Availability = "NONE"


class CudaStock(Resource):
    """A CUDA version that hosts with a GPU offer, and whether one of them is free."""

    version: str
    available: bool


class MostGpus(Resource):
    """How many GPUs of a type one pod can have, in each cloud; 0 where that cloud has none of it."""

    secure: int | None = None
    community: int | None = None


class GpuType(Named):
    """A GPU of the catalogue. memory: GB, as advertised.  availability and below: None where it was not asked for."""

    pool: str | None = None
    memory: int = 0
    price: Price = Price()
    max_count: MostGpus = MostGpus()
    availability: Availability | None = None
    data_centers: tuple[Stock, ...] | None = None
    cuda_versions: tuple[CudaStock, ...] | None = None


class CpuPrice(Resource):
    """Dollars an hour for one vCPU. secure: of a pod."""

    serverless_per_vcpu: float | None = None
    secure_per_vcpu: float | None = None


class CpuType(Named):
    """A CPU of the catalogue."""

    price: CpuPrice = CpuPrice()


class LogLine(Resource):
    """One line of a log. ts: when, which also is the place to go on from."""

    source: Literal["container", "system"] = "container"
    line: str
    ts: str = ""


class Job(Resource):
    """A job of a queue. delay_time and execution_time: milliseconds."""

    id: str
    status: JobStatus
    output: Any = None
    error: Any = None
    worker_id: str | None = None
    delay_time: int | None = None
    execution_time: int | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.status not in {"IN_QUEUE", "IN_PROGRESS", "RUNNING"}
