"""``greenroom diagnose``: what is wrong with a build recipe, at which line, and how to mend it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from greenroom.cli.output import Output, json_option
from greenroom.words import counted

if TYPE_CHECKING:
    from greenroom.diagnose.mending import Change
    from greenroom.findings import Finding, Format


@click.command()
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), default=".")
@click.option("--fix", "mend", is_flag=True, help="Mend what is safe to mend, and say what was done.")
@click.option("--diff", "show", is_flag=True, help="Print all mends as one unified diff, and change nothing.")
@click.option("--sarif", "form", flag_value="sarif", help="Give the findings as SARIF.")
@click.option("--github", "form", flag_value="github", help="Give the findings as GitHub annotations.")
@json_option
def diagnose(folder: Path, mend: bool, show: bool, form: Format | None, as_json: bool) -> int:
    """Read a build recipe, and say at which line it is broken.

    Reads Dockerfiles, start scripts, requirements, compose files, workflows, endpoint.json and weights.json, alone and
    together. Builds, runs and fetches nothing. Ends with 1 when something is broken for sure, and
    with 2 where there is nothing to read.
    """
    from greenroom.diagnose.diagnosing import diagnose as look
    from greenroom.diagnose.diagnosing import is_broken

    if mend and show:
        raise click.UsageError("--fix changes files and --diff changes none: give one of them")
    out = Output("diagnose", as_json)
    found = look(folder)
    if show:
        from greenroom.diagnose.mending import changes

        click.echo("".join(change.diff for change in changes(folder, found, safe=False)), nl=False)
        return 1 if is_broken(found) else 0
    fixed: tuple[Change, ...] = ()
    if mend:
        from greenroom.diagnose.mending import apply, changes

        fixed = changes(folder, found, safe=True)
        if fixed:
            apply(folder, fixed)
            found = look(folder)
    placed = [from_here(finding, folder) for finding in found]
    if form is not None:
        out.findings(placed, form)
        return 1 if is_broken(found) else 0
    for change in fixed:
        out.say(f"fixed: {folder / change.path}: {', '.join(change.codes)}")
    done = [{"path": str(folder / change.path), "codes": change.codes} for change in fixed]
    out.result({"folder": str(folder), "broken": is_broken(found), "findings": placed, "fixes": done})
    out.findings(placed)
    if not as_json:
        errors = sum(finding.severity == "error" for finding in found)
        rest = len(found) - errors
        click.echo(f"{counted(errors, 'error')}, {counted(rest, 'remark')}" if found else "nothing was found wrong")
    return 1 if is_broken(found) else 0


def from_here(finding: Finding, folder: Path) -> Finding:
    """The same with paths as they are seen from where the command was called, as editors and GitHub want them."""

    def seen(path: str) -> str:
        return Path(os.path.normpath(folder / path)).as_posix()

    patch = finding.patch
    return dataclasses.replace(
        finding,
        path=None if finding.path is None else seen(finding.path),
        patch=None if patch is None else dataclasses.replace(patch, path=seen(patch.path)),
    )
