"""What a rehearsal costs here, and whether the memory that it predicts for other sizes is what they take.

    python benchmarks/rehearsal.py [--device auto] [--model f5tts-v1-base] [--sizes 1s,10s,30s] [--output FILE]

Each rehearsal is a process of its own. Prints one JSON: its wall and CPU seconds, those of each stage, peaks of memory,
what each size took in a rehearsal of its own, and what the first one predicted for it.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from machine import machine
from report import report


def rehearsal(*arguments: str) -> dict[str, Any]:
    """One rehearsal in a process of its own: its result, and wall and CPU seconds of the whole process."""
    before, began = os.times(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "greenroom", "rehearse", *arguments, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    wall, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    if not done.stdout.startswith("{"):
        raise SystemExit(f"rehearse {' '.join(arguments)}: {done.stderr.strip()}")
    said = json.loads(done.stdout)
    if not said["ok"]:
        raise SystemExit(f"rehearse {' '.join(arguments)}: {said['error']['message']}")
    return {"wall_s": round(wall, 2), "cpu_s": round(cpu, 2), **said["result"]}


def summary(found: dict[str, Any]) -> dict[str, Any]:
    """What stands in the results."""
    return {
        "passed": found["passed"],
        "wall_s": found["wall_s"],
        "cpu_s": found["cpu_s"],
        "device": next((stage["words"] for stage in found["stages"] if stage["name"] == "device"), found["device"]),
        "precision": found["precision"],
        "stages": {
            stage["name"]: [None if part is None else round(part, 4) for part in (stage["first_s"], stage["second_s"])]
            for stage in found["stages"]
        },
        "device_peak": found["device_peak"],
        "host_peak": found["host_peak"],
        "cold_start": found["cold_start"],
        "findings": found["findings"],
    }


def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--model", default="f5tts-v1-base")
    parser.add_argument("--sizes", default="", help="by commas; the usual one of the device if not given")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    model, device = [options.model], ["--device", options.device]
    usual = rehearsal(*model, *device)
    foretold = {size["size"]: size for size in usual["sizes"]}
    found: dict[str, Any] = {
        "benchmark": "rehearsal",
        "machine": machine("greenroom", "torch", "av"),
        # Where its engine is installed: a machine that measures a card need not have it.
        **({"voice": summary(rehearsal("voice-joe"))} if find_spec("piper") else {}),
        "tiny": summary(rehearsal(*model, *device, "--tiny")),
        f"usual_{usual['size']}": summary(usual),
        "sizes": {},
    }
    for size in filter(None, options.sizes.split(",")):
        own = rehearsal(*model, *device, "--size", size)
        found["sizes"][size] = {
            "foretold": {name: foretold[size][name] for name in ("fits", "bytes", "source")},
            **summary(own),
        }
    report(found, options.output)


if __name__ == "__main__":
    main()
