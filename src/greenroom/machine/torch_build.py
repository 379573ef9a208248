"""Which build of torch to install on a machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.machine.facts.architectures import sm, support
from greenroom.machine.facts.drivers import oldest_driver, toolkit_driver
from greenroom.machine.facts.runpod import gpu as runpod_gpu
from greenroom.machine.facts.torch import TorchRelease, releases, wheel_index
from greenroom.machine.versions import cuda_of_tag, cuda_tag, release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.machine.facts.architectures import Capability
    from greenroom.machine.host import Gpu, Host

# What the models extra asks for.
OLDEST_TORCH = "2.6"
CPU = "cpu"


@dataclass(frozen=True, slots=True)
class TorchBuild:
    """A build of torch.

    version: ``2.11.0``.  cuda: the tag of its CUDA, ``cu128``, or ``cpu``.  index: the address of the index that has
    it; None where the ordinary one does.  reasons: why this one, in sentences.
    """

    version: str
    cuda: str
    index: str | None
    reasons: tuple[str, ...] = ()

    @property
    def requirement(self) -> str:
        """As pip and uv take it."""
        return f"torch=={self.version}"

    @property
    def command(self) -> str:
        """What installs it, also where pip would take another build of the same release for the one asked for."""
        if self.index is None:
            return f"pip install {self.requirement}"
        return f"pip install {self.requirement}+{self.cuda} --index-url {self.index}"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A build for a GPU, and what speaks for it."""

    release: TorchRelease
    tag: str
    cuda: str
    listed: bool
    full_support: bool

    @property
    def from_default_index(self) -> bool:
        return self.cuda == self.release.default_cuda.value

    def rank(self) -> tuple[object, ...]:
        """Higher is better: known kernels, new torch, a driver made for its CUDA, the CUDA nearest to that driver."""
        cuda = release(self.cuda)
        nearest = cuda if self.full_support else tuple(-number for number in cuda)
        return self.listed, release(self.release.version), self.full_support, nearest


def torch_build_for(host: Host) -> TorchBuild:
    """The best build that runs on a machine: on all its GPUs, else on the largest one, else on the CPU.

    Builds whose kernels are published come before newer ones that nobody listed; a CUDA that is no newer than the
    driver comes before one that runs by minor version compatibility.
    """
    if not _has_table(host):
        newest = releases()[0]
        platform = f"{host.python.implementation} {_python(host)} on {host.python.machine}"
        return TorchBuild(newest.version, CPU, None, (f"nobody listed the builds for {platform}: the newest release",))
    usable = host.usable_gpus()
    largest = max(usable, key=lambda gpu: gpu.memory_total or 0, default=None)
    if host.driver is None or largest is None:
        return _for_cpu(host, "there is no NVIDIA GPU")
    for gpus in (usable, (largest,)):
        found = max(_candidates(host, host.driver.version, gpus), key=_Candidate.rank, default=None)
        if found is not None:
            return _build(found, host.driver.version, gpus)
    return _for_cpu(host, f"no build runs on {largest.name} with driver {host.driver.version}")


def capability_of(gpu: Gpu) -> tuple[Capability, bool] | None:
    """The compute capability of a GPU, and whether that is sure: else it is what such a GPU is said to have."""
    if gpu.capability is not None:
        return gpu.capability, True
    known = runpod_gpu(gpu.name)
    if known is None or not release(known.capability.value):
        return None
    major, minor, *_ = (*release(known.capability.value), 0)
    return (major, minor), known.capability.sure


def runs_on_driver(cuda: str, driver: str) -> bool | None:
    """Whether programs of a CUDA run on a driver; None for a CUDA that no table knows."""
    floor = oldest_driver(cuda)
    return None if floor is None else release(driver) >= release(floor.value)


def _candidates(host: Host, driver: str, gpus: tuple[Gpu, ...]) -> Iterator[_Candidate]:
    capabilities = [known[0] for known in map(capability_of, gpus) if known is not None]
    for known in _for_python(host):
        for tag in dict.fromkeys((*(known.variants.value or ()), cuda_tag(known.default_cuda.value))):
            cuda = cuda_of_tag(tag)
            if cuda is None or not runs_on_driver(cuda, driver):
                continue
            answers = [support(known.version, cuda, capability) for capability in capabilities]
            if any(answer.runs is False for answer in answers):
                continue
            shipped = toolkit_driver(cuda)
            yield _Candidate(
                release=known,
                tag=tag,
                cuda=cuda,
                listed=bool(answers) and all(answer.listed for answer in answers),
                full_support=shipped is not None and release(driver) >= release(shipped.value),
            )


def _build(found: _Candidate, driver: str, gpus: tuple[Gpu, ...]) -> TorchBuild:
    known = {capability_of(gpu) for gpu in gpus}
    names = ", ".join(sm(capability[0]) for capability in sorted(filter(None, known)))
    kernels = f"its kernels run on {names}" if found.listed else "nobody listed its kernels"
    how = "is made for it" if found.full_support else "runs it by minor version compatibility"
    index = None if found.from_default_index else wheel_index().value + found.tag
    reasons = (kernels, f"driver {driver} {how}: CUDA {found.cuda}")
    return TorchBuild(found.release.version, found.tag, index, reasons)


def _for_cpu(host: Host, reason: str) -> TorchBuild:
    for known in _for_python(host):
        if CPU in (known.variants.value or ()):
            return TorchBuild(known.version, CPU, wheel_index().value + CPU, (reason,))
    return TorchBuild(releases()[0].version, CPU, None, (reason, f"no build for Python {_python(host)} is listed"))


def _for_python(host: Host) -> tuple[TorchRelease, ...]:
    """The releases that have wheels for this Python and are new enough for our models."""
    return tuple(
        known
        for known in releases()
        if _python(host) in known.pythons.value and release(known.version) >= release(OLDEST_TORCH)
    )


def _has_table(host: Host) -> bool:
    python = host.python
    newest = max(release(python) for known in releases() for python in known.pythons.value)
    ordinary = python.implementation == "cpython" and python.machine == "x86_64" and python.bits == 64
    return ordinary and not python.free_threaded and python.libc != "musl" and python.version[:2] <= newest


def _python(host: Host) -> str:
    return f"{host.python.version[0]}.{host.python.version[1]}"
