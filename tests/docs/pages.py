"""What pages say to type, and what they show that it prints."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.command import greenroom

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
_TYPED = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
# A name alone, as in `greenroom foley`, is no command.
_INLINE = re.compile(r"`(greenroom \w+ [^`]+)`")
# Servers keep running while a page goes on; any other command is waited for.
_FAKE = "python -m greenroom.ship.runpod.fake"
_SERVERS = ("greenroom serve", _FAKE)


def transcripts(page: Path) -> list[tuple[str, list[str]]]:
    """Commands of a page with the output lines that it shows below each."""
    found: list[tuple[str, list[str]]] = []
    for block in _BLOCK.findall(page.read_text()):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:].split("    #")[0].rstrip(), []))
            elif line.strip():
                found[-1][1].append(line)
    return found


def typed(page: Path) -> list[str]:
    """The lines of a page's blocks that show nothing of what they print."""
    return [line for line in "".join(_TYPED.findall(page.read_text())).splitlines() if line]


def commands(page: Path, beginning: str) -> list[str]:
    """Those of a page that begin so, in such blocks and in sentences."""
    return [line for line in [*typed(page), *_INLINE.findall(page.read_text())] if line.startswith(beginning)]


def verbs(page: Path) -> list[list[str]]:
    """The arguments of each of these that is of this machine alone."""
    lines = [shlex.split(line, comments=True)[1:] for line in commands(page, "greenroom ")]
    return [arguments for arguments in lines if arguments[0] != "serve"]


def video_is_fetched(page: Path, folder: Path, url: str, more: str) -> None:
    """A page's two calls of curl ask a server for a video and fetch it. more: behind the first, to be done sooner."""
    ask, fetch = commands(page, "curl ")

    def shell(command: str) -> str:
        there = command.replace("http://", "").replace("localhost:7860", url.partition("://")[2])
        run = subprocess.run(["bash", "-c", there], cwd=folder, capture_output=True, text=True, check=True, timeout=60)
        return run.stdout

    number = re.search(r'"id": ?"([^"]+)"', shell(f"{ask} {more}"))
    assert number is not None
    until = time.monotonic() + 60
    while '"completed"' not in (said := shell(f"curl -s localhost:7860/v1/videos/{number[1]}")):
        assert time.monotonic() < until, said
        assert '"failed"' not in said, said
        time.sleep(0.1)
    shell(fetch.replace("ID", number[1]))


def pages_with(*beginnings: str) -> set[Path]:
    """Pages with a command that begins so."""
    return {page for page in PAGES if any(command.startswith(beginnings) for command, _ in transcripts(page))}


# A file of tests is one worker's. These pages share a server, and they a port: one worker runs them one after another.
SERVING = pages_with("greenroom serve")
# These load the voice, which is done once a worker.
SPEAKING = pages_with("greenroom speak", "greenroom caption") - SERVING


class Serving:
    """The server that pages start, all at one port; while they start the same one it serves them all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._command = self._said = ""
        self._process: subprocess.Popen[str] | None = None

    def start(self, command: str) -> str:
        """Start a server as a page does, and wait until it is ready; gives what it says."""
        if command == self._command:
            return self._said
        self.stop()
        self._process = subprocess.Popen(
            [sys.executable, "-m", *command.removeprefix("python -m ").split()],
            cwd=self._folder,
            env={**os.environ, "GREENROOM_DATA": str(self._folder / "data")},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        end = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{said.split()[-1]}/readyz", timeout=5):
                self._command, self._said = command, said
                return said
            assert time.monotonic() < end, "the server did not become ready"
            time.sleep(0.1)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(60)
            assert self._process.stdout is not None
            self._process.stdout.close()


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who types what pages say. folder: where, with docs and tests of the clone in it."""

    folder: Path
    serving: Serving
    request: pytest.FixtureRequest

    def follows(self, page: Path) -> None:
        """Run the commands of a page, one after another; each prints what the page shows, in that order."""
        for name in ("docs", "tests"):
            (self.folder / name).symlink_to(ROOT / name)
        # On the fake platform minutes pass in seconds: there a verb takes the time that its process takes to start.
        in_process = page not in pages_with(_FAKE)
        here = self.folder
        for command, expected in transcripts(page):
            if command.startswith("cd "):
                assert not expected, "cd prints nothing"
                here = here / command.removeprefix("cd ")
                continue
            lines = iter(masked(self._printed(command, here, in_process=in_process)))
            for line in masked("\n".join(expected)):
                assert any(line == found for found in lines), f"{command}: {line!r} is not printed"

    def _printed(self, command: str, here: Path, *, in_process: bool) -> str:
        if command.startswith(_SERVERS):
            return self.serving.start(command)
        if command == "make demo":
            return str(self.request.getfixturevalue("demo"))
        if command == "make test":
            # The suite runs inside it: that the target is there and what it would do is all that can be asked.
            return _in_shell("make --dry-run test", ROOT)
        if in_process and (verb := plain_verb(command)):
            env, arguments = verb
            capfd: pytest.CaptureFixture[str] = self.request.getfixturevalue("capfd")
            done = greenroom(arguments, capfd, folder=here, env=env, one_stream=True)
            assert done.returncode == _expected_code(command), done.stdout
            return done.stdout
        return _in_shell(command, here)


def plain_verb(command: str) -> tuple[dict[str, str], list[str]] | None:
    """Environment and arguments of ``greenroom`` where it alone is called; None where a shell has something to do."""
    if re.search(r"[|&;<>$()*?~`#\\]", re.sub(r"'[^']*'", "", command)):
        return None
    words = shlex.split(command)
    env: dict[str, str] = {}
    while re.match(r"[A-Z_]+=", words[0]):
        name, _, env[name] = words.pop(0).partition("=")
    return (env, words[1:]) if words[0] == "greenroom" else None


def masked(text: str) -> list[str]:
    """Lines without padding and decimals: seconds and loudness differ a little between machines, counts do not."""
    return [re.sub(r"\d+\.\d+", "N", re.sub(r" +", " ", line.strip())) for line in text.splitlines() if line.strip()]


def _in_shell(command: str, folder: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=900,
        check=False,
    )
    shown = done.stdout.decode(errors="replace")
    assert done.returncode == _expected_code(command), shown
    return shown


def _expected_code(command: str) -> int:
    return 1 if "GREENROOM_VOCE" in command else 0
