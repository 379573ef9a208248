"""What a model tells and shows is checked before it leaves the worker, and shown as it was then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import Cancelled
from greenroom.jobs.job import EVENT_KINDS
from greenroom.models.model import MadeFile
from greenroom.serve.workers.errors import ModelFailed
from greenroom.serve.workers.pool import shown_beside
from greenroom.serve.workers.protocol import Message, Run, Shown, Told
from greenroom.serve.workers.telling import Telling

_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def _telling(folder: Path, sent: list[Message], *, seen: bool = True) -> Telling:
    folder.mkdir(exist_ok=True)
    shown = str(shown_beside(folder)) if seen else None
    return Telling(Run(7, "echo", {}, str(folder), "job_1", False, None, shown), sent.append, lambda: None)


@given(kind=st.text(max_size=40), data=_PLAIN)
def test_what_is_sent_is_of_the_model_s_own_kind_and_an_object(kind: str, data: object) -> None:
    sent: list[Message] = []
    telling = Telling(Run(7, "echo", {}, "/f", "job_1", False, None, None), sent.append, lambda: None)
    try:
        telling.tell(kind, data)
    except ModelFailed:
        assert sent == []
    else:
        (told,) = sent
        assert isinstance(told, Told)
        assert told.data == data
        assert told.kind.isascii()
        assert told.kind.islower()
        assert told.kind not in EVENT_KINDS
        json.dumps(told.data)


def test_no_kind_of_the_job_s_own_is_taken() -> None:
    telling = Telling(Run(7, "echo", {}, "/f", "job_1", False, None, None), lambda _: None, lambda: None)
    for kind in EVENT_KINDS:
        with pytest.raises(ModelFailed, match="no kind that a model may name"):
            telling.tell(kind, {})


def test_a_file_is_shown_as_it_was_and_the_first_folder_may_be_emptied(tmp_path: Path) -> None:
    sent: list[Message] = []
    telling = _telling(tmp_path / "made", sent)
    for words in ("first", "second"):
        (tmp_path / "made" / "look.txt").write_text(words)
        telling.show(MadeFile(tmp_path / "made" / "look.txt", "text/plain"))
    (tmp_path / "made" / "look.txt").unlink()
    paths = [Path(said.path) for said in sent if isinstance(said, Shown)]
    assert [path.read_text() for path in paths] == ["first", "second"]
    assert {path.name for path in paths} == {"look.txt"}


def test_where_nobody_looks_nothing_is_copied_and_all_is_checked(tmp_path: Path) -> None:
    sent: list[Message] = []
    telling = _telling(tmp_path / "made", sent, seen=False)
    path = tmp_path / "made" / "look.txt"
    path.write_text("look")
    telling.show(MadeFile(path, "text/plain"))
    assert sent == []
    assert [entry.name for entry in tmp_path.iterdir()] == ["made"]
    with pytest.raises(ModelFailed, match="must be MadeFile"):
        telling.show(MadeFile(path, "a text"))


@pytest.mark.parametrize(
    ("file", "why"),
    [
        ("look.txt", "must be MadeFile"),
        (MadeFile(Path("no-such"), "text/plain"), "not in the folder of the request"),
        (MadeFile(Path("large"), "text/plain"), "shows 50,000,001 bytes, and at most 50,000,000"),
        (MadeFile(Path("leads-out"), "text/plain"), "not in the folder of the request"),
    ],
    ids=str,
)
def test_what_cannot_be_shown_is_said(tmp_path: Path, file: object, why: str) -> None:
    telling = _telling(tmp_path / "made", [])
    (tmp_path / "secret").write_text("of others")
    (tmp_path / "made" / "leads-out").symlink_to(tmp_path / "secret")
    with (tmp_path / "made" / "large").open("wb") as large:
        large.truncate(50_000_001)
    placed = MadeFile(tmp_path / "made" / file.path, file.media_type) if isinstance(file, MadeFile) else file
    with pytest.raises(ModelFailed, match=why):
        telling.show(placed)


def test_a_full_disk_costs_the_look_and_not_the_work(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sent: list[Message] = []
    telling = _telling(tmp_path / "made", sent)
    shown_beside(tmp_path / "made").write_text("in the way")
    (tmp_path / "made" / "look.txt").write_text("look")
    telling.show(MadeFile(tmp_path / "made" / "look.txt", "text/plain"))
    assert sent == []
    assert "look.txt cannot be shown" in caplog.text


def test_a_cancel_is_heard_in_both(tmp_path: Path) -> None:
    def stop() -> None:
        raise Cancelled

    telling = Telling(Run(7, "echo", {}, str(tmp_path), "job_1", False, None, None), lambda _: None, stop)
    with pytest.raises(Cancelled):
        telling.tell("plan", {})
    with pytest.raises(Cancelled):
        telling.show(MadeFile(tmp_path / "x", "text/plain"))
