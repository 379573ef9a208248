"""Relative links of documents."""

from __future__ import annotations

import pytest

from tests.ledger.checks.project import Project, clean

NO_FILE, NO_SECTION = "link-no-file", "link-no-section"


def with_notes(text: str) -> Project:
    """A project with a document in a folder, and others that it may lead to."""
    other = """# Other

## Same name
## Same name
## Same name
### What's new, in `2.0`? (a [link](https://example.org))
## Größe & Maß
## Emoji 🚀 here
## snake_case-and-hyphen
## Closed ##
## With a comment <!-- #short -->
Under a line
------------

## Same name-1

<!-- #placed --> Text. <a id="element"></a> `<!-- #code -->`

```
## In a fence <!-- #fenced -->
```
<!--
## In a comment <!-- #commented -->
"""
    project = clean().written("NOTES/A note (1).md", other).written("NOTES/other.md", other).written("NOTES/a.md", text)
    listed = "7. [a](NOTES/a.md) [b](NOTES/other.md) [c](<NOTES/A note (1).md>)"
    project.replaced("CONDUCTOR.md", "6. [Plan]", f"{listed}\n6. [Plan]")
    for path in ("NOTES/A note (1).md", "NOTES/other.md", "NOTES/a.md"):
        project.added(path, "\n## Keywords\n- word\n")
    return project


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("[t](other.md)", None),
        ("[t](./other.md) [t](../ARCHITECTURE.md) [t](/BUILD.md) [t](../PLAYBOOKS) [t](../PLAYBOOKS/)", None),
        ("[t](absent.md)", NO_FILE),
        ("[t](ARCHITECTURE.md)", NO_FILE),
        ("[t](Other.md)", NO_FILE),
        ("[t](../absent/)", NO_FILE),
        ("[t](../../../issues) [t](../../../pull/7) [t](../../../wiki/Home)", None),
        ("[t](../../../notes)", NO_FILE),
        ("[t](../../issues)", NO_FILE),
        ("[t](../start.sh) [t](../start.sh#L3)", None),
        ("![a picture](absent.png)", NO_FILE),
        ("[![a picture](../start.sh)](absent.md)", NO_FILE),
        ("[![a picture](absent.png)](other.md)", NO_FILE),
        ("[t](other.md \"a title\") [t](other.md 'a title') [t](other.md (a title))", None),
        ('[t](absent.md "a title")', NO_FILE),
        ("[t](<A note (1).md>) [t](A%20note%20(1).md) [t](A%20note%20\\(1\\).md)", None),
        ("[t](<A note (2).md>)", NO_FILE),
        ("[t](A%20note%20(2).md)", NO_FILE),
        ("[`code`](absent.md)", NO_FILE),
        ("[a [nested] text](absent.md)", NO_FILE),
        ("[a text\nin two lines](absent.md)", NO_FILE),
        ("[t][r]\n\n[r]: absent.md", NO_FILE),
        ('[t][r]\n\n[r]: <absent.md> "a title"', NO_FILE),
        ("[t][r]\n\n[r]: other.md#same-name", None),
        ("[^1]\n\n[^1]: absent.md", None),
        ('<a href="absent.md">t</a>', NO_FILE),
        ("<img alt='t' src='absent.png'>", NO_FILE),
        ("| a | [t](absent.md) |", NO_FILE),
        ("- [ ] an [t](absent.md)", NO_FILE),
        ("`[t](absent.md)`", None),
        ("``[t](absent.md) ` ``", None),
        ("`code` [t](absent.md) `code`", NO_FILE),
        ("\\`[t](absent.md)\\`", NO_FILE),
        ("`a\\` [t](absent.md) `b`", NO_FILE),
        ("- a ` b\n- [t](absent.md) ` c", NO_FILE),
        ("a ` b\n[t](absent.md) ` c", None),
        ("`<a href='absent.md'>`", None),
        ("```\n<a href='absent.md'>\n```", None),
        ("\\[t](absent.md)", None),
        ("<!-- [t](absent.md) -->", None),
        ("<!--\n[t](absent.md)\n-->", None),
        ("t](absent.md)", None),
        ("```\n[t](absent.md)\n```", None),
        ("    ```\n    [t](absent.md)\n    ```", None),
        ("~~~ text\n[t](absent.md)\n```\n[t](absent.md)\n~~~", None),
        ("````\n```\n[t](absent.md)\n```\n[t](absent.md)\n````", None),
        ("\\```\n\\```python\n[t](absent.md)\n\\```\n[t](absent.md)\n\\```", None),
        ("\\```\n[t](absent.md)", NO_FILE),
        ("[t](https://example.org/absent.md) [t](mailto:a@example.org) [t](//example.org/x.md)", None),
        ("[t](#same-name) [t]()", NO_SECTION),
        ("[t](other.md#)", None),
        ("[t](other.md#top) [t](#top)", None),
        ("[t](other.md#same-name) [t](other.md#same-name-1) [t](other.md#same-name-2)", None),
        ("[t](other.md#same-name-1-1)", None),
        ("[t](other.md#same-name-3)", NO_SECTION),
        ("[t](other.md#Same-Name)", NO_SECTION),
        ("[t](other.md#whats-new-in-20-a-link)", None),
        ("[t](other.md#größe--maß) [t](other.md#gr%C3%B6%C3%9Fe--ma%C3%9F)", None),
        ("[t](other.md#größe-maß)", NO_SECTION),
        ("[t](other.md#emoji--here) [t](other.md#snake_case-and-hyphen) [t](other.md#closed)", None),
        ("[t](other.md#with-a-comment) [t](other.md#short) [t](other.md#under-a-line)", None),
        ("[t](other.md#placed) [t](other.md#element)", None),
        ("[t](other.md#code)", NO_SECTION),
        ("[t](other.md#in-a-fence)", NO_SECTION),
        ("[t](other.md#fenced)", NO_SECTION),
        ("[t](other.md?plain=1#same-name)", None),
        ("[t](../JOURNAL.md#2026-08-03-1513) [t](../JOURNAL.md#engineering-journal)", None),
        ("[t](../JOURNAL.md#2026-08-03-1514)", NO_SECTION),
    ],
)
def test_a_link(line: str, code: str | None) -> None:
    project = with_notes(f"# Notes\n\n{line}\n")
    found = project.findings()
    assert {one.path for one in found} <= {"NOTES/a.md"}
    assert [one.code for one in found] == ([code] if code else [])


def test_the_line_is_that_of_the_target() -> None:
    text = "# Notes\n\n[a text\nin two lines](absent.md)\n[t][r] [t](other.md#absent)\n\n[r]: gone.md\n"
    assert [(one.line, one.code) for one in with_notes(text).findings()] == [
        (4, NO_FILE),
        (5, NO_SECTION),
        (7, NO_FILE),
    ]


@pytest.mark.parametrize(
    ("link", "mend"),
    [
        ("../ARCHITECTUR.md", "did you mean ../ARCHITECTURE.md?"),
        ("DEPLOY.md", "did you mean ../PLAYBOOKS/DEPLOY.md?"),
        ("other.md#same-nam", "did you mean #same-name?"),
        ("zzzz", "name a file that is there, or take the link away"),
        ("other.md#zzzz", "name a heading that is there"),
    ],
)
def test_a_mend_names_what_was_probably_meant(link: str, mend: str) -> None:
    (found,) = with_notes(f"# Notes\n\n[t]({link})\n").findings()
    assert found.mend == mend
    assert found.message.startswith(link)


def test_links_of_history_lead_somewhere_too() -> None:
    project = clean().added("JOURNAL.md", "\nSee [t](absent.md).\n")
    line = project.text("JOURNAL.md").count("\n")
    assert project.found() == {(NO_FILE, "JOURNAL.md", line)}
    project = Project("11-palette-maker").added(
        "JOURNAL_ARCHIVE/2026-07.md",
        "\nSee [t](../JOURNAL.md#2026-07-03-0917), which lies here now, and [t](../JOURNAL.md#2026-07-03-0918).\n",
    )
    line = project.text("JOURNAL_ARCHIVE/2026-07.md").count("\n")
    assert project.found() == {(NO_SECTION, "JOURNAL_ARCHIVE/2026-07.md", line)}


@pytest.mark.parametrize(
    ("path", "link", "code"),
    [
        ("JOURNAL.d/2026-09-01T1000-7f3a.md", "ARCHITECTURE.md", None),
        ("JOURNAL.d/2026-09-01T1000-7f3a.md", "../ARCHITECTURE.md", None),
        ("JOURNAL.d/2026-09-01T1000-7f3a.md", "ARCHITECTURE.md#absent", NO_SECTION),
        ("JOURNAL.d/2026-09-01T1000-7f3a.md", "absent.md", NO_FILE),
        ("JOURNAL.d/2026-09-01T1000-7f3a.md", "#absent", NO_SECTION),
        ("JOURNAL.md", "../ARCHITECTURE.md#top", None),
        ("JOURNAL.md", "../absent.md", NO_FILE),
        ("JOURNAL.md", "#absent", NO_SECTION),
        ("ARCHITECTURE.md", "../CONDUCTOR.md", NO_FILE),
    ],
)
def test_a_link_of_an_entry_is_as_good_new_as_folded(path: str, link: str, code: str | None) -> None:
    fields = "".join(f"- **{name}**: x\n" for name in ("What", "Why", "How", "Issues"))
    said = f"\n## 2026-09-01 10:00\n\n### Something\n{fields}- **Result**: [t]({link})\n\n---\n"
    found = clean().added(path, said if path.startswith("JOURNAL") else f"\n[t]({link})\n").findings()
    assert [one.code for one in found] == ([code] if code else [])


def test_a_document_that_init_writes_is_named_so() -> None:
    (found,) = clean().added("ARCHITECTURE.md", "\n[t](UIUX.md)\n").findings()
    assert "init --profile full" in found.mend


def test_a_link_out_of_the_project_is_looked_at_on_the_disk() -> None:
    assert clean().added("ARCHITECTURE.md", "\n[t](../../labels.json)\n").found() == set()
    project = clean().added("ARCHITECTURE.md", "\n[t](../../absent.json)\n")
    assert {code for code, *_ in project.found()} == {NO_FILE}
