"""How a ledger begins: what is missing is written, all or nothing, and what is there stays as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import quote

from greenroom import __version__
from greenroom.ledger import changes
from greenroom.ledger.checks.records import is_history, is_licence, is_readme
from greenroom.ledger.fragments import free_name, minute
from greenroom.ledger.journal import FRAGMENTS, written
from greenroom.ledger.links import goal
from greenroom.ledger.templates import HUB, JOURNAL, filled, of_profile
from greenroom.ledger.templates.knowing import MainFileUnclear, files_of, known_of, top_of
from greenroom.ledger.tree import Tree
from greenroom.words import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime
    from pathlib import Path

    from greenroom.ledger.templates import Profile, Written
    from greenroom.ledger.templates.knowing import Project

_LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<target>[^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Begun:
    """What ``init`` did. written: new files.  kept: those that were there.

    unlisted: documents of the profile that were not written, since the hub, which was there, does not list them.
    """

    root: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]
    unlisted: tuple[str, ...]


def begin(root: Path, *, profile: Profile, main_file: str | None, now: datetime) -> Begun:
    """Write what a ledger lacks, as one change: after a failure nothing of it is there.

    now: UTC, the time of the first entry.  Raises what ``Tree.of``, ``known_of`` and ``changes.writing`` raise.
    """
    changes.finish(root)  # one that was killed in the midst of it has begun it already
    tree, files = Tree.of(root), files_of(root)
    wanted = of_profile(profile)
    missing = [one for one in wanted if not tree.exists(one.path)]
    listed = _listed(tree)
    writing = [one for one in missing if listed is None or one.path in listed]
    names = [*(one.path for one in writing), *(path for path in (HUB, JOURNAL) if not tree.exists(path))]
    kept = [path for path in (HUB, JOURNAL, *(one.path for one in wanted)) if tree.exists(path)]
    texts: dict[str, str] = {}
    if names:
        there = {*files, *names}
        known = {
            **_known(_project(tree, files, main_file), there),
            "date": f"{now:%Y-%m-%d}",
            "contents": _contents(tree, [one for one in wanted if one.path in there]),
            "entry": _first_entry(names, now).removesuffix("\n"),
        }
        texts = {path: _without_dead_links(path, filled(path, known), there, tree) for path in names}
        if JOURNAL not in texts:
            texts[f"{FRAGMENTS}/{free_name(root / FRAGMENTS, now)}.md"] = _first_entry(names, now)
        with changes.writing(root) as writer:
            # A file that somebody has made meanwhile is kept, too.
            writer.apply({path: text.encode() for path, text in texts.items()}, expected=dict.fromkeys(texts))
    unlisted = [one.path for one in missing if one.path not in names]
    return Begun(root, tuple(sorted(texts)), tuple(sorted(kept)), tuple(unlisted))


def _listed(tree: Tree) -> set[str] | None:
    """What the table of contents lists, None without one. A new document would be found not to be in it."""
    section = tree.document(HUB).section("Table of Contents") if tree.exists(HUB) else None
    if section is None:
        return None
    within = range(section.first, section.last + 1)
    goals = (goal(HUB, link.target) for link in tree.document(HUB).links if link.line in within)
    return {one.path for one in goals if one}


def _project(tree: Tree, files: Sequence[str], main_file: str | None) -> Project:
    try:
        return known_of(tree, files, main_file)
    except MainFileUnclear:
        if tree.exists(HUB):  # which says it
            return known_of(tree, (), None)
        raise


def _known(project: Project, there: Collection[str]) -> dict[str, str]:
    """The words of the templates that the project itself says."""
    main = project.main_file
    # One that has lines of its own says more than a constant.
    parts = sorted(project.parts, key=lambda part: part.span.first == part.span.last)
    return {
        "version": __version__,
        "name": project.name,
        "release": project.release,
        "stack": project.stack,
        "main_file": f"{main} ({counted(project.lines, 'line')}) - _what it does_" if main else "none yet",
        "main_place": str(parts[0]) if parts else f"`{main}`" if main else "the code",
        "places": _places(project),
        "components": _components(project),
        "folders": "\n".join(top_of(there)),
    }


def _places(project: Project) -> str:
    """The quick reference: what every ledger has, then the parts of the main file."""
    rows = [
        ("Journal", f"[`{JOURNAL}`]({JOURNAL})"),
        ("Tasks", "[`TASKS.md`](TASKS.md)"),
        ("Errors", "[`ERRORS.md`](ERRORS.md)"),
        ("Architecture", "[`ARCHITECTURE.md`](ARCHITECTURE.md)"),
        ("Build", "[`BUILD.md`](BUILD.md)"),
        ("Deployment", "[`PLAYBOOKS/DEPLOY.md`](PLAYBOOKS/DEPLOY.md)"),
        ("What is open", "`greenroom ledger show open`"),
        ("Check", "`greenroom ledger check`"),
        ("Environment Variables", "_none known yet_"),
        ("Port", "_none known yet_"),
    ]
    rows += [(part.symbol or part.path, f"`{part.path}:{part.span}` - `{part.symbol}`") for part in project.parts]
    return "\n".join(f"**{label}**: {what}" for label, what in rows)


def _components(project: Project) -> str:
    if project.main_file is None:
        return "_Each part: its file, its lines, and what it does._"
    if not project.parts:
        return f"- `{project.main_file}` - _what it does_"
    return "\n".join(f"- {part} _what it does_" for part in project.parts)


def _contents(tree: Tree, listed: Iterable[Written]) -> str:
    """The table of contents: documents of the ledger, then those that the project has besides."""
    rows = [(one.title, one.path, one.holds) for one in listed]
    known = {path for _, path, _ in rows}
    for path in tree.documents:
        if path not in known and path != HUB and not (is_history(path) or is_readme(path) or is_licence(path)):
            title = next((heading.text for heading in tree.document(path).headings), "") or PurePosixPath(path).stem
            rows.append((re.sub(r"[\[\]`]", "", title), path, "_what it holds_"))
    return "\n".join(
        f"{number}. [{title}]({quote(path)}) - {holds}" for number, (title, path, holds) in enumerate(rows, 1)
    )


def _first_entry(names: Sequence[str], now: datetime) -> str:
    said = {
        "What": f"Wrote {counted(len(names), 'document')}: {', '.join(sorted(names))}.",
        "Why": "So that the next reader need not ask.",
        "How": "`greenroom ledger init`: plain Markdown beside the code.",
        "Issues": "None.",
        "Result": "`greenroom ledger check` looks whether documents and code still agree.",
    }
    return written(minute(now), "Ledger begun" if HUB in names else "Documents added", said)


def _without_dead_links(document: str, text: str, there: Collection[str], tree: Tree) -> str:
    """The text with links to what will not be there as words, and without sections that a document has not."""

    def link(found: re.Match[str]) -> str:
        to = goal(document, found["target"])
        if to is None:
            return found[0]
        if to.path not in there:
            return found["text"]
        lacks = to.fragment and tree.exists(to.path) and to.fragment not in tree.document(to.path).places
        return f"[{found['text']}]({found['target'].partition('#')[0]})" if lacks else found[0]

    return _LINK.sub(link, text)
