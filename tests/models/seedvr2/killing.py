"""Restorations that end as a crash ends them, each in a process of its own.

``python -m tests.models.seedvr2.killing FOLDER`` runs one for every moment, and prints how each ended. The processes
are copies of this one, which has its imports behind it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn
from unittest import mock

from greenroom.models.seedvr2.restoring.journal import Journal
from greenroom.models.seedvr2.restoring.sources import Source
from tests.models.seedvr2.restorers import restored

SOURCE = "clip.mp4"
ASKED: dict[str, Any] = {"height": 48, "window": 9, "overlap": 3, "shots": False}
"""Of 16 frames these make three windows, and parts from frame 0, 6 and 12 on."""

MOMENTS = {
    "nothing is finished": ("encoding", 0, 0),
    "within the first part": ("writing", 4, 0),
    "between two parts": ("encoding", 1, 1),
    "within the second part": ("writing", 9, 1),
    "as the last window begins": ("restoring", 2, 2),
    "within the last part": ("writing", 15, 2),
    "while they are joined": ("joining", 7, 3),
    "before the parts are thrown away": ("removing", 0, 3),
    "while the parts are thrown away": ("removing", 1, 0),
}
"""When each is killed: a stage, and a window, a frame or a number within. Behind it, how many parts are whole then."""


def output_of(folder: Path, moment: str) -> Path:
    return folder / moment.replace(" ", "-") / "out.mp4"


def killed(folder: Path, moment: str) -> None:
    """Restore, and be gone at the moment."""
    stage, place, _ = MOMENTS[moment]
    tell = Source.time
    with contextlib.ExitStack() as stack:
        if stage == "writing":
            stack.enter_context(
                mock.patch.object(Source, "time", lambda own, frame: _gone() if frame == place else tell(own, frame))
            )
        if stage == "removing":
            stack.enter_context(mock.patch.object(Journal, "remove", lambda own: _gone(own if place else None)))
        restored(folder / SOURCE, output_of(folder, moment), step=_Fatal(stage, place), **ASKED)


def _gone(journal: Journal | None = None) -> NoReturn:
    if journal is not None:
        (journal.folder / "journal.json").unlink()
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a signal that nothing survives")


class _Fatal:
    """A step that ends the process: in a stage of one of the windows, or at a packet of those that are joined."""

    def __init__(self, stage: str, place: int) -> None:
        self._stage, self._place = stage, place
        self._window, self._before = -1, ""

    def __call__(self, stage: str, done: float, total: float) -> None:
        if stage == "encoding" and self._before != stage:
            self._window += 1
        self._before = stage
        if stage == self._stage and (done if stage == "joining" else self._window) == self._place:
            _gone()


def main(folder: Path) -> None:
    for moment in MOMENTS:
        output_of(folder, moment).parent.mkdir()
        if (child := os.fork()) == 0:
            killed(folder, moment)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(f"{moment}: {signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else status}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
