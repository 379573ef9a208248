"""What fetches and unpacks packages: uv where it is, pip otherwise. Neither is trusted with the result."""

from __future__ import annotations

import importlib.util
import random
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from greenroom.errors import GreenroomError
from greenroom.machine.environments.errors import InstallerMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenroom.machine.environments.lock import Lock, Locked

# What a shell shows of an activated environment, instead of the name under which it was built.
PROMPT = "greenroom"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be resolved.

    requirements: lines for pip and uv.  constraints: files of the user's.  pins: releases, a line each.  index: one
    more index to ask.  known: a lock whose releases are kept where they fit.  settled: the pins leave one answer, and
    all of it was asked just now.
    """

    requirements: tuple[str, ...]
    constraints: tuple[Path, ...] = ()
    pins: tuple[str, ...] = ()
    index: str | None = None
    known: Lock | None = None
    settled: bool = False


class Installer(Protocol):
    """uv or pip."""

    @property
    def name(self) -> str:
        """``uv`` or ``pip``."""
        ...

    @property
    def links(self) -> bool:
        """Whether environments share their files with the cache, where both are on one file system."""
        ...

    def cache(self) -> Path:
        """The folder in which it keeps what it fetched."""
        ...

    def resolve(self, question: Question) -> Lock:
        """Which releases fit. Raises RequirementsUnresolved."""
        ...

    def create(self, environment: Path, final: Path) -> None:
        """Make an empty environment that will be renamed to ``final``. Raises InstallFailed."""
        ...

    def install(
        self,
        environment: Path,
        packages: Sequence[Locked],
        *,
        index: str | None,
        anew: bool,
        written: Callable[[int], None],
    ) -> None:
        """Put exactly these packages in, hashes checked.

        index: the one more that was asked for them.  anew: they are there and damaged, and what the cache holds of them
        may be, too.  written: told the bytes written so far; may raise to stop it.  Raises InstallFailed.
        """
        ...

    def remove(self, environment: Path, names: Sequence[str]) -> None:
        """Take packages out. Raises InstallFailed."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """How often what may pass is tried. pause: seconds before the second try, doubled for each that follows."""

    tries: int = 5
    pause: float = 1.0

    def of(self, attempt: Callable[[], _T]) -> _T:
        """Try until it is done; what was fetched meanwhile is in the cache. Raises the last error."""
        for number in range(self.tries - 1):
            try:
                return attempt()
            except GreenroomError as error:
                if not error.retryable:
                    raise
                # Jitter: workers that failed together do not ask again together.
                time.sleep(self.pause * 2**number * (0.5 + random.random()))  # noqa: S311 - only spreads retries in time
        return attempt()


PATIENCE = Patience()


def find_uv() -> Path | None:
    """uv's program: of the package uv, or on the PATH."""
    if importlib.util.find_spec("uv") is not None:
        import uv

        try:
            return Path(uv.find_uv_bin())
        except FileNotFoundError:
            pass
    found = shutil.which("uv")
    return Path(found) if found else None


def base_python() -> Path:
    """The interpreter below all virtual environments: theirs may be removed, with what rests on it."""
    return Path(getattr(sys, "_base_executable", None) or sys.executable)


def unwatched() -> None:
    """For a program that nobody wants to stop."""


def find_installer(
    holding: int | None, *, prefer: str | None = None, look: Callable[[], None] = unwatched
) -> Installer:
    """uv if it is here, else pip.

    holding: a lock that they keep held.  prefer: take this one.  look: called several times a second while they run;
    may raise to stop them.  Raises InstallerMissing.
    """
    from greenroom.machine.environments.pip import Pip
    from greenroom.machine.environments.uv import Uv

    program = find_uv() if prefer != "pip" else None
    if program is not None:
        return Uv(program, holding, look)
    if prefer != "uv" and importlib.util.find_spec("pip") is not None:
        return Pip(holding, look)
    raise InstallerMissing("neither uv nor pip is here", mend="pip install uv, or put uv on the PATH")
