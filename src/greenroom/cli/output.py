"""What a verb says: results on standard output, words and progress on standard error."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import json
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from greenroom.cli.interrupts import stopping
from greenroom.findings import Finding, render
from greenroom.progress import Step, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from greenroom.errors import GreenroomError
    from greenroom.findings import Format

# The version of each verb's JSON. It grows when a field is renamed, removed or changes its meaning.
_SCHEMA_VERSION = 1
# What a verb said last, for whoever keeps a record of it.
_KEPT_LINES = 20
_WARNING = "warning: "
# A column narrower than this is worse to read than lines that the terminal breaks.
_NARROWEST = 20


def json_option(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Give a verb ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")(verb)


@dataclasses.dataclass(frozen=True, slots=True)
class Output:
    """The one way in which a verb speaks.

    told: its last lines as a person reads them, whatever the form.  warned: what it warned of.
    """

    verb: str
    as_json: bool = False
    told: collections.deque[str] = dataclasses.field(
        default_factory=lambda: collections.deque(maxlen=_KEPT_LINES), repr=False, compare=False
    )
    warned: list[str] = dataclasses.field(default_factory=list, repr=False, compare=False)

    def result(self, result: Any, text: str = "") -> None:
        """Give the verb's result: ``text`` for people (nothing if empty), the result itself for machines."""
        self.told.extend(text.splitlines())
        if self.as_json:
            envelope = {"schema": f"greenroom/{self.verb}/{_SCHEMA_VERSION}", "ok": True, "result": plain(result)}
            click.echo(json.dumps(envelope, ensure_ascii=False, indent=2))
        elif text:
            click.echo(text)

    def findings(self, found: Sequence[Finding], form: Format = "text") -> None:
        """Show findings in a form of the shared renderer; ``text`` goes to standard error, the others are data.

        JSON and SARIF are whole documents, also where nothing was found.
        """
        self.told.extend(render(found).splitlines())
        self.warned.extend(f"{finding.message} ({finding.code})" for finding in found if finding.severity != "note")
        if (found and not (self.as_json and form == "text")) or form in ("json", "sarif"):
            click.echo(render(found, form), file=sys.stderr if form == "text" else sys.stdout)

    def say(self, text: str) -> None:
        """Tell a person something that is not the result."""
        self.told.extend(text.splitlines())
        if text.startswith(_WARNING):
            self.warned.append(text.removeprefix(_WARNING))
        if not self.as_json:
            click.echo(text, file=sys.stderr)  # not err=True, which writes past a bar that is drawn, and onto its line

    def notes(self, notes: Iterable[str]) -> None:
        """Tell a person what is to be known of a result, a sentence each."""
        for note in notes:
            self.say(f"note: {note}")

    def notice(self, text: str) -> None:
        """Tell what limits the use of a model: beside JSON, too, and before the work, since afterwards is too late."""
        click.echo(text, file=sys.stderr)

    @contextlib.contextmanager
    def progress(self) -> Iterator[Step]:
        """A step that draws a bar with the time left, on a terminal only; it ends the work when a signal says so."""
        if self.as_json or not sys.stderr.isatty():
            yield stopping(silent)
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        task = bar.add_task("starting", total=None)
        reached = 0.0

        def step(stage: str, done: float, total: float) -> None:
            nonlocal reached
            bar.start()  # with the first step, so that what is said before it stands above
            if done < reached:
                bar.reset(task)  # other work than before: its pace has nothing to do with that one's
            reached = done
            bar.update(task, description=stage, completed=done, total=total)

        try:
            yield stopping(step)
        finally:
            bar.stop()


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows as aligned columns, two spaces between; on a terminal the last one is wrapped to its width."""
    *widths, _ = (max(map(len, cells)) for cells in zip(*rows, strict=True))
    indent = sum(widths) + 2 * len(widths)
    room = shutil.get_terminal_size().columns - indent
    lines: list[str] = []
    for *cells, last in rows:
        start = "".join(f"{cell:<{width}}  " for cell, width in zip(cells, widths, strict=True))
        wrapped = textwrap.wrap(last, room) if sys.stdout.isatty() and room > _NARROWEST else [last]
        lines += [
            f"{start}{part}".rstrip() if not number else f"{'':{indent}}{part}"
            for number, part in enumerate(wrapped or [""])
        ]
    return "\n".join(lines)


def plain(value: Any) -> Any:
    """A result as JSON can hold it: dataclasses and models become objects, paths become strings."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return str(value) if isinstance(value, Path) else value


def show_error(error: GreenroomError, *, as_json: bool) -> None:
    """Say an error: one JSON object on standard output, or two lines on standard error."""
    if as_json:
        click.echo(json.dumps({"ok": False, "error": error.as_dict()}, ensure_ascii=False, indent=2))
        return
    click.echo(f"error: {error.message}", err=True)
    if error.mend:
        click.echo(f" mend: {error.mend}", err=True)
