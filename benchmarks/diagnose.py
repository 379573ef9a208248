"""What `greenroom diagnose` finds in the corpus of build recipes, by class, and how long it takes.

    python benchmarks/diagnose.py [--rounds 5] > benchmarks/results/diagnose.json

Recall counts a broken recipe when an error stands at its labelled file and line; exact, when its class is the labelled
one as well; clean, when no other error stands beside it. Precision is of recipes: how many that are called broken are.
Times: of one recipe inside a process (median and worst over the corpus), of whole processes for a recipe of the corpus,
and of a large project that is made on the spot: 40 images, 400 scripts, 5,000 other files.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from greenroom.diagnose.diagnosing import diagnose, is_broken
from machine import machine

CORPUS = Path(__file__).parents[1] / "tests" / "corpus" / "builds"


def judged(own: bool) -> dict[str, Any]:
    """Recall and precision over the given recipes, or over those of our own."""
    classes: dict[str, dict[str, int]] = defaultdict(lambda: {"broken": 0, "found": 0, "exact": 0, "clean": 0})
    called, right, flagged, healthy = 0, 0, 0, 0
    for path in sorted(CORPUS.glob("*/label.json")):
        if path.parent.name.startswith("own-") != own:
            continue
        label = json.loads(path.read_text())
        found = diagnose(path.parent)
        broken = label["verdict"] == "broken"
        called += is_broken(found)
        right += is_broken(found) and broken
        healthy += not broken
        flagged += is_broken(found) and not broken
        if broken:
            row = classes[label["class"]]
            errors = [one for one in found if one.severity == "error"]
            here = [one for one in errors if (one.path, one.line) == (label["file"], label["line"])]
            row["broken"] += 1
            row["found"] += bool(here)
            row["exact"] += any(one.code == label["class"] for one in here)
            row["clean"] += bool(here) and len(errors) == len(here)
    total = {name: sum(row[name] for row in classes.values()) for name in ("broken", "found", "exact", "clean")}
    return {
        **total,
        "recall": round(total["found"] / total["broken"], 3),
        "healthy": healthy,
        "healthy_called_broken": flagged,
        "precision": round(right / called, 3),
        "classes": dict(sorted(classes.items())),
    }


def inside(rounds: int) -> dict[str, float]:
    """Seconds of one recipe, the modules loaded."""
    times = []
    for folder in sorted(path.parent for path in CORPUS.glob("*/label.json")):
        runs = []
        for _ in range(rounds):
            began = time.perf_counter()
            diagnose(folder)
            runs.append(time.perf_counter() - began)
        times.append(min(runs))
    return {"median_ms": round(statistics.median(times) * 1000, 1), "worst_ms": round(max(times) * 1000, 1)}


def process(folder: Path, rounds: int) -> dict[str, float]:
    """Seconds of a whole process, wall and CPU, medians: the machine may be busy with others."""
    runs = []
    for _ in range(rounds):
        before, began = os.times(), time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "greenroom", "diagnose", str(folder), "--json"],
            stdout=subprocess.DEVNULL,
            check=False,
        )
        wall, after = time.perf_counter() - began, os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        runs.append((wall, cpu))
    walls, cpus = zip(*runs, strict=True)
    return {"wall_s": round(statistics.median(walls), 3), "cpu_s": round(statistics.median(cpus), 3)}


def large(folder: Path) -> None:
    """A project as large as the collections of images that people keep."""
    seeds = [path.parent for path in sorted(CORPUS.glob("b*/label.json"))]
    for number in range(40):
        image = folder / f"images/{number:02}"
        image.mkdir(parents=True)
        for file in seeds[number % len(seeds)].iterdir():
            if file.name != "label.json":
                (image / file.name).write_bytes(file.read_bytes())
    for number in range(400):
        script = folder / f"scripts/part{number % 20:02}/job{number:03}.sh"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(
            "#!/bin/bash\nset -euo pipefail\n" + f'for f in "$@"; do\n  echo "$f" | sort > "$f.{number}"\ndone\n' * 20
        )
    for number in range(5_000):
        source = folder / f"src/package{number % 50:02}/module{number:04}.py"
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text("VALUE = 1\n" * 40)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        large(Path(name))
        times = {
            "inside": inside(rounds),
            "process_small": process(CORPUS / "b23", rounds),
            "process_large": process(Path(name), rounds),
        }
    result = {
        "machine": machine("greenroom", "tree-sitter", "tree-sitter-bash", "PyYAML"),
        "rounds": rounds,
        "given": judged(own=False),
        "own": judged(own=True),
        "times": times,
    }
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
