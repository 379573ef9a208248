"""Networks as large as they are, and jobs cut as they are sampled."""

from __future__ import annotations

import pytest

from greenroom.models.steadydancer.conditions.sizes import Size
from greenroom.models.steadydancer.planning.costs import Job, Networks, networks_on
from greenroom.models.steadydancer.planning.weights import ON_CPU, matrices
from greenroom.models.steadydancer.sampling.guidance import Guidance
from greenroom.recipes.catalogue import recipe

PUBLISHED = Networks.published(recipe("steadydancer-14b"))
SIZE = Size(480, 832)


def test_published_networks_are_as_large_as_they_are() -> None:
    assert (PUBLISHED.name, PUBLISHED.precision, PUBLISHED.itemsize) == ("steadydancer-14b", "bf16", 2)
    assert PUBLISHED.denoiser == 2 * 16_396_718_736 + 2 * 109_392  # the adapters are in float32
    assert PUBLISHED.weights == PUBLISHED.denoiser + sum(other.weights for other in PUBLISHED.others.values())
    assert len(PUBLISHED.hearing) == 160
    assert sum(PUBLISHED.hearing) == pytest.approx(8.39e9, rel=1e-3)
    assert PUBLISHED.unpacking == 0


@pytest.mark.parametrize("resident", [0, 1, 27, 39])
def test_the_blocks_that_come_from_the_host_are_those_that_do(resident: int) -> None:
    assert PUBLISHED.streamed(resident) == (PUBLISHED.blocks[0].travels,) * (40 - resident)
    assert PUBLISHED.streamed(None) == ()


def test_eight_bits_take_half() -> None:
    small = PUBLISHED.in_eight_bits()
    assert 0.5 * PUBLISHED.denoiser < small.denoiser < 0.52 * PUBLISHED.denoiser
    assert (small.others, small.config) == (PUBLISHED.others, PUBLISHED.config)
    assert (small.is_small, PUBLISHED.is_small) == (True, False)
    assert small.unpacking == 2 * 5120 * 13_824
    products = PUBLISHED.in_eight_bits("fp8-products")
    assert products.unpacking == 2 * 5120 * 5120, "only what hears is dequantised"
    assert small.denoiser < products.denoiser < 1.001 * small.denoiser


def in_four_bits(blocks: int) -> dict[str, int]:
    """Bytes of matrices in Q4_K."""
    own = matrices(PUBLISHED.architecture)
    return {f"blocks.{at}.{one.name}.weight": one.numbers * 144 // 256 for at in range(blocks) for one in own}


def test_what_a_file_keeps_in_blocks_takes_more_to_unpack() -> None:
    of_block = {f"blocks.0.{own.name}.weight": own.numbers for own in matrices(PUBLISHED.architecture)}
    in_fp8 = Networks.published(recipe("steadydancer-14b"), "fp8", of_block)
    in_blocks = Networks.published(recipe("steadydancer-14b"), "fp8", in_four_bits(1))
    assert in_fp8 == PUBLISHED.in_eight_bits()
    assert in_blocks.blocks[0].travels < 0.6 * in_fp8.blocks[0].travels
    assert in_blocks.blocks[1] == in_fp8.blocks[1]
    assert in_blocks.unpacking > in_fp8.unpacking + 0.4e9


def test_what_else_a_file_has_in_eight_bits_changes_nothing() -> None:
    """A plain cast of a whole file has biases, norms and tables in them, which are read in the stream's type."""
    others = {f"blocks.0.{name}": 5120 for name in ("self_attn.q.bias", "norm3.weight", "modulation")}
    assert Networks.published(recipe("steadydancer-14b"), "fp8", others) == PUBLISHED.in_eight_bits()


def test_a_cpu_computes_in_twice_the_bytes() -> None:
    assert networks_on("cuda:0", PUBLISHED) is PUBLISHED
    doubled = networks_on("cpu", PUBLISHED)
    assert (doubled.itemsize, doubled.others) == (4, ON_CPU)
    assert doubled.denoiser == 4 * 16_396_718_736
    assert networks_on("cpu", doubled) is doubled
    assert networks_on("cpu", PUBLISHED.in_eight_bits()).denoiser < 0.3 * doubled.denoiser


def test_what_a_file_keeps_in_blocks_is_as_small_on_a_cpu() -> None:
    in_blocks = Networks.published(recipe("steadydancer-14b"), "fp8", in_four_bits(40))
    on_cpu, rounded = networks_on("cpu", in_blocks), networks_on("cpu", PUBLISHED.in_eight_bits())
    matrices_of_all = sum(own.numbers for own in matrices(PUBLISHED.architecture)) * 40
    assert rounded.denoiser - on_cpu.denoiser == matrices_of_all * (256 - 144) // 256
    assert on_cpu.unpacking - rounded.unpacking < 3e6, "a CPU dequantises in small steps"


def test_of_products_only_what_hears_is_dequantised_of_a_file_s_blocks() -> None:
    blocks = in_four_bits(40)
    heard = {name for name in blocks if name.split(".")[3] in ("k", "v", "k_img", "v_img") and "cross" in name}
    others, own = ({name: size for name, size in blocks.items() if (name in heard) is one} for one in (False, True))
    plain, without, with_them = (
        Networks.published(recipe("steadydancer-14b"), "fp8-products", stored) for stored in (None, others, own)
    )
    assert without == plain
    assert with_them.unpacking > plain.unpacking + 0.3e9
    assert sum(plain.hearing) - sum(with_them.hearing) == len(heard) * 5120**2 * (256 - 144) // 256


def test_a_short_clip_is_one_window() -> None:
    job = Job(SIZE)
    assert (job.frames, job.latents, job.sampled, job.windows, job.window, job.window_frames) == (81, 21, 21, 1, 21, 81)
    assert (Job(SIZE, 5).window, Job(SIZE, 5).window_frames) == (2, 5)


def test_a_long_clip_is_cut() -> None:
    job = Job(SIZE, 161)
    assert (job.latents, job.windows, job.window, job.window_frames) == (41, 3, 21, 81)
    assert job.sampled == 43


def test_what_guides_is_what_is_asked_for() -> None:
    assert (Job(SIZE).passes, Job(SIZE).texts, Job(SIZE).pose_sets) == (91, 2, 2)
    words = Job(SIZE, guidance=Guidance(pose=0))
    assert (words.passes, words.texts, words.pose_sets) == (80, 2, 1)
    alone = Job(SIZE, steps=4, guidance=Guidance(text=1, pose=0))
    assert (alone.passes, alone.texts, alone.pose_sets) == (4, 1, 1)
    assert Job(SIZE, steps=2).pose_sets == 1, "of two steps none lies in the window"
