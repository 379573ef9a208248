"""pip, where uv is not: slower, and its scripts are written for one place, so they are rewritten."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from greenroom.machine.environments.errors import InstallFailed
from greenroom.machine.environments.installer import PROMPT, base_python, unwatched
from greenroom.machine.environments.lock import Lock, Locked
from greenroom.machine.environments.processes import Ended, failure, run, unresolved
from greenroom.machine.environments.relocation import make_scripts_relative, replace_in_activation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenroom.machine.environments.installer import Question


@dataclass(frozen=True, slots=True)
class Pip:
    """The pip of this Python, a lock that it keeps held while it runs, and what may stop it meanwhile."""

    holding: int | None
    look: Callable[[], None] = unwatched
    name: str = "pip"
    links: bool = False

    def cache(self) -> Path:
        """The folder in which pip keeps what it fetched."""
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return Path(os.environ.get("PIP_CACHE_DIR") or caches / "pip")

    def resolve(self, question: Question) -> Lock:
        """Which releases fit. Raises RequirementsUnresolved, LockInvalid."""
        with tempfile.TemporaryDirectory(prefix="greenroom-lock-") as folder:
            wanted, pins = Path(folder) / "requirements.txt", Path(folder) / "pins.txt"
            wanted.write_text("\n".join(question.requirements))
            pins.write_text("\n".join(question.pins))
            report = Path(folder) / "report.json"
            ended = self._run(
                *("install", "--dry-run", "--ignore-installed", "--report", report),
                *_index(question.index),
                *("--requirement", wanted),
                *(word for file in (pins, *question.constraints) for word in ("--constraint", file)),
            )
            if ended.code:
                raise unresolved(ended)
            return Lock.of(_locked(entry) for entry in json.loads(report.read_text())["install"])

    def create(self, environment: Path, final: Path) -> None:
        """Make an empty environment, without a pip of its own. Raises InstallFailed."""
        made = run(
            [base_python(), "-m", "venv", "--without-pip", "--prompt", PROMPT, environment],
            environ={},
            holding=self.holding,
        )
        if made.code:
            raise failure("making an environment", made)
        replace_in_activation(environment, str(environment), str(final))

    def install(
        self,
        environment: Path,
        packages: Sequence[Locked],
        *,
        index: str | None,
        anew: bool,
        written: Callable[[int], None],
    ) -> None:
        """Put exactly these packages in. Raises InstallFailed."""
        again = ("--force-reinstall", "--no-cache-dir") if anew else ()
        with tempfile.TemporaryDirectory(prefix="greenroom-pip-") as folder:
            wanted = Path(folder) / "requirements.txt"
            wanted.write_text("\n".join(package.requirement for package in packages))
            ended = self._run(
                *("--python", environment / "bin" / "python", "install", "--no-deps", "--require-hashes"),
                *("--no-compile", "--no-warn-script-location", *again, *_index(index), "--requirement", wanted),
                written=written,
            )
        if ended.code:
            raise failure(f"installing {len(packages)} packages", ended)
        make_scripts_relative(environment)

    def remove(self, environment: Path, names: Sequence[str]) -> None:
        """Take packages out. Raises InstallFailed."""
        ended = self._run("--python", environment / "bin" / "python", "uninstall", "--yes", *names)
        if ended.code:
            raise failure(f"removing {', '.join(names)}", ended)

    def _run(self, *words: str | Path, written: Callable[[int], None] | None = None) -> Ended:
        command = [sys.executable, "-m", "pip", "--quiet", "--no-input", "--disable-pip-version-check", *words]
        return run(command, environ={"NO_COLOR": "1"}, holding=self.holding, written=written or self._looked)

    def _looked(self, _: int) -> None:
        self.look()


def _index(index: str | None) -> tuple[str, ...]:
    return ("--extra-index-url", index) if index else ()


def _locked(entry: dict[str, Any]) -> Locked:
    """An entry of pip's installation report."""
    metadata, fetched = entry["metadata"], entry["download_info"]
    hashes = fetched.get("archive_info", {}).get("hashes", {})
    if "sha256" not in hashes:
        raise InstallFailed(
            f"pip knows no SHA-256 of {metadata['name']}", mend="use an index that publishes hashes, or uv"
        )
    return Locked(str(canonicalize_name(metadata["name"])), metadata["version"], fetched["url"], hashes["sha256"])
