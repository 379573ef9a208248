"""What became of code that documents name and that is gone, as git remembers it. A proposal, for a person to read.

Nothing is written for it, and nothing is said where git is not there, has no answer, or takes too long.
"""

from __future__ import annotations

import difflib
import os
import posixpath
import re
import subprocess
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from greenroom.anchors import Span, definitions, judged, symbol_spans
from greenroom.ledger.checks.anchored import places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from greenroom.anchors import Anchor, Definition
    from greenroom.findings import Finding
    from greenroom.ledger.tree import Tree

# Seconds for all questions of one run: who mends a ledger waits for them.
_PATIENCE = 10.0
_ALIKE = 0.6
_MOST_COMMITS = 40
_MOST_FILES = 60
_MOST_CANDIDATES = 200
_MOST_LINES = 300
# So often a thing may have been renamed again.
_MOST_STEPS = 4


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a symbol or a file may have become. path, symbol, span: None where git only knows when it went.

    commit: the last one that has it, in short.
    """

    commit: str
    path: str | None = None
    symbol: str | None = None
    span: Span | None = None

    def __str__(self) -> str:
        seen = f"last seen in commit {self.commit}"
        if self.path is None:
            return seen
        what = f"`{self.path}:{self.span}` - `{self.symbol}`" if self.symbol else self.path
        return f"did it become {what}? {seen}"


def explained(tree: Tree, findings: Iterable[Finding], patience: float = _PATIENCE) -> list[Finding]:
    """The findings; those of symbols and files that are gone say what git knows. patience: seconds, for all of them."""
    past = _Past(tree, time.monotonic() + patience)
    return [_explained(tree, finding, past) for finding in findings]


def _explained(tree: Tree, finding: Finding, past: _Past) -> Finding:
    if finding.code not in ("anchor-no-symbol", "anchor-no-file") or finding.path is None:
        return finding
    for place in places(tree, finding.path):
        found = judged(place.anchor, tree.text(place.anchor.path)) if place.line == finding.line else None
        if found is None or (found.code, found.message) != (finding.code, finding.message):
            continue
        said = past.became(place.anchor)
        if said is None:
            return finding
        kept = f"{finding.mend.rstrip('?')}? " if finding.mend.endswith("?") else f"{finding.mend}; "
        return replace(finding, mend=f"{'' if said.path else kept}{said}")
    return finding


class _Past:
    """The history of a tree. until: when to stop asking, on the monotonic clock."""

    def __init__(self, tree: Tree, until: float) -> None:
        self._tree = tree
        self._root: Path = tree.root
        self._until = until
        self._known: dict[tuple[str, str | None], Proposal | None] = {}

    def became(self, anchor: Anchor) -> Proposal | None:
        """What the symbol of an anchor has become, or its file where that is gone."""
        key = anchor.path, anchor.symbol
        if key not in self._known:
            self._known[key] = self._file(*key) if self._tree.text(anchor.path) is None else self._symbol(*key)
        return self._known[key]

    def _file(self, path: str, symbol: str | None) -> Proposal | None:
        first: str | None = None
        for _ in range(_MOST_STEPS):
            commit, moved = self._went(path)
            first = first or commit
            if first is None or moved is None:
                break
            path = moved
            text = self._tree.text(path)
            if text is not None:
                spans = symbol_spans(path, text, symbol) if symbol else []
                return Proposal(first, path, *((symbol, spans[0]) if len(spans) == 1 else ()))
        return Proposal(first) if first else None

    def _went(self, path: str) -> tuple[str | None, str | None]:
        """The last commit that has a file, and what the file is called behind that."""
        if self._shown("HEAD", path) is not None:
            return self._short("HEAD"), self._renamed("diff", "HEAD", path)
        commit = self._line("log", "-1", "--format=%H", "--diff-filter=D", "--no-renames", "--", path)
        if not commit:
            return None, None
        return self._short(f"{commit}^"), self._renamed("show", commit, path)

    def _renamed(self, verb: str, revision: str, path: str) -> str | None:
        options = ("--no-textconv", "--no-ext-diff", "--name-status", "--find-renames", "--relative", "-z")
        said = self._asked(verb, *options, *(("--format=",) if verb == "show" else ()), revision, "--")
        words = iter((said or "").split("\0"))
        for state in words:
            names = [next(words, "") for _ in range(2 if state[:1] in ("R", "C") else 1)]
            if state.startswith("R") and names[0] == path:
                return names[1]
        return None

    def _symbol(self, path: str, symbol: str | None) -> Proposal | None:
        first: str | None = None
        for _ in range(_MOST_STEPS):
            found = self._lost(path, symbol) if symbol else None
            if found is None or symbol is None:
                break
            first = first or found.commit
            if found.path is None or found.symbol is None:
                break
            path, symbol = found.path, found.symbol
            spans = symbol_spans(path, self._tree.text(path) or "", symbol)
            if spans:
                return Proposal(first, path, symbol, spans[0])
        return Proposal(first) if first else None

    def _lost(self, path: str, symbol: str) -> Proposal | None:
        """The step at which a file lost a symbol: from one commit to the next, or from the last to what is there."""
        head = self._shown("HEAD", path)
        if head is not None and symbol_spans(path, head, symbol):
            commit = self._short("HEAD")
            beside = self._beside_now(path)
            return self._likest(commit, (path, head, symbol), [(path, head, self._tree.text(path) or ""), *beside])
        words = "|".join(re.findall(r"\w+", symbol))
        options = ("--no-textconv", "--no-ext-diff", f"-{_MOST_COMMITS}", "--format=%H", "-E", f"-G{words}")
        for commit in (self._asked("log", *options, "--", path) or "").split() if words else ():
            old, new = self._shown(f"{commit}^", path), self._shown(commit, path)
            if old is not None and symbol_spans(path, old, symbol) and not symbol_spans(path, new or "", symbol):
                beside = self._beside(commit, path)
                return self._likest(self._short(f"{commit}^"), (path, old, symbol), [(path, old, new or ""), *beside])
        return None

    def _beside_now(self, path: str) -> Iterator[tuple[str, str, str]]:
        """Other files of the same kind that differ from the last commit, as they were and are."""
        changed = self._asked("diff", "--no-ext-diff", "--name-only", "--relative", "-z", "HEAD", "--") or ""
        new = self._asked("ls-files", "-o", "--exclude-standard", "-z") or ""
        for other in _alike(path, f"{changed}\0{new}"):
            yield other, self._shown("HEAD", other) or "", self._tree.text(other) or ""

    def _beside(self, commit: str, path: str) -> Iterator[tuple[str, str, str]]:
        changed = (
            self._asked("show", "--no-ext-diff", "--format=", "--name-only", "--relative", "-z", commit, "--") or ""
        )
        for other in _alike(path, changed):
            yield other, self._shown(f"{commit}^", other) or "", self._shown(commit, other) or ""

    @staticmethod
    def _likest(
        commit: str | None, gone: tuple[str, str, str], files: Iterable[tuple[str, str, str]]
    ) -> Proposal | None:
        """The new definition that is most like the one that went."""
        path, text, symbol = gone
        body = _lines(text, symbol_spans(path, text, symbol)[0])
        best: tuple[float, str, str] | None = None
        for other, before, after in files:
            for one in _new(other, before, after):
                alike = _alikeness(body, symbol, _lines(after, one.span), one.name)
                if alike >= _ALIKE and (best is None or alike > best[0]):
                    best = alike, other, one.name
            if best and best[1] == path:
                break  # a symbol rather takes another name than goes away
        if commit is None:
            return None
        return Proposal(commit, best[1], best[2], Span(1, 1)) if best else Proposal(commit)

    def _short(self, revision: str) -> str | None:
        return self._line("rev-parse", "--verify", "--quiet", "--short", "--end-of-options", revision)

    def _shown(self, revision: str, path: str) -> str | None:
        return self._asked("show", "--no-textconv", f"{revision}:./{path}")

    def _line(self, *arguments: str) -> str | None:
        return (self._asked(*arguments) or "").strip() or None

    def _asked(self, *arguments: str) -> str | None:
        """What git says; None where it fails, is not there, or has no time left."""
        left = self._until - time.monotonic()
        if left <= 0:
            return None
        try:
            done = subprocess.run(  # noqa: S603 - a fixed program; paths stand behind -- or in a revision's name
                ["git", "--literal-pathspecs", "-C", str(self._root), *arguments],  # noqa: S607 - the user's own git
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=left,
                env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            )
        except (OSError, ValueError, subprocess.TimeoutExpired):
            return None
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _alike(path: str, listed: str) -> list[str]:
    """The files of a list that end as this one does, without itself."""
    suffix = posixpath.splitext(path)[1]
    names = (name for name in dict.fromkeys(listed.split("\0")) if name and name != path)
    return [name for name in names if posixpath.splitext(name)[1] == suffix][:_MOST_FILES]


def _new(path: str, before: str, after: str) -> list[Definition]:
    known = {one.name for one in definitions(path, before)}
    return [one for one in definitions(path, after) if one.name not in known][:_MOST_CANDIDATES]


def _lines(text: str, span: Span) -> list[str]:
    lines = (line.strip() for line in text.split("\n")[span.first - 1 : span.last])
    return [line for line in lines if line][:_MOST_LINES]


def _alikeness(old: list[str], old_name: str, new: list[str], new_name: str) -> float:
    """From 0 to 1; the names themselves do not count."""
    was, now = (name.replace("::", ".").rpartition(".")[2] for name in (old_name, new_name))
    old = [line.replace(was, now) for line in old]
    if min(len(old), len(new)) > 3:
        return difflib.SequenceMatcher(None, old, new, autojunk=False).ratio()
    return difflib.SequenceMatcher(None, "\n".join(old)[:1000], "\n".join(new)[:1000], autojunk=False).ratio()
