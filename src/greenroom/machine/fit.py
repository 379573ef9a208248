"""Whether a model fits a machine: in which precision, on which device, for which work; and what it lacks here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greenroom.findings import Finding
from greenroom.recipes.sizes import readable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenroom.machine.host import Disk, Gpu, Host
    from greenroom.recipes.recipe import Recipe

Verdict = Literal["fits", "may-fit", "does-not-fit", "unknown"]
Counts = Literal["peak", "weights"]

CPU = "cpu"
# The families whose code runs without a GPU, in fp32.
_ON_CPU = ("voice", "f5tts")
_FP32_BYTES = 4
_WEIGHTS_ALONE = "the weights alone"
# What CUDA takes of a GPU before any work: 0.55 GB of an H200 (benchmarks/results/rehearsal-h200.json), less of smaller
# ones.
_CUDA_BYTES = 600_000_000
# What a disk should have left when all is fetched.
_LEFT_FREE = 500_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    """One way to run a model.

    precision: ``fp16``, or the name of a smaller file set, such as ``q4_k_m``.  bytes: of memory; a ``peak`` is all
    that the work takes once CUDA has begun, ``weights`` a floor.  sure: whether the number may refuse.  fits: the
    devices that have room for it now.  could: those that would, with nobody else on them.
    """

    precision: str
    bytes: int
    counts: Counts
    workload: str
    device: Literal["gpu", "cpu"]
    sure: bool
    fits: tuple[str, ...]
    could: tuple[str, ...]

    @property
    def need(self) -> str:
        """``1.85 GB``, or for a floor ``over 740 MB``."""
        return readable(self.bytes) if self.counts == "peak" else f"over {readable(self.bytes)}"


@dataclass(frozen=True, slots=True)
class _Need:
    """What a way to run takes, before it is held against devices."""

    precision: str
    bytes: int
    counts: Counts
    workload: str
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Fit:
    """What is said of one model on one machine. summary: the verdict in a line.  to_fetch: bytes, None if unknown."""

    model: str
    verdict: Verdict
    summary: str
    plans: tuple[Plan, ...]
    to_fetch: int | None
    findings: tuple[Finding, ...]


def fit(host: Host, recipes: Sequence[Recipe], to_fetch: int | None = None, set_aside: int = 0) -> Fit:
    """Hold a model against a machine.

    recipes: the model's, then its components'.  to_fetch: bytes not yet here.  set_aside: those of them that the disk
    has given room already, to a download that did not end.
    """
    model = recipes[0]
    plans = tuple(_plans(host, recipes))
    verdict, summary, finding = _verdict(host, model, plans)
    found = [finding] if finding else []
    found += [*_extras(host, model), *_torch(host, model, plans), *_room(host, model, to_fetch, set_aside)]
    return Fit(model.name, verdict, f"{verdict.replace('-', ' ')}: {summary}", plans, to_fetch, tuple(found))


def room_for_all(host: Host, to_fetch: int, set_aside: int = 0) -> tuple[Finding, ...]:
    """Whether several models have room together, each of which may have it alone. Both numbers are of all of them."""
    weights = host.disk("weights")
    if weights is None or weights.free is None or weights.free >= to_fetch - set_aside:
        return ()
    message = f"{readable(to_fetch)} are to be fetched together, and {readable(weights.free)} are free"
    return (Finding("disk-short-together", "warning", message, _roomier(host, to_fetch), path=weights.path),)


def _plans(host: Host, recipes: Sequence[Recipe]) -> Iterator[Plan]:
    """The ordinary way first, smaller file sets last."""
    model = recipes[0]
    for memory in model.memory:
        need = _Need(memory.precision, memory.bytes, memory.counts, memory.workload, memory.source != "unverified")
        yield _plan(host, need, "gpu" if memory.device == "gpu" else "cpu")
    yield from (_plan(host, need, "gpu") for need in _smaller_file_sets(model))
    if model.family in _ON_CPU and model.parameters and not host.usable_gpus():
        total = sum(recipe.parameters or 0 for recipe in recipes) * _FP32_BYTES
        yield _plan(host, _Need("fp32", total, "weights", _WEIGHTS_ALONE), "cpu")


def _smaller_file_sets(model: Recipe) -> Iterator[_Need]:
    """File sets that are smaller than all that the recipe says of memory."""
    floor = min((memory.bytes for memory in model.memory if memory.device == "gpu"), default=0)
    for variant in model.variants:
        sizes = [file.size for file in variant.files if file.role == "weights"]
        known = [size for size in sizes if size is not None]
        total = sum(size.bytes for size in known)
        if len(known) == len(sizes) and 0 < total < floor:
            sure = all(size.source != "unverified" for size in known)
            yield _Need(variant.name, total, "weights", _WEIGHTS_ALONE, sure)


def _plan(host: Host, need: _Need, device: Literal["gpu", "cpu"]) -> Plan:
    memory = host.memory
    rooms = _gpu_rooms(host) if device == "gpu" else {CPU: (memory.available, memory.limit or memory.total)}
    # A floor may refuse, so it holds nothing that was measured on another card.
    taken = need.bytes + (_CUDA_BYTES if device == "gpu" and need.counts == "peak" else 0)
    return Plan(
        precision=need.precision,
        bytes=need.bytes,
        counts=need.counts,
        workload=need.workload,
        device=device,
        sure=need.sure,
        fits=tuple(name for name, (free, _) in rooms.items() if free is not None and free >= taken),
        could=tuple(name for name, (_, total) in rooms.items() if total is not None and total >= taken),
    )


def _gpu_rooms(host: Host) -> dict[str, tuple[int | None, int | None]]:
    return {f"cuda:{number}": (gpu.memory_free, gpu.memory_total) for number, gpu in enumerate(host.usable_gpus())}


def _verdict(host: Host, model: Recipe, plans: Sequence[Plan]) -> tuple[Verdict, str, Finding | None]:
    on_gpu = [plan for plan in plans if plan.device == "gpu"]
    on_cpu = [plan for plan in plans if plan.device == "cpu"]
    if not plans:
        return "unknown", f"nobody measured what {model.name} takes", None
    if on_cpu and not (on_gpu and host.usable_gpus()):
        return _on_cpu(host, model, on_cpu, wants_gpu=bool(on_gpu))
    if host.gpus is None:
        return "unknown", "nothing is known of the GPUs here", None
    if not host.usable_gpus():
        ordinary = on_gpu[0]
        message = f"{model.name} needs a GPU with {ordinary.need} ({ordinary.precision}), and none can be used here"
        return "does-not-fit", "it needs a GPU", Finding("gpu-none", "error", message, "run it on a machine with one")
    if any(gpu.memory_total is None for gpu in host.usable_gpus()):
        return "unknown", "nobody can say how much memory the GPU has", None
    return _on_gpu(host, model, on_gpu)


def _on_gpu(host: Host, model: Recipe, plans: Sequence[Plan]) -> tuple[Verdict, str, Finding | None]:
    largest = max(host.usable_gpus(), key=lambda gpu: gpu.memory_total or 0)
    peaks = [plan for plan in plans if plan.counts == "peak"]
    smallest = min(plans, key=lambda plan: plan.bytes)
    for plan in peaks:
        if plan.fits:
            return "fits", f"{plan.precision} on {_where(host, plan.fits)}", None
    for plan in peaks:
        if plan.could:
            message = f"{model.name} needs {plan.need}, and others have taken the memory of {_where(host, plan.could)}"
            mend = "stop what uses it, or choose another GPU with CUDA_VISIBLE_DEVICES"
            return "may-fit", "once others leave the GPU", Finding("gpu-memory-taken", "warning", message, mend)
    if smallest.could:
        plan = next(plan for plan in plans if plan.could)
        summary = f"{plan.precision}, whose weights alone take {readable(plan.bytes)}, on {_where(host, plan.could)}"
        if not peaks:
            return "may-fit", f"{summary}; nobody measured the work", None
        least = min(peaks, key=lambda peak: peak.bytes)
        seen = f"{least.need} ({least.workload})"
        message = (
            f"the least that {model.name} was seen to take is {seen}, and CUDA takes {readable(_CUDA_BYTES)} beside it;"
            f" {_named(largest)} has less"
        )
        mend = f"try {plan.precision} and smaller inputs, or a GPU with {readable(least.bytes + _CUDA_BYTES)}"
        return "may-fit", summary, Finding("gpu-memory-tight", "warning", message, mend)
    message = (
        f"{model.name} takes at least {readable(smallest.bytes)} ({smallest.precision}); {_named(largest)} has less"
    )
    severity: Literal["error", "warning"] = "error" if _is_sure(model, plans) else "warning"
    finding = Finding("gpu-memory-short", severity, message, f"choose a GPU with more than {readable(smallest.bytes)}")
    return "does-not-fit", f"{readable(smallest.bytes)} are the least that it takes", finding


def _is_sure(model: Recipe, plans: Sequence[Plan]) -> bool:
    """Whether nothing smaller may exist: floors are known, and the size of every file set."""
    files = [file for variant in model.variants for file in variant.files if file.role == "weights"]
    floors = [plan for plan in plans if plan.counts == "weights"]
    return bool(floors) and all(plan.sure for plan in plans) and all(file.size for file in files)


def _on_cpu(
    host: Host, model: Recipe, plans: Sequence[Plan], *, wants_gpu: bool
) -> tuple[Verdict, str, Finding | None]:
    plan, available = plans[0], host.memory.available
    if available is None:
        return "unknown", "nobody can say how much memory this machine has", None
    where = f"{plan.precision} on the CPU ({readable(available)} of memory free)"
    if not plan.fits:
        message = f"{model.name} takes {plan.need} of memory on the CPU; {readable(available)} are free"
        severity: Literal["error", "warning"] = "warning" if plan.could or not plan.sure else "error"
        finding = Finding("memory-short", severity, message, "stop other programs, or take a machine with more memory")
        return "may-fit" if plan.could else "does-not-fit", where, finding
    if wants_gpu:
        message = f"{model.name} is made for a GPU, and none can be used here: it runs on the CPU, slowly"
        finding = Finding("gpu-none", "warning", message, "run it on a machine with a GPU, or be patient")
        return "fits" if plan.counts == "peak" else "may-fit", f"{where}, slowly", finding
    return "fits", where, None


def _extras(host: Host, model: Recipe) -> Iterator[Finding]:
    """What must be installed for it."""
    extra = "voice" if model.family == "voice" else "models"
    missing = (host.python.missing or {}).get(extra, ())
    if missing:
        yield Finding(
            "extra-missing",
            "error",
            f"{model.name} needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed",
            f'pip install "greenroom[{extra}]", or greenroom install {model.name}',
        )


def _torch(host: Host, model: Recipe, plans: Sequence[Plan]) -> Iterator[Finding]:
    """A GPU is of use where torch sees it."""
    torch, usable = host.torch, host.usable_gpus()
    if torch is not None and torch.cuda is None and usable and any(plan.device == "gpu" for plan in plans):
        yield Finding(
            "gpu-unused",
            "error",
            f"{model.name} would run on {_named(usable[0])}, and torch {torch.version} does not see it",
            "install a build of torch for CUDA, or run with --device cpu",
        )


def _room(host: Host, model: Recipe, to_fetch: int | None, set_aside: int) -> Iterator[Finding]:
    """What is still to be fetched has room."""
    weights = host.disk("weights")
    if not to_fetch or weights is None:
        return
    if host.network is not None and host.network.offline:
        message = f"{readable(to_fetch)} of {model.name} are not here, and HF_HUB_OFFLINE keeps them from being fetched"
        yield Finding("hub-offline", "warning", message, "unset HF_HUB_OFFLINE, or bring the files")
    if weights.read_only or weights.writable is False:
        message = f"{readable(to_fetch)} of {model.name} are not here, and {weights.path} takes no files"
        mend = "set HF_HOME or GREENROOM_WEIGHTS to a folder that does"
        yield Finding("weights-unwritable", "error", message, mend, path=weights.path)
    elif weights.free is not None and weights.free < (needed := to_fetch - set_aside) + _LEFT_FREE:
        yield Finding(
            "disk-short",
            "error" if weights.free < needed else "warning",
            f"{readable(to_fetch)} of {model.name} are to be fetched, and {readable(weights.free)} are free at "
            f"{weights.mount or weights.path}",
            _roomier(host, to_fetch),
            path=weights.path,
        )


def _roomier(host: Host, to_fetch: int) -> str:
    volumes = [disk for disk in host.disks if disk.purpose == "volume" and _takes(disk, to_fetch)]
    if volumes:
        return f"set HF_HOME={volumes[0].path}/huggingface, where {readable(volumes[0].free or 0)} are free"
    return f"free some, or set HF_HOME to a disk with {readable(to_fetch + _LEFT_FREE)} free"


def _takes(disk: Disk, count: int) -> bool:
    return bool(disk.writable) and disk.free is not None and disk.free >= count + _LEFT_FREE


def _where(host: Host, names: Sequence[str]) -> str:
    """The first of some devices, and how many more there are."""
    gpu = host.usable_gpus()[int(names[0].removeprefix("cuda:"))]
    free = "" if gpu.memory_free is None else f"{readable(gpu.memory_free)} free of "
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]} ({gpu.name}, {free}{readable(gpu.memory_total or 0)}){more}"


def _named(gpu: Gpu) -> str:
    return f"{gpu.name} ({readable(gpu.memory_total)})" if gpu.memory_total else gpu.name
