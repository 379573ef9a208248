"""Where restored files go."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.errors import FileUnreadable, GreenroomError, InputInvalid, UnknownName
from greenroom.models.seedvr2.restoring.targets import left_over, targets


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def touched(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()


def single(source: str, output: str | None = None, codec: str | None = None, *, numbered: bool = False) -> str:
    wanted = targets([Path(source)], None if output is None else Path(output), codec, numbered=numbered)
    assert wanted.folder is None
    (pair,) = wanted.pairs
    assert pair.source == Path(source)
    return str(pair.output)


@pytest.mark.parametrize(
    ("source", "codec", "output"),
    [
        ("a.mp4", None, "a.restored.mp4"),
        ("x/a.b.mkv", None, "x/a.b.restored.mkv"),
        ("a.mp4", "prores", "a.restored.mov"),
        ("a.mov", "prores", "a.restored.mov"),
        ("a.webm", "h264", "a.restored.mp4"),
        ("a.mp4", "ffv1", "a.restored.mkv"),
        ("a.avi", None, "a.restored.mp4"),
        ("noending", None, "noending.restored.mp4"),
        ("a.JPG", None, "a.restored.JPG"),
        ("a.bmp", None, "a.restored.png"),
        ("f/%05d.png", None, "f/%05d.restored.png"),
    ],
)
def test_without_a_place_it_lies_beside_its_source(source: str, codec: str | None, output: str) -> None:
    assert single(source, codec=codec) == output


def test_a_named_place_is_taken_as_it_is() -> None:
    assert single("a.mp4", "b.mkv") == "b.mkv"
    assert single("a.mp4", "new") == "new"
    assert single("a.mp4", "x/%05d.png") == "x/%05d.png"
    assert single("a.png", "b.jpg") == "b.jpg"
    assert single("a.bmp", "new") == "new/a.png"  # and not a folder of one picture by number
    touched("old/x.txt")
    assert single("a.png", "old") == "old/a.png"


def test_numbered_pictures_do_not_fall_among_other_files() -> None:
    touched("frames/000001.png", "frames/000002.png", "frames/.hidden")
    assert single("a.mp4", "frames") == "frames"  # what an earlier run left is replaced
    touched("frames/holiday.mov")
    with pytest.raises(InputInvalid, match="'frames' holds other files") as refused:
        single("a.mp4", "frames")
    assert "-o frames/a.mp4 for a video" in refused.value.mend


def test_pictures_behind_the_last_one_are_counted() -> None:
    touched("frames/000001.png", "frames/000002.png", "frames/000003.png", "frames/x.png")
    assert left_over(Path("frames"), 2) == 1
    assert left_over(Path("frames/%06d.png"), 1) == 2
    assert left_over(Path("frames/g%06d.png"), 0) == 0
    assert left_over(Path("b.mp4"), 0) == 0


def test_a_folder_s_videos_and_pictures_keep_their_names() -> None:
    touched("in/b.mp4", "in/a.AVI", "in/c.bmp", "in/d.jpeg", "in/notes.txt", "in/.e.mp4", "in/sub/f.mp4", "in/g.mkv/h")
    wanted = targets([Path("in")], Path("out"))
    assert wanted.folder == Path("out")
    assert [(pair.source.name, str(pair.output)) for pair in wanted.pairs] == [
        ("a.AVI", "out/a.mp4"), ("b.mp4", "out/b.mp4"), ("c.bmp", "out/c.png"), ("d.jpeg", "out/d.jpeg"),
    ]  # fmt: skip
    assert targets([Path("in")], None).folder == Path("in.restored")
    assert {pair.output.suffix for pair in targets([Path("in")], None, "prores").pairs} == {".mov", ".png", ".jpeg"}
    several = targets([Path("in/b.mp4"), Path("gone.mov")], Path("out"))
    assert [str(pair.output) for pair in several.pairs] == ["out/b.mp4", "out/gone.mov"]


def test_a_folder_of_numbered_pictures_is_one_clip_when_asked() -> None:
    touched("in/1.png", "in/2.png")
    assert single("in", "out.mp4", numbered=True) == "out.mp4"
    assert single("in", None, numbered=True) == "in.restored.mp4"


@pytest.mark.parametrize(
    ("sources", "output", "says"),
    [
        (["in"], "in", "'in/000001.png' would take the place of its source"),
        (["in"], "same", "'same/000001.png' would take the place of its source"),
        (["in/a.mp4", "in/b.mp4"], None, "no place for them"),
        (["in/a.mp4"], "-", "would stream"),
        (["in"], "x.mp4", "is one file, and the sources of a folder become several"),
        (["in/a.mp4", "in/b.mp4"], "%03d.png", "2 sources become several"),
        (["twins"], "out", "'twins/a.avi' and 'twins/a.mp4' would both become 'out/a.mp4'"),
    ],
)
def test_what_would_be_lost_is_refused(sources: list[str], output: str | None, says: str) -> None:
    touched("in/a.mp4", "in/b.mp4", "in/000001.png", "twins/a.mp4", "twins/a.avi")
    Path("same").symlink_to("in")
    with pytest.raises(InputInvalid, match=says):
        targets([Path(source) for source in sources], None if output is None else Path(output))


@pytest.mark.parametrize(
    ("source", "codec", "error", "says"),
    [
        ("empty", None, FileUnreadable, "'empty' holds no video and no picture"),
        ("a.mp4", "h266", UnknownName, "there is no video codec 'h266'"),
    ],
)
def test_what_is_not_there_is_said(source: str, codec: str | None, error: type[GreenroomError], says: str) -> None:
    touched("empty/notes.txt")
    with pytest.raises(error, match=says):
        targets([Path(source)], Path("out"), codec)
