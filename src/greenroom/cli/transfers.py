"""How far files are: bars on a terminal, else a line now and then, for logs."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

from greenroom.cli.interrupts import stopping
from greenroom.cli.output import duration
from greenroom.progress import silent
from greenroom.recipes.sizes import readable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress, TaskID

    from greenroom.cli.output import Output
    from greenroom.weights.side_by_side import Standing

# A line of a log comes after so many seconds, or so much of the whole.
_LINE_S = 10.0
_LINE_PART = 0.1


@contextlib.contextmanager
def transfers(out: Output) -> Iterator[Callable[[Standing], None]]:
    """Shows how far files are, in the way that suits who listens; it ends the work when a signal says so."""
    look = stopping(silent)
    with contextlib.ExitStack() as stack:
        draw: Callable[[Standing], None]
        if out.as_json:
            draw = _nothing
        elif sys.stderr.isatty():
            draw = _Bars(stack).draw
        else:
            draw = _Lines(out.say).draw

        def show(standing: Standing) -> None:
            look("files", standing.done, standing.total)
            draw(standing)

        yield show


def _nothing(_: Standing) -> None:
    """Show nobody."""


class _Bars:
    """A bar for each file under way, and one for all."""

    def __init__(self, stack: contextlib.ExitStack) -> None:
        self._stack = stack
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def draw(self, standing: Standing) -> None:
        if not standing.files and self._progress is None:
            return
        progress = self._progress = self._progress or self._begun()
        rows = {file.name: (file.stage, file.done, file.total) for file in standing.files}
        stage = standing.files[0].stage if standing.files else ""
        if stage and standing.total != standing.files[0].total:  # there is more than this one file
            rows[stage] = (stage, standing.done, standing.total)
        for name in self._tasks.keys() - rows.keys():
            progress.remove_task(self._tasks.pop(name))
        for name, (_, done, total) in rows.items():
            if name not in self._tasks:
                # What is here already was not fetched now: the rate begins behind it.
                shown = "all" if name == stage else name.rpartition("/")[2]
                self._tasks[name] = progress.add_task(shown, total=total, completed=done)
            progress.update(self._tasks[name], completed=done, total=total)

    def _begun(self) -> Progress:
        """Begun with the first file, so that what was said before stands above."""
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )
        from rich.table import Column

        name = Column(ratio=1, no_wrap=True, overflow="ellipsis")
        columns = (
            TextColumn("{task.description}", table_column=name),
            BarColumn(bar_width=12),
            TaskProgressColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(compact=True),
        )
        return self._stack.enter_context(Progress(*columns, console=Console(stderr=True), transient=True, expand=True))


class _Lines:
    """``fetching: 12 % (168 MB of 1.40 GB), 45.2 MB/s, 27 s left``."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._stage = ""
        self._began = self._said = (0.0, 0)

    def draw(self, standing: Standing) -> None:
        now = (time.monotonic(), standing.done)
        if not standing.files:
            return
        stage = standing.files[0].stage
        if stage != self._stage:
            # Other work than before: its rate has nothing to do with that one's.
            self._stage, self._began, self._said = stage, now, now
            return
        seconds, count = now[0] - self._said[0], now[1] - self._said[1]
        # A file whose size nobody knows counts as far as it is here, so that nothing seems to be left.
        is_sized = standing.done < standing.total
        if seconds <= 0 or (seconds < _LINE_S and not (is_sized and count >= _LINE_PART * standing.total)):
            return
        amount, left = readable(now[1]), ""
        if is_sized:
            amount = f"{100 * now[1] // standing.total} % ({amount} of {readable(standing.total)})"
            usual = (now[1] - self._began[1]) / (now[0] - self._began[0])
            left = f", {duration((standing.total - now[1]) / usual)} left" if usual > 0 else ""
        self._say(f"{stage}: {amount}, {readable(round(count / seconds))}/s{left}")
        self._said = now
