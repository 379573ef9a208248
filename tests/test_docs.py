"""Every command in the README and in docs/ runs, and prints what the page shows."""

from __future__ import annotations

import os
import re
import subprocess
import sys
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


def run(command: str, folder: Path) -> str:
    if command.startswith("make "):
        # The suite runs inside `make test`: that the target is there and what it would do is all that can be asked.
        command, folder = ("make --dry-run test" if command == "make test" else command), ROOT
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


# The README's and the end-to-end test's `make demo` write the same folder.
GROUPED = [pytest.param(page, id=page.name, marks=pytest.mark.xdist_group("demo")) for page in PAGES]


@pytest.mark.parametrize("page", GROUPED)
def test_the_commands_of_a_page_run_and_print_what_it_shows(page: Path, tmp_path: Path) -> None:
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    for command, expected in transcripts(page):
        lines = iter(masked(run(command, tmp_path)))
        for line in masked("\n".join(expected)):
            assert any(line == printed for printed in lines), f"{command}: {line!r} is not printed"


def test_the_table_of_models_is_the_catalogue() -> None:
    rows = [COLUMNS, *(model.row() for model in summaries())]
    table = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| ")]
    for row in rows:
        assert "| " + " | ".join(row) + " |" in table


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
