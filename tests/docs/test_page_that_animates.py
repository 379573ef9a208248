"""Every command of the page on animation runs, by a tiny model and at a size for tests, and makes what it names."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from greenroom.models import registry
from tests.command import greenroom
from tests.docs.pages import ROOT, commands, typed, verbs, video_is_fetched
from tests.models.steadydancer.tiny import driver_file, keypoint_frames, picture_file, small_sizes
from tests.serve.animating import DANCER, main_animating
from tests.serve.servers import running_server

_PAGE = ROOT / "docs" / "animate.md"
_TINY = "tests.models.steadydancer.tiny:TinySteadyDancer"
# What takes minutes on a CPU, smaller; and nothing is fetched.
_SMALLER = {"rehearse": ("--tiny", "--device", "cpu"), "pull": ("--offline",)}


def files(folder: Path) -> None:
    """All that commands of the page name."""
    picture_file(folder / "me.png")
    driver_file(folder / "dance.mp4")
    driver_file(folder / "two.mp4", 0, 1)
    (folder / "keys.json").write_text(json.dumps(keypoint_frames(9)))
    (folder / "four.safetensors").write_bytes(b"read when a model is loaded")


def test_each_line_of_a_block_is_run_by_a_test_below() -> None:
    assert all(line.startswith(("greenroom ", "curl ")) for line in typed(_PAGE))
    assert {arguments[0] for arguments in verbs(_PAGE)} == {"animate", "pull", "rehearse"}
    assert len(commands(_PAGE, "greenroom animate ")) > 5


@pytest.mark.parametrize("arguments", verbs(_PAGE), ids=" ".join)
def test_every_command_of_the_page_does_what_it_says(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(registry._CLASSES, DANCER, _TINY)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    small_sizes(monkeypatch)
    files(tmp_path)
    verb, *asked = arguments
    steps = () if verb != "animate" or "--steps" in asked else ("--steps", "2")
    done = greenroom([verb, *asked, *steps, *_SMALLER.get(verb, ())], capfd, folder=tmp_path)
    if verb == "pull":  # before it fetches, it says what is known of its licence
        assert asked != [DANCER] or done.stderr.startswith(f"{DANCER}: SteadyDancer 14B: no known licence")
        assert "nothing may be fetched" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    assert verb != "animate" or "no known licence" in done.stderr.splitlines()[0]
    if verb == "animate" and "--plan" not in asked:
        usual = "preview.png" if "--preview" in asked else "animated.mp4"
        made = [line.partition("  ")[0] for line in done.stdout.splitlines()]
        assert made[0] == (asked[asked.index("-o") + 1] if "-o" in asked else usual)
        assert all((tmp_path / name).is_file() for name in made)


def test_openai_s_route_is_asked_as_the_page_does(tmp_path: Path) -> None:
    files(tmp_path)
    with running_server(tmp_path, DANCER, entry=main_animating) as server:
        video_is_fetched(_PAGE, tmp_path, server.url, "-F steps=2")
    assert (tmp_path / "out.mp4").stat().st_size > 1000
