"""Memory and processors, within control groups of version 1 and 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.machine.probes.cgroups import Cgroup, find_cgroup
from greenroom.machine.probes.resources import find_limits, find_memory
from tests.machine.probes.trees import tree

GIB = 2**30
MEMINFO = "MemTotal:       32768000 kB\nMemFree: 100 kB\nMemAvailable:   16384000 kB\nSwapFree:  1024 kB\n"

CGROUPS: dict[str, tuple[dict[str, str], Cgroup]] = {
    "version 2, in a container of its own": (
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": str(4 * GIB),
            "sys/fs/cgroup/memory.current": str(GIB),
            "sys/fs/cgroup/cpu.max": "250000 100000",
            "sys/fs/cgroup/pids.max": "512",
            "sys/fs/cgroup/pids.current": "12",
        },
        Cgroup(4 * GIB, GIB, 2.5, 512, 12),
    ),
    "version 2, the bound lies above": (
        {
            "proc/self/cgroup": "0::/user.slice/me.scope\n",
            "sys/fs/cgroup/user.slice/memory.max": str(2 * GIB),
            "sys/fs/cgroup/user.slice/memory.current": "7",
            "sys/fs/cgroup/user.slice/me.scope/memory.max": "max",
            "sys/fs/cgroup/user.slice/me.scope/cpu.max": "max 100000",
        },
        Cgroup(memory=2 * GIB, memory_used=7),
    ),
    "version 2, most of it pages of files": (
        {
            "proc/self/cgroup": "0::/\n",
            "sys/fs/cgroup/memory.max": str(4 * GIB),
            "sys/fs/cgroup/memory.current": str(3 * GIB),
            "sys/fs/cgroup/memory.stat": f"anon {GIB}\nfile {2 * GIB}\nactive_file {GIB}\ninactive_file {GIB}\n",
        },
        Cgroup(memory=4 * GIB, memory_used=GIB),
    ),
    "version 1, the same": (
        {
            "proc/self/cgroup": "4:memory:/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": str(4 * GIB),
            "sys/fs/cgroup/memory/memory.usage_in_bytes": str(3 * GIB),
            "sys/fs/cgroup/memory/memory.stat": f"active_file 1\ntotal_active_file {GIB}\ntotal_inactive_file {GIB}\n",
        },
        Cgroup(memory=4 * GIB, memory_used=GIB),
    ),
    "version 2, the path is the host's": (
        {"proc/self/cgroup": "0::/docker/abc\n", "sys/fs/cgroup/memory.max": str(GIB)},
        Cgroup(memory=GIB),
    ),
    "version 1": (
        {
            "proc/self/cgroup": "9:name=systemd:/\n4:memory:/box\n2:cpu,cpuacct:/box\n8:pids:/\n0::/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
            "sys/fs/cgroup/memory/box/memory.limit_in_bytes": str(3 * GIB),
            "sys/fs/cgroup/memory/box/memory.usage_in_bytes": "5",
            "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us": "150000",
            "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/pids/pids.max": "max",
        },
        Cgroup(3 * GIB, 5, 1.5),
    ),
    "version 1, no bounds": (
        {
            "proc/self/cgroup": "4:memory:/\n2:cpu:/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
        },
        Cgroup(),
    ),
    "none at all": ({}, Cgroup()),
}


@pytest.mark.parametrize("name", CGROUPS)
def test_bounds_of_a_container(tmp_path: Path, name: str) -> None:
    files, expected = CGROUPS[name]
    assert find_cgroup(tree(tmp_path, files)) == expected


def test_memory_of_a_host(tmp_path: Path) -> None:
    memory = find_memory(tree(tmp_path, {"proc/meminfo": MEMINFO}))
    assert (memory.total, memory.available) == (32768000 * 1024, 16384000 * 1024)
    assert (memory.limit, memory.swap_free, memory.shm) == (None, 1024 * 1024, None)


def test_memory_of_a_container(tmp_path: Path) -> None:
    files, _ = CGROUPS["version 2, in a container of its own"]
    memory = find_memory(tree(tmp_path, {"proc/meminfo": MEMINFO, **files}))
    assert (memory.limit, memory.available) == (4 * GIB, 3 * GIB)


def test_a_limit_above_what_there_is_bounds_nothing(tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": str(900 * GIB), "proc/meminfo": MEMINFO}
    assert find_memory(tree(tmp_path, files)).limit is None


def test_memory_that_nobody_tells_is_unknown(tmp_path: Path) -> None:
    assert find_memory(tmp_path).available is None


def test_limits_of_this_process(tmp_path: Path) -> None:
    files, _ = CGROUPS["version 2, in a container of its own"]
    limits = find_limits(tree(tmp_path, files), {"OMP_NUM_THREADS": "4"})
    assert (limits.cpu_quota, limits.pids_free, limits.threads) == (2.5, 500, "4")
    assert limits.cpus
    assert limits.open_files
