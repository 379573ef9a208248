"""Every restoring that pages show runs, by a tiny model and at a size for tests, and makes the file that it names."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from greenroom.media.video.images import write_image
from greenroom.models import registry
from greenroom.runtime import rooms
from greenroom.runtime.rooms import Room
from tests.command import greenroom
from tests.docs.pages import ROOT, typed
from tests.media.video.clips import picture, video

PAGES = [ROOT / "README.md", ROOT / "docs" / "restore.md"]


def restorings(page: Path) -> list[list[str]]:
    """The arguments of each."""
    return [shlex.split(line, comments=True)[1:] for line in typed(page) if line.startswith("greenroom restore ")]


def sized_for_tests(argument: str) -> str:
    """What takes minutes on a CPU, smaller; and its own device for those of others."""
    return {"1080": "32", "cuda:0+cuda:1": "cpu"}.get(argument, argument)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_restoring_of_a_page_makes_its_file(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(registry._CLASSES, "seedvr2-3b", "tests.models.seedvr2.tiny:TinySeedVR2")
    monkeypatch.setattr(rooms, "room_of", lambda device, who: Room("cuda:0", 24 * 10**9, 64 * 10**9, "NVIDIA L4"))
    video(tmp_path / "old.mp4", frames=3)
    write_image(tmp_path / "photo.jpg", picture(0))
    (tmp_path / "clips").mkdir()
    video(tmp_path / "clips" / "a.avi", frames=2)
    write_image(tmp_path / "clips" / "b.bmp.png", picture(1))
    found = restorings(page)
    assert found
    for arguments in found:
        done = greenroom([sized_for_tests(argument) for argument in arguments], capfd, folder=tmp_path)
        assert done.returncode == 0, (arguments, done.stderr)
        if "--plan" not in arguments:
            for made in done.stdout.splitlines():
                name = made.partition("  ")[0]
                assert (tmp_path / (name % 1 if "%" in name else name)).is_file()
