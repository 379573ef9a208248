"""Unfinished work of jobs, on the network volume: the platform hands a lost job out again, to another machine.

Without a volume nothing outlives a worker, and a job that is handed out again begins anew.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import time
from typing import TYPE_CHECKING

from greenroom.locks import hold
from greenroom.serve.runpod.errors import ResultTooLarge
from greenroom.serve.runpod.results import safe

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.errors import GreenroomError

# The platform forgets a job after a week at most.
_FORGOTTEN_S = 8 * 86_400.0
_PROBE = ".lock-probe"
_log = logging.getLogger(__name__)


class Unfinished:
    """A folder for each job, by the platform's id, below ``place``; None keeps nothing."""

    def __init__(self, place: Path | None) -> None:
        self._place = place

    def take(self, job_id: str) -> Path | None:
        """The folder of a job, made if it is not there; None where there can be none."""
        if self._place is None:
            return None
        folder = self._place / safe(job_id)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.utime(folder)
            # Not every volume has locks, and models need them to tell a lost worker from one that is still there.
            os.close(hold(folder / _PROBE))
            (folder / _PROBE).unlink(missing_ok=True)
        except OSError:
            _log.warning("unfinished work of %s cannot be kept", job_id, exc_info=True)
            return None
        return folder

    def failed(self, job_id: str, error: GreenroomError) -> None:
        """A job failed: what it finished stays if it may be run again, and be worth something then."""
        if not error.retryable and not isinstance(error, ResultTooLarge):
            self.remove(job_id)

    def remove(self, job_id: str) -> None:
        """Remove what a job left."""
        if self._place is not None:
            shutil.rmtree(self._place / safe(job_id), ignore_errors=True)

    def remove_forgotten(self) -> None:
        """Remove what jobs left of which the platform knows nothing any more. Of other workers' jobs, too."""
        with contextlib.suppress(OSError):
            for entry in os.scandir(self._place) if self._place is not None else ():
                with contextlib.suppress(OSError):
                    if time.time() - entry.stat(follow_symlinks=False).st_mtime > _FORGOTTEN_S:
                        shutil.rmtree(entry.path, ignore_errors=True)
