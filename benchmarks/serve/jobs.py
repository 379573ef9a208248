"""Durable jobs: how many are accepted and finished a second, how soon one is done, and what claiming costs.

    PYTHONPATH=.:benchmarks python benchmarks/serve/jobs.py [--rounds 3]

Prints a table, and writes all figures to benchmarks/results/serve-jobs.json. The first part asks a real server over
HTTP, with a worker whose model does nothing, on a SQLite file and, where Debian's PostgreSQL is installed, on that.
The second compares how entries are claimed, in a process without HTTP, workers and rows of jobs: by DBOS, which polls,
and by greenroom's dispatcher, which claims when a device is free. Needs wrk.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine import machine
from serve.processes import cpu_s
from serve.results import write
from serve.servers import NOOP, NotMeasured, Server, greenroom
from serve.wrk import load, need_wrk
from tests.jobs.postgres import Postgres

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_JOB = {"model": NOOP, "input": {"text": "x" * 1000}}
_ACCEPT_S, _DRAIN_S, _IDLE_S = 4.0, 6.0, 10.0
_ALONE = 100
_ENDED = re.compile(r'greenroom_jobs_finished_total\{.*status="succeeded"')
CLAIMING = ("dbos-1000", "dbos-50", "dbos-20", "greenroom")


def finished(server: Server) -> int:
    """Jobs that succeeded since the start of the server."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    return int(sum(float(line.split()[-1]) for line in lines if _ENDED.match(line)))


def one_by_one(server: Server, count: int) -> dict[str, float]:
    """Jobs of an otherwise idle server, each sent when the one before has ended: POST to the last event, ms."""
    asked = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    told = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    times = []
    for _ in range(count):
        began = time.perf_counter()
        asked.request("POST", "/v1/jobs", json.dumps(_JOB), {"Content-Type": "application/json"})
        job = json.loads(asked.getresponse().read())
        told.request("GET", f"/v1/jobs/{job['id']}/events")
        kinds = [line for line in told.getresponse().read().decode().splitlines() if line.startswith("event: ")]
        times.append((time.perf_counter() - began) * 1000)
        assert kinds[-1] == "event: succeeded", kinds
        # Not in step with anything that looks at intervals.
        time.sleep(0.05 + 0.013 * (len(times) % 7))
    cuts = statistics.quantiles(times, n=100)
    return {"p50_ms": round(statistics.median(times), 1), "p99_ms": round(cuts[98], 1)}


def serve(settings: Mapping[str, str], rounds: int) -> dict[str, Any]:
    """A real server on one database."""
    with greenroom(NOOP, settings=settings) as server:
        time.sleep(2)
        pids = server.pids()
        before = cpu_s(pids)
        time.sleep(_IDLE_S)
        idle = (cpu_s(pids) - before) / _IDLE_S
        alone = one_by_one(server, _ALONE)
        accepted, meanwhile, drained = [], [], []
        for _ in range(rounds):
            first, began = finished(server), time.perf_counter()
            said = load(server, "/v1/jobs", _JOB, 8, _ACCEPT_S)
            second, moment = finished(server), time.perf_counter()
            accepted.append(said)
            meanwhile.append((second - first) / (moment - began))
            time.sleep(_DRAIN_S)
            third, end = finished(server), time.perf_counter()
            drained.append((third - second) / (end - moment))
            with contextlib.suppress(TimeoutError):
                _emptied(server)
    return {
        "accepted_per_s": _of([run.per_s for run in accepted]),
        "accept_p50_ms": min(run.p50_ms for run in accepted),
        "accept_p99_ms": min(run.p99_ms for run in accepted),
        "refused": sum(run.failed for run in accepted),
        "finished_per_s_meanwhile": _of(meanwhile),
        "finished_per_s": _of(drained),
        "alone": alone,
        "idle_cpu_percent": round(100 * idle, 2),
    }


def _of(values: list[float]) -> dict[str, float]:
    return {"best": round(max(values), 1), "median": round(statistics.median(values), 1)}


def _emptied(server: Server) -> None:
    """Cancel what still waits, so that each round begins alike."""
    for _ in range(2):
        request = urllib.request.Request(f"{server.url}/purge-queue", method="POST")
        urllib.request.urlopen(request, timeout=60).read()
        time.sleep(1)


def claiming(how: str) -> dict[str, Any]:
    """One way of claiming, in a process of its own."""
    command = [sys.executable, str(Path(__file__).with_name("claiming.py")), how]
    with tempfile.TemporaryDirectory(prefix="greenroom-bench-") as folder:
        run = subprocess.run([*command, folder], capture_output=True, text=True, check=False, timeout=120)
    if run.returncode:
        raise NotMeasured(f"claiming by {how} failed:\n{run.stderr[-2000:]}")
    return dict(json.loads(run.stdout))


@contextlib.contextmanager
def databases(*, sqlite_only: bool) -> Iterator[dict[str, dict[str, str]]]:
    """What can be measured here: settings by the name of a database."""
    found: dict[str, dict[str, str]] = {"SQLite": {}}
    with contextlib.ExitStack() as running:
        try:
            if not sqlite_only:
                found["PostgreSQL"] = {"GREENROOM_DATABASE": running.enter_context(Postgres()).url}
        except RuntimeError as error:
            print(f"without PostgreSQL: {error}", file=sys.stderr)
        yield found


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part", choices=("serve", "claiming"), help="only this; nothing is written then")
    parser.add_argument("--sqlite", action="store_true", help="without PostgreSQL; nothing is written then")
    asked = parser.parse_args()
    served: dict[str, Any] = {}
    claimed: dict[str, Any] = {}
    try:
        need_wrk()
        if asked.part != "claiming":
            with databases(sqlite_only=asked.sqlite) as found:
                served = {name: serve(settings, asked.rounds) for name, settings in found.items()}
        if asked.part != "serve":
            claimed = {how: claiming(how) for how in CLAIMING}
    except NotMeasured as error:
        sys.exit(str(error))
    _print(served, claimed)
    if not asked.part and not asked.sqlite:
        versions = machine("greenroom", "dbos", "sqlalchemy", "psycopg")
        write("serve-jobs", {"machine": versions, "rounds": asked.rounds, "served": served, "claiming": claimed})


def _print(served: dict[str, Any], claimed: dict[str, Any]) -> None:
    if served:
        print(f"{'':11} accepted/s (p50, p99 ms)  finished/s meanwhile, then  alone p50, p99 ms  idle CPU %")
    for name, row in served.items():
        accept = f"{row['accepted_per_s']['best']:.0f} ({row['accept_p50_ms']:.0f}, {row['accept_p99_ms']:.0f})"
        finish = f"{row['finished_per_s_meanwhile']['best']:.0f}, {row['finished_per_s']['best']:.0f}"
        alone = f"{row['alone']['p50_ms']:.0f}, {row['alone']['p99_ms']:.0f}"
        print(f"{name:11} {accept:26} {finish:27} {alone:18} {row['idle_cpu_percent']}")
    if claimed:
        print(f"\n{'claimed by':11} finished/s  alone p50, p99 ms  idle CPU %")
    for name, row in claimed.items():
        alone = f"{row['p50_ms']:.1f}, {row['p99_ms']:.1f}"
        print(f"{name:11} {row['finished_per_s']:10.0f}  {alone:18} {row['idle_cpu_percent']:.2f}")


if __name__ == "__main__":
    main()
