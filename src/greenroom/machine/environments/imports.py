"""Whether what was installed imports, in a process of the environment's own.

It also leaves the bytecode of what a start imports, so that the first start is not the slow one; all else is compiled
when it is first used.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from greenroom.errors import Cancelled
from greenroom.machine.environments.processes import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

# A line before and a line after each import, so that a crash in native code can be laid to one.
_SCRIPT = """
import importlib, json, sys
for name in json.load(sys.stdin):
    print(json.dumps(["begun", name, ""]), file=sys.__stdout__, flush=True)
    try:
        importlib.import_module(name)
    except BaseException as error:
        print(json.dumps(["failed", name, f"{type(error).__name__}: {error}"]), file=sys.__stdout__, flush=True)
    else:
        print(json.dumps(["done", name, ""]), file=sys.__stdout__, flush=True)
"""
_LONGEST_REASON = 300
_LOOK_S = 0.1
# Each has libraries of its own in memory, torch among them.
_MOST_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Importable:
    """The modules of a package, and its size, by which the work is shared out: any unit does."""

    modules: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Unimportable:
    """A module that does not import, and why."""

    module: str
    reason: str


def try_imports(
    environment: Path, packages: Iterable[Importable], *, holding: int | None, look: Callable[[], None]
) -> tuple[Unimportable, ...]:
    """Import the modules of each package; gives those that fail.

    What is not compiled yet takes most of the time, so that every core imports its share, packages whole.  look: called
    while it runs; may raise to stop it.
    """
    shares = _shares(packages, min(os.cpu_count() or 1, _MOST_AT_ONCE))
    stopped = threading.Event()
    with ThreadPoolExecutor(len(shares), thread_name_prefix="imports") as pool:
        running = [pool.submit(_import_all, environment, modules, holding, stopped) for modules in shares]
        try:
            while wait(running, _LOOK_S).not_done:
                look()
        finally:
            stopped.set()
    return tuple(problem for share in running for problem in share.result())


def _shares(packages: Iterable[Importable], count: int) -> list[list[str]]:
    """The modules in so many shares, by size: the largest package takes as long as many others together."""
    modules: list[list[str]] = [[] for _ in range(count)]
    sizes = [0] * count
    for package in sorted(packages, key=attrgetter("size"), reverse=True):
        least = sizes.index(min(sizes))
        modules[least] += package.modules
        sizes[least] += package.size
    return modules


def _import_all(
    environment: Path, modules: Sequence[str], holding: int | None, stopped: threading.Event
) -> tuple[Unimportable, ...]:
    """Import modules one after another. A crash ends one process, and the next goes on behind it."""

    def look(_: int) -> None:
        if stopped.is_set():
            raise Cancelled

    waiting = list(dict.fromkeys(modules))
    failed: list[Unimportable] = []
    while waiting:
        ended = run(
            [environment / "bin" / "python", "-I", "-c", _SCRIPT],
            environ={},
            holding=holding,
            text=json.dumps(waiting),
            written=look,
        )
        states = _states(ended.out)
        failed += [Unimportable(name, reason) for name, (state, reason) in states.items() if state == "failed"]
        crashed = [name for name, (state, _) in states.items() if state == "begun"]
        failed += [Unimportable(name, f"Python itself ended: {_signal(ended.code)}") for name in crashed]
        if not states:
            return (*failed, Unimportable(waiting[0], ended.reason))
        waiting = [name for name in waiting if name not in states]
    return tuple(failed)


def _states(out: str) -> dict[str, tuple[str, str]]:
    """The last that was said of each module. Modules may print lines of their own when they are imported."""
    states: dict[str, tuple[str, str]] = {}
    for line in out.splitlines():
        try:
            state, name, reason = json.loads(line)
        except (ValueError, TypeError):
            continue
        states[str(name)] = (str(state), " ".join(str(reason).split())[:_LONGEST_REASON])
    return states


def _signal(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
