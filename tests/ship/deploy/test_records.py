"""Records of releases: whole or absent, for their owner alone, and clear about what is in use."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.errors import FileUnreadable, InputInvalid, UnknownName
from greenroom.ship.deploy.records import History, Release, State, names, now, seconds_since


def release(number: int = 1, state: State = "begun", endpoint: str | None = "ep1") -> Release:
    return Release("joe", number, "runpod", "deploy", {"image": f"i{number}"}, None, state, endpoint, marks=("NEW",))


def history(folder: Path, *states: State) -> History:
    found = History.read(folder, "joe")
    found.make_folder()
    for number, state in enumerate(states, 1):
        found = found.save(release(number, state))
    return found


def test_what_is_kept_is_what_is_read(tmp_path: Path) -> None:
    kept, new = History.read(tmp_path, "joe").begin(replace(release(), canary={"text": "x"}))
    assert new.marks[0].startswith("joe/1/")
    assert new.by
    assert History.read(tmp_path, "joe") == kept
    assert names(tmp_path) == ("joe",)


def test_only_the_owner_reads_records(tmp_path: Path) -> None:
    kept, _ = History.read(tmp_path, "joe").begin(release())
    assert stat.S_IMODE(kept.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((kept.folder / "0001.json").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("states", "current", "unfinished"),
    [
        ((), None, None),
        (("begun",), None, 1),
        (("live", "begun"), 1, 2),
        (("live", "reverted"), 1, None),
        (("live", "interrupted", "live"), 3, None),
        (("live", "removed"), None, None),
        (("live", "removed", "live", "reverting"), 3, 4),
    ],
)
def test_what_is_in_use(tmp_path: Path, states: tuple[State, ...], current: int | None, unfinished: int | None) -> None:
    found = history(tmp_path, *states)
    assert (found.current and found.current.number) == current
    assert (found.unfinished and found.unfinished.number) == unfinished


def test_a_new_release_names_the_one_before_interrupted(tmp_path: Path) -> None:
    found, _ = history(tmp_path, "live", "begun").begin(release(3))
    assert [one.state for one in found.releases] == ["live", "interrupted", "begun"]
    assert "release 3" in found.releases[1].outcome


def test_a_rollback_starts_from_what_ended_as_asked(tmp_path: Path) -> None:
    assert history(tmp_path).last is None
    found = history(tmp_path, "live", "removed", "reverted")
    assert (found.last and found.last.number, found.next_number) == (2, 4)
    found = found.save(release(4))
    assert (found.last and found.last.number) == 4, "what is under way comes first"


def test_callers_use_what_was_switched_to(tmp_path: Path) -> None:
    found = history(tmp_path, "live").save(release(2, "switched", "ep2"))
    assert found.endpoint == "ep2"
    assert found.save(release(2, "reverting", "ep2")).endpoint == "ep1"


def test_only_what_was_proved_can_be_gone_back_to(tmp_path: Path) -> None:
    found = history(tmp_path, "live", "reverted")
    assert found.release(1).number == 1
    with pytest.raises(UnknownName):
        found.release(2)


def test_a_damaged_record_is_not_passed_over(tmp_path: Path) -> None:
    found = history(tmp_path, "live")
    (found.folder / "0001.json").write_text('{"name": "joe"}')
    with pytest.raises(FileUnreadable):
        History.read(tmp_path, "joe")
    with pytest.raises(InputInvalid):
        History.read(tmp_path, "../joe")


def test_seconds_since_now_are_few() -> None:
    assert 0 <= seconds_since(now()) < 5
    assert seconds_since("2999-01-01T00:00:00+00:00") == 0
