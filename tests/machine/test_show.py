"""A machine as people read it."""

from __future__ import annotations

from dataclasses import replace

from greenroom.machine.fit import fit
from greenroom.machine.host import Host, Limits, Memory, Network, Platform, Python, Token
from greenroom.machine.show import fit_rows, host_rows
from greenroom.recipes.catalogue import with_components
from tests.machine.hosts import GB, disk, gpu, host


def rows(machine: Host) -> dict[str, str]:
    return dict(host_rows(machine))


def test_a_container_with_bounds() -> None:
    shown = rows(
        host(
            "L4",
            platform=Platform(kernel="6.8.0", title="Ubuntu 22.04.4 LTS", container="docker", runpod="pod"),
            memory=Memory(total=128 * GB, available=3 * GB, limit=4 * GB),
            limits=Limits(cpus=64, cpu_quota=7.5),
            network=Network("0.0.0.0", 80, bind_error=13, token=Token("HF_TOKEN")),
        )
    )
    assert shown["system"] == "Ubuntu 22.04.4 LTS, Linux 6.8.0, in docker, RunPod pod"
    assert shown["memory"] == "3.00 GB free of 4.00 GB for this container"
    assert shown["processors"] == "64, 7.5 at full time"
    assert shown["port"] == "0.0.0.0:80, not free"
    assert shown["hub token"] == "from HF_TOKEN"


def test_a_folder_says_what_it_is() -> None:
    volume = disk("volume", "/workspace", network=True, filesystem="nfs4", read_only=True, exists=False, write_rate=2e8)
    assert rows(replace(host(), disks=(volume,)))["volume"] == (
        "/workspace: 80.0 GB free, nfs4 over the network, read-only, not made yet, takes 200 MB/s"
    )


def test_what_is_unknown_is_called_so() -> None:
    shown = rows(Host(Python((3, 12, 0))))
    assert {name: shown[name] for name in ("gpu", "torch", "memory", "processors")} == {
        "gpu": "unknown",
        "torch": "not installed",
        "memory": "unknown",
        "processors": "unknown",
    }
    assert rows(host())["gpu"] == "none"
    assert rows(host(gpu("L4", lost="gone")))["gpu"].endswith("lost")


def test_plans_say_where_they_fit() -> None:
    small = host(gpu("2GB", memory_free=GB, memory_total=3 * GB))
    model, *plans, fetched = fit_rows(fit(small, with_components("f5tts-v1-base"), 1_400_000_000))
    assert model == ("f5tts-v1-base", "may fit: once others leave the GPU")
    assert [text.split(" (")[0] for _, text in plans] == [
        "1.85 GB: cuda:0 if nobody else were there",
        "3.03 GB: no",
        "over 740 MB: cuda:0",
    ]
    assert fetched == ("  to fetch", "1.40 GB")
