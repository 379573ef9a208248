"""What the tables answer: torch and its builds, drivers, kernels, partners, wheels of others, image tags."""

from __future__ import annotations

import pytest

from greenroom.machine.facts import flash_attention, images, mmcv, packages
from greenroom.machine.facts.architectures import Capability, kernels, support
from greenroom.machine.facts.drivers import oldest_driver, toolkit_driver
from greenroom.machine.facts.torch import has_variant, nonexistent, releases, torch_release


def test_torch_by_release() -> None:
    known = torch_release("2.11.0+cu130")
    assert known is not None
    assert known.default_cuda.value == "13.0"
    assert "3.14" in known.pythons.value
    assert known.default_pins.value["triton"] == "3.6.0"
    assert torch_release("2.8.2") is None
    assert "2.8.2" in nonexistent().value
    assert releases()[0].version == "2.15.0"


@pytest.mark.parametrize(
    ("version", "tag", "there"),
    [
        ("2.8.0", "cu128", True),
        ("2.8.0", "cu121", False),
        ("2.13.0", "cu121", False),  # ended, although nobody listed the builds of 2.13
        ("2.13.0", "cu126", None),
        ("2.5.1", "cu124", True),
    ],
)
def test_which_builds_there_are(version: str, tag: str, there: bool | None) -> None:
    found = has_variant(version, tag)
    assert (None if found is None else found.value) is there
    assert found is None or found.sure


@pytest.mark.parametrize(
    ("cuda", "oldest", "shipped"),
    [
        ("11.8", "450", "520.61.05"),
        ("12.1", "525", "530.30.02"),
        ("12.8", "525", "570.26"),
        ("13.0", "580", "580.65.06"),
    ],
)
def test_drivers(cuda: str, oldest: str, shipped: str) -> None:
    floor, toolkit = oldest_driver(cuda), toolkit_driver(cuda)
    assert floor is not None
    assert toolkit is not None
    assert (floor.value, toolkit.value) == (oldest, shipped)
    assert floor.sure


def test_a_cuda_that_no_table_knows_has_no_driver() -> None:
    assert oldest_driver("14.1") is None
    assert toolkit_driver("14.1") is None


@pytest.mark.parametrize(
    ("torch", "cuda", "capability", "runs"),
    [
        ("2.8.0", "12.8", (8, 9), True),  # sm_86 on a later minor
        ("2.8.0", "12.8", (8, 0), True),
        ("2.11.0", "12.8", (7, 0), False),
        ("2.8.0", "12.8", (7, 0), True),
        ("2.8.0", "12.6", (10, 0), False),  # no cubin crosses majors
        ("2.8.0", "12.8", (10, 3), True),
        ("2.8.0", "12.8", (13, 0), False),
        ("2.8.0", "12.9", (13, 0), True),  # by PTX
        ("2.6.0", "12.6", (8, 9), True),  # within a range
        ("2.6.0", "12.6", (12, 0), False),
        ("2.6.0", "12.6", (3, 7), False),
        ("2.6.0", "12.4", (12, 0), False),  # below both floors
        ("2.9.1", "12.8", (12, 0), None),
        ("2.14.0", "13.0", (7, 0), False),  # CUDA 13 dropped Volta
        ("2.14.0", "13.0", (9, 0), None),
        ("2.0.0", "11.8", (9, 0), False),
    ],
)
def test_kernels_on_gpus(torch: str, cuda: str, capability: Capability, runs: bool | None) -> None:
    answer = support(torch, cuda, capability)
    assert answer.runs is runs
    assert answer.reason
    assert answer.sure or answer.runs is not False
    assert answer.listed == (kernels(torch, cuda) is not None)


def test_a_row_of_one_release_is_not_for_its_successors() -> None:
    assert kernels("2.7.0", "12.8") is not None
    assert kernels("2.7.1", "12.8") is None
    assert kernels("2.8.0", "12.8") is kernels("2.8.1", "12.8")


def test_partners_of_torch() -> None:
    assert [packages.torch_for_package(*asked) for asked in (("torchvision", "9.9"), ("pillow", "1.0"))] == [None, None]
    built_for = packages.torch_for_package("torchvision", "0.24.0")
    assert built_for is not None
    assert built_for.value == "2.9.0"
    answers = [
        packages.goes_with("torchvision", "0.23.0", "2.8.0+cu128"),
        packages.goes_with("torchvision", "0.23.0", "2.9.0"),
        packages.goes_with("xformers", "0.0.34", "2.13.0"),
        packages.goes_with("xformers", "0.0.34", "2.9.1"),
        packages.goes_with("torchaudio", "2.10.0", "2.11.0"),
    ]
    assert [answer.value for answer in answers if answer] == [True, False, True, False, False]
    tagged = packages.torch_for_package("torchvision", "0.27.1+cu130")
    assert tagged is not None
    assert tagged.value == "2.12.1"
    right = packages.partner("torchvision", "2.12.1")
    assert right is not None
    assert right.value == "0.27.1"
    assert packages.partner("torchaudio", "2.15.0") is None
    triton = packages.triton_of("2.13.0")
    assert triton is not None
    assert triton.value == "3.7.1"


def test_wheels_of_flash_attn() -> None:
    assert [
        (found := flash_attention.wheel_for(*asked)) and found.value
        for asked in (("2.8.3", "2.8", "3.12"), ("2.8.3", "2.9", "3.12"), ("2.7.4.post1", "2.5", "3.14"))
    ] == ["official", "community", None]
    assert "2.8.3" in flash_attention.on_index().value
    assert "2.10" in flash_attention.official_next().value.torches
    assert flash_attention.official_wheels()["2.7.4.post1"].value.cudas == ("cu12",)


def test_wheels_of_mmcv() -> None:
    assert mmcv.has_wheel("2.1.0", "2.1.2", "12.1").value
    assert not mmcv.has_wheel("2.1.0", "2.5.1", "12.4").value
    assert mmcv.has_wheel("2.1.0", "2.5.1", "12.4").sure


def test_tags_of_images() -> None:
    tags = {tag for image in images.cuda_images().value for tag in image.tags()}
    assert "12.8.1-cudnn-devel-ubuntu24.04" in tags
    assert "12.2.2-cudnn8-devel-ubuntu22.04" in tags
    assert not any(tag.startswith("12.4-") for tag in tags)
