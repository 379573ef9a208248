"""Marks of a merge that nobody has settled: what stands between them is said by one side only."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from greenroom.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.ledger.tree import Tree

_BEGIN, _END = "<<<<<<< ", ">>>>>>> "


def check(tree: Tree) -> Iterator[Finding]:
    """Code: conflict-left, at the line where each begins; what stands in fences is an example."""
    for path in tree.documents:
        document = tree.document(path)
        if _BEGIN not in document.text or _END not in document.text:
            continue
        marks = [(number, line[:8]) for number, line in document.prose() if line.startswith((_BEGIN, _END))]
        for (number, mark), (_, following) in pairwise(marks):
            if (mark, following) == (_BEGIN, _END):
                mend = "keep what is right of both sides, and take the marks away"
                yield Finding("conflict-left", "error", "a conflict of a merge is left here", mend, path, number)
