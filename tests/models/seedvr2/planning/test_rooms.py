"""What a plan counts on before any weights are there."""

from __future__ import annotations

import importlib.util

import pytest

from greenroom.errors import ExtraMissing
from greenroom.models.seedvr2.planning import rooms
from greenroom.models.seedvr2.planning.costs import Networks
from greenroom.models.seedvr2.planning.rooms import networks_on, require_device, room_of
from greenroom.recipes.catalogue import recipe
from greenroom.runtime.cuda import GpuUnusable
from greenroom.runtime.device import DevicesMixed, Memory


@pytest.mark.parametrize(("device", "free"), [("cpu", 10), ("cpu+cpu", 5)])
def test_the_room_of_a_cpu_is_the_host_s(monkeypatch: pytest.MonkeyPatch, device: str, free: int) -> None:
    monkeypatch.setattr(rooms, "device_memory", lambda _: Memory(10, 20))
    found = room_of(device)
    assert (found.device, found.free, found.host, found.gpu) == (device, free, 10, "")


def test_what_nobody_tells_is_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "device_memory", lambda _: None)
    assert room_of("cpu").free > 1 << 50
    assert room_of("cpu").host is None


def test_of_several_gpus_the_room_is_what_each_has(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(rooms, "require_gpu", asked.append)
    monkeypatch.setattr(rooms, "device_memory", lambda device: Memory(100 if device == "cpu" else 20, 200))
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: f"the GPU of {device}")
    monkeypatch.setenv("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")
    found = room_of("cuda:0+cuda:1")
    assert (found.device, found.free, found.host) == ("cuda:0+cuda:1", 20, 100)
    assert (found.gpu, found.grows) == ("the GPU of cuda:0", True)
    assert asked == ["cuda:0", "cuda:1"]


def test_a_device_that_cannot_be_used_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GpuUnusable, match="cuda:0"):
        room_of("cuda:0")
    with pytest.raises(DevicesMixed):
        require_device("cpu+cuda:0")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(ExtraMissing, match="torch, which computes"):
        require_device("cpu")


def test_a_cpu_computes_in_twice_the_bytes() -> None:
    published = Networks.published(recipe("seedvr2-3b"))
    assert networks_on("cuda:0", published) == published
    doubled = networks_on("cpu", published)
    assert (doubled.transformer, doubled.vae, doubled.itemsize) == (2 * published.transformer, 2 * published.vae, 4)
    assert networks_on("cpu", doubled) == doubled
    small = Networks.published(recipe("seedvr2-3b"), "q8_0")
    assert networks_on("cpu", small).transformer == small.transformer
    assert networks_on("cuda:0+cuda:1", published).ranks == 2
