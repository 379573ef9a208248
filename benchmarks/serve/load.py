"""Requests as fast as they are answered: greenroom beside LitServe and BentoML, with a model that does nothing.

    PYTHONPATH=.:benchmarks python benchmarks/serve/load.py [--rounds 4] [--seconds 2]

Prints a table, and writes all figures to benchmarks/results/serve-load.json. In each round the servers take turns, so
that what else the machine does hits all of them. The embedded voice speaks a short sentence, for scale. Needs wrk.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from machine import machine
from serve.processes import memory
from serve.results import write
from serve.servers import NOOP, PEERS, NotMeasured, Server, bentoml, greenroom, litserve
from serve.wrk import Loaded, load, need_wrk

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

CONCURRENCY = (1, 8, 64)
# 1 KB of JSON.
_NOOP = {"text": "x" * 1000}
_SPEECH = {"model": "voice-joe", "voice": "alloy", "input": "The lamp in the hall is broken.", "response_format": "wav"}
# Names in the table, and what is asked of each: path, body, how many times as long (speech is few and slow answers).
_ASKED: dict[str, tuple[str, Any, float]] = {
    "greenroom": (f"/v1/models/{NOOP}/generate", _NOOP, 1),
    "LitServe": ("/predict", _NOOP, 1),
    "BentoML": ("/generate", _NOOP, 1),
    "greenroom, speech": ("/v1/audio/speech", _SPEECH, 2),
}
_SETTLE_S = 3.0


def summary(runs: list[Loaded]) -> dict[str, Any]:
    """The best and the median of some runs: the best says what a quiet machine does."""
    return {
        "best_per_s": max(run.per_s for run in runs),
        "median_per_s": statistics.median(run.per_s for run in runs),
        "best_p50_ms": min(run.p50_ms for run in runs),
        "best_p99_ms": min(run.p99_ms for run in runs),
        "median_p99_ms": statistics.median(run.p99_ms for run in runs),
        "best_cpu_us": min(run.cpu_us for run in runs),
        "median_cpu_us": statistics.median(run.cpu_us for run in runs),
        "failed": sum(run.failed for run in runs),
    }


def measure(servers: dict[str, Server], rounds: int, seconds: float) -> dict[str, Any]:
    """All servers at all concurrencies, taking turns."""
    time.sleep(_SETTLE_S)
    idle = {name: asdict(memory(server.pids())) for name, server in servers.items()}
    runs: dict[tuple[str, int], list[Loaded]] = {}
    for name, server in servers.items():
        load(server, *_ASKED[name][:2], 8, 1)  # not counted
    for _ in range(rounds):
        for concurrency in CONCURRENCY:
            for name, server in servers.items():
                path, body, longer = _ASKED[name]
                said = load(server, path, body, concurrency, seconds * longer)
                runs.setdefault((name, concurrency), []).append(said)
    time.sleep(_SETTLE_S)
    return {
        name: {
            "start_s": round(server.start_s, 2),
            "memory_idle": idle[name],
            "memory_after": asdict(memory(server.pids())),
            "load": {str(concurrency): summary(runs[name, concurrency]) for concurrency in CONCURRENCY},
        }
        for name, server in servers.items()
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--only", choices=tuple(_ASKED), action="append", help="only these; nothing is written then")
    asked = parser.parse_args()
    starts: dict[str, Callable[[], AbstractContextManager[Server]]] = {
        "greenroom": lambda: greenroom(NOOP),
        "LitServe": litserve,
        "BentoML": bentoml,
        "greenroom, speech": lambda: greenroom("voice-joe"),
    }
    try:
        need_wrk()
        with contextlib.ExitStack() as running:
            servers = {
                name: running.enter_context(start()) for name, start in starts.items() if name in (asked.only or starts)
            }
            rows = measure(servers, asked.rounds, asked.seconds)
    except NotMeasured as error:
        sys.exit(str(error))
    result = {
        "machine": machine("greenroom", "fastapi", "uvicorn", "uvloop"),
        "peers": PEERS,
        "rounds": asked.rounds,
        "seconds": asked.seconds,
        "rows": rows,
    }
    _print(rows)
    if not asked.only:
        write("serve-load", result)


def _print(rows: dict[str, Any]) -> None:
    print(f"{'':19} {'at once':>7} {'best/s':>8} {'median/s':>8} {'p50 ms':>8} {'p99 ms':>8} {'CPU us':>8} failed")
    for name, row in rows.items():
        for concurrency, said in row["load"].items():
            print(
                f"{name:19} {concurrency:>7} {said['best_per_s']:8.0f} {said['median_per_s']:8.0f}"
                f" {said['best_p50_ms']:8.2f} {said['best_p99_ms']:8.2f} {said['best_cpu_us']:8.0f} {said['failed']:6}"
            )
    print(f"\n{'':19} {'start s':>7} {'processes':>9} {'idle PSS MB':>11} {'after':>6}")
    for name, row in rows.items():
        idle, after = row["memory_idle"], row["memory_after"]
        print(f"{name:19} {row['start_s']:7.2f} {idle['processes']:9} {idle['pss_mb']:11.0f} {after['pss_mb']:6.0f}")


if __name__ == "__main__":
    main()
