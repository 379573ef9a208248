"""Several ranks ask the denoiser what one device asks it, to the bit where a pass is one rank's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch

from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.ranks.rank_dancer import dealt
from greenroom.models.steadydancer.sampling.caching import Caching
from greenroom.models.steadydancer.sampling.guidance import Pass
from greenroom.models.steadydancer.sampling.sampler import sample
from greenroom.models.steadydancer.sampling.windows import windows
from greenroom.runtime.gang.crew import Crew
from greenroom.runtime.gang.gang import RankLost
from tests.models.steadydancer import gangs
from tests.models.steadydancer.networks import TINY, conditions_of, normal
from tests.models.steadydancer.sampled import GUIDANCE, SCHEDULE, both, one

WAYS = {
    "usual": Way(),
    "lean": Way(keeps_said=False, at_once=7),
    "streamed": Way(apart=True, resident=0),
}


@pytest.fixture(scope="module", params=[2, 3, 4])
def crew(request: pytest.FixtureRequest) -> Iterator[Crew]:
    """One for all tests: each of its ranks imports torch."""
    crew, _ = Crew.begun("+".join(["cpu"] * request.param), "tests", gangs.other, lambda device: None, lanes=True)
    yield crew
    crew.gang.end()


@pytest.mark.parametrize("shape", [(3, 4, 6), (3, 2, 2), (1, 4, 6)], ids=str)
@pytest.mark.parametrize("which", Pass)
def test_a_pass_that_all_ranks_share_is_that_of_one(crew: Crew, shape: tuple[int, int, int], which: Pass) -> None:
    """Of 30, 5 and 18 tokens; of 5 the last of three ranks has the references alone."""
    given = [conditions_of(shape=shape)]
    latents = normal(TINY.latent, *shape)
    with dealt(crew, gangs.wide_dancer(), windows(shape[0]), given, WAYS["usual"]) as asked:
        asked.ahead(latents, 637, (which,))
        ours = asked(latents, 637, which)
    torch.testing.assert_close(ours, one(given, WAYS["usual"])(latents, 637, which), rtol=1e-5, atol=1e-5)


def test_passes_that_ranks_make_side_by_side_are_those_of_one_to_the_bit(crew: Crew) -> None:
    """Four ranks make two of them by two."""
    given, latents = [conditions_of()], normal(TINY.latent, 3, 4, 6)
    wanted = one(given, WAYS["usual"])
    size = crew.gang.ready().size
    asked_for = tuple(Pass)[: 3 if size == 3 else 2]
    with dealt(crew, gangs.wide_dancer(), windows(3), given, WAYS["usual"]) as asked:
        asked.ahead(latents, 637, asked_for)
        for which in asked_for:
            made, alone = asked(latents, 637, which), wanted(latents, 637, which)
            torch.testing.assert_close(made, alone, rtol=1e-5, atol=1e-5)
            assert size == 4 or torch.equal(made, alone)


@pytest.mark.parametrize("way", WAYS)
def test_ranks_sample_what_one_device_does(crew: Crew, way: str) -> None:
    ours, theirs = both(crew, [conditions_of()], WAYS[way])
    assert ours.passes == theirs.passes == 10
    torch.testing.assert_close(ours.latents, theirs.latents, rtol=1e-4, atol=1e-4)


def test_windows_of_a_long_clip_are_dealt_out_with_the_passes(crew: Crew) -> None:
    shape = 21, 2, 4
    first = conditions_of(shape=shape)
    given = [first, replace(first, pose=normal(TINY.latent, *shape, seed=20), ref_c=first.pose[:, :1])]
    ours, theirs = both(crew, given)
    torch.testing.assert_close(ours.latents, theirs.latents, rtol=1e-4, atol=1e-4)


def test_answers_that_are_used_again_are_nobodys_work(crew: Crew) -> None:
    ours, theirs = both(crew, [conditions_of()], caching=Caching(10.0))
    assert ours.reused == theirs.reused > 0
    torch.testing.assert_close(ours.latents, theirs.latents, rtol=1e-4, atol=1e-4)


def test_a_job_that_uses_answers_again_resumes_on_one_device_and_on_several(crew: Crew) -> None:
    given, caching = [conditions_of()], Caching(10.0)
    stood: list[Any] = []
    ours, theirs = both(crew, given, caching=caching, save=stood.append)
    noise = normal(TINY.latent, 3, 4, 6)
    alone = sample(one(given, WAYS["usual"]), noise, SCHEDULE, GUIDANCE, caching=caching, resume=stood[2])
    again, _ = both(crew, given, caching=caching, resume=stood[2])
    assert torch.equal(again.latents, ours.latents)
    torch.testing.assert_close(alone.latents, theirs.latents, rtol=1e-4, atol=1e-4)
    assert alone.reused == again.reused == ours.reused


def test_a_job_resumes_behind_any_step(crew: Crew) -> None:
    stood: list[Any] = []
    whole, _ = both(crew, [conditions_of()], save=stood.append)
    again, _ = both(crew, [conditions_of()], resume=stood[1])
    assert torch.equal(again.latents, whole.latents)


def test_a_rank_that_is_lost_in_the_midst_of_its_lane_is_the_one_that_is_named(crew: Crew) -> None:
    """All others fail for it."""
    device = "+".join(crew.gang.devices)
    short, _ = Crew.begun(device, "short", partial(gangs.failing, "memory"), lambda device: None, lanes=True)
    last = len(crew.gang.devices) - 1
    with pytest.raises(RankLost, match=rf"rank {last} on cpu: .*out of memory"):
        both(short, [conditions_of()])
