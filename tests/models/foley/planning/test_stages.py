"""What stages take: each more where there is more to do, and less where less is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greenroom.models.foley.planning.costs import Job, Networks, networks_on
from greenroom.models.foley.planning.stages import Costs, work
from greenroom.models.foley.planning.way import Way
from greenroom.recipes.catalogue import recipe

XXL = Networks.published(recipe("hunyuanvideo-foley-xxl"))
CLIP = Job(400, pictures=64, frames=200)
HOUR = Job(180_000, samples=6, pictures=28_800, frames=90_000)
GB = 10**9


def of(job: Job, device: str = "cuda:0", networks: Networks = XXL) -> Costs:
    return Costs.of(networks_on(device, networks), job, device)


def recorded(costs: Costs, way: Way) -> int:
    """What graphs keep."""
    windows = costs.windows(way)
    return windows.graphs + windows.step + costs.networks.unpacking


def test_each_stage_has_what_it_uses_and_no_more() -> None:
    everything, parked = of(CLIP).stages(Way()), of(CLIP).stages(Way(parked=True))
    others = XXL.others
    assert everything["seeing"] - parked["seeing"] == sum(others.values()) - others["siglip2"]
    assert everything["decoding"] - parked["decoding"] == sum(others.values()) - others["vae"]
    assert everything["denoising"] - parked["denoising"] == sum(others.values())
    assert all(taken > XXL.denoiser for taken in everything.values())


def test_loading_never_has_all_of_what_is_parked() -> None:
    parked = of(CLIP).stages(Way(parked=True))["loading"]
    assert XXL.denoiser < parked < XXL.denoiser + 0.5 * GB
    streamed = of(CLIP).stages(Way(parked=True, resident=10))["loading"]
    assert streamed < 10 / 54 * XXL.denoiser + 1.2 * GB


def test_fewer_blocks_take_less_of_the_device_and_more_of_the_host() -> None:
    ways = [Way(parked=True, resident=resident) for resident in (53, 40, 20, 0)]
    devices, hosts = ([getattr(of(CLIP), name)(way) for way in ways] for name in ("device", "host"))
    assert devices == sorted(devices, reverse=True)
    assert hosts == sorted(hosts)
    assert of(CLIP).host(ways[-1]) - of(CLIP).host(Way(parked=True)) >= sum(XXL.streamed(0))


@pytest.mark.parametrize(
    ("stage", "smaller"), [("seeing", Way(pictures=8)), ("watching", Way(segments=6)), ("decoding", Way(piece=125))]
)
def test_less_at_once_takes_less(stage: str, smaller: Way) -> None:
    usual, less = (of(CLIP).stages(way)[stage] for way in (Way(), smaller))
    assert less < usual


def test_words_alone_need_no_pictures() -> None:
    stages = of(Job(400)).stages(Way())
    assert stages["seeing"] < of(CLIP).stages(Way())["seeing"]
    assert stages["watching"] < of(CLIP).stages(Way())["watching"]


def test_a_longer_clip_takes_its_latents_and_its_sounds() -> None:
    longer = replace(HOUR, samples=1)
    assert of(HOUR).device(Way()) > of(longer).device(Way()) + 4 * 5 * 180_000 * 128 * 4
    sounds = 180_000 * 960 * 4
    assert of(HOUR).host(Way()) - of(longer).host(Way()) >= 5 * sounds
    assert of(longer).host(Way()) > 8 * sounds


def test_what_is_looked_at_does_not_grow_with_the_clip() -> None:
    minutes = [Job(50 * 60 * count // 16 * 16, pictures=480 * count, frames=1500 * count) for count in (1, 20)]
    first, second = (of(job).stages(Way(parked=True)) for job in minutes)
    features = 2 * 4 * 768 * 20 * 60 * (8 + 25)
    # Windows of more than a minute go on six at a time, and of one they are five.
    assert second["seeing"] - first["seeing"] < features + 0.25 * GB


def test_sounds_leave_the_device_as_they_are_made() -> None:
    way = Way(resident=1)
    counted = [of(Job(count)) for count in (3_008, 180_000)]
    one, hour = (costs.stages(way)["decoding"] - recorded(costs, way) for costs in counted)
    features = 2 * 4 * 768 * (180_000 - 3_008) * (8 + 25) / 50
    latents = 4 * 128 * (180_000 - 3_008)
    assert hour - one == pytest.approx(features + latents, rel=1e-3)


def test_windows_of_one_size_stand_in_the_same_places() -> None:
    """Tables of them are there once, however many there are."""
    [(batch, count)] = work(XXL.architecture, XXL.itemsize, HOUR, 6)
    kept = of(HOUR).windows(Way()).kept
    assert kept == count * batch.seen + batch.places + replace(batch, texts=1).said
    assert count * batch.places > 0.5 * GB


def test_scenes_have_texts_of_their_own() -> None:
    alone, cut = (Job(3200, sections=sections) for sections in ((0,), tuple(range(0, 3200, 640))))
    assert of(cut).stages(Way(resident=1))["denoising"] > of(alone).stages(Way(resident=1))["denoising"] + 4 * 10**6


def test_of_a_cpu_nothing_waits_anywhere() -> None:
    cpu = of(CLIP, "cpu")
    assert cpu.device(Way()) > 2 * XXL.denoiser + 2 * XXL.modulation
    assert cpu.host(Way()) < 1 * GB


def test_guidance_doubles_the_rows() -> None:
    guided, alone = (of(replace(CLIP, guided=guided)).windows(Way()).step for guided in (True, False))
    assert 1.5 * alone < guided < 2.1 * alone


def test_a_step_is_counted_beside_what_graphs_keep_for_one() -> None:
    """It is done once before it is recorded."""
    costs = of(CLIP)
    windows = costs.windows(Way())
    assert costs._denoising(Way()) >= windows.kept + windows.step
    small = of(CLIP, networks=XXL.in_eight_bits())
    assert small._denoising(Way()) - costs._denoising(Way()) == small.networks.unpacking > 0


@pytest.mark.parametrize("precision", ["bf16", "fp8"])
def test_graphs_are_counted_while_blocks_are_streamed_too(precision: str) -> None:
    networks = XXL if precision == "bf16" else XXL.in_eight_bits()
    costs = of(CLIP, networks=networks)
    all_but_one, whole = Way(parked=True, resident=53), Way(parked=True)
    [block] = networks.streamed(53)
    # One block in one slot: beside what it takes, both hold the same.
    for stage, taken in costs.stages(whole).items():
        if stage != "loading":
            assert costs.stages(all_but_one)[stage] == taken
    assert costs.stages(whole)["reading"] > networks.denoiser + recorded(costs, whole) > networks.denoiser + block / 4


def test_graphs_do_not_grow_with_scenes() -> None:
    """A clip of more shapes than are kept has none of its own."""
    graphs = []
    for scenes in (9, 10, 37):
        begins = tuple(16 * sum(range(2, 2 + place)) for place in range(scenes + 1))
        job = Job(begins[-1], sections=begins[:-1])
        shapes = {batch.latents for batch, _ in job.batches(1)}
        assert len(shapes) == scenes - 1  # the last one reaches over on one side alone
        graphs.append(of(job).windows(Way(together=1)).graphs)
    assert graphs[1] < graphs[0]
    assert graphs[2] < graphs[0]
