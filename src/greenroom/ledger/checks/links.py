"""Relative links: is the file there, and the section."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.errors import closest
from greenroom.findings import Finding
from greenroom.ledger.checks.records import is_history
from greenroom.ledger.errors_table import ERRORS, EVENTS
from greenroom.ledger.journal import FRAGMENTS, JOURNAL, is_journal
from greenroom.ledger.links import goal
from greenroom.ledger.templates import DOCUMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from greenroom.ledger.links import Goal, Link
    from greenroom.ledger.tree import Tree

# Documents lie two steps below a repository where GitHub shows them, and link to its pages so.
_ON_THE_SITE = re.compile(r"\.\./\.\./(?:issues|pulls?|releases|wiki|actions|discussions|compare|commits?)(?:/|$)")
_FRAGMENT = re.compile(rf"{FRAGMENTS}/(?P<day>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})T(?P<time>[0-9]{{4}})-[0-9a-f]{{4}}\.md")


def check(tree: Tree) -> Iterator[Finding]:
    """Codes: link-no-file, link-no-section."""
    for path in tree.documents:
        for link in tree.document(path).links:
            goals = _goals(path, link.target)
            if not goals or any(tree.exists(to.path) and _has_section(tree, to) for to in goals):
                continue
            if is_history(path) and _has_moved(tree, goals):
                continue
            there = next((to for to in goals if tree.exists(to.path)), None)
            yield _no_section(tree, path, link, there) if there else _no_file(tree, path, link, goals[0])


def _goals(path: str, target: str) -> list[Goal]:
    """Where a link may lead. Records stay word for word wherever they come to lie, new, folded or archived: what they
    say from one of these places is good in all."""
    places = [path]
    if is_journal(path):
        places += [JOURNAL, f"{FRAGMENTS}/new.md"]
    elif path.startswith(f"{EVENTS}/"):
        places.append(ERRORS)
    found = (goal(place, target) for place in places)
    return [to for to in found if to and not _ON_THE_SITE.match(to.path)]


def _has_section(tree: Tree, to: Goal) -> bool:
    if not to.fragment or not to.path.lower().endswith(".md") or to.path.startswith("../"):
        return True
    # Every page has a top, with a heading of that name or without.
    return to.fragment == "top" or to.fragment in tree.document(to.path).places


def _has_moved(tree: Tree, goals: Iterable[Goal]) -> bool:
    """Whether an entry that a record names lies elsewhere by now: a record stays word for word, so no link follows."""
    for to in goals:
        fragment = _FRAGMENT.fullmatch(to.path)
        if fragment and not to.fragment:
            minute = f"{fragment['day']}-{fragment['time']}"
            if any(place.startswith(minute) for place in _places(tree)):
                return True
        elif is_journal(to.path) and to.fragment in _places(tree):
            return True
    return False


def _places(tree: Tree) -> Iterator[str]:
    """All that a link into the journal may name, wherever it lies."""
    return (place for path in filter(is_journal, tree.documents) for place in tree.document(path).places)


def _no_file(tree: Tree, path: str, link: Link, to: Goal) -> Finding:
    by_name: dict[str, list[str]] = {}
    for other in tree.documents:
        by_name.setdefault(posixpath.basename(other), []).append(other)
    same = by_name.get(closest(posixpath.basename(to.path), by_name) or "", ())
    meant = same[0] if len(same) == 1 else None
    relative = posixpath.relpath(meant, posixpath.dirname(path) or ".") if meant else ""
    mend = f"did you mean {relative}?" if meant else "name a file that is there, or take the link away"
    if tree.is_ledger and any(to.path == one.path for one in DOCUMENTS):
        mend = "greenroom ledger init --profile full writes it; or take the link away"
    return Finding(
        "link-no-file", "error", f"{link.target} leads to {to.path}, which is not there", mend, path, link.line
    )


def _no_section(tree: Tree, path: str, link: Link, to: Goal) -> Finding:
    places = sorted(tree.document(to.path).places)
    meant = closest(to.fragment, places)
    mend = f"did you mean #{meant}?" if meant else "name a heading that is there"
    message = f"{link.target} leads to a section that {to.path} does not have"
    return Finding("link-no-section", "error", message, mend, path, link.line)
