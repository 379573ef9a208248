"""Checks before a pod is made, each with what it finds and what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest

from greenroom.recipes.catalogue import with_components
from greenroom.ship.deploy.images import Image
from greenroom.ship.pods.preflight import Account, examine
from greenroom.ship.pods.spending import cost_of
from greenroom.ship.runpod.fake.catalogue import cpus, gpus
from greenroom.ship.runpod.types import CpuType, GpuType, Pod, Registry, Volume
from tests.ship.pods.stage import values

GOOD = Image(f"sha256:{'a' * 64}", ("linux/amd64",), "12.8", 9_000_000_000)
VOLUMES = (Volume(id="v1", name="weights", size=100, data_center="EU-RO-1"),)
OTHER = Pod.model_validate(
    {"id": "pod9", "name": "lab", "status": "RUNNING", "mounts": {"network": [{"volumeId": "v1", "path": "/w"}]}}
)
NETWORK = {"mounts": {"network": [{"volumeId": "v1", "path": "/workspace"}]}}
ABSENT = {"mounts": {"network": [{"volumeId": "v2", "path": "/workspace"}]}}


def codes(
    said: dict[str, Any] | None = None,
    *,
    image: Image | None = GOOD,
    model: str | None = None,
    max_hourly: float | None = 100.0,
    pods: tuple[Pod, ...] = (),
    beside: dict[str, Any] | None = None,
    shares_volume: bool = False,
    **changed: Any,
) -> dict[str, str]:
    known = tuple(GpuType.model_validate({**gpu, **changed}) for gpu in gpus())
    cpu_types = tuple(CpuType.model_validate(cpu) for cpu in cpus())
    account = Account(pods, known, cpu_types, VOLUMES, (Registry(id="r1", name="mine"),), beside)
    recipes = with_components(model) if model else ()
    found = examine(
        values("a", **(said or {})), account, image, recipes, max_hourly=max_hourly, shares_volume=shares_volume
    )
    assert all(finding.mend for finding in found)
    return {finding.code: finding.severity for finding in found}


def gpu(**said: Any) -> dict[str, Any]:
    return {"gpu": {"id": "NVIDIA L4", "minCudaVersion": "12.8", **said}}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, {}),
        (gpu(minCudaVersion="12.4"), {"cuda-hosts-older": "warning"}),
        (gpu(minCudaVersion="11.8"), {"cuda-hosts-too-old": "error"}),
        (gpu(minCudaVersion="13.2"), {"cuda-unavailable": "warning"}),
        (gpu(id="NVIDIA L40"), {"gpu-unknown": "error", "price-unknown": "error"}),
        (gpu(count=9), {"gpu-count": "error"}),
        ({"cloud": "COMMUNITY"}, {"gpu-count": "error", "price-unknown": "error"}),
        (
            {**NETWORK, "cloud": "COMMUNITY"},
            {"volume-elsewhere": "error", "gpu-count": "error", "price-unknown": "error"},
        ),
        (NETWORK, {}),
        (ABSENT, {"volume-absent": "error"}),
        ({**NETWORK, "dataCenterIds": ["US-KS-2"]}, {"volume-elsewhere": "error"}),
        ({"registry": "r2"}, {"registry-absent": "error"}),
        ({"ports": ["22/tcp"]}, {"port-missing": "error"}),
        ({"env": {"HF_TOKEN": "hf_x"}}, {"secret-in-env": "warning"}),
        ({"gpu": None, "cpu": {"id": "cpu3c", "vcpuCount": 2}}, {}),
        ({"gpu": None, "cpu": {"id": "cpu3", "vcpuCount": 2}}, {"cpu-unknown": "error", "price-unknown": "error"}),
    ],
)  # fmt: skip
def test_what_the_account_and_the_catalogue_must_have(said: dict[str, Any], expected: dict[str, str]) -> None:
    assert codes(said) == expected


def test_a_volume_of_another_pod_is_taken_only_where_its_user_says_so() -> None:
    assert codes(NETWORK, pods=(OTHER,)) == {"volume-shared": "error"}
    assert codes(NETWORK, pods=(OTHER,), shares_volume=True) == {"volume-shared": "warning"}
    assert codes(NETWORK, pods=(OTHER.model_copy(update={"status": "EXITED"}),)) == {}


def test_gpus_that_are_out_of_stock() -> None:
    assert codes(availability="NONE", dataCenters=[]) == {"gpu-unavailable": "warning"}
    stock = [{"id": "US-KS-2", "availability": "HIGH"}, {"id": "EU-RO-1", "availability": "NONE"}]
    assert codes(NETWORK, dataCenters=stock) == {"gpu-unavailable": "warning"}, "where its volume is"


def test_the_model_against_memory_and_disks() -> None:
    assert "gpu-memory-tight" in codes(gpu(), model="hunyuanvideo-foley-xxl", memory=8)
    small = Image(GOOD.digest, GOOD.platforms, "12.8", 1_000_000)
    assert codes({"disk": 10}, model="seedvr2-7b", image=small)["disk-short"] == "error"
    assert "disk-short" not in codes({"disk": 10, **NETWORK}, model="seedvr2-7b", image=small)
    roomy: dict[str, Any] = {"disk": 10, "mounts": {"persistent": {"size": 200, "path": "/workspace"}}}
    assert not {"disk-short", "volume-small"} & codes(roomy, model="seedvr2-7b", image=small).keys()
    roomy["mounts"] = {"persistent": {"size": 10, "path": "/workspace"}}
    assert codes(roomy, model="seedvr2-7b", image=small)["volume-small"] == "error"


def test_money_with_disks_and_with_the_one_beside() -> None:
    """The card 0.41 dollars, and 36 GB of disk half a cent, an hour."""
    assert codes({"disk": 36}, max_hourly=0.42) == {}
    assert codes({"disk": 36}, max_hourly=0.41) == {"spend-over-limit": "error"}
    assert codes(max_hourly=None) == {"spend-unlimited": "note"}
    assert codes(max_hourly=0.5, beside=values("b")) == {"spend-over-limit": "error"}
    assert codes(price={"secure": 0.0}, max_hourly=None) == {"price-unknown": "warning"}
    known = tuple(GpuType.model_validate(gpu) for gpu in gpus())
    cost = cost_of(values(mounts={"persistent": {"size": 72, "path": "/w"}}), known, ())
    assert cost is not None
    assert round(cost.stopped, 4) == 0.02
