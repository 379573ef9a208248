"""GPUs by NVIDIA's library, by nvidia-smi, and by what a container sees of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from greenroom.machine.host import Driver, GpuProcess
from greenroom.machine.probes import nvidia_smi
from greenroom.machine.probes.gpus import Gpus, find_gpus
from tests.machine.probes.fake_nvml import FakeGpu, FakeNvml
from tests.machine.probes.trees import tree

VERSION = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.124.06  Wed Feb 26 02:08:09 UTC 2025\nGCC version: 12\n"
OPEN_VERSION = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build\n"
UNKNOWN_BYTES = 2**64 - 1


def found(root: Path, library: FakeNvml | None, environ: dict[str, str] | None = None) -> Gpus:
    def load() -> Any:
        if library is None:
            raise OSError("libnvidia-ml.so.1: cannot open shared object file")
        return library

    return find_gpus(root, environ or {"PATH": "/nowhere"}, load)


def with_driver(root: Path) -> Path:
    nodes = dict.fromkeys(("dev/nvidia0", "dev/nvidiactl", "dev/nvidia-uvm", "dev/null"), "")
    return tree(root, {"proc/driver/nvidia/version": VERSION, **nodes})


def test_all_that_the_library_says(tmp_path: Path) -> None:
    library = FakeNvml((FakeGpu(ecc=2), FakeGpu("NVIDIA H100", "GPU-2", capability=(9, 0))))
    gpus = found(with_driver(tmp_path), library)
    assert gpus.driver == Driver("570.124.06", "12.8")
    assert gpus.gpus is not None
    first, second = gpus.gpus
    assert (first.index, first.name, first.uuid) == (0, "NVIDIA L4", "GPU-5d1f")
    assert (first.memory_total, first.memory_free) == (24_000_000_000, 23_000_000_000)
    assert (first.capability, first.mig, first.ecc_errors, first.processes) == ((8, 9), False, 2, ())
    assert (second.index, second.capability) == (1, (9, 0))
    assert gpus.access.nodes == ("nvidia-uvm", "nvidia0", "nvidiactl")
    assert library.calls[-1] == "nvmlShutdown"


def test_processes_are_named_where_they_are_the_users_own(tmp_path: Path) -> None:
    root = tree(with_driver(tmp_path), {"proc/4711/comm": "python3\n", "proc/12/comm": "postgres\n"})
    for pid, opened in (("4711", "/dev/nvidia0"), ("12", "/var/log/postgres")):
        (root / "proc" / pid / "fd").mkdir()
        (root / "proc" / pid / "fd" / "3").symlink_to(opened)
    gpu = FakeGpu(processes=((4711, 5_000_000_000), (12, 1), (1, UNKNOWN_BYTES)))
    (shown,) = found(root, FakeNvml((gpu,))).gpus or ()
    assert shown.processes == (GpuProcess(4711, 5_000_000_000, "python3"), GpuProcess(12, 1), GpuProcess(1))


def test_what_a_gpu_does_not_support_is_unknown(tmp_path: Path) -> None:
    calls = ("MigMode", "TotalEccErrors", "ComputeRunningProcesses_v2", "MemoryInfo", "CudaComputeCapability")
    gpu = FakeGpu(missing=tuple(f"nvmlDeviceGet{call}" for call in calls), processes=((1, 2),))
    (shown,) = found(with_driver(tmp_path), FakeNvml((gpu,))).gpus or ()
    assert (shown.mig, shown.ecc_errors, shown.memory_total, shown.capability) == (None, None, None, None)


def test_a_gpu_that_is_cut_is_its_instances(tmp_path: Path) -> None:
    parts = tuple(FakeGpu("NVIDIA H100 MIG 3g.40gb", f"MIG-{name}", total=40) for name in "ab")
    gpus = found(
        with_driver(tmp_path), FakeNvml((FakeGpu("NVIDIA H100", capability=(9, 0), mig=True, instances=parts),))
    )
    assert [(gpu.uuid, gpu.memory_total, gpu.capability, gpu.mig) for gpu in gpus.gpus or ()] == [
        ("MIG-a", 40, (9, 0), True),
        ("MIG-b", 40, (9, 0), True),
    ]


def test_a_lost_gpu_hides_no_other(tmp_path: Path) -> None:
    first, second = found(with_driver(tmp_path), FakeNvml((FakeGpu(lost=True), FakeGpu()))).gpus or ()
    assert first.lost == "the GPU has fallen off the bus (NVML 15)"
    assert not second.lost


def test_a_gpu_of_somebody_else_is_not_shown(tmp_path: Path) -> None:
    (shown,) = found(with_driver(tmp_path), FakeNvml((FakeGpu(others=True), FakeGpu()))).gpus or ()
    assert (shown.index, shown.lost) == (1, "")


@pytest.mark.parametrize(
    ("status", "words"),
    [(9, "the driver is not loaded"), (18, "the driver in the kernel and its library have different versions")],
)
def test_a_driver_that_does_not_answer_says_why(tmp_path: Path, status: int, words: str) -> None:
    gpus = found(with_driver(tmp_path), FakeNvml(init=status))
    assert gpus.access.problem == f"{words} (NVML {status})"
    assert gpus.gpus is None
    assert gpus.driver == Driver("570.124.06")


def test_a_machine_without_a_driver(tmp_path: Path) -> None:
    gpus = found(tmp_path, None)
    assert (gpus.driver, gpus.gpus, gpus.access.module, gpus.access.library) == (None, (), False, False)


def test_a_container_that_was_given_no_gpu(tmp_path: Path) -> None:
    gpus = found(tree(tmp_path, {"proc/driver/nvidia/version": OPEN_VERSION}), None)
    assert gpus.driver == Driver("580.95.05")
    assert gpus.access.module
    assert gpus.access.nodes == ()
    assert gpus.gpus == ()


def test_a_library_without_a_driver_is_no_gpu(tmp_path: Path) -> None:
    gpus = found(tmp_path, FakeNvml(init=9))
    assert (gpus.driver, gpus.gpus) == (None, ())


def test_environment_compat_and_other_makers(tmp_path: Path) -> None:
    root = tree(
        with_driver(tmp_path),
        {"usr/local/cuda-12.8/compat/libcuda.so.1": "", "usr/local/cuda-13.0/bin/nvcc": "", "dev/kfd": ""},
    )
    environ = {"PATH": "/nowhere", "CUDA_VISIBLE_DEVICES": "0", "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}
    access = found(root, FakeNvml((FakeGpu(),)), environ).access
    assert (access.visible, access.order, access.compat) == ("0", "PCI_BUS_ID", ("12.8",))
    assert access.other == "an AMD GPU"


SMI = """#!/bin/sh
case "$1" in
  *compute_cap*) {recent} ;;
  --query-gpu*) echo '0, NVIDIA L4, GPU-1, 23034, 22500, 550.54.15, [N/A]' ;;
  *) echo '| NVIDIA-SMI 550.54.15    Driver Version: 550.54.15    CUDA Version: 12.4     |' ;;
esac
"""
RECENT = "echo '0, NVIDIA L4, GPU-1, 23034, 22500, 8.9, 550.54.15, Disabled'"


def script(folder: Path, text: str) -> str:
    file = folder / "nvidia-smi"
    file.write_text(text)
    file.chmod(0o755)
    return str(file)


def test_nvidia_smi_where_the_library_is_not_there(tmp_path: Path) -> None:
    script(tmp_path, SMI.format(recent=RECENT))
    gpus = found(with_driver(tmp_path), None, {"PATH": str(tmp_path)})
    assert gpus.driver == Driver("550.54.15", "12.4")
    (gpu,) = gpus.gpus or ()
    assert (gpu.name, gpu.capability, gpu.mig) == ("NVIDIA L4", (8, 9), False)
    assert (gpu.memory_total, gpu.memory_free) == (23034 * 2**20, 22500 * 2**20)
    assert gpus.access.problem == ""


def test_an_old_nvidia_smi_that_refuses_a_field_is_asked_without_it(tmp_path: Path) -> None:
    answer = nvidia_smi.ask(script(tmp_path, SMI.format(recent="exit 6")), 60)
    assert answer is not None
    assert (answer.gpus[0].capability, answer.gpus[0].mig, answer.gpus[0].memory_free) == (None, None, 22500 * 2**20)


def test_what_nvidia_smi_says_between_its_rows_is_no_gpu(tmp_path: Path) -> None:
    words = "echo 'Unable to determine the device handle for GPU0: 0000:01:00.0: Unknown Error'; "
    answer = nvidia_smi.ask(script(tmp_path, SMI.format(recent=words + RECENT)), 60)
    assert answer is not None
    assert [gpu.name for gpu in answer.gpus] == ["NVIDIA L4"]
    assert nvidia_smi.ask(script(tmp_path, "#!/bin/sh\necho No devices were found\n"), 60) is None


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 9\n", "#!/bin/sh\n", "no script at all"])
def test_an_nvidia_smi_that_fails_says_nothing(tmp_path: Path, text: str) -> None:
    assert nvidia_smi.ask(script(tmp_path, text), 60) is None


def test_an_nvidia_smi_that_hangs_is_left(tmp_path: Path) -> None:
    assert nvidia_smi.ask(script(tmp_path, "#!/bin/sh\nexec sleep 60\n"), 0.1) is None
