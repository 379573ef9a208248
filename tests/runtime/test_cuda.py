"""What stands between torch and a GPU, on hosts that are made up."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from greenroom.runtime import cuda
from greenroom.runtime.cuda import (
    CudaUnavailable,
    DeviceAbsent,
    KernelMissing,
    TorchWithoutCuda,
    describe,
    has_gpu,
    memory_grows,
    prefer_growing_memory,
    require_gpu,
    runs_on,
)


def torch_on(
    monkeypatch: pytest.MonkeyPatch,
    *,
    built_for: str | None = "13.0",
    says: str = "",
    capability: tuple[int, int] = (9, 0),
    kernels: Sequence[str] = ("sm_80", "sm_90", "compute_90"),
    driver: str | None = "580.82.07",
) -> None:
    """A torch of a build, on a machine with one card, or with what CUDA says instead."""

    def init() -> None:
        if says:
            raise RuntimeError(says)

    gpu = SimpleNamespace(
        init=init,
        is_available=lambda: not says,
        device_count=lambda: 1,
        get_device_capability=lambda device: capability,
        get_device_name=lambda device: "NVIDIA Card",
        get_arch_list=lambda: list(kernels),
        mem_get_info=lambda device: (79_000_000_000, 80_000_000_000),
    )
    torch = SimpleNamespace(
        __version__="2.11.0",
        __spec__=SimpleNamespace(),
        version=SimpleNamespace(cuda=built_for, hip=None),
        cuda=gpu,
        device=lambda name: SimpleNamespace(index=int(name.partition(":")[2])),
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setattr(cuda, "kernel_driver", lambda root: driver)


def test_a_gpu_that_works_is_described(monkeypatch: pytest.MonkeyPatch) -> None:
    torch_on(monkeypatch)
    require_gpu("cuda:0")
    assert describe("cuda:0") == "NVIDIA Card, sm_90, CUDA 13.0, driver 580.82.07, 79.0 of 80.0 GB free"


def test_a_build_for_cpus_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    torch_on(monkeypatch, built_for=None)
    with pytest.raises(TorchWithoutCuda, match=r"torch 2\.11\.0 is built without CUDA, so cuda:0"):
        require_gpu("cuda:0")


def test_an_old_driver_is_said_in_torchs_words(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "The NVIDIA driver on your system is too old (found version 12020). Please update your GPU driver by ..."
    torch_on(monkeypatch, says=said, driver="535.183.01")
    with pytest.raises(
        CudaUnavailable, match=r"too old \(found version 12020\) \(torch 2\.11\.0, driver 535"
    ) as raised:
        require_gpu("cuda:0")
    assert "new enough for CUDA 13.0" in raised.value.mend


def test_without_a_driver_the_container_is_the_first_suspect(monkeypatch: pytest.MonkeyPatch) -> None:
    torch_on(monkeypatch, says="Found no NVIDIA driver on your system. Please check", driver=None)
    with pytest.raises(CudaUnavailable, match="the system shows no driver") as raised:
        require_gpu("cuda:0")
    assert "--gpus all" in raised.value.mend


def test_a_number_without_a_card_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    torch_on(monkeypatch)
    with pytest.raises(DeviceAbsent, match="there is no cuda:3; there is cuda:0"):
        require_gpu("cuda:3")


def test_a_card_without_kernels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    torch_on(monkeypatch, capability=(6, 1))
    with pytest.raises(KernelMissing, match=r"capability 6\.1\): it is built for sm_80, sm_90") as raised:
        require_gpu("cuda:0")
    assert "sm_61" in raised.value.mend


@pytest.mark.parametrize(
    ("capability", "built_for", "runs"),
    [
        ((9, 0), ["sm_80", "sm_90"], True),
        ((8, 9), ["sm_80", "sm_86"], True),  # machine code runs on later numbers of its generation
        ((8, 0), ["sm_86"], False),
        ((9, 0), ["sm_80", "sm_86"], False),  # and on no other generation
        ((12, 0), ["sm_90", "compute_90"], True),  # unless it can be compiled when it is loaded
        ((7, 0), ["sm_75", "compute_90"], False),
        ((10, 0), ["sm_100a"], True),
        ((10, 3), ["sm_100a"], False),
        ((12, 0), ["sm_100", "sm_120"], True),
        ((9, 0), ["gfx90a"], True),  # not NVIDIA's: no opinion
    ],
)
def test_which_architectures_run_on_a_card(capability: tuple[int, int], built_for: list[str], runs: bool) -> None:
    assert runs_on(capability, built_for) is runs


def test_a_gpu_shows_in_the_drivers_folder_or_as_a_device_file(tmp_path: Path) -> None:
    gpus, devices = tmp_path / "gpus", tmp_path / "dev"
    devices.mkdir()
    (devices / "nvidiactl").touch()
    assert not has_gpu(gpus, devices, {})
    (devices / "nvidia0").touch()
    assert has_gpu(gpus, devices, {})
    (gpus / "0000:01:00.0").mkdir(parents=True)
    assert has_gpu(gpus, tmp_path / "absent", {})
    for hidden in ("", "-1"):
        assert not has_gpu(gpus, devices, {"CUDA_VISIBLE_DEVICES": hidden})


def test_memory_grows_unless_a_user_said_how_it_is_taken() -> None:
    environ: dict[str, str] = {}
    assert not memory_grows(environ)
    prefer_growing_memory(environ, modules=())
    assert environ == {
        "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True",
        "TORCH_CUDNN_USE_HEURISTIC_MODE_B": "1",
    }
    assert memory_grows(environ)
    for name in ("PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"):
        own = {name: "max_split_size_mb:512", "TORCH_CUDNN_USE_HEURISTIC_MODE_B": "0"}
        before = dict(own)
        prefer_growing_memory(own, modules=())
        assert own == before
        assert not memory_grows(own)


def test_what_torch_no_longer_reads_is_not_claimed() -> None:
    environ: dict[str, str] = {}
    prefer_growing_memory(environ, modules=("torch",))
    assert environ == {"TORCH_CUDNN_USE_HEURISTIC_MODE_B": "1"}
    assert not memory_grows(environ)
