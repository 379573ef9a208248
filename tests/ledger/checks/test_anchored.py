"""Places in code that documents name."""

from __future__ import annotations

import pytest

from tests.ledger.checks.project import Project, clean

NOTES = "NOTES.md"
SHAPES = '''"""Shapes."""
import functools

SIDES = {
    "triangle": 3,
}


class Shape:
    @property
    def sides(self):
        return 0

    @functools.cache
    def area(self):
        return 1.0


def draw(shape):
    return shape
'''


def with_notes(text: str, path: str = NOTES) -> Project:
    """A project with one more document, and a file of code that it may speak of."""
    project = clean().written("src/shapes.py", SHAPES).written("src/tool", "x\n").written("src/empty.py", "")
    project.written(path, f"{text}\n\n## Keywords\n- notes\n")
    return project.replaced("CONDUCTOR.md", "6. [Plan]", f"7. [Notes]({path})\n6. [Plan]")


def codes(text: str, path: str = NOTES) -> list[tuple[str, int | None]]:
    found = with_notes(text, path).findings()
    assert {one.path for one in found} <= {path}
    return [(one.code, one.line) for one in found]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("`src/shapes.py:9-16` - `Shape`", None),
        ("`src/shapes.py:8-16` - `Shape`", "anchor-stale"),
        ("`src/shapes.py:9-15` - `Shape`", "anchor-stale"),
        ("`src/shapes.py:14-16` - `Shape.area` from its decorator on", None),
        ("`src/shapes.py:15-16` - `Shape.area`", "anchor-stale"),
        ("`src/shapes.py:10-12` - `Shape.sides`", None),
        ("`src/shapes.py:4-6` - `SIDES`", None),
        ("`src/shapes.py:4` - `SIDES`", "anchor-stale"),
        ("`src/shapes.py:9-16` - `Circle`", "anchor-no-symbol"),
        ("`src/shapes.py:14-16` - `area`", "anchor-no-symbol"),
        ("`src/shapes.py:19-20`", None),
        ("`src/shapes.py:20`", None),
        ("`src/shapes.py:20-21`", "anchor-range"),
        ("`src/shapes.py:21`", "anchor-range"),
        ("`src/shapes.py:5-4`", "anchor-range"),
        ('`src/shapes.py:19` - "def draw"', None),
        ('`src/shapes.py:19-20` - "def draw"', None),
        ('`src/shapes.py:19-21` - "def draw"', "anchor-range"),
        ('`src/shapes.py:18` - "def draw"', "anchor-stale"),
        ('`src/shapes.py:19` - "def paint"', "anchor-no-symbol"),
        ("`src/forms.py:1-2`", "anchor-no-file"),
        ("`src/forms.py:1` - `Form`", "anchor-no-file"),
        ("`src/forms.py:1`", "anchor-no-file"),
        ("`src/forms:1-2`", "anchor-no-file"),
        ("`src/tool:1`", None),
        ("`src/tool:2`", "anchor-range"),
        ("**Shape**: `src/shapes.py:9-16` - `Shape` what is drawn", None),
        ("see `src/shapes.py:9-16` - `Shape`, and `src/shapes.py:19-20` - `draw`.", None),
        ("``the form is `src/forms.py:1-2` `` and so on", None),
        ("<!-- `src/forms.py:1-2` -->", None),
        ("the server answers at `localhost:8080`, `127.0.0.1:80` and `api.example.org:443`", None),
        ("the image is `nvidia/cuda:12`", None),
        ("src/shapes.py (20 lines)", None),
        ("`src/shapes.py` (20 lines)", None),
        ("[`src/shapes.py`](src/shapes.py) (20 lines)", None),
        ("src/shapes.py (21 lines)", "filelen-stale"),
        ("`src/shapes.py` (19 lines)", "filelen-stale"),
        ("[shapes](src/shapes.py), src/shapes.py (1,020 lines)", "filelen-stale"),
        ("src/forms.py (21 lines)", None),
        ("src/empty.py (0 lines), src/tool (1 line)", None),
        ("src/empty.py (1 line)", "filelen-stale"),
        ("the loop (3 lines) and others, e.g. (12 lines)", None),
    ],
)
def test_a_line_of_a_document(line: str, code: str | None) -> None:
    assert codes(f"# Notes\n\n{line}") == ([(code, 3)] if code else [])


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("- **Shape (Lines 9-16)** what is drawn <!-- #shape -->", None),
        ("- **Shape (Lines 10-16)** what is drawn", "anchor-stale"),
        ("**`Shape` (lines 9–16)**", None),
        ("**`Shape` (lines 9–15)**", "anchor-stale"),
        ("**SIDES (Lines: 4 - 6)** and **draw() (Lines 19 to 20)**", None),
        ("**draw() (Lines 19 to 21)**", "anchor-stale"),
        ("**Shape.area (Lines 14-16)**", None),
        ("**Circle (Lines 9-16)**", "anchor-no-symbol"),
        ("**What is drawn (Lines 9-16)**", None),
        ("**What is drawn (Lines 9-21)**", "anchor-range"),
        ("**The last line (Line 20)**", None),
        ("**The last line (Line 21)**", "anchor-range"),
    ],
)
def test_bold_names_are_of_the_file_that_the_heading_names(line: str, code: str | None) -> None:
    for heading in (
        "#### `src/shapes.py` structure <!-- #x -->",
        "## Shapes, in `src/shapes.py`",
        "## `src/shapes.py`\n### All",
    ):
        at = 3 + heading.count("\n")
        assert codes(f"# Notes\n{heading}\n{line}") == ([(code, at)] if code else [])


def test_bold_names_below_no_file_are_words() -> None:
    assert codes("# Notes\n\n## `src/shapes.py`\n\n## Others\n- **Shape (Lines 1-2)**\n") == []
    assert codes("- **Shape (Lines 1-2)** before any heading") == []
    assert codes("# `src/shapes.py`\n- **Shape (Lines 1-2)** below the first heading") == [("anchor-stale", 2)]
    assert codes("# Notes\n## src/shapes.py\n- **Shape (Lines 1-2)**") == []
    assert codes("# Notes\n## `Shape.area`\n- **Shape (Lines 1-2)**") == []
    assert codes("# Notes\n## `src/forms.py`\n- **Shape (Lines 1-2)**") == [("anchor-no-file", 3)]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("class Shape: ...  # lines 9-16", None),
        ("class Shape { /* lines 9-16 */ }    // <!-- #shape -->", None),
        ("class Shape: ...  # lines 9-15", "anchor-stale"),
        ("def draw: ...  # Lines 19–20", None),
        ("async def draw(shape): ...  # lines 18-20", "anchor-stale"),
        ("function draw() {}  // lines 18-20", "anchor-stale"),
        ("def paint: ...  # lines 19-20", "anchor-no-symbol"),
        ("draw: ...  # lines 1-2", None),
        ("# def draw: ...  lines 1-2", None),
        ("def draw: ...", None),
        ("`src/shapes.py:900-950` - `Shape`", None),
        ("**Shape (Lines 1-2)**", None),
        ("src/shapes.py (1 lines)", None),
        ("class Shape:\n    def area: ...  # lines 14-16", None),
        ("class Shape:\n    def area: ...  # lines 15-16", "anchor-stale"),
        ("class Circle:\n    def draw: ...  # lines 19-20", None),
    ],
)
def test_definitions_in_a_fence(line: str, code: str | None) -> None:
    for marks in ("```", "~~~~", "\\```"):
        found = codes(f"# Notes\n## `src/shapes.py`\n{marks}python\n{line}\n{marks}\n")
        assert found == ([(code, 4 + line.count("\n"))] if code else [])
    assert codes(f"# Notes\n\n```python\n{line}\n```\n") == []


@pytest.mark.parametrize(
    "path", ["JOURNAL_ARCHIVE/2026-08.md", "TASKS_ARCHIVE/2026-08/TASK-2026-08-03-001.md", "activity/notes.md"]
)
def test_history_said_what_was_true_then(path: str) -> None:
    said = "\n`start.sh:1-99` - `serve`, start.sh (7 lines)\n"
    text = f"# Journal\n\n## Summary\nNone.\n{said}" if path.startswith("JOURNAL") else clean().text(path) + said
    assert clean().written(path, text).found() == set()
    assert clean().added("JOURNAL.md", said).found() == set()
    assert {code for code, *_ in clean().added("ARCHITECTURE.md", said).found()} == {"anchor-stale", "filelen-stale"}


def test_a_path_may_be_meant_from_the_document_that_names_it() -> None:
    assert codes("# Notes\n\n`shapes.py:9-16` - `Shape`", "src/NOTES.md") == []
    assert codes("# Notes\n\n`shapes.py:9-15` - `Shape`", "src/NOTES.md") == [("anchor-stale", 3)]
    both = with_notes("# Notes\n\n`start.sh:16-19` - `serve`", "src/NOTES.md").written("src/start.sh", "other\n")
    assert both.found() == set()


def test_two_anchors_of_a_line_are_mended_together() -> None:
    line = "`src/shapes.py:1-2` - `Shape` and `src/shapes.py:3` - `draw`; **Circle**: `src/shapes.py:1` - `Circle`"
    found = with_notes(f"# Notes\n\n{line}").findings()
    assert [one.code for one in found] == ["anchor-no-symbol", "anchor-stale", "anchor-stale"]
    after = line.replace("1-2", "9-16").replace("py:3", "py:19-20")
    patches = {one.patch.after for one in found if one.patch}
    assert patches == {(after,)}


def test_what_is_at_two_places_is_not_chosen_between() -> None:
    project = with_notes("# Notes\n\n`src/shapes.py:1-2` - `draw`").written(
        "src/shapes.py", f"{SHAPES}\n\ndef draw():\n    pass\n"
    )
    (found,) = project.findings()
    assert (found.code, found.patch) == ("anchor-stale", None)


def test_a_mend_names_the_lines() -> None:
    found = with_notes("# Notes\n## `src/shapes.py`\n- **Shape (Lines 1-2)**\n\n`src/shapes.py:1` - `draw`").findings()
    assert [one.mend for one in found] == ["write lines 9-16", "write `src/shapes.py:19-20` - `draw`"]


def test_one_line_is_called_a_line() -> None:
    project = with_notes("`src/shapes.py:1-2` - `Shape` and `src/small.py:2` - `SMALL`")
    project.written("src/small.py", "SMALL = 1\n\n")
    assert {one.message for one in project.findings()} == {
        "Shape is at lines 9-16 of src/shapes.py, and not at 1-2",
        "SMALL is at line 1 of src/small.py, and not at 2",
    }
