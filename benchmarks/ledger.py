"""How long `greenroom ledger check` takes: inside a process, and as one.

    python benchmarks/ledger.py [--rounds 9] > benchmarks/results/ledger.json

corpus: the twelve projects of tests/goldens/ledger, each with what is wrong in it; right is how many are found exactly.
own: the documents of this repository.  journal: a project whose journal has 55,000 lines, made on the spot.  growth:
how much longer ten times as many pieces take that a reader may stumble over; 10 is in proportion.
Times are medians of CPU time, since the machine may be busy with others; those of processes are wall time, too.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenroom.ledger.checks import check
from greenroom.ledger.markdown import Document
from greenroom.ledger.tree import Tree
from machine import machine
from report import report

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
CORPUS = ROOT / "tests" / "goldens" / "ledger"
PIECES = (
    "](", "[a](b(", "`", "``a`", "<!--", "<!-- #a", "\\```x\n", "\\```\n", "```\n", '[a](b "', "[", "]", "a\n---\n",
    "<a href='", "\n]( ", "[a]: b\n",
)  # fmt: skip


def cpu_ms(work: Callable[[], object], rounds: int) -> float:
    """Of this process, the median."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return round(statistics.median(times) * 1000, 1)


def corpus(rounds: int) -> dict[str, Any]:
    """What is found in each project, and how long that takes."""
    labelled = json.loads((CORPUS / "labels.json").read_text())["trees"]

    def found(one: dict[str, Any]) -> set[tuple[str, str | None, int | None]]:
        folder = CORPUS / one["tree"]
        before = Tree.of(folder / "before") if one["has_before"] else None
        return {(finding.code, finding.path, finding.line) for finding in check(Tree.of(folder / "tree"), before)}

    right = sum(
        found(one) == {(defect["rule"], defect["file"], defect["line"]) for defect in one["defects"]}
        for one in labelled
    )
    times = [cpu_ms(partial(found, one), rounds) for one in labelled]
    return {"projects": len(labelled), "right": right, "median_ms": statistics.median(times), "worst_ms": max(times)}


def own(rounds: int) -> dict[str, Any]:
    """The documents of this repository."""
    tree = Tree.of(ROOT)
    return {
        "documents": len(tree.documents),
        "findings": len(check(tree)),
        "ms": cpu_ms(lambda: check(Tree.of(ROOT)), rounds),
    }


def long_journal(folder: Path) -> int:
    """A project of the corpus with its journal many times over; gives its number of lines."""
    shutil.copytree(CORPUS / "07-audio-mixer" / "tree", folder)
    head, _, entries = (folder / "JOURNAL.md").read_text().partition("\n\n")
    text = f"{head}\n\n" + entries * (55_000 // entries.count("\n") + 1)
    (folder / "JOURNAL.md").write_text(text)
    return text.count("\n")


def growth() -> dict[str, float]:
    """Of each piece, how much longer 20,000 of it take than 2,000."""

    def read(text: str) -> None:
        document = Document(text)
        for part in (document.headings, document.links, document.places, document.prose()):
            list(part)

    found = {}
    for piece in PIECES:
        few, many = (cpu_ms(partial(read, piece * count), 5) for count in (2_000, 20_000))
        found[piece] = round(many / max(few, 0.1), 1)
    return found


def process(folder: Path, rounds: int) -> dict[str, float]:
    """A whole process, medians."""
    runs = []
    for _ in range(rounds):
        before, began = os.times(), time.perf_counter()
        command = [sys.executable, "-m", "greenroom", "ledger", "check", str(folder), "--json"]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        wall, after = time.perf_counter() - began, os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        runs.append((wall, cpu))
    walls, cpus = zip(*runs, strict=True)
    return {"wall_s": round(statistics.median(walls), 3), "cpu_s": round(statistics.median(cpus), 3)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "project"
        lines = long_journal(folder)
        result = {
            "machine": machine("greenroom"),
            "rounds": asked.rounds,
            "corpus": corpus(asked.rounds),
            "own": {**own(asked.rounds), "process": process(ROOT, asked.rounds)},
            "journal": {
                "lines": lines,
                "ms": cpu_ms(lambda: check(Tree.of(folder)), asked.rounds),
                "process": process(folder, asked.rounds),
            },
            "growth": growth(),
        }
    report(result, asked.output)


if __name__ == "__main__":
    main()
