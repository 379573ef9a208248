"""A lock made while the files are: every release by its hash, for the image's Python and not for ours."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.machine.environments.errors import IndexUnreachable, InstallerMissing, RequirementsUnresolved
from greenroom.machine.environments.index_settings import for_uv
from greenroom.machine.environments.installer import base_python, find_uv
from greenroom.machine.environments.lock import redacted_url
from greenroom.machine.environments.processes import run, unresolved
from greenroom.ship.image.pins import pins_for, requirements_of_greenroom, torch_pin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from greenroom.ship.image.blueprint import Blueprint

# Wheels that the base's C library loads: Debian 12 has glibc 2.36.
_PLATFORM = "x86_64-manylinux_2_36"
# An index that is slower than that is as good as none: then the image pins without hashes.
_LONGEST_S = 180.0
# Variables of uv that may name folders of this machine, which no image has.
_PLACES = ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")


def locked(blueprint: Blueprint, earlier: bytes | None = None) -> Blueprint:
    """The blueprint with a lock of all its packages, and of those that install them.

    The releases are those that run here, where the image takes them. A lock of the user's own stays.
    earlier: the ``pylock.toml`` of an earlier run, whose releases stay where they fit.
    Raises InstallerMissing without uv, RequirementsUnresolved where nothing fits or no index answers.
    """
    uv = find_uv()
    if uv is None:
        raise InstallerMissing("uv is not here, and pip locks for its own Python alone", mend="pip install uv")
    with tempfile.TemporaryDirectory(prefix="greenroom-lock-") as folder:
        locking = _Locking(uv, Path(folder), blueprint)
        lock = blueprint.lock or locking.environment(earlier)
        return replace(blueprint, lock=lock, bootstrap=locking.bootstrap())


class _Locking:
    """uv, told of the image and not of this machine. folder: for what uv reads and writes."""

    def __init__(self, uv: Path, folder: Path, blueprint: Blueprint) -> None:
        self._uv, self._folder, self._blueprint = uv, folder, blueprint
        self._until = time.monotonic() + _LONGEST_S
        (folder / "constraints.txt").write_text(pins_for(blueprint).text(), encoding="utf-8")

    def environment(self, earlier: bytes | None) -> bytes:
        """All that the model needs and gains, as a pylock.toml."""
        answer = self._folder / "pylock.toml"
        if earlier is not None:
            answer.write_bytes(earlier)
        torch = self._blueprint.torch
        wanted = requirements_of_greenroom(
            (*self._blueprint.parts.needs, *self._blueprint.parts.gains), self._blueprint.python
        )
        index = torch.index if torch is not None else None
        self._compile(
            [*wanted, *([torch_pin(torch)] if torch is not None else [])],
            answer,
            *(("--index", index, "--index-strategy", "unsafe-best-match") if index else ()),
        )
        lock = answer.read_text(encoding="utf-8")
        if '"file:' in lock:
            raise RequirementsUnresolved(
                "the index lies on this machine, where no build of an image finds it", mend="name one that is served"
            )
        return redacted_url(lock).encode()

    def bootstrap(self) -> bytes:
        """greenroom's own needs, without models, as a file that pip checks with ``--require-hashes``."""
        answer = self._folder / "bootstrap.txt"
        wanted = requirements_of_greenroom(self._blueprint.bootstrap_extras, self._blueprint.python)
        self._compile(wanted, answer, "--generate-hashes", "--no-annotate")
        return answer.read_bytes()

    def _compile(self, wanted: Iterable[str], answer: Path, *options: str) -> None:
        image = ("--python-version", self._blueprint.python, "--python-platform", _PLATFORM)
        command: tuple[str | Path, ...] = (
            *(self._uv, "pip", "compile", "-", "--output-file", answer, "--quiet", "--no-header"),
            *("--constraints", self._folder / "constraints.txt"),
            *("--python", base_python(), "--no-python-downloads"),
            *image,
            *options,
        )
        environ = {"NO_COLOR": "1", **_reachable(for_uv(os.environ))}
        ended = run(command, environ=environ, text="\n".join(wanted), written=self._look)
        if ended.code:
            raise unresolved(ended)

    def _look(self, _: int) -> None:
        if time.monotonic() > self._until:
            raise IndexUnreachable(
                f"the index gave no answer within {_LONGEST_S:.0f} s", mend="check the network, or leave it: --no-lock"
            )


def _reachable(told: dict[str, str]) -> dict[str, str]:
    """What uv is told, without folders of this machine. An empty variable is as good as none."""
    said = {name: told.get(name) or os.environ.get(name, "") for name in _PLACES}
    kept = {
        name: " ".join(word for word in places.replace(",", " ").split() if word.startswith(("http:", "https:")))
        for name, places in said.items()
    }
    return {**told, **kept}
