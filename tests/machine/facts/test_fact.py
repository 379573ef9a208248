"""Every fact can be read, and says where it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from importlib.resources import files
from typing import Any

import pytest

from greenroom.machine.facts import (
    architectures,
    bases,
    drivers,
    flash_attention,
    images,
    mmcv,
    packages,
    runpod,
    systems,
)
from greenroom.machine.facts import torch as torch_facts
from greenroom.machine.facts.fact import Fact, fact, made, sources, table

TABLES = sorted(
    file.name.removesuffix(".toml")
    for file in files("greenroom.machine.facts").iterdir()
    if file.name.endswith(".toml") and file.name != "sources.toml"
)


def facts_in(value: Any) -> Iterator[Mapping[str, Any]]:
    """The facts of a table, wherever they stand."""
    if isinstance(value, dict):
        if "verified" in value:
            yield value
            return
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from facts_in(inner)


@pytest.mark.parametrize("name", TABLES)
def test_every_fact_of_a_table_has_known_sources_or_is_not_sure(name: str) -> None:
    known = {source.name for source in sources()}
    found = list(facts_in(table(name)))
    assert found
    for said in found:
        one = fact(said, lambda value: value)
        assert set(one.sources) <= known
        assert one.sure == (said["verified"] and bool(one.sources))


def test_the_tables_hold_what_was_gathered() -> None:
    """Counted on the day on which they were made, so that no row is lost unseen."""
    assert len(TABLES) == 10
    assert len(torch_facts.releases()) == 18
    assert len(runpod.gpus()) == 43
    assert len(flash_attention.official_wheels()) == 10
    assert len(flash_attention.community_wheels().value) == 54
    assert len(images.cuda_images().value) == 24
    assert len(mmcv.official_wheels().value) == 18
    assert len(sources()) == 29
    assert made() == date(2026, 11, 23)


def test_what_is_not_sure_says_so() -> None:
    assert Fact(1, verified=True, sources=("x",)).doubt == ""
    assert Fact(1, verified=True).doubt == Fact(1, verified=False, sources=("x",)).doubt == " (unverified)"


def test_notes_and_rules_are_sentences() -> None:
    said = (
        *architectures.rules(),
        *flash_attention.rules(),
        *images.rules(),
        *mmcv.rules(),
        *packages.numpy_notes(),
        *packages.pin_notes(),
        drivers.forward_compatibility(),
    )
    assert all(len(one.value) > 20 for one in said)


def test_systems_and_platforms() -> None:
    debian, ubuntu = systems.system("debian", "12"), systems.system("ubuntu", "24.04")
    assert debian is not None
    assert ubuntu is not None
    assert debian.externally_managed.sure
    assert ubuntu.externally_managed.sure
    assert ubuntu.python is not None
    assert ubuntu.python.value == "3.12"
    assert systems.system("ubuntu", "31.04") is None
    focal = systems.system("ubuntu", "20.04")
    assert focal is not None
    assert not focal.externally_managed.sure
    assert runpod.network_volume().value.serverless == "/runpod-volume"
    assert runpod.rest_api().value["base"] == "api.runpod.io/v2"
    assert runpod.github_build_limits().value["image_gb"] == 80


def test_bases_pools_and_names() -> None:
    assert bases.codenames().value["jammy"] == "ubuntu 22.04"
    slim = bases.lacks("python-slim")
    assert slim is not None
    assert slim.sure
    assert {"curl", "git"} <= slim.value
    assert bases.lacks("nobody's") is None
    brings = bases.brings("ps")
    assert brings is not None
    assert brings.value == ("procps",)
    gone = bases.gone("libgl1-mesa-glx")
    assert gone is not None
    assert gone.value["instead"] == "libgl1"
    assert bases.gone("libgl1") is None
    pool = runpod.pool("ADA_24")
    assert pool is not None
    assert "NVIDIA L4" in pool.value
    lost = packages.hub_lost("commands", "huggingface-cli")
    assert lost is not None
    assert lost.value == "2.0"
    right = packages.meant("cv2")
    assert right is not None
    assert right.value == "opencv-python-headless"
