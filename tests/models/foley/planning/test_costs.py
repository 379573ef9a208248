"""Networks as large as they are, and jobs cut as the sampler cuts them."""

from __future__ import annotations

import pytest
import torch

from greenroom.models.foley.architecture import PUBLISHED
from greenroom.models.foley.mmdit.synthetic import synthetic_denoiser, tiny
from greenroom.models.foley.mmdit.transformer import MMDiT
from greenroom.models.foley.mmdit.windows import GRID, LONGEST, windows
from greenroom.models.foley.planning.costs import Batch, Job, Networks, networks_on
from greenroom.recipes.catalogue import recipe

XL, XXL = (Networks.published(recipe(name)) for name in ("hunyuanvideo-foley-xl", "hunyuanvideo-foley-xxl"))


def test_published_networks_are_as_large_as_their_files() -> None:
    assert (XL.denoiser + XL.modulation, XXL.denoiser + XXL.modulation) == (5_825_925_376, 10_268_029_696)
    assert XXL.modulation == 2 * 764_909_568
    assert XXL.others["vae"] == 4 * 75_480_769
    assert XXL.others["synchformer"] == 2 * 121_850_112
    assert XXL.weights == XXL.denoiser + XXL.modulation + sum(XXL.others.values())
    assert (XXL.name, XXL.precision, XXL.itemsize, XXL.blocks) == ("hunyuanvideo-foley-xxl", "bf16", 2, 54)


@pytest.mark.parametrize("precision", ["bf16", "fp8"])
def test_networks_are_as_large_as_they_are_loaded(precision: str) -> None:
    architecture = tiny(PUBLISHED["hunyuanvideo-foley-xl"])
    network = synthetic_denoiser(architecture, torch.device("cpu"), torch.bfloat16, precision=precision)
    told = Networks.of("tiny", architecture, precision)
    there = [*network.named_parameters(), *network.named_buffers()]
    modulation = sum(own.nbytes for name, own in there if "audio_mod." in name or "v_cond_mod." in name)
    assert told.modulation == modulation
    assert told.denoiser == sum(own.nbytes for _, own in there) - modulation
    network.streaming.keep(1)
    # Each weight begins at a place that any kernel may read from.
    assert sum(told.streamed(1)) <= network.streaming.held < sum(told.streamed(1)) + 3 * 40 * 256


@pytest.mark.parametrize("resident", [0, 1, 17, 35, None])
def test_the_blocks_that_come_from_the_host_are_those_that_do(resident: int | None) -> None:
    with torch.device("meta"):
        network = MMDiT(PUBLISHED["hunyuanvideo-foley-xl"])
    away = network.streaming.streamed(resident)
    triple, single = XL.streamed(0)[0], XL.streamed(0)[-1]
    assert XL.streamed(resident) == tuple(triple if place < 12 else single for place in away)


def test_eight_bits_take_half() -> None:
    small = XXL.in_eight_bits()
    assert 0.5 * XXL.denoiser < small.denoiser < 0.58 * XXL.denoiser
    assert (small.others, small.modulation) == (XXL.others, XXL.modulation)
    assert (small.is_small, XXL.is_small) == (True, False)
    assert Networks.published(recipe("hunyuanvideo-foley-xxl"), "fp8") == small
    assert small.unpacking == 2 * 3 * 1536 * 4096
    assert XXL.unpacking == 0


def test_a_cpu_computes_in_twice_the_bytes() -> None:
    assert networks_on("cuda:0", XL) == XL
    doubled = networks_on("cpu", XL)
    assert (doubled.denoiser, doubled.itemsize) == (2 * XL.denoiser, 4)
    assert doubled.others["siglip2"] == 2 * XL.others["siglip2"]
    assert networks_on("cpu", doubled) is doubled
    small = networks_on("cpu", XL.in_eight_bits())
    assert small.denoiser < 0.6 * XL.denoiser * 2


def test_a_short_clip_is_whole() -> None:
    job = Job(400, samples=4)
    assert job.is_whole
    assert [window.length for window in job.windows()] == [400]
    assert job.batches(6) == ((Batch(400, 4), 1),)
    assert job.batches(3) == ((Batch(400, 2), 2),)
    assert Job(752).is_whole
    assert not Job(768).is_whole
    assert not Job(400, sections=(0, 160)).is_whole


def test_windows_of_a_length_go_on_together() -> None:
    job = Job(60 * 50 // GRID * GRID, samples=2)
    count = len(windows(job.latents))
    ((batch, _), *others) = job.batches(6)
    assert sum(own.rows * times for own, times in job.batches(6)) == 2 * count
    assert batch.latents <= LONGEST
    assert all(own.windows in (own.rows / 2, own.rows / 2 + 1 / 2) for own, _ in (*job.batches(6), *others))
    assert all(own.texts == 1 for own, _ in job.batches(6))


def test_scenes_in_one_batch_have_their_own_texts() -> None:
    job = Job(16 * 100, sections=tuple(range(0, 1600, 320)))
    assert any(own.texts == own.rows > 1 for own, _ in job.batches(6))
    assert all(own.texts == 1 for own, _ in job.batches(1))


def test_conditions_frames_and_segments() -> None:
    assert (Job(400).conditions, Job(400, guided=False).conditions) == (2, 1)
    assert (Job(400, frames=200).segments, Job(400).segments) == (24, 0)
