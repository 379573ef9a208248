"""All checks, in one list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.machine.checks import container, disk, gpu, limits, memory, network, python, torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenroom.findings import Finding
    from greenroom.machine.host import Host

CHECKS: tuple[Callable[[Host], Iterator[Finding]], ...] = (
    gpu.answers,
    gpu.is_passed_on,
    gpu.is_there,
    gpu.is_visible,
    gpu.is_whole,
    gpu.is_free,
    gpu.is_numbered,
    gpu.is_of_nvidia,
    torch.is_intact,
    torch.would_run,
    torch.runs_on_the_driver,
    torch.has_kernels,
    torch.uses_the_gpu,
    torch.is_new_enough,
    torch.has_its_family,
    torch.has_triton,
    torch.has_its_numpy,
    python.is_supported,
    python.has_wheels,
    python.takes_packages,
    python.lies_near,
    disk.takes_files,
    disk.has_room,
    disk.has_inodes,
    disk.keeps_jobs_safely,
    disk.is_there,
    disk.is_tidy,
    disk.is_fast,
    disk.agrees_on_the_time,
    memory.is_enough,
    memory.is_shared,
    limits.open_files,
    limits.processes,
    limits.processors,
    limits.sizes,
    network.port_is_free,
    network.token_has_its_form,
    network.clock_is_right,
    container.keeps_weights,
    container.answers,
    container.system_is_linux,
)

_ORDER = {"error": 0, "warning": 1, "note": 2}


def examine(host: Host) -> tuple[Finding, ...]:
    """All that is wrong with a machine, the worst first."""
    found = [finding for check in CHECKS for finding in check(host)]
    return tuple(sorted(found, key=lambda finding: _ORDER[finding.severity]))
