"""How soon a server is ready to speak, and what it holds and uses while nobody asks it anything.

    PYTHONPATH=.:benchmarks python benchmarks/serve/start.py [--runs 10]

Prints a table, and writes all figures to benchmarks/results/serve-start.json. Ready is the first 200 of /readyz, with
the embedded voice loaded and warm. Memory is that of the server's process and of its worker, each for itself.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from machine import machine
from serve.processes import cpu_s, memory
from serve.results import write
from serve.servers import NOOP, NotMeasured, Server, greenroom

if TYPE_CHECKING:
    from collections.abc import Sequence

_SETTLE_S, _IDLE_S = 3.0, 20.0


def idle(server: Server) -> dict[str, Any]:
    """Memory and CPU of the server alone and of its worker."""
    time.sleep(_SETTLE_S)
    own, *workers = server.pids()
    before = cpu_s([own]), cpu_s(workers)
    time.sleep(_IDLE_S)
    used = cpu_s([own]) - before[0], cpu_s(workers) - before[1]
    return {
        name: {**asdict(memory(pids)), "cpu_percent": round(100 * spent / _IDLE_S, 2)}
        for name, pids, spent in (("server", [own], used[0]), ("worker", workers, used[1]))
    }


def starts(models: Sequence[str], runs: int) -> dict[str, Any]:
    """Some starts, the last of which stays for a while."""
    seconds = []
    for run in range(runs):
        with greenroom(*models) as server:
            seconds.append(server.start_s)
            if run == runs - 1:
                held = idle(server)
    return {
        "ready_s": {
            "min": round(min(seconds), 2),
            "median": round(statistics.median(seconds), 2),
            "max": round(max(seconds), 2),
        },
        **held,
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    try:
        rows = {"voice-joe": starts(["voice-joe"], runs), "no-op": starts([NOOP], runs)}
    except NotMeasured as error:
        sys.exit(str(error))
    print(
        f"{'':10} {'ready s, min':>12} {'median':>6} {'max':>5}   server RSS, PSS MB, CPU %   worker RSS, PSS MB, CPU %"
    )
    for name, row in rows.items():
        ready = row["ready_s"]
        print(f"{name:10} {ready['min']:12.2f} {ready['median']:6.2f} {ready['max']:5.2f}   ", end="")
        for part in ("server", "worker"):
            said = row[part]
            print(f"{said['rss_mb']:10.0f} {said['pss_mb']:7.0f} {said['cpu_percent']:6.2f}   ", end="")
        print()
    write("serve-start", {"machine": machine("greenroom", "fastapi", "uvicorn", "dbos"), "runs": runs, "rows": rows})


if __name__ == "__main__":
    main()
