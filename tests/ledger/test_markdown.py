"""Documents as checks and writers read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.ledger.markdown import Document, slug

# What documents are made of, so that drawn texts meet the grammar.
PIECES = st.sampled_from(
    [
        "# A", "## B ##", "###", "    # code", "Text", "Text\n---", "Text\n===", "---", "```", "```sh do", "~~~",
        "````", "\\```", "\\```python", "<!--", "-->", "<!-- #mark -->", "`code`", "``", "[a](b.md)", "[a](<b c.md>)",
        "[a]: b.md", "![a](b.png 't')", "](", "[", "]", "(", ")", "\\", "<a href='x.md'>", '<a id="x">', "- item",
        "1. item", "> quote", "| a | b |", "**N**: v", "\r", "\n", "\n\n", " ", "\t", "é", "\u2028", "\x00",
        "❌", "`a.py:1-2` - `f`", "**f (Lines 1-2)**", "a.py (2 lines)",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(st.one_of(PIECES, st.just("\n"), st.text(max_size=3)), max_size=40).map("".join))


def headings(text: str) -> list[tuple[int, str, int]]:
    return [(heading.level, heading.text, heading.line) for heading in Document(text).headings]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# One\n###### Six\n####### Seven\n", [(1, "One", 1), (6, "Six", 2)]),
        ("#One\n#\tTab\n##\n", [(1, "Tab", 2), (2, "", 3)]),
        ("   ## Three spaces\n    ## Four", [(2, "Three spaces", 1)]),
        ("## Closed ##\n## C# ###  \n## C#\n## #\n", [(2, "Closed", 1), (2, "C#", 2), (2, "C#", 3), (2, "", 4)]),
        ("## A <!-- #a --> b <!-- do not remove -->", [(2, "A  b", 1)]),
        ("## `<!-- code -->` kept", [(2, "`<!-- code -->` kept", 1)]),
        ("## A\r\n## B\r\n", [(2, "A", 1), (2, "B", 2)]),
        ("## Closed ##\r\n## C# ### \r\n## #\r\n", [(2, "Closed", 1), (2, "C#", 2), (2, "", 3)]),
        ("```\n## A\n```\n## B", [(2, "B", 4)]),
        ("~~~\n## A\n```\n## B\n~~~\n## C", [(2, "C", 6)]),
        ("````\n```\n## A\n```\n## B\n````\n## C", [(2, "C", 7)]),
        ("```\n## A\n    ```\n## B\n```\n## C", [(2, "C", 6)]),
        ("- item\n    ```\n## A\n    ```\n## B", [(2, "B", 5)]),
        ("```never closed\n## A", []),
        ("``` a `code` span ```\n## A", [(2, "A", 2)]),
        ("```\n## A\n``` info\n## B", []),
        ("\\```\n## A\n\\```\n## B", [(2, "B", 4)]),
        ("\\```\n## A\n\\```python\n## B\n\\```\n## C\n\\```\n## D", [(2, "D", 8)]),
        ("\\```\n## A", [(2, "A", 2)]),
        ("\\```\n## A\n\\```\n## B\n\\```\n## C", [(2, "B", 4), (2, "C", 6)]),
        ("<!--\n## A\n-->\n## B", [(2, "B", 4)]),
        ("<!--\n```\n-->\n## A", [(2, "A", 4)]),
        ("text <!-- goes on\n## A\n--> ends\n## B", [(2, "B", 4)]),
        ("<!-- never closed\n## A", [(2, "A", 2)]),
        ("`<!--`\n## A\n`-->`\n## B", [(2, "A", 2), (2, "B", 4)]),
        ("```\n<!--\n```\n## A\n-->", [(2, "A", 4)]),
        ("One\n===\n\nTwo\n---\n", [(1, "One", 1), (2, "Two", 4)]),
        ("# A\nTwo\n---\n", [(1, "A", 1), (2, "Two", 2)]),
        ("- item\n---\n\n**Field**: value\n---\n\n> quote\n---\n\n| a |\n---\n\n---\n---\n", []),
        ("a paragraph\nof two lines\n---\n", []),
        ("\n---\n# A\n---\n", [(1, "A", 3)]),
        ("> ## Quoted\n- ## Listed", []),
        ("", []),
    ],
)
def test_headings(text: str, expected: list[tuple[int, str, int]]) -> None:
    assert headings(text) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2026-02-09 15:18 - a title", "2026-02-09-1518---a-title"),
        ("Anti-Patterns (Avoid These)", "anti-patterns-avoid-these"),
        ("Build & Release", "build--release"),
        ("`lease.py` structure", "leasepy-structure"),
        ("`Lease.__exit__`", "lease__exit__"),
        ("A [link](x.md) and ![picture](y.png) and [ref][r]", "a-link-and-picture-and-ref"),
        ("ÄRGER – größer", "ärger--größer"),
        ("日本語 の 見出し", "日本語-の-見出し"),
        ("हिन्दी", "हिन्दी"),
        ("🚀 Start", "-start"),
        ("", ""),
    ],
)
def test_slugs(text: str, name: str) -> None:
    assert slug(text) == name


def test_headings_of_one_name_are_counted() -> None:
    document = Document("# A\n# A\n# A-1\n# a\n# A!\n")
    assert [heading.slug for heading in document.headings] == ["a", "a-1", "a-1-1", "a-2", "a-3"]


def test_fences_know_their_lines() -> None:
    document = Document("a\n```sh do\nb\n```\n~~~\n\\```\nc\n\\```\n~~~\n\\```x\nd\n\\```\n```\n")
    found = [(fence.first, fence.last, fence.info, fence.is_closed) for fence in document.fences]
    assert found == [(2, 4, "sh do", True), (5, 9, "", True), (10, 12, "x", True), (13, 14, "", False)]
    assert [number for number, _ in document.prose()] == [1]
    assert document.is_hidden(2)
    assert not document.is_hidden(1)


def test_lines_are_those_of_editors() -> None:
    for text, lines, count in (
        ("", ("",), 0),
        ("a", ("a",), 1),
        ("a\n", ("a", ""), 1),
        ("a\r\nb", ("a", "b"), 2),
        ("a\u2028b\x0cc\n", ("a\u2028b\x0cc", ""), 1),
    ):
        assert (Document(text).lines, Document(text).count) == (lines, count)


def test_sections_end_where_the_next_of_their_level_begins() -> None:
    document = Document("# T\n## A\na\n### B\nb\n## a\nc\nD\n---\nd\n")
    assert [(one.first, one.last) for one in document.sections("A")] == [(3, 5), (7, 11)]
    section = document.section("b")
    assert section is not None
    assert list(document.prose(section.first, section.last)) == [(5, "b")]
    assert document.section("absent") is None
    under = Document("One\n---\n\nx\n\nTwo\n---\n").section("One")
    assert under is not None
    assert (under.first, under.last) == (3, 5)


def test_marks_are_places() -> None:
    document = Document(
        "# A <!-- #b-c --> `<!-- #no -->`\n<a id='d'></a> <!--#e-->\n```\n<!-- #no -->\n```\n<!-- no -->\n"
    )
    assert document.marks == {"b-c": 1, "d": 2, "e": 2}
    assert document.places == {document.headings[0].slug, "b-c", "d", "e"}


@given(TEXTS)
def test_any_text_is_a_document(text: str) -> None:
    document = Document(text)
    assert "\n".join(document.lines).replace("\r", "") == text.replace("\r", "")
    hidden = {number for number in range(1, len(document.lines) + 1) if document.is_hidden(number)}
    assert hidden.isdisjoint(number for number, _ in document.prose())
    for heading in document.headings:
        assert heading.line not in hidden
        section = document.section_of(heading)
        assert heading.line < section.first <= section.last + 1
    assert len({heading.slug for heading in document.headings}) == len(document.headings)
    for fence in document.fences:
        assert 1 <= fence.first <= fence.last <= len(document.lines)
    for link in document.links:
        assert link.line not in hidden
        assert document.starts[link.line - 1] <= link.start <= link.end
    for offset in range(len(text)):
        assert document.starts[document.line_at(offset) - 1] <= offset
