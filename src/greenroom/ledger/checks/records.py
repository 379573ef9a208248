"""What a ledger records, read once for all checks; and which documents are of which kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from greenroom.ledger.errors_table import EVENTS, read_errors
from greenroom.ledger.journal import ARCHIVES, FRAGMENTS, JOURNAL, read_journal
from greenroom.ledger.tasks import ARCHIVE, read_tasks

if TYPE_CHECKING:
    from greenroom.ledger.errors_table import ErrorRow
    from greenroom.ledger.journal import Journal
    from greenroom.ledger.tasks import Tasks
    from greenroom.ledger.tree import Tree

ACTIVITY = "activity"
PLAN = "PLAN.md"
_RECORDS = (f"{ARCHIVES}/", f"{FRAGMENTS}/", f"{EVENTS}/", f"{ARCHIVE}/", f"{ACTIVITY}/")


@dataclass(frozen=True, slots=True)
class Records:
    """errors: rows of ``ERRORS.md`` in their order, then what events add."""

    journal: Journal
    errors: tuple[ErrorRow, ...]
    tasks: Tasks

    @classmethod
    def of(cls, tree: Tree) -> Self:
        """Read them. Raises LedgerUnreadable."""
        return cls(read_journal(tree), read_errors(tree), read_tasks(tree))


def is_history(path: str) -> bool:
    """Whether a document says what was true once, and need not be true now."""
    return path == JOURNAL or path.startswith(_RECORDS)


def is_readme(path: str) -> bool:
    """Whether a document is the page that a folder opens with."""
    return path.rpartition("/")[2].lower() == "readme.md"


def is_licence(path: str) -> bool:
    """Whether a document is a legal text, to which nobody adds a section."""
    return path.rpartition("/")[2].lower() in ("license.md", "licence.md", "copying.md", "notice.md")


def is_plan(path: str) -> bool:
    """Whether a document is a plan."""
    return path.rpartition("/")[2] == PLAN
