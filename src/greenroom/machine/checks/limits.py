"""What the system allows: open files, processes, processors, sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.recipes.sizes import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.machine.host import Host

_FEW_FILES = 1024
# A worker has a thread a core in each of several libraries.
_FEW_PROCESSES = 256
_SMALL_FILES = 2_000_000_000


def open_files(host: Host) -> Iterator[Finding]:
    """A server may have enough files and sockets open."""
    soft, hard = host.limits.open_files, host.limits.open_files_hard
    if soft is None or soft >= _FEW_FILES:
        return
    raisable = hard is None or hard >= _FEW_FILES
    yield Finding(
        "open-files-few",
        "warning",
        f"{soft} files may be open at once: a server needs one for each connection",
        "ulimit -n 4096" if raisable else "start the container with --ulimit nofile=65536:65536",
    )


def processes(host: Host) -> Iterator[Finding]:
    """Threads and processes can be started."""
    left = [bound for bound in (host.limits.processes, host.limits.pids_free) if bound is not None]
    if left and min(left) < _FEW_PROCESSES:
        yield Finding(
            "processes-few",
            "warning",
            f"{min(left)} processes and threads may be started: a worker may not get all of its own",
            "start the container with a higher --pids-limit, or raise ulimit -u",
        )


def processors(host: Host) -> Iterator[Finding]:
    """Libraries do not start a thread for each of many processors of which few may be used."""
    cpus, quota = host.limits.cpus, host.limits.cpu_quota
    if cpus is None or quota is None or cpus < 2 * quota or host.limits.threads:
        return
    threads = max(1, round(quota))
    yield Finding(
        "cpu-quota",
        "warning",
        f"{cpus} processors are seen and {quota:g} may be used: too many threads would wait for each other",
        f"set OMP_NUM_THREADS={threads}",
    )


def sizes(host: Host) -> Iterator[Finding]:
    """Neither addresses nor files are bounded below what models take."""
    if host.limits.address_space is not None and host.usable_gpus():
        yield Finding(
            "address-space",
            "warning",
            f"addresses are limited to {readable(host.limits.address_space)}, and CUDA reserves more than all memory",
            "ulimit -v unlimited",
        )
    if host.limits.file_size is not None and host.limits.file_size < _SMALL_FILES:
        yield Finding(
            "file-size",
            "warning",
            f"files are limited to {readable(host.limits.file_size)}: weights are larger",
            "ulimit -f unlimited",
        )
