"""The journal: entries that are only added, in ``JOURNAL.md``, in fragments and in archives, read as one.

An entry is a heading ``## YYYY-MM-DD HH:MM``, with `` - title`` allowed, and all to the next such heading. It holds
items ``### Title |TASK:ID|``, each with its fields. Whatever stands in a document before its first entry is its head.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from greenroom.errors import InputInvalid
from greenroom.ledger.lines import beginnings
from greenroom.ledger.markdown import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from greenroom.ledger.lines import Beginning
    from greenroom.ledger.tree import Tree

JOURNAL = "JOURNAL.md"
FRAGMENTS = "JOURNAL.d"
ARCHIVES = "JOURNAL_ARCHIVE"
TITLE = "# Engineering Journal"
FIELDS = ("What", "Why", "How", "Issues", "Result")
# What a field says when nobody said anything: honest, and not empty.
_UNSAID = {"How": "Not recorded.", "Issues": "None recorded.", "Result": "Not recorded."}
_HEADING = re.compile(r"(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2})(?: - (?P<title>.*))?")
TAG = re.compile(r"\|(?P<kind>TASK|ERROR):(?P<id>[^|]*)\|")
_FENCE = re.compile(r"[ \t]*\\?(?P<marks>`{3,}|~{3,})(?P<info>.*)")
_RULES = ("---", "***", "___")


@dataclass(frozen=True, slots=True)
class Tag:
    """What an item is about. kind: TASK or ERROR.  line: of the document, from 1."""

    kind: str
    id: str
    line: int = 0

    def __str__(self) -> str:
        return f"|{self.kind}:{self.id}|"


@dataclass(frozen=True, slots=True)
class Field:
    """A part of an item: What, Why, How, Issues or Result."""

    name: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Item:
    """A heading of level three in an entry. title: without its tags.  fields: as they stand, in their order."""

    title: str
    tags: tuple[Tag, ...]
    fields: tuple[Field, ...]
    line: int


@dataclass(frozen=True)
class Entry:
    """An entry word for word. time: ``YYYY-MM-DD HH:MM``.  line: of its heading.

    strays: lines of other headings of level two before the next entry; by the grammar they belong to this one.
    """

    time: str
    title: str
    items: tuple[Item, ...]
    text: str
    path: str
    line: int
    strays: tuple[int, ...] = ()

    @cached_property
    def key(self) -> str:
        """What two entries are compared by: the text, white space and the rule at its end left out of account."""
        return " ".join(without_rule(self.text).split())

    @property
    def heading(self) -> str:
        """As it stands in the document, without its marks."""
        return f"{self.time} - {self.title}" if self.title else self.time

    @property
    def month(self) -> str:
        """``YYYY-MM``."""
        return self.time[:7]

    @property
    def tags(self) -> tuple[Tag, ...]:
        """Those of its title and of all items."""
        return (*tags_of(self.title, self.line)[1], *(tag for item in self.items for tag in item.tags))


@dataclass(frozen=True, slots=True)
class Pages:
    """A document of entries, all of it: ``head`` and the texts of the entries in their order are its text."""

    head: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Journal:
    """All entries of a ledger, by time; those of one minute as archives, journal and fragments have them."""

    entries: tuple[Entry, ...]

    @cached_property
    def keys(self) -> Counter[str]:
        """How often each entry is there."""
        return Counter(entry.key for entry in self.entries)

    def tagged(self, kind: str) -> set[str]:
        """The ids that entries are tagged with. kind: TASK or ERROR."""
        return {tag.id for entry in self.entries for tag in entry.tags if tag.kind == kind}


def pages(document: Document, path: str = JOURNAL) -> Pages:
    """Read a document of entries. Any text is one; the parts put together are the text, byte for byte."""
    text = document.text
    entries: list[Entry] = []
    draft: _Draft | None = None
    first = len(text)
    for one in beginnings(document):
        heading = _HEADING.fullmatch(one.text) if one.level == 2 else None
        if heading:
            if draft is None:
                first = one.start
            else:
                entries.append(draft.entry(text, one.start))
            draft = _Draft(heading["time"], (heading["title"] or "").strip(), one, path)
        elif draft is not None:
            draft.take(one)
    if draft is not None:
        entries.append(draft.entry(text, len(text)))
    return Pages(text[:first], tuple(entries))


def entries_of(text: str, path: str = JOURNAL) -> tuple[Entry, ...]:
    """The entries of a document in their order."""
    return pages(Document(text), path).entries


def read_journal(tree: Tree) -> Journal:
    """All entries of a tree."""
    return Journal(tuple(sorted(_all(tree), key=order)))


def order(entry: Entry) -> tuple[str, int, str, int]:
    """Sorts entries: by time, then place, then name."""
    place = 0 if entry.path.startswith(f"{ARCHIVES}/") else 1 if entry.path == JOURNAL else 2
    return entry.time, place, entry.path, entry.line


def is_journal(path: str) -> bool:
    """Whether a document of this path holds entries."""
    return path == JOURNAL or (path.startswith((f"{FRAGMENTS}/", f"{ARCHIVES}/")) and path.endswith(".md"))


def written(time: str, title: str, fields: Mapping[str, str], tags: Sequence[Tag] = ()) -> str:
    """A new entry as the journal writes it, of one item, a rule at its end. What is not said of a field says so.

    Raises InputInvalid without a title, What or Why.
    """
    title = " ".join(clean(title).replace("<!--", "<! --").split())
    texts = {name: clean(fields.get(name) or "").strip() for name in FIELDS}
    # A rule alone says nothing, either.
    texts = {name: said if without_rule(said).strip() else _UNSAID.get(name, "") for name, said in texts.items()}
    needed = (("a title", title, "TITLE"), ("What", texts["What"], "--what TEXT"), ("Why", texts["Why"], "--why TEXT"))
    for name, value, flag in needed:
        if not value:
            raise InputInvalid(f"an entry needs {name}", mend=f"say it: {flag}")
    head = " ".join([title, *map(str, tags)])
    said = "\n".join(_field(name, value) for name, value in texts.items())
    return f"## {time}\n\n### {head}\n{said}\n\n---\n"


def without_rule(text: str) -> str:
    """A text without the rules ``---`` at its end."""
    shown = text.rstrip()
    if not shown.endswith(_RULES):
        return text
    while shown.endswith(_RULES):
        line = shown[shown.rfind("\n") + 1 :]
        if len(set(line.strip())) > 1:
            break
        shown = shown[: -len(line)].rstrip()
    return shown


def clean(text: str) -> str:
    """A text that any file takes: line ends of one kind, no half characters."""
    return "\n".join(text.encode("utf-8", "replace").decode().replace("\0", "").splitlines())


def tags_of(heading: str, line: int = 0) -> tuple[str, tuple[Tag, ...]]:
    """A heading's title without its tags, and the tags."""
    tags = tuple(Tag(found["kind"], found["id"].strip(), line) for found in TAG.finditer(heading))
    return " ".join(TAG.sub(" ", heading).split()) if tags else heading, tags


def _all(tree: Tree) -> Iterator[Entry]:
    for path in tree.documents:
        if is_journal(path):
            yield from pages(tree.document(path), path).entries


def _field(name: str, value: str) -> str:
    """``- **What**: text``. Further lines stand so far in that none of them begins an entry, an item or a field."""
    lines = value.split("\n")
    fence = ""
    for at, line in enumerate(lines):
        found = _FENCE.fullmatch(line)
        if found:
            lines[at] = line.strip().lstrip("\\")
            fence = _after(fence, found["marks"], found["info"].strip())
        elif not fence and "<!--" in line and "-->" not in line[line.rindex("<!--") :]:
            lines[at] = line.replace("<!--", "<! --")
    if fence:
        lines.append(fence)
    if _FENCE.fullmatch(lines[0]):
        lines.insert(0, "")
    said = f"- **{name}**: {lines[0]}".rstrip()
    return "\n".join([said, *(f"    {line}".rstrip() for line in lines[1:])])


def _after(fence: str, marks: str, info: str) -> str:
    """The marks of the fence that is open behind a line of these marks, when ``fence`` was open before it."""
    if fence:
        return "" if marks[0] == fence[0] and len(marks) >= len(fence) and not info else fence
    return "" if marks[0] == "`" and "`" in info else marks


class _Draft:
    """An entry while its document is read."""

    def __init__(self, time: str, title: str, begun: Beginning, path: str) -> None:
        self._time = time
        self._title = title
        self._begun = begun
        self._path = path
        self._parts: list[Beginning] = []

    def take(self, one: Beginning) -> None:
        # Words over the rule that ends an entry are no heading.
        if (one.level and not one.is_over_rule) or one.name in FIELDS:
            self._parts.append(one)

    def entry(self, text: str, end: int) -> Entry:
        strays = tuple(part.line for part in self._parts if part.level == 2)
        begun = self._begun
        items = tuple(self._items(text, end))
        return Entry(self._time, self._title, items, text[begun.start : end], self._path, begun.line, strays)

    def _items(self, text: str, end: int) -> Iterator[Item]:
        ends = [*(part.start for part in self._parts[1:]), end]
        heading: Beginning | None = None
        fields: list[Field] = []
        for part, until in zip(self._parts, ends, strict=False):
            if part.level and part.level <= 3:
                if heading is not None:
                    yield _item(heading, fields)
                heading, fields = (part if part.level == 3 else None), []
            elif part.name:
                fields.append(Field(part.name, without_rule(text[part.value : until]).strip(), part.line))
        if heading is not None:
            yield _item(heading, fields)


def _item(heading: Beginning, fields: Iterable[Field]) -> Item:
    title, tags = tags_of(heading.text, heading.line)
    return Item(title, tags, tuple(fields), heading.line)
