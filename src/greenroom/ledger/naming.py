"""Anchors that say lines and no symbol: which symbol those lines are, or are part of."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.anchors import enclosing, symbol_spans
from greenroom.findings import Finding, Patch
from greenroom.ledger.checks.anchored import places
from greenroom.ledger.checks.records import is_history

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.ledger.checks.anchored import Place
    from greenroom.ledger.tree import Tree


def unnamed(tree: Tree) -> Iterator[Finding]:
    """A note for each anchor without a symbol that stands in one. Where its lines are all of it, a patch names it.

    Code: anchor-unnamed. The patches are safe for whoever asks for them: the lines stay what they were.
    """
    for path in tree.documents:
        if not is_history(path):
            yield from _of_document(tree, path)


def _of_document(tree: Tree, path: str) -> Iterator[Finding]:
    lines = tree.document(path).lines
    edits: dict[int, list[tuple[int, str]]] = defaultdict(list)
    found: list[tuple[Finding, bool]] = []
    for place in places(tree, path):
        noted = _noted(tree, path, place)
        if noted is None:
            continue
        finding, symbol = noted
        found.append((finding, symbol is not None))
        if symbol is not None:
            at = place.columns[1] + 1  # behind the backtick
            has_words = lines[place.line - 1].startswith(" - ", at)
            edits[place.line].append((at + 3, f"`{symbol}` ") if has_words else (at, f" - `{symbol}`"))
    for finding, is_exact in found:
        if not is_exact or finding.line is None:
            yield finding
            continue
        before = after = lines[finding.line - 1]
        for at, words in sorted(edits[finding.line], reverse=True):
            after = after[:at] + words + after[at:]
        yield replace(finding, patch=Patch(path, finding.line, (before,), (after,), safe=True))


def _noted(tree: Tree, path: str, place: Place) -> tuple[Finding, str | None] | None:
    """What to say of an anchor, and the symbol that its lines are all of."""
    anchor = place.anchor
    if anchor.symbol or anchor.text or anchor.columns is None:  # other forms have a name, or no place for one
        return None
    text = tree.text(anchor.path)
    around = enclosing(anchor.path, text, anchor.span) if text is not None else None
    if text is None or around is None or len(symbol_spans(anchor.path, text, around.name)) != 1:
        return None
    is_exact = around.span == anchor.span
    what, verb = ("line", "is") if anchor.span.first == anchor.span.last else ("lines", "are")
    lines = f"{what} {anchor.span} of {anchor.path} {verb}"
    message = f"{lines} {'' if is_exact else 'part of '}{around.name}, and no symbol says so"
    mend = f"write {replace(anchor, symbol=around.name).written(around.span)}"
    return Finding("anchor-unnamed", "note", message, mend, path, place.line), around.name if is_exact else None
