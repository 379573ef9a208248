"""Keywords: by which other words a document is found."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.ledger.checks.records import is_history, is_licence, is_plan, is_readme
from greenroom.ledger.tasks import TASKS
from greenroom.ledger.tree import HUB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.ledger.tree import Tree

KEYWORDS = "Keywords"
_ITEM = re.compile(r"[ \t]*(?:[-*+]|[0-9]{1,9}[.)])[ \t]+(?!<!--)\S")


def check(tree: Tree) -> Iterator[Finding]:
    """Codes: keywords-missing, keywords-empty. Hub, journal, tasks, plans and readme are found by their names."""
    if HUB not in tree.documents:
        return
    for path in tree.documents:
        if path in (HUB, TASKS) or is_history(path) or is_readme(path) or is_licence(path) or is_plan(path):
            continue
        document = tree.document(path)
        sections = document.sections(KEYWORDS)
        if not sections:
            mend = f"add ## {KEYWORDS} with a list of words that people would search for"
            yield Finding("keywords-missing", "warning", f"{path} has no section {KEYWORDS}", mend, path)
        elif not any(
            _ITEM.match(line) for section in sections for _, line in document.prose(section.first, section.last)
        ):
            message = f"{KEYWORDS} of {path} names none"
            line = sections[0].heading.line
            yield Finding("keywords-empty", "warning", message, "add - WORD, a line each", path, line)
