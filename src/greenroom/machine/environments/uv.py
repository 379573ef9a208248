"""uv: resolves and installs many times as fast as pip.

A uv that was killed in mid-copy leaves half a package which its next run takes for whole. So no environment that it did
not finish is kept, and files are compared with their RECORD whatever it says.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.machine.environments import lock as locks
from greenroom.machine.environments.index_settings import constraint_files, for_uv
from greenroom.machine.environments.installer import PROMPT, base_python, unwatched
from greenroom.machine.environments.processes import Ended, failure, run, unresolved

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenroom.machine.environments.installer import Question
    from greenroom.machine.environments.lock import Lock, Locked


@dataclass(frozen=True, slots=True)
class Uv:
    """uv's program, a lock that it keeps held while it runs, and what may stop it meanwhile."""

    program: Path
    holding: int | None
    look: Callable[[], None] = unwatched
    name: str = "uv"
    links: bool = True

    def cache(self) -> Path:
        """The folder in which uv keeps what it fetched. Raises InstallFailed."""
        ended = self._run("cache", "dir")
        if ended.code:
            raise failure("asking uv for its cache", ended)
        return Path(ended.out.strip())

    def resolve(self, question: Question) -> Lock:
        """Which releases fit. Raises RequirementsUnresolved."""
        with tempfile.TemporaryDirectory(prefix="greenroom-lock-") as folder:
            # What stands in the file before is kept where it fits.
            answer = Path(folder) / "pylock.toml"
            if question.known is not None:
                answer.write_text(question.known.as_toml())
            pins = Path(folder) / "pins.txt"
            pins.write_text("\n".join(question.pins))
            constraints: tuple[str | Path, ...] = (pins, *question.constraints, *constraint_files())
            words: tuple[str | Path, ...] = (
                *("pip", "compile", "-", "--output-file", answer),
                *(word for file in constraints for word in ("--constraints", file)),
                *_index(question.index),
                *("--python", base_python(), "--no-header", "--no-python-downloads"),
            )
            ended = self._compile(words, question)
            if ended.code:
                raise unresolved(ended)
            return locks.read(answer)

    def _compile(self, words: Sequence[str | Path], question: Question) -> Ended:
        """What was asked just now is in the cache, unless uv was told to keep none."""
        text = "\n".join(question.requirements)
        if question.settled and not (ended := self._run(*words, "--offline", text=text)).code:
            return ended
        return self._run(*words, text=text)

    def create(self, environment: Path, final: Path) -> None:
        """Make an empty environment whose scripts find Python beside themselves. Raises InstallFailed."""
        ended = self._run(
            "venv", "--relocatable", "--no-project", "--prompt", PROMPT, "--python", base_python(), environment
        )
        if ended.code:
            raise failure("making an environment", ended)

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
        # A damaged file may be one with the cache's, by a hard link: then it is fetched, past the cache.
        again = ("--reinstall", "--no-cache", "--link-mode", "copy") if anew else ()
        ended = self._run(
            *("pip", "install", "--no-deps", "--require-hashes", "--python", environment / "bin" / "python"),
            *("--requirements", "-", *again, *_index(index)),
            text="\n".join(package.requirement for package in packages),
            written=written,
        )
        if ended.code:
            raise failure(f"installing {_named(packages)}", ended)

    def remove(self, environment: Path, names: Sequence[str]) -> None:
        """Take packages out. Raises InstallFailed."""
        ended = self._run("pip", "uninstall", "--python", environment / "bin" / "python", *names)
        if ended.code:
            raise failure(f"removing {', '.join(names)}", ended)

    def _run(self, *words: str | Path, text: str | None = None, written: Callable[[int], None] | None = None) -> Ended:
        environ = {"UV_NO_PROGRESS": "1", "NO_COLOR": "1", "UV_PYTHON_DOWNLOADS": "never", **for_uv(os.environ)}
        command = [self.program, *words, "--quiet" if words[0] != "cache" else "--no-progress"]
        return run(command, environ=environ, holding=self.holding, text=text, written=written or self._looked)

    def _looked(self, _: int) -> None:
        self.look()


def _index(index: str | None) -> tuple[str, ...]:
    """One more index; the best release of all of them is taken, as pip does."""
    return ("--index", index, "--index-strategy", "unsafe-best-match") if index else ()


def _named(packages: Sequence[Locked]) -> str:
    return packages[0].pin if len(packages) == 1 else f"{len(packages)} packages"
