"""A ledger begun in processes that are killed at each step that changes a file.

``python -m tests.ledger.templates.killing FOLDER``: a process of its own, since its copies must hold nothing else.
Prints how often one was killed.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from greenroom.ledger.checks import check
from greenroom.ledger.templates.beginning import Begun, begin
from greenroom.ledger.tree import Tree
from tests.ledger.killing import die_at, fork


def init(root: Path) -> Begun:
    return begin(root, profile="core", main_file=None, now=datetime(2026, 3, 4, 10, 12, tzinfo=UTC))


def killed(root: Path, step: int) -> bool:
    """Begin a ledger, be killed at a step, look, and begin it again; whether it was killed in time."""
    root.mkdir()

    def dying() -> None:
        die_at(step)
        init(root)

    _, status = os.waitpid(fork(dying), 0)
    seen = Tree.of(root)
    assert len(seen.documents) in (0, 7), (step, seen.documents)
    assert not seen.documents or check(seen) == [], step
    init(root)
    assert len(list(root.glob("*.md"))) == 6, step
    assert check(Tree.of(root)) == [], step
    return os.WIFSIGNALED(status)


def main() -> None:
    folder, step = Path(sys.argv[1]), 1
    while killed(folder / str(step), step):
        step += 1
    print(step - 1)


if __name__ == "__main__":
    main()
