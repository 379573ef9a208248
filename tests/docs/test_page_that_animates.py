"""Every command of the page on animation runs, by a tiny model and at a size for tests, and makes what it names."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from greenroom.models import registry
from tests.command import greenroom
from tests.docs.pages import ROOT
from tests.models.steadydancer.tiny import driver_file, keypoint_frames, picture_file, small_sizes
from tests.serve.animating import DANCER, main_animating
from tests.serve.servers import running_server

_BLOCK = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
# A name alone, as in `greenroom animate`, is no command.
_INLINE = re.compile(r"`(greenroom \w+ [^`]+)`")
_PAGE = (ROOT / "docs" / "animate.md").read_text()
_TINY = "tests.models.steadydancer.tiny:TinySteadyDancer"
# What takes minutes on a CPU, smaller; and nothing is fetched.
_SMALLER = {"rehearse": ("--tiny", "--device", "cpu"), "pull": ("--offline",)}


def commands(beginning: str) -> list[str]:
    """Those of the page that begin so, in blocks and in sentences."""
    found = [*"".join(_BLOCK.findall(_PAGE)).splitlines(), *_INLINE.findall(_PAGE)]
    return [line for line in found if line.startswith(beginning)]


def verbs() -> list[list[str]]:
    """The arguments of each command of this machine alone."""
    lines = [shlex.split(line, comments=True)[1:] for line in commands("greenroom ")]
    return [arguments for arguments in lines if arguments[0] != "serve"]


def files(folder: Path) -> None:
    """All that commands of the page name."""
    picture_file(folder / "me.png")
    driver_file(folder / "dance.mp4")
    driver_file(folder / "two.mp4", 0, 1)
    (folder / "keys.json").write_text(json.dumps(keypoint_frames(9)))
    (folder / "four.safetensors").write_bytes(b"read when a model is loaded")


def test_each_line_of_a_block_is_run_by_a_test_below() -> None:
    blocks = [line for line in "".join(_BLOCK.findall(_PAGE)).splitlines() if line]
    assert all(line.startswith(("greenroom ", "curl ")) for line in blocks)
    assert {arguments[0] for arguments in verbs()} == {"animate", "pull", "rehearse"}
    assert len(commands("greenroom animate ")) > 5


@pytest.mark.parametrize("arguments", verbs(), ids=" ".join)
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
    ask, fetch = commands("curl ")
    files(tmp_path)
    with running_server(tmp_path, DANCER, entry=main_animating) as server:

        def shell(command: str) -> str:
            typed = command.replace("http://", "").replace("localhost:7860", server.url.partition("://")[2])
            run = subprocess.run(
                ["bash", "-c", typed], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60
            )
            return run.stdout

        number = re.search(r'"id": ?"([^"]+)"', shell(f"{ask} -F steps=2"))
        assert number is not None
        until = time.monotonic() + 60
        while '"completed"' not in (said := shell(f"curl -s localhost:7860/v1/videos/{number[1]}")):
            assert time.monotonic() < until, said
            assert '"failed"' not in said, said
            time.sleep(0.1)
        shell(fetch.replace("ID", number[1]))
    assert (tmp_path / "out.mp4").stat().st_size > 1000
