"""The activity log: what it says is what a later run knows, whatever a crash cut off."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from greenroom.errors import FileUnreadable, OutputUnwritable
from greenroom.plan import activity
from greenroom.plan.activity import Activity, Verb, entries, faults, standings

LINES: tuple[tuple[Verb, str], ...] = (
    ("verify-fail", "test -e a"),
    ("start", "0123abcd Make"),
    ("verify-fail", "do: exit 1"),
    ("undo", "begun: rm a"),
    ("undo", "failed: exit 1"),
    ("undo", "begun: rm a"),
    ("undo", "ok"),
    ("start", "0123abcd Make"),
    ("verify-ok", "test -e a"),
    ("done", "in 0.1 s"),
    ("verify-ok", "test -e a"),
    ("skip", "done before"),
)
STATES = ["waiting", "under way", "failed", "undoing", "undoing", "undoing", "waiting", "under way", "verified", "done",
          "done", "done"]  # fmt: skip


def state(folder: Path, number: int = 1) -> str:
    known = standings(entries(folder))
    return known[number].state if number in known else "waiting"


def test_each_line_moves_a_phase_on(tmp_path: Path) -> None:
    with Activity(tmp_path) as log:
        for (verb, detail), expected in zip(LINES, STATES, strict=True):
            log.write(1, verb, detail)
            assert log.standing(1).state == expected
            assert state(tmp_path) == expected
    assert log.standing(1).mark == "0123abcd"
    assert list(faults(entries(tmp_path))) == []
    assert log.standing(2).state == "waiting"


def test_what_was_so_before_is_not_the_plan_s_own(tmp_path: Path) -> None:
    with Activity(tmp_path) as log:
        log.write(1, "verify-ok", "test -e a")
        log.write(1, "skip", "it was so already")
    assert state(tmp_path) == "skipped"


def test_a_line_that_was_cut_off_counts_for_nothing(tmp_path: Path) -> None:
    """At whatever byte it was cut: the log says what its whole lines say, and goes on behind them."""
    with Activity(tmp_path) as log:
        log.write(1, "start", "0123abcd Make")
        log.write(1, "undo", "begun: echo done")
    (path,) = tmp_path.glob("*.log")
    text = path.read_bytes()
    first = text.index(b"\n") + 1
    for cut in range(first, len(text)):
        path.write_bytes(text[:cut])
        assert state(tmp_path) == "under way"
        with Activity(tmp_path) as log:
            assert log.standing(1).state == "under way"
            log.write(2, "start")
            log.write(1, "verify-ok")
        assert (state(tmp_path), state(tmp_path, 2)) == ("verified", "under way")
        assert list(faults(entries(tmp_path))) == []


def test_lines_are_on_the_disk_when_they_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    really = os.fsync

    def look(handle: int) -> None:
        really(handle)
        seen.append(b"".join(path.read_bytes() for path in tmp_path.glob("*.log")))

    monkeypatch.setattr(os, "fsync", look)
    with Activity(tmp_path) as log:
        log.write(1, "start")
        assert seen[-1].endswith(b"phase-1 start\n")
        log.write(1, "verify-ok", "x")
        assert seen[-1].endswith(b"phase-1 verify-ok x\n")


def test_half_a_line_on_a_full_disk_takes_no_other_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others go on writing while the run that met the full disk is being ended."""
    really = os.write

    def full(handle: int, data: bytes) -> int:
        if b"phase-1 done" in data:
            return really(handle, data[:-4])
        if data[-4:] == data:
            raise OSError(errno.ENOSPC, "No space left on device")
        return really(handle, data)

    with Activity(tmp_path) as log:
        log.write(1, "start")
        log.write(1, "verify-ok")
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(OutputUnwritable, match="no room"):
            log.write(1, "done", "in 0.1 s")
        assert log.standing(1).state == "verified"
        monkeypatch.setattr(os, "write", really)
        log.write(2, "start", "0123abcd Make")
    assert (state(tmp_path), state(tmp_path, 2)) == ("verified", "under way")


def test_a_log_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "2026-01-01.log").mkdir()
    with pytest.raises(FileUnreadable, match=r"2026-01-01\.log' cannot be read: Is a directory"):
        Activity(tmp_path)


def test_a_day_of_another_place_stays_before_what_is_written_after_it(tmp_path: Path) -> None:
    (tmp_path / "2999-12-31.log").write_text("[2999-12-31T01:00:00+02:00] phase-1 start\n")
    with Activity(tmp_path) as log:
        log.write(1, "verify-ok")
    assert state(tmp_path) == "verified"
    (tmp_path / "2999-12-31.log").write_text("[9999-12-31T23:59:59-10:00] phase-1 start\n")  # no such time in UTC
    with Activity(tmp_path) as log:
        log.write(1, "verify-ok")


def test_no_detail_makes_a_line_of_its_own(tmp_path: Path) -> None:
    with Activity(tmp_path) as log:
        log.write(1, "verify-fail", "a\n[2026-01-01T00:00:00+00:00] phase-2 done\x18\x00\u2028" + "x" * 1000)
    (path,) = tmp_path.glob("*.log")
    assert path.read_text().count("\n") == 1
    assert len(path.read_text()) < 300
    assert state(tmp_path, 2) == "waiting"


def test_time_never_goes_back_and_days_have_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "2999-12-31.log").write_text("[2999-12-31T10:00:00+02:00] phase-1 start\n")
    with Activity(tmp_path) as log:
        log.write(1, "verify-ok")
    assert [entry.time for entry in entries(tmp_path)][-1] == "2999-12-31T08:00:00+00:00"

    class Later(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Later:
            return cls(3000, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(activity, "datetime", Later)
    with Activity(tmp_path) as log:
        log.write(1, "done")
    assert [entry.file.name for entry in entries(tmp_path)] == ["2999-12-31.log"] * 2 + ["3000-01-01.log"]
    assert list(faults(entries(tmp_path))) == []


def test_lines_that_cannot_follow(tmp_path: Path) -> None:
    (tmp_path / "2026-01-01.log").write_text(
        "[2026-01-01T10:00:00+00:00] phase-1 start\n"
        "[2026-01-01T10:00:01+00:00] phase-1 done\n"
        "[2026-01-01T10:00:02+00:00] phase-2 start\n"
        "nobody's line\n"
        "[2026-01-01T10:00:03+00:00] phase-2 start\n"
        "[2026-01-01T10:00:02+00:00] phase-3 start\n"
        "[yesterday] phase-3 verify-ok\n"
        "[2026-01-01T10:00:04+00:00] phase-3 verify-fail\n"
        "[2026-01-01T10:00:05+00:00] phase-3 verify-ok\n"
        "[2026-01-01T10:00:05+00:00] phase-3 done\n"
    )
    told = [(finding.line, finding.message) for finding in faults(entries(tmp_path))]
    assert told == [
        (2, "phase-1 is done without verify-ok"),
        (5, "phase-2 starts twice"),
        (6, "the time goes back"),
        (10, "phase-3 failed and is done, with nothing done about it"),
    ]


def test_a_log_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with Activity(tmp_path / "absent") as log, pytest.raises(OutputUnwritable):
        log.write(1, "start")
