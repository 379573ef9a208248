"""Ranks on the CPU: they do one thing together, stop together, and the loss of one is said at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from greenroom.errors import Cancelled
from greenroom.runtime.gang.gang import Gang, GangTaken, RankLost, gang_on
from greenroom.runtime.memory import is_out_of_memory
from tests.plan.phases import is_alive
from tests.runtime.gang.gangs import (
    call_everything,
    count,
    everything,
    fail_in,
    follow_gates,
    pass_gates,
    wait_for_the_rest,
)

ROOT = Path(__file__).parents[3]
SIZE = 3


@pytest.fixture(scope="module")
def gang() -> Iterator[Gang]:
    """One for all tests: starting imports torch in each rank."""
    gang = gang_on(("cpu",) * SIZE)
    yield gang
    gang.end()


def counted(gang: Gang, key: str) -> list[float]:
    """How often ``count`` was called in each of the others."""
    ranks = gang.ready()
    out = torch.empty(SIZE - 1, 1)
    with gang.together(count, key):
        for rank in range(1, SIZE):
            ranks.collect(out[rank - 1], rank).wait()
    return out[:, 0].tolist()


def test_every_way_between_ranks(gang: Gang) -> None:
    ranks = gang.ready()
    out = torch.empty(SIZE - 1, 2)
    with gang.together(call_everything):
        found = everything(ranks)
        for rank in range(1, SIZE):
            ranks.collect(out[rank - 1], rank).wait()
    assert found["broadcast"] == [0.0, 0.0]
    assert found["gathered"] == [[], [[1], [1]], [[2], [2], [2], [2]]]
    assert found["summed"] == [[6.0, 6.0], [6.0, 6.0]]
    assert found["exchanged"] == []
    assert found["taken"] == [SIZE - 1]
    assert found["lanes"] == {1: (0, 0, SIZE), SIZE: (0, 0, 1)}
    assert found["in lanes"] == {1: [0, 1, 2], SIZE: [0]}
    assert out.tolist() == [[0.0, 6.0], [1.0, 6.0]]


def test_what_ranks_keep_stays_until_it_is_forgotten(gang: Gang) -> None:
    gang.use("other")
    assert counted(gang, "kept") == [1.0, 1.0]
    assert counted(gang, "kept") == [2.0, 2.0]
    gang.forget("kept")
    assert counted(gang, "kept") == [1.0, 1.0]


def test_what_is_raised_between_gates_stops_all_and_the_gang_goes_on(gang: Gang) -> None:
    ranks = gang.ready()
    pids = gang.pids
    with pytest.raises(Cancelled), gang.together(pass_gates, 3) as section:
        section.go(*[1.0] * (SIZE - 1))
        ranks.summed(torch.ones(1))
        with section.between():
            raise Cancelled
    assert counted(gang, "after") == [1.0, 1.0]
    assert gang.pids == pids


def test_what_is_raised_while_work_is_under_way_ends_the_others(gang: Gang) -> None:
    """They wait for what does not come, and not at their gate."""
    gang.ready()
    generation = gang.generation
    with pytest.raises(Cancelled), gang.together(pass_gates, 3) as section, section.between():
        section.go(*[1.0] * (SIZE - 1))
        with section.under_way():
            raise Cancelled
    assert counted(gang, "after") == [1.0, 1.0]
    assert gang.generation == generation + 1


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("killed", r"rank 2 on cpu: its process was killed \(SIGKILL"),
        ("memory", "rank 2 on cpu: .*no room left"),
        ("typed", "rank 2 on cpu: it is too large"),
    ],
)
def test_a_rank_that_fails_is_named_and_the_next_ones_are_new(gang: Gang, how: str, says: str) -> None:
    ranks = gang.ready()
    began, generation = time.monotonic(), gang.generation
    with pytest.raises(RankLost, match=says) as caught, gang.together(fail_in, 2, how):
        ranks.summed(torch.zeros(1))
    assert time.monotonic() - began < 60
    assert caught.value.rank == 2
    assert caught.value.code == "rank-lost"
    assert is_out_of_memory(caught.value) is (how == "memory")
    if how == "typed":
        assert caught.value.mend == "make it smaller"
        assert counted(gang, "kept") == [1.0, 1.0]
        assert gang.generation == generation + 1


def test_a_rank_that_dies_while_nothing_is_done_is_replaced(gang: Gang) -> None:
    gang.ready()
    lost = gang.pids[0]
    os.kill(lost, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while gang._watch is not None and gang._watch.loss is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert counted(gang, "kept") == [1.0, 1.0]
    assert lost not in gang.pids


def test_an_error_of_rank_0_ends_the_others_that_wait_for_it(gang: Gang) -> None:
    gang.ready()
    pids = gang.pids
    with pytest.raises(ValueError, match="ours"), gang.together(wait_for_the_rest):
        raise ValueError("ours")
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_process_has_one_gang(gang: Gang) -> None:
    gang.ready()
    assert gang_on(("cpu",) * SIZE) is gang
    with pytest.raises(GangTaken, match=r"works on cpu\+cpu\+cpu already, so not on cpu\+cpu"):
        gang_on(("cpu", "cpu"))


def test_a_rank_that_fails_before_they_met_is_not_waited_for(gang: Gang) -> None:
    """As one whose GPU is full; nothing that it was to say ever comes."""
    gang.end()
    began = time.monotonic()
    with pytest.raises(RankLost, match="rank 1 on meta"):
        Gang(("cpu", "meta")).ready()
    assert time.monotonic() - began < 60
    assert counted(gang, "after") == [1.0, 1.0]


def test_ctrl_c_in_a_terminal_ends_all_and_only_rank_0_says_so() -> None:
    script = textwrap.dedent("""
        import sys
        from greenroom.cli import interrupts
        from greenroom.runtime.gang.gang import gang_on
        from tests.runtime.gang.gangs import follow_gates
        import torch
        interrupts.install()
        gang = gang_on(("cpu", "cpu"))
        ranks = gang.ready()
        print(gang.pids[0], flush=True)
        try:
            with gang.together(follow_gates) as section, section.between():
                while True:
                    section.go(1.0)
                    with section.under_way():
                        ranks.summed(torch.ones(1))
        except KeyboardInterrupt:
            sys.exit(130)
    """)
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a process group, as a shell makes one
    ) as process:
        assert process.stdout is not None
        rank = int(process.stdout.readline())
        time.sleep(0.2)  # in the midst of it
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "")
    assert not is_alive(rank)


def test_ranks_die_with_rank_0_however_it_dies() -> None:
    script = textwrap.dedent("""
        import time
        from greenroom.runtime.gang.gang import gang_on
        from tests.runtime.gang.gangs import sleep_long
        gang = gang_on(("cpu", "cpu"))
        gang.ready()
        print(gang.pids[0], flush=True)
        with gang.together(sleep_long):
            time.sleep(3600)
    """)
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        rank = int(process.stdout.readline())
        os.kill(rank, 0)
        process.kill()
    deadline = time.monotonic() + 60
    while is_alive(rank):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_is_made_while_a_rank_is_lost_is_nothing(gang: Gang) -> None:
    """As on a GPU, whose work ends although nobody sent what it waits for."""
    gang.ready()
    with pytest.raises(RankLost, match="rank 1 on cpu"), gang.together(pass_gates, 3) as section, section.between():
        with section.under_way():
            os.kill(gang.pids[0], signal.SIGKILL)
            deadline = time.monotonic() + 60
            while gang._watch is not None and gang._watch.loss is None and time.monotonic() < deadline:
                time.sleep(0.01)
        raise AssertionError("nobody was told")


def test_a_rank_that_is_gone_counts_before_it_is_known_how_it_went(gang: Gang, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenroom.runtime.gang.watch._GRACE_S", 1.0)  # so long others are heard
    gang.ready()
    with pytest.raises(RankLost, match="rank 1 on cpu"), gang.together(pass_gates, 3) as section, section.between():
        with section.under_way():
            os.kill(gang.pids[0], signal.SIGKILL)
            hear(gang)
        raise AssertionError("nobody was told")


@pytest.mark.parametrize("heard", [True, False])
def test_a_rank_that_is_lost_when_nothing_is_wanted_of_it_is_no_loss(gang: Gang, heard: bool) -> None:
    ranks = gang.ready()
    generation = gang.generation
    with gang.together(follow_gates) as section, section.between():
        section.go(*[1.0] * (SIZE - 1))
        with section.under_way():
            ranks.summed(torch.ones(1))
        os.kill(gang.pids[0], signal.SIGKILL)
        if heard:
            hear(gang)
        section.dismiss()
    hear(gang)
    assert counted(gang, "after") == [1.0, 1.0]
    assert gang.generation == generation + 1


def hear(gang: Gang) -> None:
    """Wait until it is known that one is gone."""
    deadline = time.monotonic() + 60
    while gang._watch is not None and not gang._watch.is_losing and time.monotonic() < deadline:
        time.sleep(0.001)
