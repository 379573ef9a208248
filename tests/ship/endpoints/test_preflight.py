"""Checks before a deploy, each with what it finds and what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest

from greenroom.recipes.catalogue import with_components
from greenroom.ship.deploy.images import Image, Looked, pinned
from greenroom.ship.endpoints.preflight import Account, examine
from greenroom.ship.runpod.fake.catalogue import gpus
from greenroom.ship.runpod.types import GpuType, Registry, Volume
from tests.ship.endpoints.stage import image, values

DIGEST = f"sha256:{'a' * 64}"
GOOD = Image(DIGEST, ("linux/amd64",), "12.8", 9_000_000_000)
VOLUMES = (Volume(id="v1", name="weights", size=100, data_center="EU-RO-1"),)


def account(**changed: Any) -> Account:
    known = tuple(GpuType.model_validate({**gpu, **changed}) for gpu in gpus())
    return Account(known, VOLUMES, (Registry(id="r1", name="mine"),))


def codes(
    said: dict[str, Any] | None = None,
    image: Image | None = GOOD,
    *,
    model: str | None = None,
    max_hourly: float | None = 100.0,
    **changed: Any,
) -> dict[str, str]:
    recipes = with_components(model) if model else ()
    found = examine(values("a", **(said or {})), account(**changed), image, recipes, max_hourly=max_hourly)
    assert all(finding.mend for finding in found)
    return {finding.code: finding.severity for finding in found}


def gpu(**said: Any) -> dict[str, Any]:
    return {"gpu": {"pools": ["ADA_24"], **said}}


def test_a_good_one_has_no_findings() -> None:
    assert codes() == {}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (gpu(), {"cuda-hosts-unfiltered": "warning"}),
        (gpu(minCudaVersion="12.9"), {}),
        (gpu(minCudaVersion="12.4"), {"cuda-hosts-older": "warning"}),
        (gpu(minCudaVersion="11.8"), {"cuda-hosts-too-old": "error"}),
        (gpu(allowedCudaVersions=["13.0", "12.8"]), {}),
        (gpu(allowedCudaVersions=["12.8", "11.8"]), {"cuda-hosts-too-old": "error"}),
        (gpu(minCudaVersion="13.2"), {"cuda-unavailable": "warning"}),
    ],
)
def test_the_cuda_of_the_image_against_the_hosts(said: dict[str, Any], expected: dict[str, str]) -> None:
    assert codes(said) == expected


def test_an_image_that_does_not_say_its_cuda() -> None:
    assert codes(gpu(), Image(DIGEST, ("linux/amd64",), None, 1)) == {"image-cuda-unknown": "note"}
    assert codes(gpu(), None) == {}, "nobody looked"


def test_an_image_for_other_machines() -> None:
    assert codes(None, Image(DIGEST, ("linux/arm64",), "12.8", 1))["image-platform"] == "error"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"networkVolumes": ["v1"]}, {}),
        ({"networkVolumes": ["v1"], "dataCenterIds": ["EU-RO-1"]}, {}),
        ({"networkVolumes": ["v1"], "dataCenterIds": ["US-KS-2"]}, {"volume-elsewhere": "error"}),
        ({"networkVolumes": ["v2"]}, {"volume-absent": "error"}),
        ({"registry": "r1"}, {}),
        ({"registry": "r2"}, {"registry-absent": "error"}),
        ({"env": {"HF_TOKEN": "hf_x"}}, {"secret-in-env": "warning"}),
        ({"env": {"HF_TOKEN": "{{ RUNPOD_SECRET_hf }}"}}, {}),
        ({"workers": {"min": 1, "max": 2}}, {"workers-always-on": "warning"}),
    ],
)
def test_what_the_account_must_have(said: dict[str, Any], expected: dict[str, str]) -> None:
    assert codes(said) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (gpu(pools=["ADA_42"], minCudaVersion="12.8"), {"pool-unknown", "price-unknown"}),
        (gpu(pools=[], minCudaVersion="12.8"), {"pool-missing", "price-unknown"}),
    ],
)
def test_pools(said: dict[str, Any], expected: set[str]) -> None:
    assert set(codes(said)) == expected


def test_gpus_that_are_out_of_stock() -> None:
    assert codes(availability="NONE", dataCenters=[]) == {"gpu-unavailable": "warning"}
    stock = [{"id": "US-KS-2", "availability": "HIGH"}, {"id": "EU-RO-1", "availability": "NONE"}]
    assert codes({"dataCenterIds": ["EU-RO-1"]}, dataCenters=stock) == {"gpu-unavailable": "warning"}
    assert codes({"dataCenterIds": ["US-KS-2"]}, dataCenters=stock) == {}


def test_money() -> None:
    assert codes(max_hourly=2.2) == {}
    assert codes(max_hourly=2.1) == {"spend-over-limit": "error"}
    assert codes(gpu(count=2, minCudaVersion="12.8"), max_hourly=4.3) == {"spend-over-limit": "error"}
    assert codes(max_hourly=None) == {"spend-unlimited": "note"}
    assert codes(price={"secure": 1}) == {"price-unknown": "error"}
    assert codes(price={"secure": 1}, max_hourly=None) == {"price-unknown": "warning"}


def test_both_endpoints_of_a_blue_green_deploy_count() -> None:
    found = examine(values("a"), account(), GOOD, (), max_hourly=3.0, beside=2.2)
    assert [finding.code for finding in found] == ["spend-over-limit"]


def test_the_model_against_the_memory_of_each_gpu_of_the_pools() -> None:
    volume = {"networkVolumes": ["v1"]}
    assert codes({**gpu(pools=["ADA_48_PRO"], minCudaVersion="12.8"), **volume}, model="f5tts-v1-base") == {}
    small = {**gpu(pools=["AMPERE_16", "ADA_48_PRO"], minCudaVersion="12.8"), **volume}
    known = account()
    cards = tuple(one.model_copy(update={"memory": 8}) if one.pool == "AMPERE_16" else one for one in known.gpus)
    known = Account(cards, known.volumes, known.registries)
    found = examine(values("a", **small), known, GOOD, with_components("hunyuanvideo-foley-xxl"), max_hourly=None)
    (short,) = [finding for finding in found if finding.code.startswith("gpu-memory")]
    assert "NVIDIA RTX A4000" in short.message
    assert "L40S" not in short.mend
    assert 'excludedTypes": ["NVIDIA RTX A4000"]' in short.mend


def memory(model: str, pools: list[str], sizes: dict[str, int], **more: list[str]) -> dict[str, str]:
    """The mend of each finding about memory. sizes: GB of GPUs of the catalogue, instead of their own."""
    cards = tuple(one.model_copy(update={"memory": sizes.get(one.id, one.memory)}) for one in account().gpus)
    declared = values("a", **gpu(pools=pools, minCudaVersion="12.8", **more))
    found = examine(declared, Account(cards, (), ()), GOOD, with_components(model), max_hourly=None)
    return {finding.code: finding.mend for finding in found if finding.code.startswith("gpu-memory")}


def test_what_is_advised_against_a_small_gpu_leaves_one() -> None:
    mends = memory("seedvr2-3b", ["ADA_24"], {})
    assert mends == {"gpu-memory-tight": "choose a pool of larger GPUs: ADA_48_PRO, ADA_80_PRO, AMPERE_80, HOPPER_141"}
    both = memory("steadydancer-14b", ["ADA_24", "AMPERE_24"], {"NVIDIA L4": 8, "NVIDIA RTX A5000": 8})
    assert both["gpu-memory-short"] == 'leave them out: "excludedTypes": ["NVIDIA RTX A5000", "NVIDIA L4"]'
    assert both["gpu-memory-tight"].startswith("choose a pool of larger GPUs"), "nothing would be left of both"
    kept = memory("steadydancer-14b", ["ADA_48_PRO", "AMPERE_24"], {"NVIDIA L4": 8}, excludedTypes=["NVIDIA RTX A5000"])
    assert kept == {"gpu-memory-short": 'leave them out: "excludedTypes": ["NVIDIA RTX A5000", "NVIDIA L4"]'}


def test_the_weights_against_the_disk() -> None:
    big = Image(DIGEST, ("linux/amd64",), "12.8", 60_000_000_000)
    small = Image(DIGEST, ("linux/amd64",), "12.8", 1_000_000)
    pools = gpu(pools=["HOPPER_141"], minCudaVersion="12.8")
    assert codes({**pools, "disk": 10}, small, model="seedvr2-7b")["disk-short"] == "error"
    assert "disk-short" not in codes({**pools, "disk": 10}, big, model="seedvr2-7b"), "it may hold them"
    assert codes({**pools, "disk": 10}, None, model="seedvr2-7b")["disk-short"] == "warning"
    assert "disk-short" not in codes({**pools, "disk": 200}, small, model="seedvr2-7b")
    assert "disk-short" not in codes({**pools, "disk": 10, "networkVolumes": ["v1"]}, small, model="seedvr2-7b")


@pytest.mark.parametrize(
    ("given", "looked", "pin", "code"),
    [
        (image("a"), Looked("found", GOOD), image("a"), None),
        ("registry.example/joe:1", Looked("found", GOOD), f"registry.example/joe@{DIGEST}", "image-resolved"),
        (
            "registry.example/joe:1",
            Looked("unreachable", problem="x"),
            "registry.example/joe:1",
            "image-digest-unknown",
        ),
        (image("a"), Looked("unreachable", problem="x"), image("a"), "image-unchecked"),
        (image("a"), Looked("login", problem="x"), image("a"), "image-unchecked"),
        (image("a"), Looked("absent"), image("a"), "image-absent"),
    ],
)
def test_an_image_is_deployed_by_its_digest(given: str, looked: Looked, pin: str, code: str | None) -> None:
    found, said = pinned(given, looked)
    assert found == pin
    assert [finding.code for finding in said] == ([code] if code else [])
