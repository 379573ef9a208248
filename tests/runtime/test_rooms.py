"""What a plan counts on before any weights are there."""

from __future__ import annotations

import importlib.util

import pytest

from greenroom.errors import ExtraMissing
from greenroom.runtime import rooms
from greenroom.runtime.cuda import GpuUnusable
from greenroom.runtime.device import DevicesMixed, Memory, is_host
from greenroom.runtime.rooms import (
    BFloat16Missing,
    pinned,
    require_device,
    room_beside,
    room_of,
)


def a_gpu(monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int] = (8, 0), reserved: int = 0) -> None:
    """What torch tells of one."""
    monkeypatch.setattr(rooms, "require_gpu", lambda device: None)
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda device: capability)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: f"the GPU of {device}")
    monkeypatch.setattr("torch.cuda.memory_reserved", lambda device: reserved)


@pytest.mark.parametrize(("device", "free"), [("cpu", 10), ("cpu+cpu", 5)])
def test_the_room_of_a_cpu_is_the_host_s(monkeypatch: pytest.MonkeyPatch, device: str, free: int) -> None:
    monkeypatch.setattr(rooms, "device_memory", lambda _: Memory(10, 20))
    found = room_of(device, "a family")
    assert (found.device, found.free, found.host, found.gpu) == (device, free, None, "")


def test_what_nobody_tells_is_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "device_memory", lambda _: None)
    assert room_of("cpu", "a family").free > 1 << 50
    assert room_of("cpu", "a family").host is None


def test_of_several_gpus_the_room_is_what_each_has(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    a_gpu(monkeypatch)
    monkeypatch.setattr(rooms, "require_gpu", asked.append)
    monkeypatch.setattr(rooms, "device_memory", lambda device: Memory(100 if device == "cpu" else 20, 200))
    monkeypatch.setenv("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    found = room_of("cuda:0+cuda:1", "a family")
    assert (found.device, found.free, found.host) == ("cuda:0+cuda:1", 20, 100)
    assert (found.gpu, found.grows) == ("the GPU of cuda:0", True)
    assert asked == ["cuda:0", "cuda:1"]


def test_what_a_process_has_there_it_may_take_again(monkeypatch: pytest.MonkeyPatch) -> None:
    a_gpu(monkeypatch, reserved=30)
    monkeypatch.setattr(rooms, "device_memory", lambda device: Memory(100 if is_host(device) else 20, 200))
    assert (room_beside("cuda:0", 7, 11).free, room_beside("cuda:0", 7, 11).host) == (20 + 30, 100 + 11)
    assert (room_beside("cpu", 7, 11).free, room_beside("cpu+cpu", 7).free) == (100 + 7, 50 + 7)


def test_what_torch_keeps_pinned_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pinned() == 0
    monkeypatch.setattr("torch.cuda.is_initialized", lambda: True)
    monkeypatch.setattr("torch.cuda.host_memory_stats", lambda: {"allocated_bytes.current": 5}, raising=False)
    assert pinned() == 5
    monkeypatch.delattr("torch.cuda.host_memory_stats")
    assert pinned() == 0


@pytest.mark.parametrize(("capability", "name"), [((7, 0), "V100"), ((7, 5), "T4")])
def test_a_card_without_bfloat16_is_refused(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], name: str
) -> None:
    a_gpu(monkeypatch, capability)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: name)
    with pytest.raises(BFloat16Missing, match=rf"{name} \(compute capability 7\..\)") as caught:
        room_of("cuda:0", "a family")
    assert isinstance(caught.value, GpuUnusable)
    assert "which a family takes" in caught.value.message
    assert "8.0 or more" in caught.value.mend


def test_a_device_that_cannot_be_used_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GpuUnusable, match="cuda:0"):
        room_of("cuda:0", "a family")
    with pytest.raises(DevicesMixed):
        require_device("cpu+cuda:0", "a family")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ExtraMissing, match="torch, which computes"):
        require_device("cpu", "a family")
