"""``greenroom ledger task``: the steps of a task, each only from where it may be taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from greenroom.cli.ledger_records import blockers_of, check_candour, fields_of_entry, said
from greenroom.cli.ledger_roots import root_here
from greenroom.cli.output import Output, json_option
from greenroom.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from greenroom.ledger.task_verbs import Step

_CONTEXT = {
    "previous_work": "What went before: ids, links.",
    "key_files": "Where the work is: `path:A-B` - `symbol`.",
    "environment": "Versions and settings that matter.",
    "next_steps": "What to do first when the work goes on.",
}


@click.group()
def task() -> None:
    """Take tasks through their states.

    These are PLANNING, IN_PROGRESS, BLOCKED, TESTING and COMPLETE. Where no ID is given, the one that can be meant
    is: the task under way, or the only one that waits.
    """


def _id(verb: Callable[..., Any]) -> Callable[..., Any]:
    return click.argument("task_id", metavar="[ID]", required=False)(verb)


def _context(verb: Callable[..., Any]) -> Callable[..., Any]:
    for name in reversed(_CONTEXT):
        verb = click.option(f"--{name.replace('_', '-')}", name, metavar="TEXT", help=_CONTEXT[name])(verb)
    return verb


@task.command()
@click.argument("title")
@json_option
def new(title: str, as_json: bool) -> int:
    """Add a task at the end of the chain, under the next free id."""
    from greenroom.ledger.task_verbs import new

    _tell(Output("ledger-task-new", as_json), new(root_here(), title))
    return 0


@task.command()
@_id
@click.option("--needs", multiple=True, metavar="ID", help="A task that must be complete before; repeatable.")
@_context
@json_option
def start(task_id: str | None, needs: tuple[str, ...], as_json: bool, **context: str | None) -> int:
    """Begin a task, or go on with it. Only one may be under way."""
    from greenroom.ledger.task_verbs import start

    root = root_here()
    meant = task_id or _only(root, "start", ("PLANNING", "BLOCKED", "TESTING"))
    _tell(Output("ledger-task-start", as_json), start(root, meant, dependencies=needs, context=_said(context)))
    return 0


@task.command()
@_id
@click.option("--why", required=True, metavar="TEXT", help="What it waits for.")
@json_option
def block(task_id: str | None, why: str, as_json: bool) -> int:
    """Set a task aside until something has happened.

    The reason stands beside it, and in the journal.
    """
    from greenroom.ledger.task_verbs import block

    root = root_here()
    meant = task_id or _only(root, "block", ("IN_PROGRESS",), ("TESTING",))
    _tell(Output("ledger-task-block", as_json), block(root, meant, why))
    return 0


@task.command()
@_id
@json_option
def test(task_id: str | None, as_json: bool) -> int:
    """Say that all is made, and is being tested."""
    from greenroom.ledger.task_verbs import test

    root = root_here()
    _tell(Output("ledger-task-test", as_json), test(root, task_id or _only(root, "test", ("IN_PROGRESS",))))
    return 0


@task.command()
@_id
@fields_of_entry("what")
@json_option
def done(task_id: str | None, as_json: bool, **fields: str | None) -> int:
    """Complete a task.

    Its entry in the journal, its text in the archive and its mark in the chain are one change.
    """
    from greenroom.ledger.task_verbs import done

    root = root_here()
    meant = task_id or _only(root, "done", ("IN_PROGRESS",), ("TESTING",))
    check_candour(root, meant, fields["issues"])
    told = said(fields)
    if "Issues" not in told and (blockers := blockers_of(root, meant)):
        told["Issues"] = f"It was blocked: {'; '.join(blockers)}"
    step = done(root, meant, told)
    out = Output("ledger-task-done", as_json)
    _tell(out, step)
    if step.next_title:
        out.say(f"next: {step.next_title}; greenroom ledger task next begins it")
    else:
        out.say('no task waits: begin a new phase in TASKS.md, or greenroom ledger task new "TITLE"')
    return 0


@task.command("next")
@_context
@json_option
def next_(as_json: bool, **context: str | None) -> int:
    """Begin the next task of the chain."""
    from greenroom.ledger.task_verbs import start_next

    _tell(Output("ledger-task-next", as_json), start_next(root_here(), context=_said(context)))
    return 0


def _said(context: dict[str, str | None]) -> dict[str, str]:
    """The parts of a context as TASKS.md names them; those that were given."""
    return {name.replace("_", " ").title(): value for name, value in context.items() if value is not None}


def _only(root: Path, verb: str, *states: tuple[str, ...]) -> str:
    """The one task that can be meant. states: in which it can be; first those that are likelier.

    Raises InputInvalid for none, or several.
    """
    from greenroom.ledger.task_edits import state_of
    from greenroom.ledger.tasks import read_tasks
    from greenroom.ledger.tree import Tree

    found = read_tasks(Tree.of(root))
    names = dict.fromkeys([*(one.id for one in found.tasks), *(item.id for item in found.chain if item.id)])
    there = {name: state_of(found, name) for name in names}
    for state in states:
        mine = [name for name in there if there[name] in state]
        if len(mine) > 1:
            said = f"{' and '.join(mine)} are {' or '.join(state)}"
            raise InputInvalid(said, mend=f"say which: greenroom ledger task {verb} {mine[0]}")
        if mine:
            return mine[0]
    mend = 'greenroom ledger task new "TITLE"' if verb == "start" else "greenroom ledger task start"
    raise InputInvalid(f"no task is {' or '.join(one for state in states for one in state)}", mend=mend)


def _tell(out: Output, step: Step) -> None:
    out.result(step, "  ".join(filter(None, (step.id, step.status, step.title, step.entry))))
