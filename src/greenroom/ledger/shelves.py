"""Documents of entries put together: in which order entries stand, and what stands at the head of an archive."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.ledger.journal import pages
from greenroom.ledger.markdown import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from greenroom.ledger.journal import Entry

_SUMMARY = "## Summary"
_NOTHING = "No entries."
# What we wrote; anything else was written by a person, and stays.
_TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}"
_COUNTED = re.compile(rf"[0-9]+ entr(?:y|ies) from {_TIME} to {_TIME}\.(?:\s*^- {_TIME}: .*$)*\s*", re.MULTILINE)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Oldest first; stable."""
    return sorted(entries, key=lambda entry: entry.time)


def inserted(entries: list[Entry], entry: Entry) -> None:
    """Put an entry behind the last one that is not newer; the others keep their order, whatever it is."""
    at = len(entries)
    while at and entries[at - 1].time > entry.time:
        at -= 1
    entries.insert(at, entry)


def with_entries(text: str, head: str, entries: Sequence[Entry]) -> str:
    """A head and entries as a document, with the line ends of ``text``; where two have not met before, a line apart."""
    ends = "\r\n" if "\r\n" in text else "\n"
    parts = [head] if head else []
    last: Entry | None = None
    for entry in entries:
        own = entry.text if "\r\n" in entry.text or ends == "\n" else entry.text.replace("\n", ends)
        has_met = _follows(entry, last, head)
        if parts and not has_met:
            parts.append(_apart(parts[-1], ends))
        parts.append(own)
        last = entry
    whole = "".join(parts)
    return whole if not entries or whole.endswith("\n") else whole + ends


def shelved(text: str | None, month: str, entries: Iterable[Entry]) -> str:
    """An archive with more entries. text: what it holds, None for a new one.  month: ``YYYY-MM``."""
    old = pages(Document(text or ""))
    found = list(old.entries)
    for entry in in_order(entries):
        inserted(found, entry)
    head = old.head if old.head.strip() else f"# Journal {month}\n\n"
    return with_entries(text or "", summarised(head, found), found)


def summarised(head: str, entries: Sequence[Entry]) -> str:
    """The head of an archive with its summary; a person's own stays as it is."""
    document = Document(head)
    section = next((one for one in document.headings if one.level == 2), None)
    if section is not None and section.text.casefold() == "summary":
        begin = document.starts[section.line] if section.line < len(document.lines) else len(head)
        rest = document.section_of(section)
        end = document.starts[rest.last] if rest.last < len(document.lines) else len(head)
        said = head[begin:end]
        if said.strip() and not is_counted(said):
            return head
        return f"{head[:begin]}{_summary(entries)}\n{head[end:]}"
    title = next((one for one in document.headings if one.level == 1), None)
    if title is None or (section is not None and section.line < title.line):
        at = document.starts[section.line - 1] if section else 0
    else:
        at = document.starts[title.line] if title.line < len(document.lines) else len(head)
    rest_of_it = head[at:].lstrip("\n")
    begun = head[:at] if not at or head[:at].endswith("\n") else f"{head[:at]}\n"
    gap = "\n" if begun else ""
    return f"{begun}{gap}{_SUMMARY}\n{_summary(entries)}\n{rest_of_it}"


def is_counted(words: str) -> bool:
    """Whether a summary is one that was counted, and not written."""
    return bool(_COUNTED.fullmatch(words.strip())) or words.strip() in {"", _NOTHING}


def _summary(entries: Sequence[Entry]) -> str:
    """What is in an archive, counted: no words that somebody would have to find."""
    ordered = in_order(entries)
    if not ordered:
        return f"{_NOTHING}\n"
    count = f"{len(ordered)} entr{'y' if len(ordered) == 1 else 'ies'}"
    lines = [f"{count} from {ordered[0].time} to {ordered[-1].time}.", ""]
    for entry in ordered:
        titles = [entry.title, *(item.title for item in entry.items)]
        said = "; ".join(_plain(title) for title in titles if title) or "without a title"
        lines.append(f"- {entry.time}: {said}")
    return "\n".join([*lines, ""])


def _plain(title: str) -> str:
    """A title that leads nowhere: what a link in it says would be wrong from here."""
    return re.sub(r"\[([^\[\]]*)\](?:\([^()]*\))?", r"\1", title).replace("<!--", "").replace("`", "")


def _follows(entry: Entry, last: Entry | None, head: str) -> bool:
    """Whether an entry stood there already, behind the same one."""
    if last is None:
        return entry.line == head.count("\n") + 1
    return last.path == entry.path and last.line + last.text.count("\n") == entry.line


def _apart(before: str, ends: str) -> str:
    if before.endswith(("\n\n", "\n\r\n")):
        return ""
    return ends if before.endswith("\n") else ends * 2
