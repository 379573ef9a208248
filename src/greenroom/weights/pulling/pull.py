"""A plan carried out: what is here is verified, what is missing comes, and everything gets its name at the end."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.leases import lease
from greenroom.weights.pulling.checking import check_files
from greenroom.weights.pulling.commits import name_commits
from greenroom.weights.pulling.fetching import Means, fetch_files
from greenroom.weights.pulling.pulled import Pulled, PulledFile
from greenroom.weights.store.writing import writing_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from greenroom.findings import Finding
    from greenroom.leases import Holder
    from greenroom.weights.pulling.checking import Checked
    from greenroom.weights.pulling.plan import Asked, Item, Plan
    from greenroom.weights.pulling.planner import Planner
    from greenroom.weights.side_by_side import Standing
    from greenroom.weights.store.places import Store
    from greenroom.weights.transfer.patience import Patience


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told how it goes; each may raise to stop it.

    show: how far it is.  waiting: for whom, and for how many seconds by now, while another process writes to the store.
    note: what was found on the way.
    """

    show: Callable[[Standing], None]
    waiting: Callable[[Holder | None, float], None]
    note: Callable[[Finding], None]


def pull(planner: Planner, asked: Asked, plan: Plan, watch: Watch, *, patience: Patience | None = None) -> Pulled:
    """Carry out a plan that was just made of ``asked``, and whose terms were agreed to.

    Another process that works on the same store is waited for, and what it has fetched is taken.
    Raises DiskShort, StoreUnwritable, LeaseLost, OwnFileDamaged, TransferError, what ``Planner.plan`` raises, and what
    ``watch`` does. Whatever ends it, the store is sound, and the next run goes on from what has arrived.
    """
    began = time.monotonic()
    done: dict[Path, PulledFile] = {}
    findings, terms = list(plan.notes), plan.terms
    store = planner.store
    if _only_reads(store, plan) and not (checked := _check(plan, watch)).damaged:
        done = {**checked.files}
        findings += checked.findings
    elif not plan.is_done:
        with writing_store(store):
            store.cache.mkdir(parents=True, exist_ok=True)
            store.own.mkdir(parents=True, exist_ok=True)
        with lease(store.lease, f"pull {' '.join(asked.names)}", waiting=watch.waiting) as held:
            plan = planner.plan(asked)
            checked = _check(plan, watch)
            findings += checked.findings
            plan = planner.plan(asked, checked.damaged)
            for disk in plan.disks:
                disk.require()
            done = {**checked.files, **fetch_files(plan.items, watch.show, Means(store, held.check, patience))}
            held.check()
            with writing_store(store):
                name_commits(planner.hub, plan.items)
    files = tuple(done.get(item.shown.path) or _as_it_is(item) for item in plan.items)
    return Pulled(
        models=asked.models,
        files=files,
        fetched=sum(file.fetched for file in files),
        resumed=sum(file.resumed for file in files),
        seconds=time.monotonic() - began,
        store=planner.store.cache,
        findings=tuple(findings),
        terms=terms,
    )


def _only_reads(store: Store, plan: Plan) -> bool:
    """Whether all is here and the store may only be read, as in an image: a lease cannot be had, nor is one needed."""
    return not os.access(store.cache, os.W_OK) and not any(item.slot for item in plan.items)


def _check(plan: Plan, watch: Watch) -> Checked:
    checked = check_files(plan.items, watch.show)
    for finding in checked.findings:
        watch.note(finding)
    return checked


def _as_it_is(item: Item) -> PulledFile:
    """A file that was verified before; one of a package was by whatever installed it."""
    record = item.found.record if item.found else None
    return PulledFile(
        name=item.shown.name,
        path=item.shown.path,
        size=item.shown.size or 0,
        sha256=record.sha256 if record else None,
        authority=item.shown.authority,
        fetched=0,
        resumed=0,
    )
