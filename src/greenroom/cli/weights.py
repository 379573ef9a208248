"""``greenroom weights``: what is here, whether it is right, and what may go."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from greenroom.cli.configured import configured
from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, columns, json_option
from greenroom.cli.recording import recorded
from greenroom.cli.transfers import transfers
from greenroom.errors import InputInvalid
from greenroom.recipes.sizes import readable
from greenroom.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenroom.findings import Format
    from greenroom.ledger.operations import Operation
    from greenroom.weights.store.inventory import Held
    from greenroom.weights.store.places import Places
    from greenroom.weights.store.pruning import Removable
    from greenroom.weights.store.verifying import Verified

_PLACES = ("weights", "hf_home", "hf_hub_cache")


@click.group()
def weights() -> None:
    """List, verify and prune the weights that are here."""


@weights.command("list")
@setting_flags(*_PLACES)
@json_option
def listed(as_json: bool, **flags: Any) -> None:
    """List the files of models that are here, files by URL, and what no recipe knows."""
    from greenroom.weights.store.inventory import held_by_models, held_by_url, unknown

    out = Output("weights-list", as_json)
    places = _places(out, flags)
    models = held_by_models(places)
    held = (*models, *held_by_url(places, models))
    others = unknown(places, models)
    rows = [_row(one) for one in held]
    rows += [
        ("-", readable(one.size), "-", f"{one.repository}: {counted(one.files, 'file')} of no recipe") for one in others
    ]
    result = {"files": [_shown(one) for one in held], "unknown": others}
    out.result(result, columns([("for", "size", "verified", "file"), *rows]) if rows else "no weights are here")


@weights.command()
@click.argument("models", nargs=-1)
@click.option("--quick", is_flag=True, help="Compare lengths and times of change only; no file is read.")
@click.option("--fix", is_flag=True, help="Put damaged files aside, so that pull fetches them again.")
@click.option("--sarif", "form", flag_value="sarif", help="Give the findings as SARIF.")
@click.option("--github", "form", flag_value="github", help="Give the findings as GitHub annotations.")
@setting_flags(*_PLACES, "ledger")
@json_option
def verify(models: tuple[str, ...], quick: bool, fix: bool, form: Format | None, as_json: bool, **flags: Any) -> int:
    """Hash every file that is here, and compare it with what it must be. Nothing is fetched.

    MODELS: only the files of these and of their components.
    """
    from greenroom.weights.store.places import Places
    from greenroom.weights.store.verifying import look_quickly, missing, verify
    from greenroom.weights.store.writing import now

    if quick and fix:
        raise InputInvalid("--quick reads no file, so it cannot tell what to put aside", mend="leave out --quick")
    out = Output("weights-verify", as_json)
    settings = configured(out, flags)
    places = Places.of(settings)
    held = _held(places, models)
    what = f"weights of {', '.join(models)}" if models else "all weights"
    with recorded(out, settings, "verify", what, f"verify {what}", area=f"verify {what}") as record:
        if quick:
            done = look_quickly(held)
        else:
            with _alone(places, "verify") if fix else contextlib.nullcontext(), transfers(out) as show:
                done = verify(held, show, now(), fix=fix)
        done = replace(done, findings=(*missing(places, models), *done.findings))
        said = _verified(done, quick=quick)
        record.uses(store=places.stores[0].cache, looked_at="lengths and times only" if quick else "")
        code = _ended(record, done, said, quick=quick)
        if form is None:
            out.result(done, said)
        out.findings(done.findings, form or "text")
    return code


def _ended(record: Operation, done: Verified, said: str, *, quick: bool) -> int:
    """Tell the ledger; gives the exit code."""
    severities = {finding.severity for finding in done.findings} - {"note"}
    if severities:
        record.failed(said, severity="P1" if "error" in severities else None)
        return 1
    if quick or not done.files:  # no byte was read
        record.unchanged()
    else:
        record.done(said)
    return 0


@weights.command()
@click.argument("names", nargs=-1)
@click.option("--plan", "--dry-run", "dry_run", is_flag=True, help="Show what would go, and delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@setting_flags("hf_home", "hf_hub_cache")
@json_option
def prune(names: tuple[str, ...], dry_run: bool, yes: bool, as_json: bool, **flags: Any) -> None:
    """Delete what nobody needs: unfinished and damaged files, and commits that no branch stands for.

    NAMES: delete these instead: a model, a repository of the hub such as owner/name, or a URL.
    """
    from greenroom.weights.store.pruning import leftovers, named, prune

    out = Output("weights-prune", as_json)
    places = _places(out, flags)

    def found() -> Sequence[Removable]:
        return [one for one in (named(places, names) if names else leftovers(places)) if one.paths]

    removable = found()
    total = sum(one.size for one in removable)
    text = columns([(one.kind, readable(one.size), one.name) for one in removable]) if removable else "nothing may go"
    if dry_run or not removable:
        out.result({"removable": removable, "bytes": total, "removed": False}, text)
        return
    out.say(text)
    if not yes:
        if as_json or not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise InputInvalid(
                f"{readable(total)} would be deleted, and nobody can be asked", mend="add --yes, or --dry-run"
            )
        click.confirm(f"Delete these {readable(total)}?", abort=True, err=True)
    with _alone(places, "prune"):
        removable = found()  # what another process has begun or ended meanwhile is not the same any more
        freed = prune(places.stores[0], removable)
    out.result({"removable": removable, "bytes": freed, "removed": True}, f"{readable(freed)} freed")


def _places(out: Output, flags: dict[str, Any]) -> Places:
    from greenroom.weights.store.places import Places

    return Places.of(configured(out, flags))


def _held(places: Places, models: Sequence[str]) -> tuple[Held, ...]:
    """What is to be verified: all that is here, or the files of some models. Raises UnknownName, WeightsMissing."""
    from greenroom.recipes.catalogue import with_components
    from greenroom.weights.store.inventory import held_by_models, held_by_url

    if models:
        return held_by_models(places, [part.name for model in models for part in with_components(model)])
    of_models = held_by_models(places)
    return (*of_models, *held_by_url(places, of_models))


@contextlib.contextmanager
def _alone(places: Places, purpose: str) -> Iterator[None]:
    """The store, for this process alone. Raises LeaseHeld at once where another is at work on it."""
    from greenroom.leases import lease
    from greenroom.weights.store.writing import writing_store

    store = places.stores[0]
    with writing_store(store):
        store.own.mkdir(parents=True, exist_ok=True)
    with lease(store.lease, f"weights {purpose}", patience=0):
        yield


def _row(held: Held) -> tuple[str, str, str, str]:
    record = held.found.record
    when = "changed" if record and not held.found.is_verified else record.verified[:10] if record else "no"
    if held.found.records is None:
        when = "installed"
    return ", ".join(held.used_by) or "-", readable(held.size), when, held.name


def _shown(held: Held) -> dict[str, Any]:
    record = held.found.record if held.found.is_verified else None
    return {
        "name": held.name,
        "used_by": held.used_by,
        "path": held.found.path,
        "size": held.size,
        "sha256": record.sha256 if record else None,
        "authority": record.authority if record else None,
        "verified": record.verified if record else None,
    }


def _verified(done: Verified, *, quick: bool) -> str:
    wrong = sum(finding.severity == "error" for finding in done.findings)
    how = "looked at" if quick else "verified"
    said = f"{counted(done.files, 'file')}, {readable(done.bytes)} {how} in {done.seconds:.0f} s"
    return f"{said}: {counted(wrong, 'error')}" if wrong else f"{said}: no errors"
