"""Where links stand and where they lead. Which links are read: tests/ledger/checks/test_links.py."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.ledger.links import Goal, goal
from greenroom.ledger.markdown import Document
from tests.ledger.test_markdown import TEXTS


@pytest.mark.parametrize(
    ("document", "target", "expected"),
    [
        ("A.md", "B.md", Goal("B.md", "")),
        ("A.md", "./B.md#c", Goal("B.md", "c")),
        ("D/A.md", "../B.md#c", Goal("B.md", "c")),
        ("D/A.md", "/B.md", Goal("B.md", "")),
        ("D/A.md", "E/../B.md", Goal("D/B.md", "")),
        ("D/A.md", "#c", Goal("D/A.md", "c")),
        ("D/A.md", "?plain=1#L3", Goal("D/A.md", "L3")),
        ("A.md", "../B.md", Goal("../B.md", "")),
        ("A.md", "a%20b%23.md#%C3%A9#x", Goal("a b#.md", "é#x")),
        ("A.md", "JOURNAL.md:12", Goal("JOURNAL.md:12", "")),
        ("A.md", "", Goal("A.md", "")),
        ("A.md", "D/", Goal("D", "")),
        ("A.md", "https://example.org", None),
        ("A.md", "git+ssh://example.org", None),
        ("A.md", "mailto:a@example.org", None),
        ("A.md", "//example.org/a.md", None),
    ],
)
def test_where_a_link_leads(document: str, target: str, expected: Goal | None) -> None:
    assert goal(document, target) == expected


def test_a_link_knows_its_text_and_place() -> None:
    text = '# T\n\nSee [the `code`\n  one](<a b.md> "t"), ![p](c\\_d.png).\n\n[ref]: e.md&amp;f\n'
    links = Document(text).links
    assert [(link.text, link.target, link.line) for link in links] == [
        ("the `code` one", "a b.md", 4),
        ("p", "c_d.png", 4),
        ("ref", "e.md&f", 6),
    ]
    assert [text[link.start : link.end] for link in links] == ["a b.md", "c\\_d.png", "e.md&amp;f"]


@given(TEXTS, st.sampled_from(["A.md", "D/A.md"]))
def test_any_target_is_read(text: str, document: str) -> None:
    for target in (text, *(link.target for link in Document(text).links)):
        to = goal(document, target)
        assert to is None or (to.path and not to.path.startswith("/"))
