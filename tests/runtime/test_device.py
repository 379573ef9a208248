"""The memory of a device, as the kernel and torch tell it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from greenroom.runtime.device import Memory, device_memory, host_memory, is_host

MEMINFO = "MemTotal:       1000 kB\nMemFree:  10 kB\nMemAvailable:    400 kB\nHugePages_Total:       0\n"


def test_the_host_has_memory() -> None:
    memory = device_memory("cpu")
    assert memory is not None
    assert 0 < memory.free <= memory.total


def test_a_container_may_use_less(tmp_path: Path) -> None:
    group = tmp_path / "sys/fs/cgroup"
    group.mkdir(parents=True)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/\n")
    (tmp_path / "proc/meminfo").write_text(MEMINFO)
    whole = Memory(400 * 1024, 1000 * 1024)
    assert host_memory(tmp_path) == whole
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("1000\n")
    assert host_memory(tmp_path) == whole
    (group / "memory.max").write_text("300000\n")
    limited = host_memory(tmp_path)
    assert limited == Memory(299_000, 300_000)
    assert limited is not None
    assert limited.used == 1000


def test_where_the_kernel_does_not_tell_nobody_knows(tmp_path: Path) -> None:
    assert host_memory(tmp_path) is None
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("nonsense")
    assert host_memory(tmp_path) is None


def test_a_gpu_is_asked_through_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    cuda = SimpleNamespace(is_available=lambda: True, mem_get_info=lambda device: (3, {"cuda:1": 8}[device]))
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, __spec__=SimpleNamespace()))
    assert device_memory("cuda:1") == Memory(3, 8)
    cuda.is_available = lambda: False
    assert device_memory("cuda:1") is None


def test_for_what_is_no_gpu_torch_is_not_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # an import would fail
    assert device_memory("cpu:1") is None


def test_without_torch_a_gpu_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert device_memory("cuda:0") is None


def test_of_several_gpus_the_fullest_says_how_much_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    free = {"cuda:0": (5, 8), "cuda:1": (3, 9)}
    cuda = SimpleNamespace(is_available=lambda: True, mem_get_info=lambda device: free[device])
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, __spec__=SimpleNamespace()))
    assert device_memory("cuda:0+cuda:1") == Memory(3, 9)
    cuda.is_available = lambda: False
    assert device_memory("cuda:0+cuda:1") is None


def test_ranks_on_the_cpu_share_the_host() -> None:
    host, both = device_memory("cpu"), device_memory("cpu+cpu")
    assert host is not None
    assert both is not None
    assert both.total == host.total
    assert is_host("cpu+cpu")
    assert not is_host("cuda:0+cuda:1")
