"""Other programs, run so that they can be followed, stopped, and never outlive what they hold."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.machine.environments.errors import (
    DiskFull,
    IndexUnreachable,
    InstallFailed,
    PackageUnfit,
    RequirementsUnresolved,
)
from greenroom.machine.environments.index_settings import redacted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# Variables that would send pip or uv, or the Python of an environment, elsewhere. Constraints are for resolving: what
# is locked has its hashes, and uv takes no constraint beside those.
_MISLEADING = {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "CONDA_PREFIX", "PIP_TARGET", "PIP_PREFIX",
               "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "UV_SYSTEM_PYTHON", "UV_PROJECT_ENVIRONMENT", "UV_PYTHON",
               "UV_BREAK_SYSTEM_PACKAGES", "UV_CONSTRAINT", "PIP_BREAK_SYSTEM_PACKAGES",
               "PYTHONDONTWRITEBYTECODE"}  # fmt: skip
_LOOK_S = 0.1
_GRACE_S = 5.0
_LONGEST_REASON = 600
_LASTING = ("hash mismatch", "do not match the hashes", "require-hashes", "failed to build", "no solution found",
            "no matching distribution", "not found in the package registry", "conflict", "invalid",
            "couldn't parse requirement", "expected '-c'")  # fmt: skip
_FULL = ("No space left on device", "os error 28", "Disk quota exceeded", "File too large", "os error 27")


@dataclass(frozen=True, slots=True)
class Ended:
    """A program that has ended. out and err: what it said."""

    code: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """What it said last, in one line and without secrets."""
        lines = [line.strip(" │╰├─▶×╭╯╮") for line in (self.err.strip() or self.out.strip()).splitlines()]
        said = [line for line in lines if line and not line.lower().startswith(("warning:", "hint:", "[notice]"))]
        text = (
            redacted(" ".join(said).removeprefix("error: ").removeprefix("ERROR: "))
            or f"ended with {self.code} and said nothing"
        )
        return text if len(text) <= _LONGEST_REASON else f"…{text[-_LONGEST_REASON:]}"

    @property
    def is_lasting(self) -> bool:
        """Whether it is the packages themselves that have something wrong, and no trying again mends it."""
        said = f"{self.out}{self.err}".lower()
        return any(words in said for words in _LASTING)

    @property
    def found_disk_full(self) -> bool:
        """Whether it ended because no more could be written."""
        said = f"{self.out}{self.err}"
        return self.code == -signal.SIGXFSZ or any(words in said for words in _FULL)


def run(
    command: Sequence[str | Path],
    *,
    environ: Mapping[str, str],
    holding: int | None = None,
    text: str | None = None,
    written: Callable[[int], None] | None = None,
) -> Ended:
    """Run a program to its end.

    environ: beside this process's own variables.  holding: a lock that the program keeps held, should this process be
    killed before it.  text: its standard input.  written: told the bytes that it has written so far, several times a
    second; may raise to stop it.  Raises InstallFailed when it cannot be started.
    """
    own = {name: value for name, value in os.environ.items() if name not in _MISLEADING}
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell reads it, and the words are ours
            [str(word) for word in command],
            env={**own, **environ},
            stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            pass_fds=() if holding is None else (holding,),
        )
    except OSError as error:
        raise InstallFailed(f"{command[0]} cannot be started: {error.strerror}", mend="install it anew") from error
    with process:
        try:
            while True:
                try:
                    out, err = process.communicate(text, timeout=_LOOK_S)
                    return Ended(process.returncode, out, err)
                except subprocess.TimeoutExpired:
                    text = None  # it is being sent
                    if written is not None:
                        written(_bytes_written(process.pid))
        except BaseException:
            _stop(process)
            raise


def failure(what: str, ended: Ended) -> InstallFailed:
    """A program's failure as an error; ``what`` was to be done."""
    if ended.found_disk_full:
        return DiskFull(
            f"the disk filled up: {what}: {ended.reason}", mend="free some room, and run it again: it goes on"
        )
    message = f"{what} failed: {ended.reason}"
    if ended.is_lasting:
        return PackageUnfit(message, mend="look at the index that gives this package, or lock another release of it")
    return InstallFailed(message, mend="run it again: it goes on from what is here")


def unresolved(ended: Ended) -> RequirementsUnresolved:
    """A resolution's failure as an error."""
    if ended.is_lasting:
        return RequirementsUnresolved(
            f"no set of releases fits: {ended.reason}", mend="check the index, the constraints and the Python version"
        )
    return IndexUnreachable(
        f"the index does not answer: {ended.reason}", mend="check the network, PIP_INDEX_URL and UV_INDEX"
    )


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def _bytes_written(pid: int) -> int:
    """What a process has written by the kernel's count, 0 where that is not told."""
    try:
        lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    except OSError:
        return 0
    counts = dict(line.split(": ") for line in lines)
    return int(counts.get("wchar", 0))
