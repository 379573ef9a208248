"""Ranks stop together, and one that is lost ends the job with its name; the next job begins with new ones."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import torch

from greenroom.errors import Cancelled
from greenroom.runtime.gang.crew import Crew
from greenroom.runtime.gang.gang import RankLost, RanksApart
from greenroom.runtime.gang.rank import Go
from greenroom.runtime.memory import is_out_of_memory
from tests.models.steadydancer import gangs
from tests.models.steadydancer.networks import conditions_of
from tests.models.steadydancer.sampled import both
from tests.plan.phases import is_alive


@pytest.fixture(scope="module")
def crew() -> Iterator[Crew]:
    """One for all tests: each of its ranks imports torch."""
    crew, _ = Crew.begun("cpu+cpu", "tests", gangs.other, lambda device: None)
    yield crew
    crew.gang.end()


@pytest.mark.parametrize("at", [0, 1, 4])
def test_it_stops_at_once_and_goes_on_with_the_next(crew: Crew, at: int) -> None:
    crew.ready()
    pids = crew.gang.pids

    def stops(_: str, done: float, total: float) -> None:
        if done >= at:
            raise Cancelled

    with pytest.raises(Cancelled):
        both(crew, [conditions_of()], step=stops)
    ours, theirs = both(crew, [conditions_of()])
    torch.testing.assert_close(ours.latents, theirs.latents, rtol=1e-4, atol=1e-4)
    assert crew.gang.pids == pids


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("killed", r"a rank was lost: rank 1 on cpu: its process was killed \(SIGKILL"),
        ("memory", "a rank was lost: rank 1 on cpu: .*out of memory"),
        ("mistake", "a rank was lost: rank 1 on cpu: .*a mistake"),
    ],
)
def test_a_rank_that_is_lost_in_the_midst_of_a_pass_is_said(crew: Crew, how: str, says: str) -> None:
    failing, _ = Crew.begun("cpu+cpu", "failing", partial(gangs.failing, how), lambda device: None)
    stood: list[Any] = []
    began = time.monotonic()
    with pytest.raises(RankLost, match=says) as caught:
        both(failing, [conditions_of()], save=stood.append)
    assert time.monotonic() - began < 60
    assert caught.value.code == "rank-lost"
    assert is_out_of_memory(caught.value) is (how == "memory")
    if how == "mistake":  # of the ranks that come now each has a new network, and the job goes on where it stood
        ours, theirs = both(crew, [conditions_of()], resume=stood[-1])
        torch.testing.assert_close(ours.latents, theirs.latents, rtol=1e-4, atol=1e-4)


def test_memory_that_runs_out_in_another_rank_before_the_first_pass_is_said(crew: Crew) -> None:
    short, _ = Crew.begun("cpu+cpu", "short", gangs.failing_at_once, lambda device: None)
    with pytest.raises(RankLost, match=r"rank 1 on cpu: .*out of memory") as caught:
        both(short, [conditions_of()])
    assert is_out_of_memory(caught.value)


def test_memory_that_runs_out_in_rank_0_alone_is_its_own_error_and_the_job_goes_on(crew: Crew) -> None:
    """The others wait within a pass, so that new ones come."""
    crew.ready()
    pids, stood = crew.gang.pids, list[Any]()
    with pytest.raises(torch.OutOfMemoryError):
        both(crew, [conditions_of()], own=gangs.failing_dancer("memory"), save=stood.append)
    assert not any(map(is_alive, pids))
    ours, theirs = both(crew, [conditions_of()], resume=stood[-1])
    torch.testing.assert_close(ours.latents, theirs.latents, rtol=1e-4, atol=1e-4)


def test_memory_that_runs_out_in_rank_0_before_others_are_asked_ends_none(crew: Crew) -> None:
    crew.ready()
    pids, own = crew.gang.pids, gangs.wide_dancer()
    own.img_emb.register_forward_pre_hook(lambda *_: gangs.fail("memory"))
    with pytest.raises(torch.OutOfMemoryError):
        both(crew, [conditions_of()], own=own)
    both(crew, [conditions_of()])
    assert crew.gang.pids == pids


def test_ranks_that_were_told_of_a_pass_which_rank_0_does_not_begin_end(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They wait within it, and not at their gate, where they could be stopped."""
    crew.ready()
    pids, tell = crew.gang.pids, crew.gang.tell

    def interrupted(*said: object) -> None:
        tell(*said)
        if isinstance(said[0], Go):
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(crew.gang, "tell", interrupted)
        both(crew, [conditions_of()])
    assert not any(map(is_alive, pids))


def test_a_rank_that_stands_still_is_not_waited_for_without_end(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    crew.gang.end()
    monkeypatch.setattr("greenroom.runtime.gang.ranks._LONGEST", timedelta(seconds=3))
    monkeypatch.setattr("greenroom.runtime.gang.gang._SETTLE_S", 0.5)
    make = partial(gangs.failing, "stands still")
    pids: list[int] = []
    with pytest.raises(RanksApart, match="do not answer each other"):
        still, _ = Crew.begun("cpu+cpu", "still", make, lambda device: None)
        pids += still.gang.pids
        both(still, [conditions_of()])
    assert not any(map(is_alive, pids))
