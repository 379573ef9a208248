"""Fetching one file: how fast beside other tools, what faults do to it, and what kill -9 does.

    python benchmarks/transfer.py speed  > benchmarks/results/transfer-speed.json
    python benchmarks/transfer.py faults > benchmarks/results/transfer-faults.json
    python benchmarks/transfer.py kills --kills 200 > benchmarks/results/transfer-kills.json

Needs curl, wget and aria2c for ``speed``. The host is a process of its own on the loopback that sends a file from the
page cache; it answers as the model hub does too, so that huggingface_hub can be measured (its HTTP path, without xet).
Rates are in MiB/s, medians of several rounds, tools in turns within a round; of two tools, the median of the rounds'
ratios.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from greenroom.errors import GreenroomError
from greenroom.weights.transfer.fetch import fetch
from greenroom.weights.transfer.patience import Patience
from greenroom.weights.transfer.source import Expected, Source
from machine import machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIB = 1 << 20
# Where the fault of a faulty host is, as a part of the file.
_HALF = 0.5
_STALL_S = 5.0
FAULTS = (
    "connection reset once",
    "503 twice",
    "stall",
    "body ends 5 MB early",
    "server ignores Range",
    "ignores Range + reset",
    "one wrong byte",
    "one wrong byte, for ever",
)


# The host.


@dataclass
class Host:
    """What the host's threads share. rate: bytes a second on a connection, 0 for as fast as it goes."""

    path: Path
    fault: str
    rate: float
    size: int = 0
    etag: str = ""
    left: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.size = self.path.stat().st_size
        with self.path.open("rb") as file:
            self.etag = hashlib.file_digest(file, "sha256").hexdigest()
        self.left = {"": 0, "503 twice": 2, "one wrong byte, for ever": 1 << 60}.get(self.fault, 1)

    def strikes(self) -> bool:
        """Whether the fault happens now."""
        with self.lock:
            self.left -= 1
            return self.left >= 0


class Handler(socketserver.BaseRequestHandler):
    """One connection."""

    host: Host

    def handle(self) -> None:
        """Answer until it ends."""
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError), self.host.path.open("rb") as file:
            while head := self._head():
                if not self._answer(head, file.fileno()):
                    return

    def _head(self) -> bytes:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            came = self.request.recv(65_536)
            if not came:
                return b""
            head += came
        return head

    def _answer(self, head: bytes, file: int) -> bool:
        host, fault = self.host, self.host.fault
        get = head.startswith(b"GET")
        if fault == "503 twice" and get and host.strikes():
            self.request.sendall(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
            return True
        asked = re.search(rb"(?i)\r\nrange: bytes=(\d+)-(\d*)", head) if "gnores" not in fault else None
        start, end = (int(asked[1]), min(int(asked[2] or host.size) + 1, host.size)) if asked else (0, host.size)
        lines = [
            f"HTTP/1.1 {206 if asked else 200} OK",
            f"Content-Length: {end - start}",
            # The second pair is the model hub's: the commit, and the SHA-256 of a large file.
            f'ETag: "{host.etag}"',
            f'X-Linked-ETag: "{host.etag}"',
            f"X-Repo-Commit: {'a' * 40}",
            f"X-Linked-Size: {host.size}",
        ]
        if "gnores" not in fault:
            lines.append("Accept-Ranges: bytes")
        if asked:
            lines.append(f"Content-Range: bytes {start}-{end - 1}/{host.size}")
        self.request.sendall("\r\n".join([*lines, "", ""]).encode())
        return not get or self._send(file, start, end)

    def _send(self, file: int, start: int, end: int) -> bool:
        host, fault = self.host, self.host.fault
        strike_at = host.size - 5_000_000 if "early" in fault else int(host.size * _HALF)
        at_hand = fault not in ("", "503 twice", "server ignores Range") and start <= strike_at < end and host.strikes()
        until = strike_at if at_hand else end
        self._pass(file, start, until)
        if not at_hand:
            return True
        if "wrong byte" in fault:
            self.request.sendall(bytes([os.pread(file, 1, until)[0] ^ 1]))
            self._pass(file, until + 1, end)
            return True
        if fault == "stall":
            time.sleep(4 * _STALL_S)
        if "reset" in fault:
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def _pass(self, file: int, start: int, end: int) -> None:
        rate = self.host.rate
        piece = int(rate / 50) if rate else MIB
        while start < end:
            sent = os.sendfile(self.request.fileno(), file, start, min(piece, end - start))
            start += sent
            if rate:
                time.sleep(sent / rate)


class Server(socketserver.ThreadingTCPServer):
    """One thread a connection."""

    daemon_threads = True
    request_queue_size = 64


def serve(path: Path, fault: str, rate: float) -> None:
    """Serve until killed; prints the port."""
    Handler.host = Host(path, fault, rate)
    with Server(("127.0.0.1", 0), Handler) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()


@contextlib.contextmanager
def serving(path: Path, fault: str = "", rate: float = 0.0) -> Iterator[str]:
    """A host in a process of its own; gives its address."""
    command = [sys.executable, __file__, "serve", str(path), "--fault", fault, "--rate", str(rate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


# The tools.


def ours(url: str, sha256: str, size: int, into: Path) -> dict[str, Any]:
    """Fetch and verify with greenroom, in this process; also its memory, and the disk it took beyond the file."""
    most = 0

    def step(_: int) -> None:
        nonlocal most
        # A file may be renamed while it is looked at.
        with contextlib.suppress(FileNotFoundError):
            most = max(most, sum(path.stat().st_blocks * 512 for path in into.parent.iterdir()))

    patience = Patience(stall_s=_STALL_S)
    source = Source((f"{url}/file",), size=size, digest=Expected("sha256", sha256))
    began, cpu = time.perf_counter(), time.process_time()
    fetch(source, into, step=step, patience=patience)
    seconds = time.perf_counter() - began
    said = Path("/proc/self/status").read_text(encoding="ascii")
    peak = int(said.partition("VmHWM:")[2].split()[0]) * 1024
    extra = max(0, most - size)
    return {"seconds": seconds, "cpu_s": time.process_time() - cpu, "peak_rss": peak, "extra_disk": extra}


def unflushed(url: str, sha256: str, size: int, into: Path) -> dict[str, Any]:
    """Fetch with greenroom, but flush nothing to the disk, as the other tools do."""

    def nothing(fd: object) -> None:
        """Leave it to the system when to write."""

    os.fsync = os.fdatasync = nothing
    return ours(url, sha256, size, into)


def hub(url: str, _sha256: str, _size: int, into: Path) -> dict[str, Any]:
    """Fetch with huggingface_hub, in this process, which checks the size alone."""
    from huggingface_hub import hf_hub_download

    began, cpu = time.perf_counter(), time.process_time()
    found = hf_hub_download("owner/name", "file", endpoint=url, cache_dir=into.parent)
    seconds = time.perf_counter() - began
    into.symlink_to(found)
    return {"seconds": seconds, "cpu_s": time.process_time() - cpu}


IN_PYTHON: dict[str, Callable[[str, str, int, Path], dict[str, Any]]] = {
    "greenroom": ours,
    "greenroom unflushed": unflushed,
    "huggingface_hub": hub,
}
ARIA2C = ["aria2c", "-q", "-x8", "-s8", "--file-allocation=falloc", "-d", "{folder}", "-o", "file"]
PROGRAMS: dict[str, list[str]] = {
    "curl": ["curl", "-sS", "-f", "-o", "{into}", "{url}/file"],
    "wget": ["wget", "-q", "-O", "{into}", "{url}/file"],
    "aria2c -x8": [*ARIA2C, "{url}/file"],
    "aria2c -x8 with checksum": [*ARIA2C, "--checksum=sha-256={sha256}", "{url}/file"],
}


def run(tool: str, url: str, sha256: str, size: int, into: Path) -> dict[str, Any]:
    """One fetch by one tool, as a process; Python's own start and imports are not counted."""
    if tool in IN_PYTHON:
        environment = os.environ | {
            "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DOWNLOAD_TIMEOUT": str(int(_STALL_S)), "HF_HOME": str(into.parent),
        }  # fmt: skip
        command = [sys.executable, __file__, "once", tool, url, sha256, str(size), str(into)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        said = done.stdout.strip().splitlines()
        return (
            json.loads(said[-1]) if done.returncode == 0 else {"error": (said or done.stderr.splitlines() or [""])[-1]}
        )
    filled = [word.format(into=into, folder=into.parent, url=url, sha256=sha256) for word in PROGRAMS[tool]]
    before, began = os.times(), time.perf_counter()
    code = subprocess.run(filled, check=False).returncode
    seconds, after = time.perf_counter() - began, os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return {"seconds": seconds, "cpu_s": cpu} if code == 0 else {"error": f"exit {code}"}


# What is measured.


def speed(size: int, rounds: int) -> dict[str, Any]:
    """Every tool to a file on disk, and to one in memory, where flushing costs nothing."""
    found: dict[str, list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as disk, tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        path, sha256 = random_file(Path(disk) / "source", size)
        with serving(path) as url:
            for _ in range(rounds):
                for place, folder in (("disk", Path(disk)), ("memory", Path(memory))):
                    for tool in (*IN_PYTHON, *PROGRAMS):
                        into = folder / "into" / "file"
                        into.parent.mkdir()
                        row = run(tool, url, sha256, size, into)
                        if tool == "curl":
                            row["flushed_s"] = row["seconds"] + flush(into)
                        shutil.rmtree(into.parent)
                        found.setdefault(f"{tool}, {place}", []).append(row)
                        print(f"{tool}, {place}: {row}, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    rows = {name: summary(rounds_of_it, size) for name, rounds_of_it in found.items()}
    for place in ("disk", "memory"):
        for mine, name, other, clock in (
            ("greenroom", "of_curl", "curl", "seconds"),
            ("greenroom", "of_curl_flushed", "curl", "flushed_s"),
            ("greenroom", "of_huggingface_hub", "huggingface_hub", "seconds"),
            ("greenroom unflushed", "of_curl", "curl", "seconds"),
            ("greenroom unflushed", "of_huggingface_hub", "huggingface_hub", "seconds"),
        ):
            pairs = zip(found[f"{other}, {place}"], found[f"{mine}, {place}"], strict=True)
            ratios = [theirs[clock] / own["seconds"] for theirs, own in pairs]
            rows[f"{mine}, {place}"][name] = round(median(ratios), 2)
    return {"size": size, "rounds": rounds, "rows": rows}


def summary(found: list[dict[str, Any]], size: int) -> dict[str, Any]:
    """Medians of all rounds, the best of them too, and the worst of what should be small."""
    if errors := [row["error"] for row in found if "error" in row]:
        return {"error": errors[0]}
    rates = [size / MIB / row["seconds"] for row in found]
    said = {
        "mib_s": round(median(rates), 1),
        "best_mib_s": round(max(rates), 1),
        "cpu_s": round(median(row["cpu_s"] for row in found), 2),
        "least_cpu_s": round(min(row["cpu_s"] for row in found), 2),
    }
    if "flushed_s" in found[0]:
        said["flushed_mib_s"] = round(median(size / MIB / row["flushed_s"] for row in found), 1)
    return said | {name: max(row[name] for row in found) for name in ("peak_rss", "extra_disk") if name in found[0]}


def flush(path: Path) -> float:
    """Seconds until a file is on the disk, as greenroom has it before it gets its name."""
    began = time.perf_counter()
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return time.perf_counter() - began


def faults(size: int) -> dict[str, Any]:
    """Each fault, for greenroom and for huggingface_hub, a host and a process each."""
    rows: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as name:
        path, sha256 = random_file(Path(name) / "source", size)
        for fault in FAULTS:
            for tool in ("greenroom", "huggingface_hub"):
                into = Path(name) / "into" / "file"
                into.parent.mkdir()
                with serving(path, fault) as url:
                    found = run(tool, url, sha256, size, into)
                rows.setdefault(fault, {})[tool] = verdict(found, into, sha256)
                shutil.rmtree(into.parent)
    return {"size": size, "rows": rows}


def verdict(found: dict[str, Any], into: Path, sha256: str) -> str:
    """What became of a fetch: a right file, a wrong one, or none."""
    if "error" in found:
        return f"no file: {found['error'][:200]}" if not into.exists() else "an error, and a file"
    with into.open("rb") as file:
        right = hashlib.file_digest(file, "sha256").hexdigest() == sha256
    return f"right after {found['seconds']:.1f} s" if right else "a WRONG file, and no error"


def kills(size: int, count: int, seed: int) -> dict[str, Any]:
    """Kill the process that fetches, again and again, at random moments; nobody cleans up between them."""
    moments = random.Random(seed)
    arrived = wrong = 0
    with tempfile.TemporaryDirectory() as name:
        path, sha256 = random_file(Path(name) / "source", size)
        into = Path(name) / "into" / "file"
        with serving(path, rate=size / 4) as url:
            for _ in range(count):
                command = [sys.executable, __file__, "killed", url, sha256, str(into)]
                with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                    assert process.stdout is not None
                    process.stdout.readline()  # its imports are done
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(moments.uniform(0.0, 1.2))
                    process.send_signal(signal.SIGKILL)
                if into.exists():
                    with into.open("rb") as file:
                        wrong += hashlib.file_digest(file, "sha256").hexdigest() != sha256
                    arrived += 1
                    into.unlink()
        with serving(path) as url:
            last = run("greenroom", url, sha256, size, into)
        right = verdict(last, into, sha256).startswith("right")
        left = sorted(entry.name for entry in into.parent.iterdir())
    return {
        "size": size, "kills": count, "seed": seed, "files_that_arrived": arrived, "wrong_files": wrong,
        "right_after_the_last_kill": right, "files_in_the_end": left,
    }  # fmt: skip


def to_be_killed(url: str, sha256: str, into: Path) -> None:
    """Fetch in small pieces, with a journal as often as can be."""
    print("ready", flush=True)
    fetch(Source((f"{url}/file",), digest=Expected("sha256", sha256)), into, piece=2 * MIB, flush=MIB)


def random_file(path: Path, size: int) -> tuple[Path, str]:
    """A file of random bytes, and its SHA-256."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for at in range(0, size, 64 * MIB):
            data = os.urandom(min(64 * MIB, size - at))
            file.write(data)
            digest.update(data)
    return path, digest.hexdigest()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=["speed", "faults", "kills", "serve", "once", "killed"])
    parser.add_argument("inner", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument("--mib", type=int, help="size of the file; 1024 for speed, 200 for faults, 32 for kills")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fault", default="", help=argparse.SUPPRESS)
    parser.add_argument("--rate", type=float, default=0.0, help=argparse.SUPPRESS)
    said = parser.parse_args()
    match said.what:
        case "serve":
            serve(Path(said.inner[0]), said.fault, said.rate)
            return
        case "once":
            tool, url, sha256, size, into = said.inner
            try:
                print(json.dumps(IN_PYTHON[tool](url, sha256, int(size), Path(into))))
            except Exception as error:  # every tool's own; it is what this run has to show
                words = f"{type(error).__name__}: {error}".splitlines()[0]
                print(error.code if isinstance(error, GreenroomError) else words)
                sys.exit(1)
            return
        case "killed":
            url, sha256, into = said.inner
            to_be_killed(url, sha256, Path(into))
            return
        case "speed":
            result = speed((said.mib or 1024) * MIB, said.rounds)
        case "faults":
            result = faults((said.mib or 200) * MIB)
        case _:
            result = kills((said.mib or 32) * MIB, said.kills, said.seed)
    json.dump({"machine": machine("greenroom", "huggingface_hub"), **result}, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
