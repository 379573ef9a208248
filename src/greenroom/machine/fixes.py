"""What doctor may mend by itself: only greenroom's own folders and files, and nothing that holds anybody's work."""

from __future__ import annotations

import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.machine.probes.disks import is_leftover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from greenroom.findings import Finding


@dataclass(frozen=True, slots=True)
class Fix:
    """What was done about a finding. done: in words; empty where it did not work, and then problem says why."""

    code: str
    path: str
    done: str
    problem: str = ""


def fix(findings: Iterable[Finding]) -> tuple[Fix, ...]:
    """Mend what is safe to mend, and say what was done."""
    return tuple(
        _fixed(finding.code, finding.path) for finding in findings if finding.code in FIXES and finding.path is not None
    )


def _fixed(code: str, path: str) -> Fix:
    try:
        return Fix(code, path, FIXES[code](Path(path)))
    except OSError as error:
        return Fix(code, path, "", error.strerror or str(error))


def _open_to_owner(folder: Path) -> str:
    folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IRWXU)
    return f"{folder} may be written by its owner"


def _make(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    return f"{folder} is made"


def _remove_leftover(file: Path) -> str:
    if file.is_symlink() or not is_leftover(
        file, time.time()
    ):  # it was looked at a moment ago, and may be in use again
        return f"{file} is left alone: it is in use"
    size = file.stat().st_size
    file.unlink()
    return f"{file} is removed ({size:,} bytes)"


def _close_to_others(file: Path) -> str:
    file.chmod(stat.S_IMODE(file.stat().st_mode) & ~(stat.S_IRWXG | stat.S_IRWXO))
    return f"{file} may be read by its owner alone"


FIXES: dict[str, Callable[[Path], str]] = {
    "folder-rights": _open_to_owner,
    "weights-folder-missing": _make,
    "leftover": _remove_leftover,
    "token-exposed": _close_to_others,
}
