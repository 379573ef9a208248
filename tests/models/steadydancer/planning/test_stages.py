"""What stages take: each more where there is more to do, and less where less is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greenroom.models.steadydancer.conditions.sizes import Size
from greenroom.models.steadydancer.planning.costs import Job, Networks, networks_on
from greenroom.models.steadydancer.planning.stages import Costs
from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.planning.weights import POSING
from greenroom.models.steadydancer.sampling.guidance import Guidance
from greenroom.models.steadydancer.vae.footprint import WanVaeFootprint
from greenroom.nn.slices import CUTS
from greenroom.recipes.catalogue import recipe

NETWORKS = Networks.published(recipe("steadydancer-14b"))
CLIP = Job(Size(480, 832))
GB = 10**9
STAGES = ["loading", "reading", "seeing", "encoding", "denoising", "decoding"]


def of(job: Job = CLIP, device: str = "cuda:0", networks: Networks = NETWORKS) -> Costs:
    return Costs.of(networks_on(device, networks), job, device)


def test_each_stage_has_what_it_uses_and_no_more() -> None:
    everything, parked = of().stages(Way()), of().stages(Way(parked=True))
    others = {name: other.weights for name, other in NETWORKS.others.items()}
    assert [*everything] == STAGES
    assert everything["denoising"] - parked["denoising"] == sum(others.values())
    assert everything["seeing"] - parked["seeing"] == sum(others.values()) - others["clip"]
    for stage in ("encoding", "decoding"):
        assert everything[stage] - parked[stage] == sum(others.values()) - others["vae"]
    assert all(taken > NETWORKS.denoiser for taken in everything.values())


def test_of_the_text_encoder_no_more_than_two_blocks_are_ever_there() -> None:
    reading = of().stages(Way(parked=True))["reading"] - NETWORKS.denoiser
    assert reading < 3.1 * GB < NETWORKS.others["umt5"].weights


def test_what_hears_leaves_a_quarter() -> None:
    usual, apart = (of().stages(Way(parked=True, apart=apart))["denoising"] for apart in (False, True))
    assert usual - apart == sum(NETWORKS.hearing) - 2 * max(NETWORKS.hearing)
    away = of().host(Way(apart=True)) - of().host(Way())
    assert sum(NETWORKS.hearing) <= away < 1.15 * sum(NETWORKS.hearing)


def test_blocks_that_leave_take_along_what_hears() -> None:
    assert of().stages(Way(resident=30)) == of().stages(Way(resident=30, apart=True))
    assert of().host(Way(resident=30)) == of().host(Way(resident=30, apart=True))


def test_fewer_blocks_take_less_of_the_device_and_more_of_the_host() -> None:
    ways = [Way(parked=True, resident=resident, slices=CUTS[-1]) for resident in (39, 20, 10, 0)]
    devices, hosts = ([getattr(of(), name)(way) for way in ways] for name in ("device", "host"))
    assert devices == sorted(devices, reverse=True)
    assert hosts == sorted(hosts)
    assert of().device(ways[-1]) < 5.5 * GB


def test_loading_never_has_all_of_what_is_to_leave() -> None:
    loading = of().stages(Way(parked=True, resident=10))["loading"]
    assert loading < 0.25 * NETWORKS.denoiser + 2.5 * GB


@pytest.mark.parametrize("stage", ["encoding", "decoding"])
def test_smaller_pieces_take_less(stage: str) -> None:
    usual, less = (of().stages(way)[stage] for way in (Way(), Way(slices=CUTS[-1])))
    assert less < usual - 5 * GB


def test_frames_that_were_decoded_are_there_while_the_next_are_made() -> None:
    decoder = WanVaeFootprint.decoder(NETWORKS.config).bytes(480, 832, CUTS[3], 2, 81)
    latents = 16 * 16 * 21 * 60 * 104 * 4
    frames = CUTS[3].frames * 3 * 480 * 832
    taken = of().stages(Way(parked=True, slices=CUTS[3]))["decoding"]
    assert taken == NETWORKS.denoiser + NETWORKS.others["vae"].weights + decoder + latents + 2 * 4 * frames


def test_keys_and_values_that_are_not_kept_take_a_gigabyte_less() -> None:
    kept, made = (of().stages(Way(keeps_said=keeps))["denoising"] for keeps in (True, False))
    assert 1.0 * GB < kept - made < 1.1 * GB


def test_what_comes_for_each_pass() -> None:
    assert of().pass_bytes(Way(parked=True, apart=True)) == 0
    assert of().pass_bytes(Way(resident=39)) == NETWORKS.blocks[0].travels
    assert of().pass_bytes(Way(apart=True, keeps_said=False)) == sum(NETWORKS.hearing)
    assert of().request_bytes(Way()) == 0
    others = {name: other.weights for name, other in NETWORKS.others.items()}
    parked = others["umt5"] + 3 * others["clip"] + 4 * others["vae"]  # the picture, two sets of poses, and the frames
    assert of().request_bytes(Way(parked=True)) == parked
    once = of().request_bytes(Way(parked=True, apart=True)) - of().request_bytes(Way(parked=True))
    assert once == sum(NETWORKS.hearing)


def test_a_longer_clip_takes_its_latents_and_its_poses() -> None:
    long, short = (of(Job(Size(480, 832), frames)).stages(Way()) for frames in (161, 81))
    cells = 60 * 104 * 16 * 4
    more = 16 * (43 - 21) * cells + 2 * 2 * 21 * cells
    assert long["denoising"] - short["denoising"] == more
    assert long["encoding"] == short["encoding"], "a window at a time"


def test_what_does_not_guide_takes_nothing() -> None:
    alone = replace(CLIP, guidance=Guidance(text=1, pose=0))
    assert of(alone).step(Way()).heard < 0.7 * of().step(Way()).heard
    assert of(alone).step(Way()).further == of().step(Way()).further / 2


def test_large_pictures_take_more_where_they_are_seen() -> None:
    usual, large = (of(replace(CLIP, picture=size)).stages(Way()) for size in ((1184, 864), (6000, 4000)))
    assert large["seeing"] > usual["seeing"] + 1 * GB
    assert large["denoising"] == usual["denoising"]


def test_of_a_cpu_nothing_waits_anywhere() -> None:
    cpu = of(device="cpu")
    assert cpu.device(Way()) > 2 * NETWORKS.denoiser
    assert POSING <= cpu.host(Way()) < POSING + 0.4 * GB
    assert cpu.stages(Way())["denoising"] > of().stages(Way())["denoising"]


@pytest.mark.parametrize("device", ["cpu", "cuda:0"])
def test_what_finds_poses_is_on_the_host_beside_all_of_it(device: str) -> None:
    files = [recipe(name).files[0].size for name in ("yolox-l", "dwpose-l-384")]
    weights = sum(size.bytes for size in files if size is not None and size.bytes is not None)
    small = Job(Size(64, 64), 5, picture=(64, 64), poses=(128, 128))
    assert 2 * weights < POSING <= of(small, device).host(Way(slices=CUTS[-1])) < POSING + 1e6


def test_weights_that_are_dequantised_take_one_of_them_more() -> None:
    small = NETWORKS.in_eight_bits()
    counted = of(networks=small)
    told = counted.stages(Way(parked=True))["denoising"] - counted.networks.denoiser
    usual = of().stages(Way(parked=True))["denoising"] - NETWORKS.denoiser
    assert told - usual == small.unpacking


def test_each_rank_has_a_denoiser_of_its_own() -> None:
    way = Way(parked=True, resident=30)
    one, two = (of(device=device) for device in ("cuda:0", "cuda:0+cuda:1"))
    assert two.stages(way) == one.stages(way)
    assert two.host(way) - one.host(way) == one.host(way) - one.host(Way(parked=True))
