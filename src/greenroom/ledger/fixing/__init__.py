"""What can be mended in a ledger without guessing, and the mending of it.

Mended are: lines and lengths of code that documents name (their patches come from the checks), ids that two records
have, rows in the wrong section or order, the order of entries, archives in the wrong place, entries in the wrong
archive, archives without a summary, a journal that is too long, links to entries that have moved, and the progress of a
phase. Entries stay word for word, but for the ids of those that are not yet folded.
"""

from __future__ import annotations

import difflib
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from greenroom.files import Publication
from greenroom.ledger.checks import check
from greenroom.ledger.compaction import compact, entry_keys, refuse_unless_same
from greenroom.ledger.draft import Draft, carry_out
from greenroom.ledger.errors_table import ERRORS, rows_of
from greenroom.ledger.fixing.archives import mend_archives
from greenroom.ledger.fixing.duplicates import join_twins, settle, settle_rows, settle_tasks
from greenroom.ledger.fixing.entries import mend_links, mend_order
from greenroom.ledger.fixing.error_rows import mend_rows
from greenroom.ledger.moves import moved, places, rewrite_links
from greenroom.ledger.naming import unnamed
from greenroom.ledger.renames import explained
from greenroom.ledger.task_edits import with_progress
from greenroom.ledger.tasks import TASKS
from greenroom.ledger.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from greenroom.findings import Finding, Patch

# Mending one thing may show another; nothing needs more rounds than there are kinds of things.
_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of a file. before, after: None where it is not there."""

    path: str
    before: str | None
    after: str | None

    def diff(self) -> list[str]:
        """As a unified diff."""
        old, new = ((text or "").splitlines() for text in (self.before, self.after))
        names = (f"a/{self.path}" if self.before is not None else "/dev/null", f"b/{self.path}")
        return list(
            difflib.unified_diff(old, new, names[0], names[1] if self.after is not None else "/dev/null", lineterm="")
        )


@dataclass(frozen=True, slots=True)
class Mended:
    """What was mended. settled: new ids by the old ones.  left: what needs a person."""

    changes: tuple[Change, ...]
    settled: tuple[tuple[str, str], ...]
    left: tuple[Finding, ...]


def fix(tree: Tree) -> list[Change]:
    """What would mend a tree; nothing is written. Raises FoldRefused where entries would change."""
    return list(_mended(Draft(tree)).changes)


def mend(root: Path, *, dry: bool = False, left_out: Iterable[str] = (), naming: bool = False) -> Mended:
    """Mend a ledger, in one change. dry: only say what it would be.  left_out: documents, as ``Tree.without`` has them.
    naming: anchors that say lines alone get the symbol that those lines are.

    Where no ledger is kept, documents are mended one after another, and nothing else is left beside them. Of code that
    is gone, what is left says what git knows. Raises FoldRefused, and what ``changes.writing`` raises.
    """
    left_out = tuple(left_out)
    done = _done(root, dry=dry, left_out=left_out, naming=naming)
    return replace(done, left=tuple(explained(Tree.of(root), done.left)))


def _done(root: Path, *, dry: bool, left_out: tuple[str, ...], naming: bool) -> Mended:
    draft = Draft(Tree.of(root).without(left_out))
    if dry:
        return _mended(draft, naming=naming)
    if not draft.tree.is_ledger:
        done = _mended(draft, naming=naming)
        with Publication(root, "folder") as out:
            for path, data in draft.changes.items():
                if data is not None:
                    out.write(path, data)
        return done
    return carry_out(root, lambda: Draft(Tree.of(root).without(left_out)), partial(_mended, naming=naming))


def _mended(draft: Draft, *, naming: bool = False) -> Mended:
    is_ledger, settled = draft.tree.is_ledger, []
    for _ in range(_ROUNDS):
        before = draft.changes
        if is_ledger:
            settled += _mend_records(draft)
        found = [*check(draft.tree), *(unnamed(draft.tree) if naming else ())]
        _patch(draft, (finding.patch for finding in found if finding.patch and finding.patch.safe))
        if draft.changes == before:
            break
    tree = draft.tree
    changes = tuple(
        Change(path, _shown(draft.before(path)), _shown(after)) for path, after in sorted(draft.changes.items())
    )
    return Mended(changes, tuple(settled), (*check(tree), *(unnamed(tree) if naming else ())))


def _mend_records(draft: Draft) -> list[tuple[str, str]]:
    join_twins(draft)
    settled = [*settle(draft), *settle_rows(draft), *settle_tasks(draft)]
    entries, errors, before = entry_keys(draft), _errors(draft), places(draft)
    mend_rows(draft)
    renamed = mend_archives(draft)
    mend_order(draft)
    compact(draft)
    rewrite_links(draft, {**renamed, **moved(before, places(draft))})
    mend_links(draft)
    tasks = draft.text(TASKS)
    if tasks is not None:
        draft.put(TASKS, with_progress(tasks))
    refuse_unless_same(entries, entry_keys(draft), "an entry")
    refuse_unless_same(errors, _errors(draft), "an error")
    return settled


def _errors(draft: Draft) -> Counter[tuple[str, ...]]:
    """The rows of the table without their last cells, whose links follow the entries."""
    rows = rows_of(draft.text(ERRORS) or "")
    return Counter((row.id, row.seen, row.status, row.severity, row.area) for row in rows)


def _patch(draft: Draft, patches: Iterable[Patch]) -> None:
    """Put patches in; one whose lines are others by now waits for the next round."""
    for patch in patches:
        text = draft.text(patch.path)
        if text is None:
            continue
        lines = text.split("\n")
        first = patch.line - 1
        old = lines[first : first + len(patch.before)]
        if [line.removesuffix("\r") for line in old] == list(patch.before):
            end = "\r" if old[0].endswith("\r") else ""
            lines[first : first + len(patch.before)] = [f"{line}{end}" for line in patch.after]
            draft.put(patch.path, "\n".join(lines))


def _shown(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "replace")
