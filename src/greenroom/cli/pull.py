"""``greenroom pull``: a model's weights, planned first, then fetched and verified."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from greenroom.cli.configured import configured
from greenroom.cli.flags import setting_flags
from greenroom.cli.interrupts import stopping
from greenroom.cli.output import Output, columns, json_option
from greenroom.cli.recording import recorded
from greenroom.cli.transfers import transfers
from greenroom.errors import InputInvalid, quoted
from greenroom.progress import silent
from greenroom.recipes.sizes import readable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from threading import Event

    from greenroom.leases import Holder
    from greenroom.ledger.operations import Operation
    from greenroom.settings import Settings
    from greenroom.weights.pulling.plan import Asked, Plan
    from greenroom.weights.pulling.planner import Planner
    from greenroom.weights.pulling.terms import UseTerms
    from greenroom.weights.store.places import Store
    from greenroom.weights.transfer.patience import Patience

_SHA256 = re.compile(r"[0-9a-f]{64}")
# How often a waiting process says so where no bar can.
_WAITING_S = 30.0
# Files that an entry of the ledger names.
_NAMED_FILES = 4


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="MODEL|URL...")
@click.option("--variant", help="One of the model's file sets; the default one if not given.")
@click.option("--sha256", help="What the file of a URL must hash to.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Put the file of a URL here, not into the store.")
@click.option("--mirror", "mirrors", multiple=True, help="Another URL of the same file; may be repeated.")
@click.option("--plan", "--dry-run", "plan_only", is_flag=True, help="Show what would be done, and fetch nothing.")
@setting_flags("accept_licence", "offline", "weights", "hf_home", "hf_hub_cache", "hf_endpoint", "ledger")
@json_option
def pull(
    names: tuple[str, ...],
    variant: str | None,
    sha256: str | None,
    output: Path | None,
    mirrors: tuple[str, ...],
    plan_only: bool,
    as_json: bool,
    **flags: Any,
) -> int:
    """Fetch the weights of models, or files by URL, and verify every byte.

    What limits their use is said first, then the plan: what is here, what comes, what the disk has. What was
    interrupted goes on where it ended.
    """
    from greenroom.weights.pulling.hub import Hub
    from greenroom.weights.pulling.planner import Planner
    from greenroom.weights.store.places import Places

    out = Output("pull", as_json)
    asked = _asked(names, variant, sha256, output, mirrors)
    settings = configured(out, flags)
    for limits in _limits(asked):
        out.notice(limits)  # before anybody is asked for anything: where it may not be used it should not be fetched
    waits: list[float] = []
    hub = Hub.of(settings)
    hub = replace(hub, patience=_counting(hub.patience, waits))
    planner = Planner(Places.of(settings), hub)
    if plan_only:
        plan = planner.plan(asked)
        out.result(plan.outline, _shown(plan))
        return 0
    named = ", ".join(asked.names)
    with recorded(out, settings, "pull", named, f"fetch and verify {named}") as done:
        try:
            _pull(out, settings, planner, asked, done, waits)
        finally:
            done.warned += [f"tries that failed and were made again: {len(waits)}"] if waits else []
    return 0


def _shown(plan: Plan) -> str:
    from greenroom.weights.pulling.show import plan_lines, plan_rows

    return "\n".join((columns(plan_rows(plan)), *plan_lines(plan)))


def _counting(patience: Patience, waits: list[float]) -> Patience:
    """The same patience, that notes each time it waits for another try."""

    def waited(stopped: Event, seconds: float) -> bool:
        waits.append(seconds)
        return patience.pause(stopped, seconds)

    return replace(patience, pause=waited)


def _pull(out: Output, settings: Settings, planner: Planner, asked: Asked, done: Operation, waits: list[float]) -> None:
    """Fetch and verify. waits: before each try that was made again."""
    from greenroom.weights.pulling.pull import Watch, pull
    from greenroom.weights.pulling.show import pulled_lines
    from greenroom.weights.transfer.patience import Patience

    plan = planner.plan(asked)
    if not plan.is_done:
        out.say(_shown(plan))
    for disk in plan.disks:
        disk.require()
    _agree(out, settings, planner.store, plan.terms)
    with transfers(out) as show:
        watch = Watch(show, _waiting(out), lambda finding: out.say(f"warning: {finding.message}; {finding.mend}"))
        pulled = pull(planner, asked, plan, watch, patience=_counting(Patience(), waits))
    said = tuple(pulled_lines(pulled))
    if plan.is_done and not pulled.fetched:
        done.unchanged()
    else:
        done.uses(files=_versions(plan), store=pulled.store)
        done.warned += [f"{note.message} ({note.code})" for note in plan.notes if note.severity != "note"]
        left = readable(pulled.resumed)
        done.warned += [f"{left} were left by an earlier run and gone on from"] if pulled.resumed else []
        done.done("; ".join(said))
    out.result(pulled, "\n".join(said))


def _versions(plan: Plan) -> str:
    """The first files with their versions, and how many more there are."""
    named = [f"{file.name} @ {file.revision[:12]}" if file.revision else file.name for file in plan.files]
    more = len(named) - _NAMED_FILES
    return ", ".join(named[:_NAMED_FILES]) + (f" and {more} more" if more > 0 else "")


def _asked(
    names: Sequence[str], variant: str | None, sha256: str | None, output: Path | None, mirrors: Sequence[str]
) -> Asked:
    """What the command line asks for. Raises InputInvalid."""
    from greenroom.weights.pulling.plan import Asked, AskedUrl

    urls = [name for name in dict.fromkeys(names) if "://" in name]
    models = tuple(name for name in dict.fromkeys(names) if "://" not in name)
    of_url = {"--sha256": sha256, "-o": output, "--mirror": mirrors}
    given = next((flag for flag, value in of_url.items() if value), None)
    if given and (models or len(urls) != 1):
        raise InputInvalid(f"{given} is about one file, and {len(names)} names are given", mend="give one URL with it")
    if mirrors and sha256 is None:
        raise InputInvalid(
            "--mirror is given without --sha256, by which files of two hosts are one", mend="--sha256 HASH"
        )
    if sha256 is not None and not _SHA256.fullmatch(sha256 := sha256.strip().lower().removeprefix("sha256:")):
        raise InputInvalid(f"--sha256 is {quoted(sha256)}", mend="give 64 hexadecimal digits")
    for url in (*urls, *mirrors):
        _refuse_odd(url)
    if output is not None and output.is_dir():
        raise InputInvalid(f"{quoted(output)} is a folder", mend="name the file: -o FOLDER/NAME")
    if output is not None and os.path.lexists(output) and not output.is_file():
        # It would be replaced: the null device of a machine too.
        what = f"{quoted(output)} is a device, a pipe or a link that leads nowhere"
        raise InputInvalid(what, mend="name a file that is to be made")
    if str(output) == "-":
        raise InputInvalid("-o - would stream a file before it is verified", mend="name a file")
    return Asked(models, variant, tuple(AskedUrl(url, sha256, output, tuple(mirrors)) for url in urls))


def _refuse_odd(url: str) -> None:
    """Raises InputInvalid for what is no address that a file can be fetched from."""
    from greenroom.weights.transfer.source import shown

    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise InputInvalid(f"{quoted(shown(url))} is no http or https address", mend="https://HOST/PATH")


def _limits(asked: Asked) -> tuple[str, ...]:
    """What limits the use of the models that are asked for, in a line each. Raises UnknownName."""
    from greenroom.models.terms import notice_of
    from greenroom.recipes.catalogue import with_components
    from greenroom.weights.pulling.terms import use_terms

    known = [with_components(name) for name in asked.models]
    return tuple(f"{parts[0].name}: {notice_of(parts)}" for parts in known if use_terms(parts))


def _agree(out: Output, settings: Settings, store: Store, terms: Sequence[UseTerms]) -> None:
    """Have what limits the use of weights accepted, once a store. Raises LicenceNotAccepted."""
    from greenroom.weights.pulling.terms import accepted_in, not_accepted
    from greenroom.weights.store.writing import StoreUnwritable, now, writing_store

    accepted = accepted_in(store)
    lacking = accepted.lacking(terms)
    if not lacking:
        return
    if not settings.accept_licence:
        may_ask = _someone_is_there() and not out.as_json
        if not may_ask or not click.confirm("Do you accept these terms?", err=True):
            raise not_accepted(lacking)
    # Where nothing can be noted it is asked again; whether that is in the way of more is soon found out.
    with contextlib.suppress(StoreUnwritable), writing_store(store):
        accepted.keep(lacking, now())


def _someone_is_there() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _waiting(out: Output) -> Callable[[Holder | None, float], None]:
    """Says for whom this process waits, now and then, and ends the wait when a signal says so."""
    look, said = stopping(silent), [-_WAITING_S]

    def waiting(holder: Holder | None, seconds: float) -> None:
        look("waiting", 0, 1)
        if seconds - said[0] >= _WAITING_S:
            said[0] = seconds
            out.say(
                f"{holder or 'another process'} is writing to the store; waiting until it has ended ({seconds:.0f} s)"
            )

    return waiting
