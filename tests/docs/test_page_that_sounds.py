"""Every command of the page on sound runs, by a tiny model and at a size for tests, and makes what it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.media.video.images import write_image
from greenroom.models import registry
from greenroom.runtime import rooms
from greenroom.runtime.rooms import Room
from tests.command import greenroom
from tests.docs.pages import ROOT, commands, typed, verbs, video_is_fetched
from tests.media.video.clips import picture, video
from tests.models.foley.sounding.test_sources import scenes
from tests.serve.servers import running_server
from tests.serve.sounding import main_sounding

_PAGE = ROOT / "docs" / "foley.md"
_TINY = "tests.models.foley.tiny:TinyFoley"
# What takes minutes on a CPU, smaller; and nothing is fetched.
_SMALLER = {"foley": ("--steps", "10"), "rehearse": ("--tiny", "--device", "cpu"), "pull": ("--offline",)}


def test_each_line_of_a_block_is_run_by_a_test_below() -> None:
    assert all(line.startswith(("greenroom ", "curl ")) for line in typed(_PAGE))
    assert {arguments[0] for arguments in verbs(_PAGE)} == {"foley", "models", "pull", "rehearse"}
    assert len(commands(_PAGE, "greenroom foley ")) > 5


@pytest.mark.parametrize("arguments", verbs(_PAGE), ids=" ".join)
def test_every_command_of_the_page_does_what_it_says(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("hunyuanvideo-foley-xl", "hunyuanvideo-foley-xxl"):
        monkeypatch.setitem(registry._CLASSES, name, _TINY)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    video(tmp_path / "clip.mp4", frames=40, draw=scenes)
    write_image(tmp_path / "photo.jpg", picture(0))
    verb, *asked = arguments
    if "--plan" in asked:  # of the published size
        monkeypatch.setattr(rooms, "room_of", lambda device, _who: Room(device, 64 * 10**9))
    done = greenroom(
        [verb, *("1" if word == "20" else word for word in asked), *_SMALLER.get(verb, ())], capfd, folder=tmp_path
    )
    if verb == "pull":  # before it fetches, it says where it may not be used
        assert done.stderr.startswith(f"{asked[0]}: not in the EU")
        assert "nothing may be fetched" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    assert verb != "foley" or "not in the EU" in done.stderr.splitlines()[0]
    if verb == "foley" and "--plan" not in asked:
        made = [line.partition("  ")[0] for line in done.stdout.splitlines()]
        assert made == [asked[asked.index("-o") + 1]]
        assert (tmp_path / made[0]).is_file()


def test_openai_s_route_is_asked_as_the_page_does(tmp_path: Path) -> None:
    video(tmp_path / "clip.mp4", frames=20)
    with running_server(tmp_path, "hunyuanvideo-foley-xl", entry=main_sounding) as server:
        video_is_fetched(_PAGE, tmp_path, server.url, "-F steps=10")
    assert (tmp_path / "three.mp4").stat().st_size > 1000
