"""A stand-in for podman: its words, and a process of this machine for each container. An image is a program's path.

Run as ``python stand_in.py STATE VERB ...``; STATE is a folder with a line of JSON and a log for each container.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

_TAKE_VALUES = ("--name", "--network", "--volume", "--tmpfs", "--env", "--ulimit")


def main(state: Path, verb: str, words: list[str]) -> int:
    """Do one thing; gives the exit code."""
    if verb == "run":
        return _run(state, words)
    if verb == "image":
        print("sha256:stand-in")
        return 0 if Path(words[-1]).exists() else 1
    if verb == "exec":
        return subprocess.run(words[1:], check=False).returncode
    name = words[-1]
    known = state / f"{name}.json"
    if verb == "logs":
        sys.stdout.write((state / f"{name}.log").read_text())
        return 0
    if not known.exists():
        return 1
    pid = int(json.loads(known.read_text())["pid"])
    if verb == "inspect":
        code = _code(state, name)
        print(json.dumps({"Running": code is None, "ExitCode": code or 0, "Pid": pid}))
    elif verb == "stop":
        _stop(state, name, pid, float(words[1]))
    elif verb == "rm" and _code(state, name) is None:
        os.killpg(pid, signal.SIGKILL)
    return 0


def _run(state: Path, words: list[str]) -> int:
    said: dict[str, list[str]] = {}
    while words[0].startswith("--"):
        option, *words = words
        if option in _TAKE_VALUES:
            said.setdefault(option, []).append(words.pop(0))
    image, name = words[0], said["--name"][0]
    if not os.access(image, os.X_OK):
        print(f"Error: exec {image}: permission denied", file=sys.stderr)
        return 126
    # The shell that waits for the program notes how it ended, as an engine does.
    waits = '"$@"; echo $? >"$ENDED.new"; mv "$ENDED.new" "$ENDED"'
    environ = dict(pair.split("=", 1) for pair in said.get("--env", []))
    with (state / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            ["sh", "-c", waits, "sh", *words],
            env={**os.environ, **environ, "ENDED": str(state / f"{name}.ended"), "OPTIONS": json.dumps(said)},
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    (state / f"{name}.json").write_text(json.dumps({"pid": process.pid}))
    return 0


def _stop(state: Path, name: str, pid: int, grace_s: float) -> None:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in children:
        os.kill(int(child), signal.SIGTERM)
    until = time.monotonic() + grace_s
    while time.monotonic() < until:
        if _code(state, name) is not None:
            return
        time.sleep(0.02)
    for child in children:
        os.kill(int(child), signal.SIGKILL)
    while _code(state, name) is None:
        time.sleep(0.02)


def _code(state: Path, name: str) -> int | None:
    try:
        return int((state / f"{name}.ended").read_text())
    except FileNotFoundError:
        return None


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:]))
