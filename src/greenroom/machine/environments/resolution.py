"""What a killed install had resolved: the next one goes on with it, and asks no index again."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from greenroom.errors import GreenroomError
from greenroom.files import Publication
from greenroom.machine.environments import lock as locks
from greenroom.machine.environments.folder import CHOSEN_BY, Degraded, remove
from greenroom.machine.environments.request import Resolved

if TYPE_CHECKING:
    from pathlib import Path

_SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Resolution:
    """A file with what was resolved for one request, from when that is known until the environment is current."""

    path: Path

    def read(self) -> Resolved | None:
        """What it holds; None where there is none, or none that can be understood."""
        try:
            said = json.loads(self.path.read_text(encoding="utf-8"))
            if said["schema"] != _SCHEMA:
                return None
            lock = locks.parse(tomllib.loads(said["lock"]), self.path)
            degraded = tuple(Degraded(**entry) for entry in said["degraded"])
            return Resolved(lock, said["index"], degraded, tuple(said["warnings"]))
        except (OSError, ValueError, KeyError, TypeError, GreenroomError):
            return None

    def write(self, resolved: Resolved) -> None:
        """Keep it, in one step and flushed to the disk. Raises OutputUnwritable."""
        said = {
            "schema": _SCHEMA,
            "lock": resolved.lock.as_toml(),
            "index": resolved.index,
            "degraded": [asdict(entry) for entry in resolved.degraded],
            "warnings": resolved.warnings,
        }
        with Publication(self.path.parent, CHOSEN_BY) as out:
            out.write(self.path.name, json.dumps(said, indent=2).encode())

    def forget(self) -> None:
        """Let the next install resolve anew."""
        remove(self.path)
