"""Whether a model fits: precisions and plans on invented machines, and what a model lacks there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from greenroom.machine.fit import Fit, Verdict, fit, room_for_all
from greenroom.machine.host import GpuAccess, Host, Limits, Memory, Network, Python, Torch
from greenroom.recipes.catalogue import names, recipe, with_components
from tests.machine.hosts import GB, disk, disks, gpu, host

SMALL = Memory(total=3 * GB, available=2 * GB)


def fitted(model: str, machine: Host, to_fetch: int | None = None) -> Fit:
    return fit(machine, with_components(model), to_fetch)


def said(found: Fit) -> str:
    return ", ".join(f"{finding.severity} {finding.code}" for finding in found.findings)


@pytest.mark.parametrize(
    ("model", "machine", "verdict", "summary", "findings"),
    [
        ("voice-joe", host(), "fits", "fits: fp32 on the CPU (100 GB of memory free)", ""),
        ("voice-joe", host("L4"), "fits", "fits: fp32 on the CPU (100 GB of memory free)", ""),
        (
            "voice-joe",
            host(memory=Memory(total=GB, available=300_000_000)),
            "may-fit",
            "may fit: fp32 on the CPU (300 MB of memory free)",
            "warning memory-short",
        ),
        (
            "voice-joe",
            host(memory=Memory(total=GB, available=GB // 5, limit=GB // 4)),
            "does-not-fit",
            "does not fit: fp32 on the CPU (200 MB of memory free)",
            "error memory-short",
        ),
        (
            "f5tts-v1-base",
            host("L4"),
            "fits",
            "fits: fp16 on cuda:0 (NVIDIA L4, 23.5 GB free of 24.0 GB)",
            "",
        ),
        (
            "f5tts-v1-base",
            host("2GB", "L4"),
            "fits",
            "fits: fp16 on cuda:1 (NVIDIA L4, 23.5 GB free of 24.0 GB)",
            "",
        ),
        (
            "f5tts-v1-base",
            host("L4", "L4"),
            "fits",
            "fits: fp16 on cuda:0 (NVIDIA L4, 23.5 GB free of 24.0 GB) and 1 more",
            "",
        ),
        (
            "f5tts-v1-base",
            host(gpu("L4", memory_free=500_000_000)),
            "may-fit",
            "may fit: once others leave the GPU",
            "warning gpu-memory-taken",
        ),
        (
            "f5tts-v1-base",
            host(),
            "may-fit",
            "may fit: fp32 on the CPU (100 GB of memory free), slowly",
            "warning gpu-none",
        ),
        (
            "f5tts-v1-base",
            host("L4", access=GpuAccess(module=True, visible="")),
            "may-fit",
            "may fit: fp32 on the CPU (100 GB of memory free), slowly",
            "warning gpu-none",
        ),
        (
            "seedvr2-7b",
            host("A100"),
            "may-fit",
            "may fit: bf16, whose weights alone take 16.5 GB, on cuda:0 (NVIDIA A100-SXM4-80GB, 84.5 GB free of "
            "85.0 GB); nobody measured the work",
            "",
        ),
        (
            "seedvr2-7b",
            host("3070"),
            "may-fit",
            "may fit: q4_k_m, whose weights alone take 4.64 GB, on cuda:0 (NVIDIA GeForce RTX 3070, 7.50 GB free of "
            "8.00 GB); nobody measured the work",
            "",
        ),
        (
            "seedvr2-7b",
            host("2GB"),
            "does-not-fit",
            "does not fit: 4.64 GB are the least that it takes",
            "error gpu-memory-short",
        ),
        (
            "steadydancer-14b",
            host("A100"),
            "fits",
            "fits: bf16 on cuda:0 (NVIDIA A100-SXM4-80GB, 84.5 GB free of 85.0 GB)",
            "",
        ),
        (
            "steadydancer-14b",
            host("4090"),
            "may-fit",
            "may fit: fp8, whose weights alone take 16.6 GB, on cuda:0 (NVIDIA GeForce RTX 4090, 24.5 GB free of "
            "25.0 GB)",
            "warning gpu-memory-tight",
        ),
        (
            "steadydancer-14b",
            host("3070"),
            "does-not-fit",
            "does not fit: 10.9 GB are the least that it takes",
            "warning gpu-memory-short",  # that least is one report alone, and may be wrong
        ),
        ("steadydancer-14b", host(), "does-not-fit", "does not fit: it needs a GPU", "error gpu-none"),
        (
            "hunyuanvideo-foley-xxl",
            host("4090"),
            "fits",
            "fits: bf16 on cuda:0 (NVIDIA GeForce RTX 4090, 24.5 GB free of 25.0 GB)",
            "",
        ),
        (
            "steadydancer-14b",
            host(gpus=None),
            "unknown",
            "unknown: nothing is known of the GPUs here",
            "",
        ),
        (
            "steadydancer-14b",
            host(gpu("A100", memory_total=None, memory_free=None)),
            "unknown",
            "unknown: nobody can say how much memory the GPU has",
            "",
        ),
        ("voice-joe", host(memory=Memory()), "unknown", "unknown: nobody can say how much memory this machine has", ""),
    ],
)
def test_a_model_on_a_machine(model: str, machine: Host, verdict: Verdict, summary: str, findings: str) -> None:
    found = fitted(model, machine)
    assert (found.verdict, found.summary, said(found)) == (verdict, summary, findings)


def test_the_least_that_a_model_takes_is_said_with_the_gpu() -> None:
    (finding,) = fitted("seedvr2-7b", host("2GB")).findings
    assert finding.message == "seedvr2-7b takes at least 4.64 GB (q4_k_m); NVIDIA Small (2.00 GB) has less"
    assert finding.mend == "choose a GPU with more than 4.64 GB"


def test_every_work_that_was_measured_has_a_plan() -> None:
    model = recipe("f5tts-v1-base")
    found = fitted("f5tts-v1-base", host("L4"))
    assert [(plan.bytes, plan.workload) for plan in found.plans] == [(one.bytes, one.workload) for one in model.memory]
    small = replace(gpu("2GB"), memory_free=2 * GB)
    # 1.85 GB have no room beside what CUDA takes, weights alone do.
    assert [plan.fits for plan in fitted("f5tts-v1-base", host(small)).plans] == [(), (), ("cuda:0",)]
    assert [plan.could for plan in fitted("f5tts-v1-base", host(small)).plans] == [(), (), ("cuda:0",)]
    larger = replace(gpu("2GB"), memory_free=2_500_000_000, memory_total=4 * GB)
    assert [plan.fits for plan in fitted("f5tts-v1-base", host(larger)).plans] == [("cuda:0",), (), ("cuda:0",)]


def test_smaller_file_sets_are_plans_of_their_own() -> None:
    plans = {plan.precision: plan for plan in fitted("steadydancer-14b", host("A100")).plans}
    assert "q4_k_m" in plans
    assert not plans["q4_k_m"].sure
    assert plans["q4_k_m"].need == "over 10.9 GB"
    assert "fp16" not in plans  # it is no smaller than what the recipe says of bf16


@pytest.mark.parametrize("model", names())
def test_every_model_has_a_verdict_everywhere(model: str) -> None:
    machines: tuple[Host, ...] = (host(), host("2GB"), host("4090", "A100"), Host(Python((3, 12, 0))))
    for machine in machines:
        found = fitted(model, machine, to_fetch=GB)
        assert found.summary
        assert all(finding.mend for finding in found.findings)


def test_what_must_be_installed_is_named() -> None:
    bare = Python((3, 12, 0), missing={"models": ("torch", "rjieba"), "voice": ("piper-tts",)})
    (finding, _) = sorted(fitted("f5tts-base", host(python=bare)).findings, key=lambda finding: finding.severity)
    assert (finding.severity, finding.code) == ("error", "extra-missing")
    assert finding.message == "f5tts-base needs torch, rjieba, which are not installed"
    assert 'pip install "greenroom[models]"' in finding.mend
    assert said(fitted("voice-joe", host(python=bare))) == "error extra-missing"


def test_a_gpu_that_torch_does_not_see_is_an_error_for_a_model() -> None:
    blind = replace(host("L4"), torch=Torch("2.11.0+cpu", None))
    assert said(fitted("f5tts-base", blind)) == "error gpu-unused"
    assert said(fitted("voice-joe", blind)) == ""


@pytest.mark.parametrize(
    ("weights", "to_fetch", "findings"),
    [
        ({"free": 80 * GB}, 50 * GB, ""),
        ({"free": 50 * GB}, 50 * GB, "warning disk-short"),
        ({"free": 40 * GB}, 50 * GB, "error disk-short"),
        ({"free": 0}, 0, ""),
        ({"free": None}, 50 * GB, ""),
        ({"read_only": True}, GB, "error weights-unwritable"),
        ({"read_only": True}, 0, ""),
        ({"writable": False}, GB, "error weights-unwritable"),
    ],
)
def test_room_for_what_is_to_be_fetched(weights: dict[str, Any], to_fetch: int, findings: str) -> None:
    machine = host("A100", disks=disks(weights=weights, data={"free": GB}))
    assert said(fitted("steadydancer-14b", machine, to_fetch)) == findings


def test_room_that_a_begun_download_has_is_not_asked_for_again() -> None:
    machine = host("A100", disks=disks(weights={"free": 2 * GB}, data={"free": GB}))
    recipes = with_components("steadydancer-14b")
    assert fit(machine, recipes, 50 * GB, 49 * GB).findings == ()
    assert fit(machine, recipes, 50 * GB, 49 * GB).to_fetch == 50 * GB
    assert [finding.code for finding in fit(machine, recipes, 50 * GB, 40 * GB).findings] == ["disk-short"]
    assert room_for_all(machine, 50 * GB, 49 * GB) == ()


def test_a_volume_with_room_is_named() -> None:
    volume = disk("volume", "/workspace", free=500 * GB, mount="/workspace")
    machine = host("A100", disks=(*disks(weights={"free": 20 * GB}, data={"free": 20 * GB}), volume))
    (finding,) = fitted("steadydancer-14b", machine, 49_800_000_000).findings
    assert finding.message == "49.8 GB of steadydancer-14b are to be fetched, and 20.0 GB are free at /"
    assert finding.mend == "set HF_HOME=/workspace/huggingface, where 500 GB are free"


def test_offline_is_said_before_it_is_met() -> None:
    machine = host("L4", network=Network("127.0.0.1", 7860, offline=True))
    assert said(fitted("f5tts-base", machine, GB)) == "warning hub-offline"
    assert said(fitted("f5tts-base", machine, 0)) == ""
    assert said(fitted("f5tts-base", host("L4", limits=Limits()), GB)) == ""


def test_models_that_have_room_alone_and_not_together() -> None:
    machine = host(disks=disks(weights={"free": 50 * GB}))
    (finding,) = room_for_all(machine, 51 * GB)
    assert (finding.severity, finding.code) == ("warning", "disk-short-together")
    assert finding.message == "51.0 GB are to be fetched together, and 50.0 GB are free"
    assert room_for_all(machine, 50 * GB) == ()
    assert room_for_all(host(disks=()), 50 * GB) == ()
