"""The build of torch for a machine: the newest that is known to run there."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from greenroom.machine.facts.architectures import support
from greenroom.machine.facts.torch import releases, torch_release
from greenroom.machine.host import GpuAccess, Host, Python
from greenroom.machine.torch_build import CPU, capability_of, runs_on_driver, torch_build_for
from greenroom.machine.versions import cuda_of_tag
from tests.machine.hosts import GPUS, gpu, host

WHL = "https://download.pytorch.org/whl/"


@pytest.mark.parametrize(
    ("machine", "version", "tag", "index"),
    [
        (host(), "2.11.0", "cpu", WHL + "cpu"),
        (host("H100", driver="610.43"), "2.11.0", "cu130", None),
        (host("H100", driver="580.95.05"), "2.11.0", "cu130", None),
        (host("H100", driver="570.124.06"), "2.11.0", "cu128", WHL + "cu128"),
        (host("H100", driver="550.54.15"), "2.11.0", "cu126", WHL + "cu126"),
        (host("A100", driver="470.57.02"), "2.7.1", "cu118", WHL + "cu118"),
        (host("A100", driver="440.33"), "2.11.0", "cpu", WHL + "cpu"),
        (host("V100"), "2.11.0", "cu126", WHL + "cu126"),
        (host("P40", driver="535.1"), "2.11.0", "cu126", WHL + "cu126"),
        (host("5090", driver="570.124.06"), "2.11.0", "cu128", WHL + "cu128"),
        (host("B300"), "2.11.0", "cu130", None),
        (host("V100", "H100"), "2.11.0", "cu126", WHL + "cu126"),
        (host("V100", "5090", driver="570.124.06"), "2.8.0", "cu128", None),  # the last with kernels for both
        (host(gpu("V100", capability=None)), "2.11.0", "cu126", WHL + "cu126"),
        (host("H100", python=Python((3, 14, 0))), "2.11.0", "cu130", None),
        (host("A100", driver="470.57.02", python=Python((3, 14, 0))), "2.11.0", "cpu", WHL + "cpu"),
        (host(python=Python((3, 15, 0))), "2.15.0", "cpu", None),
        (host(python=Python((3, 12, 0), machine="aarch64")), "2.15.0", "cpu", None),
        (host("H100", access=GpuAccess(visible="")), "2.11.0", "cpu", WHL + "cpu"),
    ],
)
def test_a_machine_gets_this_build(machine: Host, version: str, tag: str, index: str | None) -> None:
    build = torch_build_for(machine)
    assert (build.version, build.cuda, build.index) == (version, tag, index)
    assert build.requirement == f"torch=={version}"
    assert all(build.reasons)


def test_reasons_say_what_the_tables_say() -> None:
    build = torch_build_for(host("4090", driver="550.54.15"))
    assert build.reasons == (
        "its kernels run on sm_89",
        "driver 550.54.15 runs it by minor version compatibility: CUDA 12.6",
    )
    assert build.command == f"pip install torch==2.11.0+cu126 --index-url {WHL}cu126"


@pytest.mark.parametrize("driver", ["440.1", "470.57", "525.60", "550.54", "580.95"])
def test_no_build_is_chosen_that_the_tables_refuse(driver: str) -> None:
    for card, minor in itertools.product(GPUS, (11, 14)):
        build = torch_build_for(host(card, driver=driver, python=Python((3, minor, 0))))
        known = torch_release(build.version)
        assert known is not None
        assert f"3.{minor}" in known.pythons.value
        cuda = cuda_of_tag(build.cuda)
        if cuda is not None:
            assert build.cuda in (known.variants.value or ())
            assert runs_on_driver(cuda, driver)
            assert support(build.version, cuda, GPUS[card][2]).runs is not False


def test_a_gpu_whose_capability_nobody_read_has_the_one_of_its_name() -> None:
    assert capability_of(gpu("L4", capability=None)) == ((8, 9), True)
    unlisted = replace(gpu("L4"), name="NVIDIA RTX A4500", capability=None)  # NVIDIA's own page was not seen to have it
    assert capability_of(unlisted) == ((8, 6), False)
    assert capability_of(gpu("L4")) == ((8, 9), True)
    assert capability_of(replace(gpu("L4"), name="NVIDIA Tomorrow", capability=None)) is None


def test_there_is_always_an_answer() -> None:
    strange = Host(Python((3, 99, 0), implementation="pypy", machine="riscv64", libc="musl"), gpus=None)
    assert torch_build_for(strange).version == releases()[0].version
    assert torch_build_for(strange).cuda == CPU
