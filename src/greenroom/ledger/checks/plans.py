"""Plans beside a ledger, and the logs of their runs. ``greenroom plan check`` says more of a plan that is to be run."""

from __future__ import annotations

import posixpath
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.ledger.checks.records import ACTIVITY, is_plan
from greenroom.plan.activity import entries_of, faults
from greenroom.plan.checking import structure
from greenroom.plan.claims import generated, scores
from greenroom.plan.place import Place
from greenroom.plan.reading import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.ledger.tree import Tree
    from greenroom.plan.activity import Entry

_CODES = frozenset({"plan-no-verify", "plan-no-undo", "plan-needs", "plan-cycle", "plan-parallel"})
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.log$")


def check(tree: Tree) -> Iterator[Finding]:
    """Codes: plan-no-verify, plan-no-undo, plan-needs, plan-cycle, plan-parallel, plan-score, plan-output, plan-log."""
    folders = {ACTIVITY}
    for path in filter(is_plan, tree.documents):
        document = parse(tree.text(path) or "", path)
        within = posixpath.dirname(path)
        folder = tree.root / within
        place = Place(folder, folder / ACTIVITY, path)
        found = (*document.findings, *structure(document.plan, place))
        yield from (finding for finding in found if finding.code in _CODES)
        yield from scores(document, differences=False)
        for name, line in generated(document):
            if not tree.exists(posixpath.join(within, name)):
                message = f"{name} is named as generated, and is not there"
                yield Finding("plan-output", "error", message, "run the plan, or take the line away", path, line)
        folders.add(posixpath.join(within, ACTIVITY))
    for name in sorted(folders):
        yield from _logs(tree, name)


def _logs(tree: Tree, folder: str) -> Iterator[Finding]:
    """Those of days are one log; any other is one of its own."""
    paths = [path for path in tree.files(folder) if path.endswith(".log")]
    days = [path for path in paths if _DAY.search(path)]
    for together in (days, *([path] for path in paths if path not in days)):
        lines = [entry for path in together for entry in _entries(tree, path)]
        yield from faults(lines, answered=False)  # verified behind a failure is enough, whoever mended it


def _entries(tree: Tree, path: str) -> Iterator[Entry]:
    text = tree.text(path) or ""
    # A last line without an end was cut off, to whoever goes on with the plan; here it may be wrong like any other.
    return entries_of(text if text.endswith("\n") else f"{text}\n", PurePosixPath(path))
