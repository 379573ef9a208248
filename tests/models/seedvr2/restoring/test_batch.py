"""Many sources into a folder: one that fails keeps no other from it, and what is finished is not done again."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from greenroom.errors import Cancelled, FileUnreadable, GreenroomError, OutputUnwritable
from greenroom.files import writing_to
from greenroom.models.attempts import DeviceLost
from greenroom.models.seedvr2.restoring.batch import Batch, Outcome, restore_all
from greenroom.models.seedvr2.restoring.targets import Pair, Targets, targets
from greenroom.progress import silent

ASKED = {"model": "seedvr2-3b", "inputs": {"height": 1080}}


class Restoring:
    """Writes what it would restore; fails for sources that hold an error's name."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def __call__(self, pair: Pair) -> str:
        said = pair.source.read_text()
        if said == "bad":
            raise FileUnreadable(f"{pair.source.name} is bad", mend="mend it")
        if said == "end":
            with writing_to(pair.output):
                raise OSError(errno.ENOSPC, "no room")
        if said == "taken":
            raise OutputUnwritable(f"{pair.output.name} is a folder", mend="name a file")
        pair.output.parent.mkdir(exist_ok=True)
        pair.output.write_text(f"restored {said}")
        self.done.append(pair.source.name)
        return said


@pytest.fixture
def wanted(tmp_path: Path) -> Targets:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4", "c.png"):
        (folder / name).write_text(name)
    return targets([folder], tmp_path / "out")


def states(wanted: Targets, asked: Mapping[str, Any] = ASKED, *, restart: bool = False) -> tuple[list[str], list[str]]:
    """States of all, and which were restored now."""
    restoring = Restoring()
    outcomes = list(restore_all(wanted, asked, restoring, silent, restart=restart))
    return [outcome.state for outcome in outcomes], restoring.done


def test_what_is_finished_is_not_done_again(wanted: Targets) -> None:
    assert states(wanted) == (3 * ["restored"], ["a.mp4", "b.mp4", "c.png"])
    assert states(wanted) == (3 * ["finished before"], [])
    assert states(wanted, restart=True) == (3 * ["restored"], ["a.mp4", "b.mp4", "c.png"])


def test_a_run_that_was_killed_goes_on_behind_what_it_finished(wanted: Targets) -> None:
    restoring = Restoring()
    running = restore_all(wanted, ASKED, restoring, silent)
    next(running)
    running.close()
    wanted.pairs[1].output.write_text("not a result of ours")
    assert states(wanted) == (["finished before", "restored", "restored"], ["b.mp4", "c.png"])
    assert wanted.pairs[1].output.read_text() == "restored b.mp4"


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (lambda pair: pair.source.write_text("another"), True),
        (lambda pair: pair.output.unlink(), True),
        (lambda pair: pair.output.write_text("cut"), True),
        (lambda pair: pair.source.touch(), False),
    ],
)
def test_what_changed_since_is_done_again(wanted: Targets, change: Any, again: bool) -> None:
    states(wanted)
    change(wanted.pairs[1])
    assert states(wanted)[1] == (["b.mp4"] if again else [])


def test_other_wishes_are_other_results(wanted: Targets) -> None:
    states(wanted)
    assert len(states(wanted, {**ASKED, "inputs": {"height": 720}})[1]) == 3


def test_pictures_by_number_are_made_again(tmp_path: Path) -> None:
    made: list[Pair] = []
    one = Targets((Pair(tmp_path / "f%d.png", tmp_path / "out" / "f%d.png"),), tmp_path / "out")
    for _ in range(2):
        assert [outcome.state for outcome in restore_all(one, ASKED, made.append, silent)] == ["restored"]
    assert len(made) == 2


def test_a_broken_record_counts_for_nothing(wanted: Targets) -> None:
    states(wanted)
    (record,) = wanted.pairs[0].output.parent.glob(".greenroom/restored/a.mp4.json")
    record.write_text("[")
    assert states(wanted)[1] == ["a.mp4"]


def test_one_that_fails_is_said_and_the_others_go_on(wanted: Targets) -> None:
    wanted.pairs[1].source.write_text("bad")
    restoring = Restoring()
    outcomes: tuple[Outcome[str], ...] = tuple(restore_all(wanted, ASKED, restoring, silent))
    assert restoring.done == ["a.mp4", "c.png"]
    failure = outcomes[1].failure
    assert failure is not None
    assert (failure.code, failure.message, failure.mend) == ("file-unreadable", "b.mp4 is bad", "mend it")
    assert wanted.folder is not None
    assert Batch(wanted.folder, outcomes).failed == 1
    assert not wanted.pairs[1].output.exists()


def test_a_name_that_cannot_be_written_is_that_source_s_own_failure(wanted: Targets) -> None:
    wanted.pairs[1].source.write_text("taken")
    restoring = Restoring()
    outcomes = list(restore_all(wanted, ASKED, restoring, silent))
    assert [outcome.state for outcome in outcomes] == ["restored", "failed", "restored"]


def test_a_long_name_has_a_record_too(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / f"{'a' * 248}.mp4").write_text("x")
    long = targets([tmp_path / "in"], tmp_path / "out")
    assert states(long) == (["restored"], [long.pairs[0].source.name])
    assert states(long) == (["finished before"], [])


def test_a_source_is_read_step_by_step(wanted: Targets) -> None:
    """Reading one may take minutes: it can be stopped then, before and after it is restored."""

    def stops(stage: str, done: float, total: float) -> None:
        if stage == "looking at the source":
            raise Cancelled

    restoring = Restoring()
    with pytest.raises(Cancelled):
        list(restore_all(wanted, ASKED, restoring, stops))
    states(wanted)
    with pytest.raises(Cancelled):
        list(restore_all(wanted, ASKED, restoring, stops))
    assert restoring.done == ["a.mp4"]


def test_what_every_other_would_meet_too_ends_all(wanted: Targets) -> None:
    wanted.pairs[1].source.write_text("end")
    restoring = Restoring()
    with pytest.raises(OutputUnwritable):
        list(restore_all(wanted, ASKED, restoring, silent))
    assert restoring.done == ["a.mp4"]


@pytest.mark.parametrize("error", [Cancelled(), DeviceLost("seedvr2-3b", "cuda:0", "run it again")])
def test_a_stop_is_no_failure_of_a_source(wanted: Targets, error: GreenroomError) -> None:
    def stopped(pair: Pair) -> str:
        raise error

    with pytest.raises(type(error)):
        list(restore_all(wanted, ASKED, stopped, silent))
