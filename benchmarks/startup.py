"""What it costs to start: --help, the verbs' help, a catalogue look-up, one spoken word, as whole processes.

    python benchmarks/startup.py [--rounds 11] > benchmarks/results/startup.json

Prints one JSON: CPU seconds (user and system, children included) and wall seconds, medians.
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

from machine import machine

COMMANDS = {
    "--help": ["--help"],
    "speak --help": ["speak", "--help"],
    "caption --help": ["caption", "--help"],
    "config": ["config"],
    "models": ["models"],
    "speak one word": ["speak", "Hello.", "-o", "x.wav"],
    "speak one word with captions": ["speak", "Hello.", "-o", "x.wav", "--captions", "srt"],
    "python -c pass": None,
}


def once(arguments: list[str] | None, folder: str) -> tuple[float, float]:
    """CPU and wall seconds of one process."""
    command = [sys.executable, "-c", "pass"] if arguments is None else [sys.executable, "-m", "greenroom", *arguments]
    before, began = os.times(), time.perf_counter()
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    wall, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return cpu, wall


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=11)
    rounds = parser.parse_args().rounds
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in COMMANDS.items():
            once(arguments, folder)
            cpu, wall = zip(*(once(arguments, folder) for _ in range(rounds)), strict=True)
            rows[name] = {"cpu_s": round(statistics.median(cpu), 3), "wall_s": round(statistics.median(wall), 3)}
    json.dump(
        {"machine": machine("greenroom", "click", "pydantic"), "rounds": rounds, "rows": rows}, sys.stdout, indent=2
    )
    print()


if __name__ == "__main__":
    main()
