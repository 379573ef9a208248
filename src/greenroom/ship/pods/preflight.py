"""The checks before a pod is made: what is asked for, against what the account and the catalogue have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from greenroom.errors import closest
from greenroom.findings import Finding
from greenroom.recipes.sizes import readable
from greenroom.ship.account import checks
from greenroom.ship.account.declaration import http_ports
from greenroom.ship.deploy.standing import dollars
from greenroom.ship.endpoints.spending import monthly
from greenroom.ship.pods.spending import cost_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from greenroom.findings import Severity
    from greenroom.recipes.recipe import Recipe
    from greenroom.ship.deploy.images import Image
    from greenroom.ship.pods.spending import Cost
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.types import CpuType, GpuType, Pod, Registry, Volume


@dataclass(frozen=True, slots=True)
class Account:
    """What an account and the catalogue have now.

    pods: but for the one that is gone on with.  beside: what the pod in use sets, which runs meanwhile.
    """

    pods: tuple[Pod, ...] = ()
    gpus: tuple[GpuType, ...] = ()
    cpus: tuple[CpuType, ...] = ()
    volumes: tuple[Volume, ...] = ()
    registries: tuple[Registry, ...] = ()
    beside: Mapping[str, Any] | None = None

    @classmethod
    def look(
        cls, runpod: RunPod, pods: tuple[Pod, ...], wanted: Mapping[str, Any], beside: Mapping[str, Any] | None
    ) -> Self:
        """Ask for what these values need. Raises RunPodError."""
        both = (wanted, *((beside,) if beside else ()))
        return cls(
            pods,
            runpod.gpus("POD") if any("gpu" in values for values in both) else (),
            runpod.cpus() if any("cpu" in values for values in both) else (),
            runpod.volumes.list() if volume_of(wanted) else (),
            runpod.registries.list() if wanted.get("registry") else (),
            beside,
        )

    def cost(self, values: Mapping[str, Any]) -> Cost | None:
        """Of a pod with these values."""
        return cost_of(values, self.gpus, self.cpus)


def volume_of(values: Mapping[str, Any]) -> str | None:
    """The network volume of a pod, by id."""
    network = (values.get("mounts") or {}).get("network") or ()
    return str(network[0]["volumeId"]) if network else None


def examine(
    values: Mapping[str, Any],
    account: Account,
    image: Image | None,
    recipes: Sequence[Recipe],
    *,
    max_hourly: float | None,
    shares_volume: bool = False,
) -> tuple[Finding, ...]:
    """All checks. recipes: the model's and its components', none if no model was named.

    max_hourly: dollars that this pod, and the one beside it, may cost at most.  shares_volume: its user says
    that the image bears another pod on its volume.
    """
    volume, gpu = volume_of(values), values.get("gpu") or {}
    types = tuple(known for known in account.gpus if known.id == gpu.get("id"))
    places = tuple(values.get("dataCenterIds") or ())
    mounts = values.get("mounts") or {}
    return (
        *checks.platform(image),
        *checks.secrets(values),
        *checks.registry(values, account.registries),
        *checks.volumes((volume,) if volume else (), account.volumes, places, "pod", recipes),
        *_cloud(values, volume),
        *_shared(volume, account, agreed=shares_volume),
        *_ports(values),
        *_compute(values, account, places or _places(volume, account)),
        *checks.cuda(gpu, types, image),
        *checks.memory(types, recipes, _larger),
        *_persistent(mounts.get("persistent"), recipes),
        *checks.disk(values.get("disk"), image, recipes, has_volume=bool(mounts)),
        *_spending(values, account, max_hourly),
    )


def _cloud(values: Mapping[str, Any], volume: str | None) -> Iterator[Finding]:
    if volume and values["cloud"] == "COMMUNITY":
        message = f"the community cloud has no network volumes, and the pod is to have {volume}"
        yield Finding("volume-elsewhere", "error", message, 'set "cloud": "SECURE"')


def _shared(volume: str | None, account: Account, *, agreed: bool) -> Iterator[Finding]:
    """The platform lets many pods have one volume, and says that writing from two may corrupt what is on it."""
    if volume is None:
        return
    others = [
        pod.id
        for pod in account.pods
        if pod.status != "EXITED" and volume in {mount.volume_id for mount in pod.mounts.network}
    ]
    if others:
        message = f"the volume {volume} is in use by {', '.join(others)}, and two pods that write to it may corrupt it"
        mend = "--share-volume if the image bears it; or give the pod a volume of its own"
        yield Finding("volume-shared", "warning" if agreed else "error", message, mend)


def _ports(values: Mapping[str, Any]) -> Iterator[Finding]:
    if not http_ports(dict(values)):
        message = "no port is served by the platform's proxy, so nothing can be proved"
        yield Finding("port-missing", "error", message, 'set "ports": ["7860/http"]; callers are sent to the first one')


def _places(volume: str | None, account: Account) -> tuple[str, ...]:
    """A pod comes to be where its volume is."""
    return tuple(one.data_center for one in account.volumes if one.id == volume)


def _compute(values: Mapping[str, Any], account: Account, places: tuple[str, ...]) -> Iterator[Finding]:
    """That there are such GPUs or CPUs, so many in one machine, and in stock."""
    kind, said, known = (
        ("GPU", values["gpu"], account.gpus) if "gpu" in values else ("CPU", values["cpu"], account.cpus)
    )
    found = next((one for one in known if one.id == said.get("id")), None)
    if found is None:
        names = [one.id for one in known]
        meant = closest(str(said.get("id")), names)
        mend = f"did you mean {meant}?" if meant else f"choose of {', '.join(names)}"
        yield Finding(f"{kind.lower()}-unknown", "error", f"there is no {kind} {said.get('id')}", mend)
        return
    if kind == "CPU":
        return
    gpu = next(one for one in account.gpus if one.id == found.id)
    cloud = str(values["cloud"])
    most = gpu.max_count.community if cloud == "COMMUNITY" else gpu.max_count.secure
    if most is not None and int(said.get("count", 1)) > most:
        message = f"the {cloud.lower()} cloud has machines with {most} x {gpu.name} at most"
        yield Finding("gpu-count", "error", message, "choose another GPU, the other cloud, or fewer of them")
    if gpu.availability is not None and not checks.has_stock(gpu, places):
        where = f" in {', '.join(sorted(places))}" if places else ""
        message = f"no {gpu.name} is to be had now{where}, and a pod is not waited for: it would be refused"
        yield Finding("gpu-unavailable", "warning", message, "choose another GPU or data centre, or try again later")


def _persistent(mount: Mapping[str, Any] | None, recipes: Sequence[Recipe]) -> Iterator[Finding]:
    if mount is not None and (need := checks.weights(recipes)) > mount["size"] * checks.GB:
        message = f"{readable(need)} of weights do not fit the pod's persistent disk of {mount['size']} GB"
        yield Finding("volume-small", "error", message, f'set "size": {need // checks.GB + 1} in mounts.persistent')


def _larger(ids: list[str]) -> str:
    return f"choose a GPU with more memory than {', '.join(ids)}"


def _spending(values: Mapping[str, Any], account: Account, max_hourly: float | None) -> Iterator[Finding]:
    """A pod costs as long as it is there, and while it is proved the one in use runs beside it."""
    new, old = account.cost(values), account.cost(account.beside) if account.beside else None
    if new is None or (account.beside and old is None):
        severity: Severity = "error" if max_hourly is not None else "warning"
        message = "the catalogue has no price for this pod or the one beside it, so no limit can be held"
        yield Finding("price-unknown", severity, message, "see the price in the console, and leave --max-hourly out")
        return
    most = new.running + (old.running if old else 0.0)
    words = f"the pod costs {dollars(new.running)} with its disk"
    if old:
        words += f", {dollars(most)} with the one in use until that goes"
    if max_hourly is not None and most > max_hourly:
        message = f"{words}: above the limit of {dollars(max_hourly)}"
        yield Finding("spend-over-limit", "error", message, "choose a cheaper GPU, or raise the limit")
    elif max_hourly is None:
        mend = f"--max-hourly {most:.2f} makes sure of it from now on"
        yield Finding("spend-unlimited", "note", f"{words}, {monthly(new.running)} also when nobody asks", mend)
