"""Every command in the README and in docs/ runs, and prints what the page shows."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenroom.recipes.show import COLUMNS, summaries

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def transcripts(page: Path) -> list[tuple[str, list[str]]]:
    """Commands of a page with the output lines that it shows below each."""
    found: list[tuple[str, list[str]]] = []
    for block in BLOCK.findall(page.read_text()):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:].split("    #")[0], []))
            elif line.strip():
                found[-1][1].append(line)
    return found


def masked(text: str) -> list[str]:
    """Lines without padding and decimals: seconds and loudness differ a little between machines, counts do not."""
    return [re.sub(r"\d+\.\d+", "N", re.sub(r" +", " ", line.strip())) for line in text.splitlines() if line.strip()]


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


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    started = Serving(tmp_path_factory.mktemp("serving"))
    yield started
    started.stop()


def run(command: str, folder: Path) -> str:
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
    assert done.returncode == (1 if "GREENROOM_VOCE" in command else 0), shown
    return shown


# One after another, as all tests of a file are: pages that serve do so at the same port.
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_a_page_run_and_print_what_it_shows(
    page: Path, serving: Serving, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    for folder in ("docs", "tests"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    for command, expected in transcripts(page):
        if command.startswith(("greenroom serve", "python -m greenroom.ship.runpod.fake")):
            printed = serving.start(command)
        elif command == "make demo":
            printed = request.getfixturevalue("demo")
        elif command == "make test":
            # The suite runs inside it: that the target is there and what it would do is all that can be asked.
            printed = run("make --dry-run test", ROOT)
        else:
            printed = run(command, tmp_path)
        lines = iter(masked(printed))
        for line in masked("\n".join(expected)):
            assert any(line == found for found in lines), f"{command}: {line!r} is not printed"


def test_the_table_of_models_is_the_catalogue() -> None:
    rows = [COLUMNS, *(model.row() for model in summaries())]
    table = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| ")]
    for row in rows:
        assert "| " + " | ".join(row) + " |" in table


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
