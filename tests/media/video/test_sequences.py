"""Pictures by number: in the order of their numbers, whatever else is in their names."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import NoReturn

import pytest

from greenroom.errors import FileUnreadable
from greenroom.media.video.images import write_image
from greenroom.media.video.sequences import ImageSequence, is_pattern, number_in, numbered_in
from tests.media.video.clips import picture


def a_folder(folder: Path, *names: str) -> ImageSequence:
    for number, name in enumerate(names):
        write_image(folder / name, picture(number))
    return ImageSequence(folder, Fraction(25))


def test_what_is_a_digit_elsewhere_is_a_letter_here(tmp_path: Path) -> None:
    sequence = a_folder(tmp_path, "x².png", "x10.png", "x9.png", "x٣.png", "x1②3.png")
    assert [file.name for file in sequence.files][:3] == ["x1②3.png", "x9.png", "x10.png"]
    assert not is_pattern(Path("f%0٣d.png"))
    assert sequence.notes == ()


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("f1.png", "f2.png", "f5.png"), "numbers go from 1 to 5 and 2 are absent, the first is 3"),
        (("a_008_v2.png", "a_009_v2.png", "a_011_v2.png"), "from 8 to 11 and 1 are absent, the first is 10"),
        (("f1.png", "f2.png", "f3.png"), None),
        (("f9.png", "f10.png"), None),
        (("a1.png", "b7.png"), None),
        (("1.png",), None),
        (("s1e1.png", "s2e5.png"), None),
    ],
)
def test_numbers_that_are_absent_are_said(tmp_path: Path, names: tuple[str, ...], says: str | None) -> None:
    notes = a_folder(tmp_path, *names).notes
    assert (says is None and notes == ()) or (says is not None and says in notes[0])


@pytest.mark.parametrize(
    ("name", "pattern", "number"),
    [
        ("f00012.png", "f%05d.png", 12),
        ("f123456.png", "f%05d.png", 123_456),
        ("f12.png", "f%05d.png", None),
        ("f7.png", "f%d.png", 7),
        ("f7.jpg", "f%d.png", None),
        ("fx7.png", "f%d.png", None),
        ("f.png", "f.png", None),
    ],
)
def test_a_name_has_its_number(name: str, pattern: str, number: int | None) -> None:
    assert number_in(name, pattern) == number


def test_a_folder_has_the_usual_pattern() -> None:
    assert numbered_in(Path("a/f%d.png")) == Path("a/f%d.png")
    assert numbered_in(Path("a")) == Path("a/%06d.png")


def test_folders_that_are_not_there_or_may_not_be_read_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: Path) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "file").touch()
    for folder in ("absent", "file"):
        with pytest.raises(FileUnreadable, match=f"there is no folder '.*{folder}'"):
            ImageSequence(tmp_path / folder / "f%03d.png", Fraction(25))
    monkeypatch.setattr(Path, "iterdir", refused)  # whoever runs the tests may have every right
    for path in (tmp_path, tmp_path / "f%03d.png"):
        with pytest.raises(FileUnreadable, match="cannot be read: Permission denied"):
            ImageSequence(path, Fraction(25))
