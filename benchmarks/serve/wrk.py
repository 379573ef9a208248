"""Load by wrk (https://github.com/wg/wrk): one thread, so many connections that never wait for each other."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serve.processes import cpu_s
from serve.servers import NotMeasured

if TYPE_CHECKING:
    from serve.servers import Server

_SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = %s
function done(summary, latency, requests)
  io.write(string.format(
    '\\n{"requests": %%d, "us": %%d, "p50": %%d, "p99": %%d, "status": %%d, "other": %%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write))
end
"""


@dataclass(frozen=True)
class Loaded:
    """One run. cpu_us: of the server's processes, for each answer.  failed: answers that were no success."""

    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    failed: int


def need_wrk() -> None:
    """Raise NotMeasured when wrk is not installed."""
    if shutil.which("wrk") is None:
        raise NotMeasured("wrk is missing: apt-get install wrk")


def load(server: Server, path: str, body: Any, concurrency: int, seconds: float) -> Loaded:
    """Ask a server as fast as it answers. Raises NotMeasured."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "post.lua"
        # A JSON string of ASCII is a string of Lua, too.
        script.write_text(_SCRIPT % json.dumps(json.dumps(body)))
        command = ["wrk", "-t1", f"-c{concurrency}", f"-d{seconds:g}s", "--timeout", "60s", "--latency"]
        pids = server.pids()
        before = cpu_s(pids)
        run = subprocess.run(
            [*command, "-s", str(script), server.url + path], capture_output=True, text=True, check=False
        )
        used = cpu_s(pids) - before
    lines = [line for line in run.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise NotMeasured(f"wrk failed on {server.name}: {run.stdout[-500:]} {run.stderr[-500:]}")
    said = json.loads(lines[-1])
    requests = said["requests"]
    return Loaded(
        per_s=round(requests / said["us"] * 1e6, 1),
        p50_ms=round(said["p50"] / 1000, 2),
        p99_ms=round(said["p99"] / 1000, 2),
        cpu_us=round(used / max(1, requests) * 1e6),
        failed=said["status"] + said["other"],
    )
