"""Sections that a document must have, and the one that only the hub may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.ledger.tree import HUB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.ledger.tree import Tree

BOILERPLATE = "Compaction Rule"
_OF_RECORDS = {
    "ERRORS.md": ("Schema", "Active Errors", "Resolved Errors"),
    "TASKS.md": ("Active Phase", "Current Task"),
}
# A project without a hub may call its documents so and mean something else.
_BELOW_A_HUB = {
    HUB: (
        "Critical Context (Read First)",
        "Table of Contents",
        "Quick Reference",
        "Current State",
        "Development Workflow",
        "Task Templates",
        "Anti-Patterns (Avoid These)",
        "Version History",
        "Continuous Engineering Journal",
    ),
    "BUILD.md": ("Prerequisites", "Build commands", "Rollback procedures", "Troubleshooting guide"),
    "PLAYBOOKS/DEPLOY.md": (
        "Pre-deployment checklist",
        "Deployment steps",
        "Post-deployment verification",
        "Rollback procedures",
        "Troubleshooting",
    ),
}


def check(tree: Tree) -> Iterator[Finding]:
    """Codes: section-missing, boilerplate-dup, hub-missing."""
    if HUB in tree.documents:
        yield from _missing(tree, _BELOW_A_HUB)
    elif any(path in tree.documents for path in _OF_RECORDS):
        mend = "greenroom ledger init writes what is missing"
        yield Finding("hub-missing", "warning", f"there is no {HUB}, where a reader begins", mend, HUB)
    yield from _missing(tree, _OF_RECORDS)
    for path in tree.documents:
        if path != HUB and BOILERPLATE in (tree.text(path) or ""):
            for section in tree.document(path).sections(BOILERPLATE):
                message = f"{BOILERPLATE} stands in {path}; rules stand in the hub, where they are changed once"
                line = section.heading.line
                yield Finding("boilerplate-dup", "error", message, f"take it away; see {HUB}", path, line)


def _missing(tree: Tree, required: dict[str, tuple[str, ...]]) -> Iterator[Finding]:
    for path, names in required.items():
        if path in tree.documents:
            present = {heading.text.casefold() for heading in tree.document(path).headings}
            for name in names:
                if name.casefold() not in present:
                    yield Finding("section-missing", "error", f"{path} has no section {name}", f"add ## {name}", path)
