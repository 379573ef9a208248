"""A project of the corpus that is changed in memory and judged."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from greenroom.findings import Finding
from greenroom.ledger.checks import check
from greenroom.ledger.tree import Tree

CORPUS = Path(__file__).parents[2] / "goldens" / "ledger"
Found = tuple[str, str | None, int | None]


@functools.cache
def _tree(name: str, part: str) -> Tree:
    return Tree.of(CORPUS / name / part)


class Project:
    """A tree with changes. Each method that edits gives the project, so that edits can follow one another."""

    def __init__(self, name: str, part: str = "tree") -> None:
        self._tree = _tree(name, part)
        self._changes: dict[str, bytes | None] = {}

    @property
    def tree(self) -> Tree:
        return self._tree.changed(self._changes)

    def text(self, path: str) -> str:
        return self.tree.text(path) or ""

    def line(self, path: str, beginning: str, number: int = 1) -> int:
        """Where a line begins so, the first or a later one."""
        lines = [at for at, line in enumerate(self.text(path).split("\n"), 1) if line.startswith(beginning)]
        return lines[number - 1]

    def replaced(self, path: str, old: str, new: str, count: int = 1) -> Project:
        assert old in self.text(path), f"{path} does not say {old}"
        return self.written(path, self.text(path).replace(old, new, count))

    def without(self, path: str, pattern: str, count: int = 0) -> Project:
        """Without what a regular expression finds."""
        text = re.sub(pattern, "", self.text(path), count=count, flags=re.MULTILINE)
        assert text != self.text(path), f"{path} has no {pattern}"
        return self.written(path, text)

    def added(self, path: str, text: str) -> Project:
        """With a text at the end of a file."""
        return self.written(path, self.text(path) + text)

    def written(self, path: str, text: str) -> Project:
        self._changes[path] = text.encode()
        return self

    def gone(self, path: str) -> Project:
        self._changes[path] = None
        return self

    def findings(self, before: Project | None = None) -> list[Finding]:
        return check(self.tree, before.tree if before else None)

    def found(self, before: Project | None = None) -> set[Found]:
        """Code, path and line of all findings."""
        return {(one.code, one.path, one.line) for one in self.findings(before)}


def clean() -> Project:
    """One that has documents of every kind, and nothing wrong."""
    return Project("12-image-build")
