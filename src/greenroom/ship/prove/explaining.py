"""Why a container did not do what it should: from its last words and its exit code to a line of a file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.ship.prove.instructions import started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from greenroom.ship.prove.instructions import Instruction

# "error: ..." with " mend: ..." below it: greenroom itself, or the start script.
_TOLD = re.compile(r"^(?:(?P<script>[\w.-]+\.sh): )?error: (?P<what>.*)\n ?mend: (?P<mend>.*)$", re.MULTILINE)
# "/app/start.sh: 12: foo: not found" of dash, "/app/start.sh: line 12: ..." of bash.
_SHELL = re.compile(r"^(?:\S*/)?(?P<file>[\w.-]+): (?:line )?(?P<line>\d+): (?P<what>.+)$", re.MULTILINE)
_FRAME = re.compile(r'^ +File "(?:[^"]*/)?(?P<file>[^/"]+)", line (?P<line>\d+)', re.MULTILINE)
_RAISED = re.compile(r"^(?P<what>[A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt|NotFound)\b.*)$", re.MULTILINE)
# "start.sh: fetching the weights": the script says which of its steps is under way.
_UNDER_WAY = re.compile(r"^start\.sh: (?!error: )(?P<step>.+)$", re.MULTILINE)
_VARIABLE = re.compile(r"\\\$(?:\\\{[^}]*\\\}|\\\([^)]*\\\)|\w+)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
# What engines say around the reason: podman's own log, such as of health checks that it cannot time; of an image that
# is fetched; where Docker's help is.
_AROUND = re.compile(
    r"time=\"|Trying to pull |Unable to find image |Getting image source |Copying |Writing manifest |Storing signatures"
    r"|See 'docker |Run 'docker "
)
KILLED = 137
_MOST_LINES = 3
# Of execve, in the words of shells and engines.
_NOT_RUN = re.compile(r"no such file or directory|not found|exec format error|permission denied", re.IGNORECASE)


def ended_early(folder: Path, code: int, said: str, port: int | None) -> Finding:
    """A container that ended before it answered. port: the one that was waited for."""
    told = list(_TOLD.finditer(said))
    if told:
        return _told(folder, told[-1], said)
    for pattern in (_SHELL, _FRAME):
        for match in reversed(list(pattern.finditer(said))):
            if (path := _in(folder, match["file"])) is not None:
                raised = _RAISED.findall(said)
                what = match["what"] if pattern is _SHELL else (raised[-1] if raised else "it failed")
                return Finding(
                    "start-failed", "error", f"{match['file']}: {what}", "mend that line", path, int(match["line"])
                )
    if (of_script := _of_script(folder, said)) is not None:
        return of_script
    path, line = _place(folder)
    if code == KILLED:
        mend = "give it more memory, or a smaller model"
        return Finding(
            "killed", "error", f"it was killed (137), as when memory runs out: {_last(said)}", mend, path, line
        )
    if code == 0:
        waited = f"before anything listened on {port}" if port else "at once"
        return Finding(
            "port-absent",
            "error",
            f"it ended with 0 {waited}: what starts does not start a server",
            "look whether the start script holds all its lines, and ends with exec SERVER",
            path,
            line,
        )
    return Finding("start-failed", "error", f"it ended with {code}: {_last(said)}", "mend what it says", path, line)


def not_started(folder: Path, said: str) -> Finding:
    """The engine could not run what the image says."""
    path, line = _place(folder)
    told = [row.strip() for row in said.splitlines() if row.strip() and not _AROUND.match(row)]
    what = told[-1] if told else "the engine gave no reason"
    found = Finding(
        "not-started",
        "error",
        f"it cannot be started: {what}",
        "check that the file is in the image, where it is called, and has x rights",
        path,
        line,
    )
    return _of_script(folder, what) or found


def _of_script(folder: Path, said: str) -> Finding | None:
    """A start script whose first line keeps the system from running it: what is said then names the wrong file."""
    for script in sorted(folder.glob("*.sh")) if _NOT_RUN.search(said) else ():
        first = script.read_bytes().split(b"\n", 1)[0]
        if first.endswith(b"\r"):
            what, mend = (
                "its lines end in CR LF, so the system looks for another shell",
                f"sed -i 's/\\r$//' {script.name}",
            )
        elif not first.startswith(b"#!") and "format" in said:
            what, mend = "it does not say which shell runs it", "begin it with #!/bin/sh"
        else:
            continue
        return Finding("not-started", "error", f"{script.name} cannot be started: {what}", mend, script.name, 1)
    return None


def not_listening(folder: Path, port: int, others: frozenset[int], seconds: float) -> Finding:
    """It runs, and not on the port that was promised."""
    path, line = _place(folder)
    where = f"; it listens on {', '.join(map(str, sorted(others)))}" if others else ""
    return Finding(
        "port-absent",
        "error",
        f"nothing listens on {port} after {seconds:.0f} s{where}",
        f"start the server on {port}, or say EXPOSE {min(others)}" if others else "look at what it does: docker logs",
        path,
        line,
    )


def ignores_stop(folder: Path, code: int, grace_s: int) -> Finding:
    """SIGTERM did not end it within ``grace_s``, or not in order."""
    path, line = _place(folder)
    if code == KILLED:
        what = f"SIGTERM did not end it within {grace_s} s: it was killed, and so will be what it is working on"
        mend = "end the server on SIGTERM; whatever shell starts it must exec it, ENTRYPOINT in its exec form included"
    else:
        what, mend = f"after SIGTERM it ended with {code}, and not with 0", "let the server end in order on SIGTERM"
    return Finding("stop-ignored", "error", what, mend, path, line)


def at_start(folder: Path, code: str, message: str) -> Finding:
    """A finding about what the image does once it runs."""
    path, line = _place(folder)
    return Finding(code, "error", message, "run it by hand, and read its log: docker logs", path, line)


def refusal(said: str) -> str | None:
    """What an image says that refuses to start, with a mend; None for one that does not say."""
    told = list(_TOLD.finditer(said))
    return told[-1]["what"] if told else None


def _told(folder: Path, told: re.Match[str], said: str) -> Finding:
    path, line = _place(folder)
    script = folder / "start.sh"
    if script.is_file():
        lines = script.read_text(encoding="utf-8").splitlines()
        found = _line_of_failure(lines, told["what"]) if told["script"] else _line_under_way(lines, said)
        path, line = ("start.sh", found) if found is not None else (path, line)
    return Finding("start-refused", "error", told["what"], told["mend"], path, line)


def _line_of_failure(lines: list[str], what: str) -> int | None:
    """The line of the script whose words these are, its variables filled in."""
    for number, line in enumerate(lines, 1):
        for words in _QUOTED.findall(line):
            if len(words) > len("$model") and re.fullmatch(_VARIABLE.sub(".*", re.escape(words)), what):
                return number
    return None


def _line_under_way(lines: list[str], said: str) -> int | None:
    """The command behind the line that said what the script was about to do; else its last one."""
    steps = _UNDER_WAY.findall(said)
    for number, line in enumerate(lines, 1):
        if steps and _line_of_failure([line], steps[-1]) is not None:
            return number + 1
    return max((number for number, line in enumerate(lines, 1) if line.lstrip().startswith("exec ")), default=None)


def _place(folder: Path) -> tuple[str | None, int | None]:
    """The instruction that says what is started."""
    dockerfile = folder / "Dockerfile"
    starts: Instruction | None = started(dockerfile.read_text(encoding="utf-8")) if dockerfile.is_file() else None
    return ("Dockerfile", starts.line) if starts is not None else (None, None)


def _in(folder: Path, name: str) -> str | None:
    """A file of the folder by its bare name."""
    return next((str(path.relative_to(folder)) for path in _files(folder) if path.name == name), None)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and ".git" not in path.parts)


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return "; ".join(lines[-_MOST_LINES:]) if lines else "it said nothing"
