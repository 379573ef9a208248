"""``greenroom ledger``: tasks, journal and errors, and documents that still agree with the code."""

from __future__ import annotations

import dataclasses
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from greenroom.cli.diagnose import from_here
from greenroom.cli.ledger_records import error, log
from greenroom.cli.ledger_roots import project_here, root_here
from greenroom.cli.ledger_tasks import task
from greenroom.cli.output import Output, json_option
from greenroom.words import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.findings import Finding, Format
    from greenroom.ledger.templates import Profile
    from greenroom.ledger.tree import Tree

_FOLDER = click.Path(path_type=Path)
_left_out = click.option(
    "--without", "left_out", multiple=True, metavar="PATTERN", help="Leave documents out, as tests/* does; repeatable."
)


@click.group()
def ledger() -> None:
    """Keep tasks, journal and errors, and documents that still agree with the code."""


@ledger.command()
@click.argument("folder", metavar="[DIR]", type=_FOLDER, required=False)
@click.option(
    "--profile",
    type=click.Choice(["core", "full"]),
    default="core",
    show_default=True,
    help="full adds design, interaction, configuration, data, interfaces, tests and contributing.",
)
@click.option("--main-file", metavar="PATH", help="The file to begin reading at; guessed where there can be no other.")
@json_option
def init(folder: Path | None, profile: str, main_file: str | None, as_json: bool) -> int:
    """Begin a ledger.

    Writes what is missing of its documents, all or nothing: here, or where a ledger is kept above. What is there
    stays as it is.
    """
    from greenroom.ledger.checks import check
    from greenroom.ledger.templates.beginning import begin
    from greenroom.ledger.tree import Tree

    out = Output("ledger-init", as_json)
    folder = folder or project_here()
    begun = begin(folder, profile=cast("Profile", profile), main_file=main_file, now=datetime.now(UTC))
    left = [from_here(finding, folder) for finding in check(Tree.of(folder))]
    told = {**dataclasses.asdict(begun), "root": str(folder), "left": left}
    out.result(told, "\n".join(f"{folder / path}" for path in begun.written) or "nothing is missing")
    if begun.kept:
        out.say(f"kept as they are: {', '.join(begun.kept)}")
    if begun.unlisted:
        out.say(f"not written, since CONDUCTOR.md does not list them: {', '.join(begun.unlisted)}")
    if left:
        out.say(f"in what was there {_summary(left)}: greenroom ledger check")
    return 0


@ledger.command()
@click.argument("folder", metavar="[DIR]", type=_FOLDER, required=False)
@click.option("--before", type=_FOLDER, metavar="DIR", help="The same project earlier: what of its history is gone?")
@click.option("--since", metavar="REVISION", help="The same, from git.")
@_left_out
@click.option("--sarif", "form", flag_value="sarif", help="Give the findings as SARIF.")
@click.option("--github", "form", flag_value="github", help="Give the findings as GitHub annotations.")
@json_option
def check(
    folder: Path | None,
    before: Path | None,
    since: str | None,
    left_out: tuple[str, ...],
    form: Format | None,
    as_json: bool,
) -> int:
    """Say where documents and code disagree.

    And what of a ledger is wrong: its journal, errors, tasks and hub. Looks at the ledger at or above this folder, or
    else at the links and anchors of the documents here. Ends with 1 when anything is found, and with 2 where nothing
    can be checked.
    """
    from greenroom.ledger.changes import steady
    from greenroom.ledger.checks import check
    from greenroom.ledger.tree import Tree

    if before is not None and since is not None:
        raise click.UsageError("--before and --since both say what was earlier: give one of them")
    out = Output("ledger-check", as_json)
    root = folder or project_here()
    earlier = Tree.of(before) if before is not None else Tree.at(root, since) if since is not None else None
    findings = steady(root, lambda: check(_documents(root, left_out), earlier))
    found = [from_here(finding, root) for finding in findings]
    if form is None:
        out.result({"folder": str(root), "findings": found})
    out.findings(found, form or "text")
    if form is None and not as_json:
        click.echo(_summary(found))
    return 1 if found else 0


def _documents(root: Path, left_out: Sequence[str]) -> Tree:
    """The tree of a folder that has documents. Raises LedgerUnreadable."""
    from greenroom.errors import quoted
    from greenroom.ledger.errors import LedgerUnreadable
    from greenroom.ledger.tree import Tree

    tree = Tree.of(root).without(left_out)
    if not tree.documents:
        raise LedgerUnreadable(f"{quoted(root)} holds no document to check", mend="greenroom ledger init begins one")
    return tree


def _summary(found: Sequence[Finding]) -> str:
    if not found:
        return "nothing was found wrong"
    errors = sum(finding.severity == "error" for finding in found)
    return f"{counted(errors, 'error')}, {counted(len(found) - errors, 'remark')}"


@ledger.command()
@click.argument("folder", metavar="[DIR]", type=_FOLDER, required=False)
@click.option("--dry", is_flag=True, help="Show what would change as one unified diff, and change nothing.")
@click.option("--symbols", is_flag=True, help="Also name the symbol of code that a document names by its lines alone.")
@_left_out
@json_option
def fix(folder: Path | None, dry: bool, symbols: bool, left_out: tuple[str, ...], as_json: bool) -> int:
    """Mend what needs no guess, and say what is left.

    All or nothing. Ends with 1 when something is left. Mended are lines and lengths of code that documents name,
    ids that two records have, rows and entries in the wrong place or order, links to what has moved, progress.
    Entries stay word for word.
    """
    from greenroom.ledger.fixing import mend

    out = Output("ledger-fix", as_json)
    root = folder or project_here()
    done = mend(root, dry=dry, left_out=left_out, naming=symbols)
    left = [from_here(finding, root) for finding in done.left]
    paths = [Path(os.path.normpath(root / change.path)).as_posix() for change in done.changes]
    diffs = ["\n".join(change.diff()) for change in done.changes]
    told = {
        "folder": str(root),
        "dry": dry,
        "changed": paths,
        "diffs": diffs,
        "settled": dict(done.settled),
        "left": left,
    }
    out.result(told, "\n".join(diffs if dry else [f"mended: {path}" for path in paths]))
    for old, new in done.settled:
        out.say(f"{old} was given twice: the later one is {new} now")
    out.findings(left)
    if not paths:
        out.say("nothing was to be mended" if left else "nothing was found wrong")
    return 1 if left else 0


@ledger.command()
@json_option
def fold(as_json: bool) -> int:
    """Gather entries and errors into their documents.

    Each stood in a file of its own; what is old goes to the archive of its month. Where two branches gave one id,
    the later record gets the next free one. Nothing is lost or doubled, or nothing is written.
    """
    from greenroom.ledger.fold import fold

    out = Output("ledger-fold", as_json)
    done = fold(root_here())
    counts = [(done.entries, "entry", "entries"), (done.events, "change of errors", "changes of errors")]
    said = [f"{count:,} {one if count == 1 else many} folded" for count, one, many in counts if count]
    said += [f"{done.archived:,} {'entry' if done.archived == 1 else 'entries'} archived"] if done.archived else []
    out.result(done, ", ".join(said) or "nothing was to be folded")
    for old, new in done.settled:
        out.say(f"{old} was given twice: the later one is {new} now")
    return 0


@ledger.command()
@click.argument("asked", metavar="ID|today|open", default="open")
@json_option
def show(asked: str, as_json: bool) -> int:
    """Show a task or an error, today, or what is open.

    Of a task or an error all that was written of it, of today the entries, of what is open a line each.
    """
    from greenroom.ledger.changes import steady
    from greenroom.ledger.showing import show
    from greenroom.ledger.tree import Tree

    out = Output("ledger-show", as_json)
    root, today = root_here(), f"{datetime.now(UTC):%Y-%m-%d}"
    sheet = steady(root, lambda: show(Tree.of(root), asked, today))
    out.result(sheet, "\n".join(sheet.lines()) or "nothing")
    return 0


ledger.add_command(log)
ledger.add_command(task)
ledger.add_command(error)
