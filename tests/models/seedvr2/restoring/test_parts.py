"""Parts get their name when they are whole; results are put together across disks, too."""

from __future__ import annotations

import errno
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greenroom.errors import OutputUnwritable
from greenroom.media.video.images import read_image
from greenroom.models.seedvr2.frames.sizes import Size
from greenroom.models.seedvr2.restoring import parts as module
from greenroom.models.seedvr2.restoring.encodings import Form
from greenroom.models.seedvr2.restoring.journal import Journal
from greenroom.models.seedvr2.restoring.parts import PictureParts
from greenroom.progress import silent
from tests.models.seedvr2.restorers import SIDE, drawn

NOWHERE: Any = None


def pictures(folder: Path) -> tuple[PictureParts, Journal]:
    form = Form("pictures", folder / "out" / "f%d.png", Size(SIDE, SIDE), wide=False, image="png")
    return PictureParts(form), Journal(folder / "parts", form.output)


def written(parts: PictureParts, part: Path, first: int, count: int) -> Path:
    with parts.writer(part, first) as out:
        for number in range(first, first + count):
            out.write(drawn(number), Fraction(0))
        assert not part.exists()
    return part


def test_pictures_have_their_numbers_in_the_whole(tmp_path: Path) -> None:
    parts, journal = pictures(tmp_path)
    with journal:
        one = written(parts, journal.part(0, 2, ""), 0, 2)
        other = written(parts, journal.part(2, 12, ""), 2, 10)
        assert [parts.frames(part) for part in (one, other)] == [2, 10]
        assert parts.publish([one, other], journal, NOWHERE, silent) == ()
        # All stay where they are until everything is published.
        assert [parts.frames(part) for part in (one, other)] == [2, 10]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(f"f{n}.png" for n in range(1, 13))
    assert np.array_equal(read_image(tmp_path / "out" / "f12.png"), drawn(11))


def test_a_part_that_fails_is_not_there(tmp_path: Path) -> None:
    parts, journal = pictures(tmp_path)
    with journal:
        part = journal.part(0, 2, "")
        with pytest.raises(RuntimeError), parts.writer(part, 0) as out:
            out.write(drawn(0), Fraction(0))
            raise RuntimeError
        assert [entry.name for entry in journal.folder.iterdir()] == ["lock"]


def test_pictures_are_published_twice_and_over_others(tmp_path: Path) -> None:
    parts, journal = pictures(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "f1.png").write_bytes(b"old")
    with journal:
        part = written(parts, journal.part(0, 2, ""), 0, 2)
        for _ in range(2):
            parts.publish([part], journal, NOWHERE, silent)
    assert np.array_equal(read_image(tmp_path / "out" / "f1.png"), drawn(0))
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_disk_without_second_names_gets_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(os, "link", no_links)
    parts, journal = pictures(tmp_path)
    with journal:
        part = written(parts, journal.part(0, 2, ""), 0, 2)
        parts.publish([part], journal, NOWHERE, silent)
        assert parts.frames(part) == 2
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_video_is_copied_to_another_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, output = tmp_path / "joined.mp4", tmp_path / "new" / "out.mp4"
    whole.write_bytes(b"video")
    replaces = Path.replace

    def other_disk(source: Path, target: Path) -> Path:
        if source == whole:
            raise OSError(errno.EXDEV, "another disk")
        return replaces(source, target)

    monkeypatch.setattr(Path, "replace", other_disk)
    module._moved(whole, output)
    assert output.read_bytes() == b"video"
    assert not whole.exists()


def test_a_folder_in_a_video_s_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "joined.mp4").write_bytes(b"video")
    (tmp_path / "out.mp4").mkdir()
    with pytest.raises(OutputUnwritable, match="is a folder"):
        module._moved(tmp_path / "joined.mp4", tmp_path / "out.mp4")


def test_a_link_is_followed_and_stays_one(tmp_path: Path) -> None:
    (tmp_path / "joined.mp4").write_bytes(b"video")
    (tmp_path / "real.mp4").touch()
    (tmp_path / "out.mp4").symlink_to("real.mp4")
    module._moved(tmp_path / "joined.mp4", tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").is_symlink()
    assert (tmp_path / "real.mp4").read_bytes() == b"video"
