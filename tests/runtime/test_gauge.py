"""Peaks of memory: the host's as the kernel says, a GPU's as torch says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from greenroom.runtime.gauge import Gauge, host_peak

HELD = """
from greenroom.runtime.gauge import Gauge, host_peak
gauge = Gauge("cpu")
gauge.reset()
before = host_peak()
block = bytearray(b"x") * 60_000_000
del block
peak = gauge.read()
print(peak.host - before, peak.device)
"""


def test_the_host_peak_holds_what_was_given_back() -> None:
    """In a process of its own: of one that has run many tests, the system may take pages back meanwhile."""
    done = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True, check=True)
    grown, device = done.stdout.split()
    assert int(grown) > 40_000_000
    assert device == "None"


def test_a_kernel_that_does_not_say_gives_nothing(tmp_path: Path) -> None:
    status = tmp_path / "status"
    assert host_peak(status) is None
    status.write_text("Name:\tpython\nVmHWM:\t    2048 kB\n")
    assert host_peak(status) == 2048 * 1024
    status.write_text("Name:\tpython\n")
    assert host_peak(status) is None


def test_a_gpu_is_asked_once_torch_uses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    cuda = SimpleNamespace(
        is_initialized=lambda: False,
        synchronize=lambda device: asked.append(f"wait for {device}"),
        reset_peak_memory_stats=lambda device: asked.append(f"reset {device}"),
        max_memory_reserved=lambda device: 1_500_000_000,
        memory_reserved=lambda device: 1_200_000_000,
        mem_get_info=lambda device: (8_800_000_000, 20_000_000_000),
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    gauge = Gauge("cuda:0")
    gauge.reset()
    assert gauge.read().device is None
    assert not asked
    cuda.is_initialized = lambda: True
    gauge.reset()
    peak, now = gauge.read(), host_peak()
    assert peak.device == 1_500_000_000
    assert peak.host is not None
    assert now is not None
    assert peak.host <= now
    assert asked == ["reset cuda:0", "wait for cuda:0"]


def test_what_libraries_take_of_a_gpu_counts_beside_what_torch_reserves(monkeypatch: pytest.MonkeyPatch) -> None:
    free, reserved = 10_000_000_000, 0
    cuda = SimpleNamespace(
        is_initialized=lambda: True,
        synchronize=lambda device: None,
        reset_peak_memory_stats=lambda device: None,
        max_memory_reserved=lambda device: reserved,
        memory_reserved=lambda device: reserved,
        mem_get_info=lambda device: (free, 20_000_000_000),
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    gauge = Gauge("cuda:0")
    assert gauge.read().device == 0
    free, reserved = 8_700_000_000, 1_000_000_000  # 300 MB went elsewhere
    assert gauge.read().device == 1_300_000_000
    free, reserved = 9_200_000_000, 600_000_000  # some of it came back
    gauge.reset()
    assert gauge.read().device == 900_000_000  # and may be asked for again
