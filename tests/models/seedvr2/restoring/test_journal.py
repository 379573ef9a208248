"""What is finished: held by one process, taken for no other's, and thrown away without touching anything else."""

from __future__ import annotations

import errno
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from greenroom import locks
from greenroom.errors import Cancelled, OutputUnwritable
from greenroom.models.identities import differences
from greenroom.models.seedvr2.nadit.work import Work
from greenroom.models.seedvr2.planning.plan import Plan
from greenroom.models.seedvr2.planning.way import Way
from greenroom.models.seedvr2.restoring.journal import Begun, Journal, PartsDiffer, RestorationRunning, journal_folder
from greenroom.nn.slices import Slices
from greenroom.progress import silent

PLAN = Plan(
    model="tiny", device="cpu", height=16, width=16, way=Way(Slices(2, 8), work=Work(most=5), window=9), bytes=20,
    weights=7, host_bytes=3, free=80, seconds=1.5, shots=2, frames=9, windows=2, notes=("slow",),
)  # fmt: skip
ONE = Begun({"seed": 1, "source": "a"}, PLAN, False, (0, 3, 9), "keep", ("a note",))


class Whole:
    """Parts that hold as many frames as they have bytes."""

    suffix = ".mp4"

    def frames(self, part: Path) -> int:
        return part.stat().st_size


def journal(folder: Path) -> Journal:
    return Journal(folder / ".out.parts", folder / "out.mp4")


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in (folder / ".out.parts").iterdir())


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    with journal(tmp_path) as first:
        assert first.begun(ONE.identity) is None
        first.begin(ONE)
        first.part(0, 3, ".mp4").write_bytes(b"123")
    with journal(tmp_path) as second:
        assert second.begun(ONE.identity) == ONE
        assert [part.name for part in second.parts] == ["00000000-00000003.mp4"]
        second.remove()
    assert list(tmp_path.iterdir()) == []


def test_another_request_is_told_what_differs(tmp_path: Path) -> None:
    with journal(tmp_path) as first:
        first.begin(ONE)
        first.part(0, 3, ".mp4").touch()
    with pytest.raises(PartsDiffer, match="seed was 1 and is 2, the source is another"), journal(tmp_path) as second:
        second.begun({"seed": 2, "source": "b"})
    assert names(tmp_path) == ["00000000-00000003.mp4", "journal.json", "lock"]
    with journal(tmp_path) as third:
        third.restart()
        assert third.begun({"seed": 2, "source": "b"}) is None
        assert third.parts == ()


def test_what_is_the_same_differs_in_nothing() -> None:
    assert differences(ONE.identity, dict(ONE.identity)) == ()
    assert differences({"seed": 1}, {"seed": 1, "tile": 2}) == ("tile was None and is 2",)


@pytest.mark.parametrize("book", [None, b"", b"{", b"[]", b'{"layout": 1}', b'{"layout": 2, "plan": {"x": 1}}'])
def test_parts_that_nobody_knows_are_thrown_away(tmp_path: Path, book: bytes | None) -> None:
    folder = tmp_path / ".out.parts"
    folder.mkdir()
    (folder / "00000000-00000003.mp4").touch()
    if book is not None:
        (folder / "journal.json").write_bytes(book)
    with journal(tmp_path) as found:
        assert found.begun(ONE.identity) is None
        assert names(tmp_path) == ["lock"]


def test_what_a_crash_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / ".out.parts"
    (folder / ".0123456789ab.part").mkdir(parents=True)
    (folder / ".ba9876543210.part").touch()
    (folder / "joined.mp4").touch()
    (folder / "a letter.txt").touch()
    with journal(tmp_path) as found:
        assert names(tmp_path) == ["a letter.txt", "lock"]
        found.begin(ONE)
        found.remove()
    assert names(tmp_path) == ["a letter.txt"]


def test_one_process_holds_it(tmp_path: Path) -> None:
    with journal(tmp_path):
        with pytest.raises(RestorationRunning, match=r"out\.mp4") as caught, journal(tmp_path):
            pass
        assert caught.value.retryable
    with journal(tmp_path) as free:
        free.remove()


def test_a_lock_that_was_removed_meanwhile_is_taken_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between opening the file and holding it, whoever held it may have thrown it away."""
    hold = locks.hold
    gone: list[Path] = []

    def slow(path: Path) -> int:
        handle = hold(path)
        if not gone:
            gone.append(path)
            path.unlink()
        return handle

    monkeypatch.setattr(locks, "hold", slow)
    with journal(tmp_path):
        assert gone
        assert (tmp_path / ".out.parts" / "lock").exists()


def test_a_part_counts_while_it_is_whole(tmp_path: Path) -> None:
    whole: Any = Whole()
    said: list[tuple[str, float, float]] = []
    with journal(tmp_path) as found:
        assert found.finished(whole, 9, silent) == ()
        for start, stop in ((0, 3), (3, 6), (5, 8), (8, 12)):  # the third begins within the second, the last ends late
            found.part(start, stop, ".mp4").write_bytes(bytes(stop - start))
        found.part(6, 8, ".mov").write_bytes(b"12")
        assert found.finished(whole, 9, lambda *step: said.append(step)) == ((0, 3), (3, 6))
        assert [done for _, done, _ in said] == [0, 1, 2, 3, 4]
        found.part(3, 6, ".mp4").write_bytes(b"1")
        assert found.finished(whole, 9, silent) == ((0, 3),)
        assert names(tmp_path) == ["00000000-00000003.mp4", "lock"]


def test_a_note_of_the_result_outlives_the_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So a run that is killed while they are thrown away is known to have been finished."""

    clear = Journal._clear

    def stopped(own: Journal) -> None:
        monkeypatch.setattr(Journal, "_clear", clear)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), journal(tmp_path) as first:
        monkeypatch.setattr(Journal, "_clear", stopped)
        first.begin(ONE)
        first.part(0, 3, ".mp4").touch()
        first.published(ONE, 1, 500)
    with journal(tmp_path) as second:
        assert second.begun(ONE.identity) == replace(ONE, published=(1, 500))
        assert second.begun({"seed": 2}) is None  # and keeps nobody from another
        assert names(tmp_path) == ["lock"]


def test_an_error_within_is_not_hidden_by_one_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(own: Journal) -> None:
        raise OutputUnwritable("no rights")

    monkeypatch.setattr(Journal, "remove", broken)
    with pytest.raises(Cancelled), journal(tmp_path):
        raise Cancelled


def test_what_a_crash_left_and_cannot_be_removed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(entry: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    (tmp_path / ".out.parts" / ".0123456789ab.part").mkdir(parents=True)
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", broken)
        with pytest.raises(OutputUnwritable, match="Input/output error"), journal(tmp_path):
            pass
    with journal(tmp_path):  # and nobody holds it
        assert names(tmp_path) == ["lock"]


def test_a_folder_that_is_removed_before_it_is_held_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold = locks.hold

    def slow(path: Path) -> int:
        monkeypatch.setattr(locks, "hold", hold)
        path.parent.rmdir()
        return hold(path)

    monkeypatch.setattr(locks, "hold", slow)
    with journal(tmp_path):
        assert names(tmp_path) == ["lock"]


@pytest.mark.parametrize("finished", [True, False])
def test_an_error_leaves_what_is_finished(tmp_path: Path, finished: bool) -> None:
    def fails() -> None:
        with journal(tmp_path) as begun:
            begun.begin(ONE)
            if finished:
                begun.part(0, 3, ".mp4").touch()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert (tmp_path / ".out.parts").exists() == finished


def test_where_it_lies(tmp_path: Path) -> None:
    assert journal_folder(tmp_path / "out.mp4") == tmp_path / ".out.mp4.parts"
    long = journal_folder(tmp_path / f"{'ü' * 120}.mp4")
    assert len(long.name.encode()) < 255
    with pytest.raises(OutputUnwritable, match="is a folder"):
        journal_folder(tmp_path)


def test_a_place_that_takes_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputUnwritable), Journal(tmp_path / "file" / "parts", tmp_path / "x.mp4"):
        pass
