"""Folders of unfinished work: one process holds one, whoever removes it meanwhile, and its book is read or is none."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from greenroom import locks
from greenroom.models.journals import (
    BOOK,
    CannotGoOn,
    WorkRunning,
    drop,
    gone_on,
    hold,
    read_book,
    short_name,
    write_book,
)


def test_a_folder_is_held_once_and_goes_with_its_lock(tmp_path: Path) -> None:
    folder = tmp_path / "a" / ".out.mp4.work"
    handle = hold(folder)
    with pytest.raises(BlockingIOError):
        hold(folder)
    drop(folder)
    assert not folder.exists()
    os.close(handle)
    os.close(hold(folder))


def test_what_else_lies_there_keeps_the_folder(tmp_path: Path) -> None:
    os.close(hold(tmp_path / "work"))
    (tmp_path / "work" / "theirs").touch()
    drop(tmp_path / "work")
    assert [path.name for path in (tmp_path / "work").iterdir()] == ["theirs"]


def test_a_folder_that_is_removed_while_it_is_taken_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever held it ends between the lock's making and its holding: that lock's file is nobody's any more."""
    taken, times = locks.hold, []

    def late(path: Path) -> int:
        times.append(path)
        if len(times) == 1:  # before it is made
            path.parent.rmdir()
        handle = taken(path)
        if len(times) == 2:  # and behind that
            drop(path.parent)
        return handle

    monkeypatch.setattr(locks, "hold", late)
    handle = hold(tmp_path / "work")
    assert len(times) == 3
    monkeypatch.undo()
    with pytest.raises(BlockingIOError):
        hold(tmp_path / "work")
    os.close(handle)


def test_a_book_is_read_by_the_version_that_wrote_it(tmp_path: Path) -> None:
    write_book(tmp_path, 2, {"seed": 7, "shots": (0, 9)})
    assert read_book(tmp_path, 2) == {"seed": 7, "shots": [0, 9]}
    assert read_book(tmp_path, 3) is None
    assert read_book(tmp_path / "absent", 2) is None


@pytest.mark.parametrize("book", [b"", b"[]", b"2", b"{", b"\xff", b"{}", b"[" * 100_000, json.dumps([2]).encode()])
def test_a_book_that_cannot_be_read_is_none(tmp_path: Path, book: bytes) -> None:
    (tmp_path / BOOK).write_bytes(book)
    assert read_book(tmp_path, 2) is None


def test_a_name_has_room_for_an_ending(tmp_path: Path) -> None:
    assert short_name(tmp_path / "out.mp4") == "out.mp4"
    assert short_name(tmp_path / f"{'ü' * 120}") == "ü" * 120
    assert len(short_name(tmp_path / f"{'ü' * 120}.")) == 64


def test_who_comes_second_may_wait() -> None:
    refused = WorkRunning.at(Path("out.mp4"))
    assert (refused.message, refused.retryable) == ("another process is making 'out.mp4'", True)
    assert "-o" in refused.mend


@dataclass(frozen=True)
class Result:
    """Of work that was begun anew or not."""

    anew: bool
    notes: tuple[str, ...] = ("grey",)


class Other(CannotGoOn):
    """It was another request's."""

    reason = "seed was 1 and is 2"


def test_a_request_goes_on_or_begins_anew_and_says_so() -> None:
    assert gone_on(Result, "done") == Result(False)

    def other(anew: bool) -> Result:
        if not anew:
            raise Other("no")
        return Result(anew)

    said = "begun anew, since what an earlier attempt had done cannot be gone on with: seed was 1 and is 2"
    assert gone_on(other, "done") == Result(True, ("grey", said))


def test_a_request_that_is_still_being_done_is_said_without_a_place(tmp_path: Path) -> None:
    def running(anew: bool) -> Result:
        raise WorkRunning.at(tmp_path / "out.mp4")

    with pytest.raises(WorkRunning) as caught:
        gone_on(running, "done")
    assert (caught.value.message, caught.value.mend) == (
        "an earlier attempt at this request has not ended yet", "ask again in a minute",
    )  # fmt: skip
