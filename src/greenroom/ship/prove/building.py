"""An image built, and what its builder's last words mean."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.ship.prove.engine import run
from greenroom.ship.prove.instructions import instructions
from greenroom.ship.prove.sources import package_sources

if TYPE_CHECKING:
    from greenroom.ship.prove.engine import Engine
    from greenroom.ship.prove.instructions import Instruction

_LONGEST_S = 3600.0
# "[1/2] STEP 5/9: RUN ..." of buildah; without stages there are no brackets.
_STEP = re.compile(r"^(?:\[(\d+)/\d+\] )?STEP (\d+)/\d+: (.*)$")
# "Dockerfile:12" above the lines that BuildKit quotes.
_QUOTED = re.compile(r"^\S*?Dockerfile\S*:(\d+)$")
# What builders say around the words of the program that failed: of its end, and of images that they fetch.
_AROUND = re.compile(
    r"^(?:subprocess exited|Error: |error building|-{3,}|ERROR: |#\d+ |\s*\d+ \||-->|>>>"
    r"|time=\"|Trying to pull |Resolv(?:ed|ing) |Getting image source |Copying (?:blob|config) "
    r"|Writing manifest |Storing signatures)"
)
# Where buildah itself fails, its last words are the reason; of a program it knows the exit status alone.
_REASON = re.compile(r"^Error: (?!.*exit status \d+$)(?:building at STEP \".*?\": )?(.+)$")
_SAID = re.compile(r"^#\d+ [\d.]+ (.*)$")
_MOST_WORDS = 3

# What is said, and what it means. The first that fits is taken.
_MEANINGS: tuple[tuple[str, str, str], ...] = (
    (r"externally-managed-environment", "pip-refused", "make a virtual environment first: python3 -m venv /opt/venv"),
    (r"No space left on device", "disk-full", "free some room where the engine keeps its images"),
    (r"manifest unknown|not found: manifest|no such image", "base-missing", "name a base and a tag that exist"),
    (r"Error: .*pinging container registry", "base-unreachable", "check its name, and that its registry answers"),
    (r"Temporary failure (?:in name )?resol|Could not resolve|Network is unreachable", "no-network",
     "let the build reach the network, or give it a mirror by the secret pip"),
    (r"certificate verify failed|UnknownIssuer", "certificate-unknown",
     "pass the bundle of your proxy: --secret id=ca,src=..."),
    (r"No matching distribution|no set of releases fits", "release-missing",
     "look whether this release exists for the image's Python"),
    (r"Unable to locate package|Version '.*' for '.*' was not found", "package-missing",
     "look how the base's distribution calls it"),
    (r"COPY failed|no such file or directory", "file-missing", "check the path, and .dockerignore"),
    (r"mend: .*--accept-licence", "licence-not-accepted", "greenroom build --accept-licence, if you accept them"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Built:
    """An image that was built, or what was in the way. seconds: of the build."""

    tag: str
    seconds: float
    findings: tuple[Finding, ...]


def build(engine: Engine, folder: Path, tag: str) -> Built:
    """Build the folder's Dockerfile as ``tag``, with packages from where they come from here. Raises EngineFailed."""
    with tempfile.TemporaryDirectory(prefix="greenroom-secrets-") as secrets:
        given = [
            word
            for name, path in package_sources(Path(secrets)).items()
            for word in ("--secret", f"id={name},src={path}")
        ]
        words = [*engine.builder, *given, "--tag", tag, "--file", str(folder / "Dockerfile"), str(folder)]
        ended = run(words, dict(engine.environ), _LONGEST_S)
    findings = () if ended.code == 0 else (explain(ended.text, (folder / "Dockerfile").read_text(encoding="utf-8")),)
    return Built(tag, ended.seconds, findings)


def explain(said: str, dockerfile: str) -> Finding:
    """The finding for a build that failed, at the instruction that did. said: all that the builder printed."""
    lines = [line.rstrip() for line in said.splitlines() if line.strip()]
    failed = _instruction(lines, dockerfile)
    words = _words(lines)
    code, mend = "build-failed", "run the command in the base by hand, and mend it"
    for pattern, known, how in _MEANINGS:
        if re.search(pattern, "\n".join(lines[-30:])):
            code, mend = known, how
            break
    what = f"{failed.name} failed" if failed else "the build failed"
    return Finding(code, "error", f"{what}: {words}", mend, "Dockerfile", failed.line if failed else None)


def _instruction(lines: list[str], dockerfile: str) -> Instruction | None:
    every = instructions(dockerfile)
    for line in reversed(lines):
        if quoted := _QUOTED.match(line):
            number = int(quoted[1])
            return next((one for one in reversed(every) if one.line <= number), None)
        if step := _STEP.match(line):
            return _of_step(every, int(step[1] or 1), int(step[2]), step[3])
    return every[0] if every else None


def _of_step(every: tuple[Instruction, ...], stage: int, number: int, words: str) -> Instruction | None:
    """By its words, which unused stages and arguments do not shift; else by its number."""
    said = " ".join(words.split())
    same = [one for one in every if one.words == said]
    of_stage = [one for one in every if one.stage == stage]
    return next(iter([one for one in same if one in of_stage] or same or of_stage[number - 1 : number]), None)


def _words(lines: list[str]) -> str:
    """The last words of the program itself, or of the builder where that could not go on."""
    reasons = [said[1] for line in lines if (said := _REASON.match(line))]
    if reasons:
        return reasons[-1]
    programs = [said[1].strip() for line in lines if (said := _SAID.match(line))]
    around = (_AROUND, _STEP, _QUOTED)
    kept = programs or [line.strip() for line in lines if not any(one.match(line) for one in around)]
    last = kept[-_MOST_WORDS:] or lines[-1:]
    return "; ".join(last)
