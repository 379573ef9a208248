"""A machine and how models fit it, as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.machine.facts.architectures import sm
from greenroom.recipes.sizes import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.machine.fit import Fit, Plan
    from greenroom.machine.host import Disk, Gpu, Host


def host_rows(host: Host) -> tuple[tuple[str, str], ...]:
    """A row a part of the machine: its name, and what is known of it."""
    return (
        ("system", _system(host)),
        ("python", _python(host)),
        *_gpus(host),
        ("torch", _torch(host)),
        ("memory", _memory(host)),
        ("processors", _processors(host)),
        *((disk.purpose, _disk(disk)) for disk in host.disks),
        *_network(host),
    )


def fit_rows(fit: Fit) -> tuple[tuple[str, str], ...]:
    """The verdict on a model, then a row a way to run it."""
    rows = [(fit.model, fit.summary), *((f"  {plan.precision}", _plan(plan)) for plan in fit.plans)]
    if fit.to_fetch:
        rows.append(("  to fetch", readable(fit.to_fetch)))
    return tuple(rows)


def _plan(plan: Plan) -> str:
    where = ", ".join(plan.fits) or (f"{', '.join(plan.could)} if nobody else were there" if plan.could else "no")
    return f"{plan.need}: {where} ({plan.workload}{'' if plan.sure else ', unverified'})"


def _system(host: Host) -> str:
    platform = host.platform
    kernel = f"{platform.system} {platform.kernel}" if platform.kernel else platform.system
    return ", ".join(
        filter(
            None,
            (
                platform.title,
                kernel,
                platform.container and f"in {platform.container}",
                platform.runpod and f"RunPod {platform.runpod}",
            ),
        )
    )


def _python(host: Host) -> str:
    python = host.python
    facts = [".".join(map(str, python.version)), python.machine]
    if python.libc:
        facts.append(python.libc)
    facts.append("in a virtual environment" if python.venv else "of the system")
    return ", ".join(facts)


def _gpus(host: Host) -> Iterator[tuple[str, str]]:
    if host.driver is not None:
        yield "driver", host.driver.version + (f", CUDA {host.driver.cuda}" if host.driver.cuda else "")
    if host.gpus is None:
        yield "gpu", "unknown"
    elif not host.gpus:
        yield "gpu", "none"
    for gpu in host.gpus or ():
        yield "gpu", _gpu(gpu)


def _gpu(gpu: Gpu) -> str:
    facts = [f"{gpu.index}: {gpu.name}"]
    if gpu.memory_free is not None and gpu.memory_total is not None:
        facts.append(f"{readable(gpu.memory_free)} free of {readable(gpu.memory_total)}")
    if gpu.capability is not None:
        facts.append(sm(gpu.capability))
    if gpu.lost:
        facts.append("lost")
    return ", ".join(facts)


def _torch(host: Host) -> str:
    if host.torch is None:
        return "unknown" if "torch" in host.unanswered else "not installed"
    return f"{host.torch.version}, {f'CUDA {host.torch.cuda}' if host.torch.cuda else 'without CUDA'}"


def _memory(host: Host) -> str:
    memory = host.memory
    if memory.available is None or memory.total is None:
        return "unknown"
    whole = memory.total if memory.limit is None else memory.limit
    return f"{readable(memory.available)} free of {readable(whole)}{' for this container' if memory.limit else ''}"


def _processors(host: Host) -> str:
    limits = host.limits
    if limits.cpus is None:
        return "unknown"
    return str(limits.cpus) + (f", {limits.cpu_quota:g} at full time" if limits.cpu_quota else "")


def _disk(disk: Disk) -> str:
    facts = [] if disk.free is None else [f"{readable(disk.free)} free"]
    if disk.filesystem is not None:
        facts.append(f"{disk.filesystem} over the network" if disk.network else disk.filesystem)
    if disk.read_only:
        facts.append("read-only")
    if not disk.exists:
        facts.append("not made yet")
    if disk.write_rate is not None:
        facts.append(f"takes {readable(round(disk.write_rate))}/s")
    return f"{disk.path}: {', '.join(facts) or 'unknown'}"


def _network(host: Host) -> Iterator[tuple[str, str]]:
    if host.network is None:
        return
    yield "port", f"{host.network.host}:{host.network.port}{'' if host.network.bind_error is None else ', not free'}"
    token = host.network.token
    yield "hub token", "none" if token is None else f"from {token.place}"
