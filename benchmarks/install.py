"""What an environment costs: pip and greenroom install from an empty cache, then all that comes after it.

    python benchmarks/install.py [--constraint FILE] [--rounds 1] > benchmarks/results/install-cpu.json

Both install greenroom[models,serve,voice] from this machine's own index settings, into folders that are removed. Prints
one JSON: wall and CPU seconds (children included) of each, the stages of ours, bytes, and what bytecode changes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenroom.machine.environments.folder import linked
from greenroom.machine.environments.install import install
from greenroom.machine.environments.options import Options
from greenroom.machine.environments.own_wheel import OwnWheel, pack, requirement
from greenroom.machine.environments.parts import Parts
from greenroom.machine.environments.record import find_damage, site_packages
from greenroom.machine.environments.request import Request
from greenroom.machine.environments.volume import Volume
from machine import machine

if TYPE_CHECKING:
    from collections.abc import Callable

PARTS = Parts(("models", "voice"), ("serve",))
EXTRAS = ("models", "serve", "voice")
DEFAULTS = Options()


class Stages:
    """A step that notes how long each stage took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage, self._since = "before", time.perf_counter()

    def __call__(self, stage: str, done: float, total: float) -> None:
        if stage != self._stage:
            self.end()
            self._stage = stage

    def end(self) -> None:
        now = time.perf_counter()
        self.seconds[self._stage] = round(self.seconds.get(self._stage, 0.0) + now - self._since, 2)
        self._since = now


def timed(what: Callable[[], Any]) -> dict[str, float]:
    """Wall and CPU seconds of a call and what it started."""
    before, began = os.times(), time.perf_counter()
    what()
    wall, after = time.perf_counter() - began, os.times()
    return {"wall_s": round(wall, 2), "cpu_s": round(sum(after[:4]) - sum(before[:4]), 2)}


def by_pip(folder: Path, own: OwnWheel, constraint: Path, *options: str) -> dict[str, float]:
    """A fresh environment by python -m venv and pip, with an empty cache."""
    wheel = own.write(folder / "wheels")
    environment = folder / "environment"

    def run() -> None:
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        command = [environment / "bin/python", "-m", "pip", "install", "--quiet", "--constraint", constraint, *options]
        wanted = ["--cache-dir", folder / "cache", requirement(wheel, EXTRAS)]
        subprocess.run([*map(str, command), *map(str, wanted)], check=True, stdout=subprocess.DEVNULL)

    return timed(run)


def ours(root: Path, request: Request, options: Options = DEFAULTS) -> dict[str, Any]:
    """greenroom install, by stage."""
    stages = Stages()
    row: dict[str, Any] = timed(lambda: install(request, root, stages, options))
    stages.end()
    current = linked(root, "current")
    assert current is not None
    assert not current.marker.degraded
    return {**row, "stages_s": stages.seconds, "packages": len(current.lock.packages)}


def bytes_in(folder: Path) -> int:
    """Of all files."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def imports(environment: Path, *options: str) -> dict[str, float]:
    """import torch, in a process of its own."""
    command = [str(environment / "bin/python"), *options, "-c", "import torch"]
    return timed(lambda: subprocess.run(command, check=True))


def one_round(folder: Path, own: OwnWheel, constraint: Path) -> dict[str, Any]:
    """All figures, in an empty folder."""
    request = Request(PARTS, own, (constraint,))
    volume = Volume(folder / "volume")
    row: dict[str, Any] = {"load": round(os.getloadavg()[0], 2)}
    row["pip, empty cache"] = by_pip(folder / "pip", own, constraint)
    row["pip, empty cache, no bytecode"] = by_pip(folder / "pip without bytecode", own, constraint, "--no-compile")
    os.environ["UV_CACHE_DIR"] = str(folder / "uv")
    row["ours, empty cache"] = ours(folder / "one", request)
    row["ours, warm cache"] = ours(folder / "two", request)
    row["ours, nothing to do"] = ours(folder / "two", request)
    row["packed for a volume"] = ours(folder / "two", request, Options(volume=volume))
    row["pack_bytes"] = bytes_in(volume.root)
    row["ours, unpacked from a volume"] = ours(folder / "three", request, Options(volume=volume))
    current = linked(folder / "one", "current")
    assert current is not None
    packages, site = current.lock.packages, site_packages(current.path)
    row["every file hashed"] = timed(lambda: find_damage(current.path, packages))
    for bytecode in [*site.rglob("__pycache__")]:
        shutil.rmtree(bytecode)
    row["wheels_bytes"] = sum(package.size or 0 for package in packages)
    row["environment_bytes"] = bytes_in(site)
    row["files"] = sum(1 for path in site.rglob("*") if path.is_file())
    row["import torch without bytecode"] = imports(current.path, "-B")
    # Some packages ship templates that are no Python: its exit code says so.
    compileall = [str(current.path / "bin/python"), "-m", "compileall", "-q", "-j", "2", str(site)]
    row["bytecode of everything"] = timed(lambda: subprocess.run(compileall, stdout=subprocess.DEVNULL, check=False))
    row["import torch with bytecode"] = imports(current.path)
    return row


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--constraint", type=Path, default=Path("constraints.txt"))
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    own, rows = pack(), []
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(one_round(Path(folder), own, given.constraint.absolute()))
    about = machine("uv", "pip", "torch", "packaging", "backports.zstd")
    json.dump({"machine": about, "extras": EXTRAS, "rounds": rows}, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
