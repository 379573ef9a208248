"""``greenroom plan``: plans in Markdown, looked at, run, and taken back."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from greenroom.cli.output import Output, columns, json_option
from greenroom.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.findings import Format
    from greenroom.plan.place import Place
    from greenroom.plan.plan import Phase, Plan
    from greenroom.plan.report import PhaseReport, Report

_STOPPED = 130


def _file(verb: Callable[..., Any]) -> Callable[..., Any]:
    path = click.Path(path_type=Path, dir_okay=False)
    return click.argument("file", type=path, default=Path("PLAN.md"), required=False)(verb)


@click.group()
def plan() -> None:
    """Check, run and take back plans: phases with a verification and an undo."""


@plan.command()
@_file
@click.option("--static", is_flag=True, help="Run nothing: do not try whether each verification can fail.")
@click.option("--sarif", "form", flag_value="sarif", help="Give the findings as SARIF.")
@click.option("--github", "form", flag_value="github", help="Give the findings as GitHub annotations.")
@json_option
def check(file: Path, static: bool, form: Format | None, as_json: bool) -> int:
    """Say what is wrong with a plan. Ends with 1 when there is an error.

    Each verification is run in an empty folder, where it must be red, unless the log has seen it red; --static does
    not.
    """
    from greenroom.plan.checking import check
    from greenroom.plan.place import Place
    from greenroom.plan.reading import read
    from greenroom.plan.score import score

    out = Output("plan-check", as_json)
    document, place = read(file), Place.of(file)
    findings = check(document, place, prove=not static)
    if form is None:
        points = score(document.plan, place)
        said = (
            f"{document.plan.name}: {counted(len(document.plan.phases), 'phase')}, ready {points.points}/{points.most}"
        )
        out.result({"plan": document.plan.name, "findings": findings, "score": points}, said)
        if not findings:
            out.say("nothing was found wrong")
    out.findings(findings, form or "text")
    return 1 if any(finding.severity == "error" for finding in findings) else 0


@plan.command()
@_file
@click.option("--jobs", type=click.IntRange(1, 64), default=4, show_default=True, help="Phases at once.")
@click.option("--dry-run", is_flag=True, help="Show the order and what would run, and run nothing.")
@json_option
def run(file: Path, jobs: int, dry_run: bool, as_json: bool) -> int:
    """Run a plan, or go on where an earlier run stopped.

    What is verified already is skipped. Of a phase that fails, and of those which need it, what was done is undone.
    """
    from greenroom.plan.checking import blockers
    from greenroom.plan.place import Place
    from greenroom.plan.reading import read
    from greenroom.plan.running import run

    out = Output("plan-run", as_json)
    document, place = read(file), Place.of(file)
    if found := blockers(document, place):
        out.result({"plan": document.plan.name, "outcome": "refused", "findings": found})
        out.findings(found)
        out.say("nothing was run")
        return 1
    if dry_run:
        return _dry_run(out, document.plan, place, jobs)
    with out.progress() as step:
        report = run(document.plan, place, jobs=jobs, step=step, said=out.say)
    return _ended(out, report, f"greenroom plan run {quote(str(file))} goes on")


@plan.command()
@_file
@json_option
def undo(file: Path, as_json: bool) -> int:
    """Take back all that the plan did, the latest first. What was so before it stays."""
    from greenroom.plan.place import Place
    from greenroom.plan.running import undo

    out = Output("plan-undo", as_json)
    written = _plan_of(file)
    with out.progress() as step:
        report = undo(written, Place.of(file), step=step, said=out.say)
    return _ended(out, report, f"greenroom plan undo {quote(str(file))} goes on")


@plan.command()
@_file
@json_option
def status(file: Path, as_json: bool) -> int:
    """Say how far a plan is, by its log. Nothing is run."""
    from greenroom.plan.place import Place
    from greenroom.plan.status import status

    out = Output("plan-status", as_json)
    now = status(_plan_of(file), Place.of(file))
    out.result(now, columns([(one.id, one.state, one.since or "-", one.name) for one in now.phases]))
    if now.running:
        out.say(f"{now.running} is at work on it")
    return 0


@plan.command()
@_file
@json_option
def score(file: Path, as_json: bool) -> int:
    """Count how ready a plan is, from its parts."""
    from greenroom.plan.place import Place
    from greenroom.plan.score import score

    out = Output("plan-score", as_json)
    counted = score(_plan_of(file), Place.of(file))
    rows = [(part.name, f"{part.points}/{part.most}", _lacking(part.lacking)) for part in counted.parts]
    out.result(counted, columns([*rows, ("total", f"{counted.points}/{counted.most}", "")]))
    return 0


def _plan_of(file: Path) -> Plan:
    """The plan of a file, with a phase at least. Raises FileUnreadable, PlanInvalid."""
    from greenroom.plan.errors import PlanInvalid
    from greenroom.plan.reading import read

    document = read(file)
    if not document.plan.phases:
        raise PlanInvalid(document.plan.name, document.findings)
    return document.plan


def _lacking(phases: tuple[str, ...]) -> str:
    return f"not in {', '.join(phases)}" if phases else ""


def _dry_run(out: Output, plan: Plan, place: Place, jobs: int) -> int:
    from greenroom.plan.order import groups
    from greenroom.plan.status import status

    states = {one.id: one.state for one in status(plan, place).phases}
    order = groups(plan, place.folder, jobs)
    shown = [
        [{"id": phase.id, "name": phase.name, "state": states[phase.id], "do": phase.do.text} for phase in group]
        for group in order
    ]
    rows = [
        (f"{number}.", phase.id, _would(phase, states[phase.id]))
        for number, group in enumerate(order, 1)
        for phase in group
    ]
    out.result({"plan": plan.name, "outcome": "dry-run", "order": shown}, columns(rows))
    return 0


def _would(phase: Phase, state: str) -> str:
    if state in ("done", "verified"):
        return f"{phase.name}: done; looked at again"
    again = "undone first, then " if state in ("interrupted", "failed", "not undone") and phase.undo else ""
    return f"{phase.name}: {again}{phase.do.summary}"


def _ended(out: Output, report: Report, mend: str) -> int:
    # Of an undo, only what was undone says anything.
    shown = [one for one in report.phases if one.undo or report.outcome != "undone"]
    rows = [(one.id, _how(one), _seconds(one), one.name) for one in shown]
    out.result(report, columns(rows) if rows else "nothing is to be undone")
    if not out.as_json:
        for one in report.phases:
            if one.state == "failed" and one.output:
                out.say("\n".join([f"{one.id} said last:", *(f"  {line}" for line in one.output)]))
    out.findings(report.findings)
    if report.outcome == "stopped":
        out.say(f"stopped before the end; {mend}")
        return _STOPPED
    return 0 if report.ok else 1


def _how(one: PhaseReport) -> str:
    undone = {"ok": "undone", "failed": "not undone", "absent": "stays", None: ""}[one.undo]
    return ", ".join(filter(None, ("" if one.state == "waiting" and undone else one.state, undone)))


def _seconds(one: PhaseReport) -> str:
    return f"{one.seconds:.1f} s" if one.seconds else "-"
