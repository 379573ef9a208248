"""What lies in a folder is told in order; one that may not be looked into, or is none, is an error with its name."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from greenroom.errors import FileUnreadable
from greenroom.media.folders import in_folder


def test_what_lies_there_is_in_order(tmp_path: Path) -> None:
    for name in ("b.json", "a.png", ".c"):
        (tmp_path / name).touch()
    assert [path.name for path in in_folder(tmp_path)] == ["a.png", "b.json"]
    assert [path.name for path in in_folder(tmp_path, hidden=True)] == [".c", "a.png", "b.json"]


def test_what_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("absent", "file"):
        with pytest.raises(FileUnreadable, match=f"there is no folder '.*{name}'") as refused:
            in_folder(tmp_path / name)
        assert refused.value.mend == "check the path"


def test_a_folder_without_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Path) -> NoReturn:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refused)  # whoever runs the tests may have every right
    with pytest.raises(FileUnreadable, match="cannot be read: Permission denied") as caught:
        in_folder(tmp_path)
    assert caught.value.mend == "check its rights"
