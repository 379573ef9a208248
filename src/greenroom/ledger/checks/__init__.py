"""What can be wrong with a ledger, one module for each kind of document.

Every finding ends a check with 1; a warning is one that a reader can live with. Without a hub, journal, tasks and
errors a project has links, anchors and conflicts to check, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.ledger.checks import (
    anchored,
    conflicts,
    errors,
    history,
    hub,
    journal,
    keywords,
    links,
    plans,
    sections,
    tasks,
)
from greenroom.ledger.checks.records import Records

if TYPE_CHECKING:
    from greenroom.findings import Finding
    from greenroom.ledger.tree import Tree


def check(tree: Tree, before: Tree | None = None) -> list[Finding]:
    """All that is wrong, by path and line. before: the same project earlier, whose records must still be there.

    Raises LedgerUnreadable.
    """
    found = [*links.check(tree), *anchored.check(tree), *conflicts.check(tree)]
    if tree.is_ledger:
        records = Records.of(tree)
        earlier = Records.of(before) if before is not None else None
        found += [
            *hub.check(tree, records, earlier),
            *sections.check(tree),
            *keywords.check(tree),
            *journal.check(tree, records),
            *errors.check(records),
            *tasks.check(tree, records),
            *plans.check(tree),
        ]
        if before is not None and earlier is not None:
            found += history.check(tree, records, before, earlier)
    return sorted(found, key=lambda finding: (finding.path or "", finding.line or 0, finding.code))
