"""What ``greenroom ledger`` writes into the journal and the error ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from greenroom.cli.ledger_roots import root_here
from greenroom.cli.output import Output, json_option
from greenroom.errors import InputInvalid, quoted

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from greenroom.ledger.fragments import Recorded

_FIELDS = {
    "what": "What was changed, found or seen.",
    "why": "The reason.",
    "how": "The way it was done.",
    "issues": "What went wrong on the way; None where nothing did.",
    "result": "What came out, with numbers.",
}


def fields_of_entry(*needed: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a verb a flag for each field of an entry. needed: those that must be given."""

    def add(verb: Callable[..., Any]) -> Callable[..., Any]:
        for name in reversed(_FIELDS):
            verb = click.option(f"--{name}", required=name in needed, metavar="TEXT", help=_FIELDS[name])(verb)
        return verb

    return add


def said(values: dict[str, Any]) -> dict[str, str]:
    """Fields as the journal names them; those that were given."""
    return {name.capitalize(): value for name, value in values.items() if name in _FIELDS and value is not None}


@click.command()
@click.argument("title")
@fields_of_entry("what", "why")
@click.option("--task", metavar="ID", help="The task that this is about.")
@click.option("--error", metavar="ID", help="The error that this is about.")
@json_option
def log(title: str, task: str | None, error: str | None, as_json: bool, **fields: str | None) -> int:
    """Write an entry of the journal.

    It is a file of its own, so no other branch can touch it. The time is stamped, in UTC.
    """
    from greenroom.ledger.fragments import log

    out = Output("ledger-log", as_json)
    root = root_here()
    if task is not None:
        check_candour(root, task, fields["issues"])
    _tell(out, log(root, title, said(fields), task=task, error=error))
    return 0


@click.group()
def error() -> None:
    """Open and resolve errors, P0 and P1."""


@error.command("open")
@click.argument("title")
@click.option(
    "--severity",
    required=True,
    metavar="P0|P1",
    help="P0: an outage, lost data, broken security. P1: a main function is broken or much slower.",
)
@click.option("--area", required=True, metavar="TEXT", help="What it affects.")
@fields_of_entry("what")
@json_option
def open_(title: str, severity: str, area: str, as_json: bool, **fields: str | None) -> int:
    """Open an error, and tell of it in the journal.

    It is active at once, under the next free id; why it happens may be unknown yet.
    """
    from greenroom.ledger.fragments import open_error

    out = Output("ledger-error-open", as_json)
    told = {"Why": "Not known yet.", **said(fields)}
    _tell(out, open_error(root_here(), title, told, severity=severity, area=area))
    return 0


@error.command()
@click.argument("error_id", metavar="ID")
@click.option("--commit", required=True, metavar="HASH", help="The commit that mends it.")
@click.option("--pr", "pull", default="", metavar="NUMBER", help="Its pull request.")
@click.option("--title", metavar="TEXT", help="Of the entry; made of what it affected if not given.")
@fields_of_entry()
@json_option
def resolve(error_id: str, commit: str, pull: str, title: str | None, as_json: bool, **fields: str | None) -> int:
    """Say what mended an error, in the journal too.

    Its row moves, with the commit and a link to the entry. What and why are made of what is known if they are not
    given: do say what the cause was.
    """
    from greenroom.ledger.errors_table import read_errors
    from greenroom.ledger.fragments import resolve_error
    from greenroom.ledger.tree import Tree

    out = Output("ledger-error-resolve", as_json)
    root = root_here()
    row = next((one for one in read_errors(Tree.of(root)) if one.id == error_id), None)
    area, seen = (row.area, row.seen) if row else ("", "")
    told = {"What": f"Mended by commit {commit}.", "Why": f"It was open since {seen}.", **said(fields)}
    recorded = resolve_error(root, error_id, title or f"Mended: {area}", told, commit=commit, pull=pull)
    _tell(out, recorded)
    return 0


def check_candour(root: Path, task: str, issues: str | None) -> None:
    """Where a task was blocked, its entry says so. Raises InputInvalid for Issues of None."""
    blockers = blockers_of(root, task)
    if blockers and issues is not None and issues.strip().rstrip(".").casefold() == "none":
        message = f"{task} was blocked, and --issues says None: {quoted('; '.join(blockers))}"
        raise InputInvalid(message, mend="--issues TEXT says what it was")


def blockers_of(root: Path, task: str) -> list[str]:
    """What a task under way was blocked by."""
    from greenroom.ledger.tasks import read_tasks
    from greenroom.ledger.tree import Tree

    mine = (one for one in read_tasks(Tree.of(root)).tasks if one.id == task)
    notes = [note.text for one in mine for note in one.notes if note.kind == "BLOCKER"]
    return [text for text in notes if not text.casefold().startswith("none")]


def _tell(out: Output, recorded: Recorded) -> None:
    """Say what was written, as it can be named again."""
    out.result(recorded, "  ".join(filter(None, (recorded.id, recorded.path))))
