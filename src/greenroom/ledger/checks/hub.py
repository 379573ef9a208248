"""The hub: what it must say, how much of it, and whether it leads to every document."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.ledger.checks.records import is_history, is_licence, is_readme
from greenroom.ledger.journal import is_journal
from greenroom.ledger.links import goal
from greenroom.ledger.tree import HUB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.ledger.checks.records import Records
    from greenroom.ledger.markdown import Document, Section
    from greenroom.ledger.tree import Tree

FACTS = ("Tech Stack", "Main File", "Core Mechanic", "Key Integration", "Platform Support", "DO NOT")
_BULLET = re.compile(r"[-*+][ \t]+(?:\*\*(?P<name>[^*]+?):?\*\*)?(?P<rest>.*)")
_LABEL = re.compile(r"(?:(?:[-*+]|[0-9]{1,9}[.)])[ \t]+)?\*\*[^*]+\*\*")
_NUMBERED = re.compile(r"[0-9]{1,9}[.)][ \t]+\S")
_ITEM = re.compile(r"(?:[-*+]|[0-9]{1,9}[.)])[ \t]+\S")
_AVOIDED = re.compile(r"(?:(?:[-*+]|[0-9]{1,9}[.)])[ \t]+)?❌")
_REASON = re.compile(r".*?\*\*.+?\*\*(?P<reason>.*)")
_REFERENCE = re.compile(r"\[(?P<text>[^\[\]]+)\](?!\()(?:\[(?P<label>[^\[\]]*)\])?")
_SEEN = re.compile(r"\bsee (?:\[`?)?JOURNAL(?:\.md)?[^0-9\n]{0,40}(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})")


@dataclass(frozen=True, slots=True)
class _Size:
    """How many of something a section may have. least, most: both allowed.  entry: what is counted, the first that

    is there at all.
    """

    code: str
    section: str
    what: str
    least: int
    most: int
    entry: tuple[re.Pattern[str], ...] = ()


_SIZES = (
    _Size("quickref-size", "Quick Reference", "entries", 10, 15, (_LABEL,)),
    _Size("antipatterns-size", "Anti-Patterns (Avoid These)", "anti-patterns", 5, 6, (_AVOIDED, _ITEM)),
    _Size("workflow-size", "Development Workflow", "steps", 5, 6, (_NUMBERED,)),
)
_TEMPLATES = _Size("templates-size", "Task Templates", "templates", 3, 5)


def check(tree: Tree, records: Records, earlier: Records | None) -> Iterator[Finding]:
    """Codes: context-facts, toc-unlisted, quickref-size, antipatterns-size, workflow-size, templates-size,

    antipattern-reason, version-date.
    """
    if HUB not in tree.documents:
        return
    document = tree.document(HUB)
    yield from _facts(document)
    yield from _unlisted(tree, document)
    for size in _SIZES:
        if section := document.section(size.section):
            lines = [line for _, line in document.prose(section.first, section.last)]
            counts = (sum(bool(entry.match(line)) for line in lines) for entry in size.entry)
            yield from _sized(size, section, next(filter(None, counts), 0))
    yield from _templates(document)
    yield from _reasons(document)
    yield from _versions(tree, document, records, earlier)


def _facts(document: Document) -> Iterator[Finding]:
    section = document.section("Critical Context (Read First)")
    if section is None:
        return
    bullets = (_BULLET.match(line) for _, line in document.prose(section.first, section.last))
    said = [(bullet["name"] or bullet["rest"]).strip() for bullet in bullets if bullet]
    if tuple(said) == FACTS:
        return
    missing = [name for name in FACTS if name not in said]
    more = [name for name in said if name not in FACTS]
    parts = [f"does not say {', '.join(missing)}"] if missing else []
    parts += [f"says {', '.join(more)}"] if more else []
    message = f"Critical Context {' and '.join(parts) or 'says its facts twice or in another order'}"
    mend = f"say {', '.join(FACTS)}, a line each, and nothing else"
    yield Finding("context-facts", "error", message, mend, HUB, section.heading.line)


def _unlisted(tree: Tree, document: Document) -> Iterator[Finding]:
    section = document.section("Table of Contents")
    if section is None:
        return
    listed = set(_listed(document, section))
    for path in tree.documents:
        if path not in listed and path != HUB and not (is_history(path) or is_readme(path) or is_licence(path)):
            message = f"the table of contents does not list {path}"
            mend = f"add [TITLE]({path.replace(' ', '%20')})"
            yield Finding("toc-unlisted", "error", message, mend, HUB, section.heading.line)


def _listed(document: Document, section: Section) -> Iterator[str]:
    lines = list(document.prose(section.first, section.last))
    numbers = {number for number, _ in lines}
    targets = [link.target for link in document.links if link.line in numbers]
    by_label = {link.text.casefold(): link.target for link in document.links}
    for _, line in lines:
        for found in _REFERENCE.finditer(line):
            target = by_label.get((found["label"] or found["text"]).casefold())
            targets += [target] if target is not None else []
    for target in targets:
        if to := goal(HUB, target):
            yield to.path


def _sized(size: _Size, section: Section, count: int) -> Iterator[Finding]:
    if not size.least <= count <= size.most:
        message = f"{size.section} has {count} {size.what}"
        mend = f"keep {size.least} to {size.most}, those that readers need most"
        yield Finding(size.code, "warning", message, mend, HUB, section.heading.line)


def _templates(document: Document) -> Iterator[Finding]:
    if section := document.section("Task Templates"):
        within = [heading for heading in document.headings if section.first <= heading.line <= section.last]
        count = sum(heading.level == section.heading.level + 1 for heading in within)
        yield from _sized(_TEMPLATES, section, count)


def _reasons(document: Document) -> Iterator[Finding]:
    if section := document.section("Anti-Patterns (Avoid These)"):
        for number, line in document.prose(section.first, section.last):
            found = _REASON.fullmatch(line) if "❌" in line else None
            if found and not re.search(r"\w", found["reason"]):
                message = f"{line.strip()} gives no reason"
                yield Finding("antipattern-reason", "warning", message, "add - and why not", HUB, number)


def _is_headed(tree: Tree, day: str) -> bool:
    """Whether a heading of the journal names a day in another form than that of an entry, which is told there."""
    headings = (heading for path in filter(is_journal, tree.documents) for heading in tree.document(path).headings)
    return any(day in heading.text for heading in headings)


def _versions(tree: Tree, document: Document, records: Records, earlier: Records | None) -> Iterator[Finding]:
    section = document.section("Version History")
    if section is None:
        return
    # An entry that was lost is told as such, and not once more here.
    known = (records, *((earlier,) if earlier else ()))
    days = {entry.time[:10] for one in known for entry in one.journal.entries}
    for number, line in document.prose(section.first, section.last):
        for found in _SEEN.finditer(line):
            if found["date"] not in days and not _is_headed(tree, found["date"]):
                message = f"the journal has no entry of {found['date']}"
                yield Finding("version-date", "warning", message, "name the day of an entry", HUB, number)
