"""Anchors: the symbol is the truth, the lines are a cache of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.anchors import Anchor, Span, anchors_in, look, moved, symbol_spans, text_spans

PYTHON = """import functools

LIMIT = (
    3
)


class Sequence:
    PAD: int = 6

    @functools.cache
    @property
    def ranges(self):
        return []


if LIMIT:

    async def resume(): ...
else:

    def resume(): ...
"""
SHELL = """#!/bin/sh
say() {
    printf '%s\\n' "$1"
}

function serve
{
    say "serving"
}
short() { echo; }
"""
SCRIPT = """export async function load(a) {
  return a
}
export default class Page {
  draw() {}
}
const names = [
  1,
];
const one = 1
"""
GO = """func (s *Server) Start(ctx context.Context) error {
	return nil
}
type Server struct {
}
"""
DOCKERFILE = """FROM debian:12-slim AS base
RUN true

FROM base AS app
USER nobody

"""
CONFIGURE = """write() {
    cat <<END
{
}
END
}
"""
STYLE = """.page {
  color: red;
}
.button { color: blue; }
"""
FILES = {
    "a.py": PYTHON, "start.sh": SHELL, "page.mjs": SCRIPT, "main.go": GO, "Dockerfile": DOCKERFILE,
    "bin/configure": CONFIGURE, "page.css": STYLE,
}  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "symbol", "spans"),
    [
        ("a.py", "LIMIT", ["3-5"]),
        ("a.py", "Sequence", ["8-14"]),
        ("a.py", "Sequence.PAD", ["9"]),
        ("a.py", "Sequence.ranges", ["11-14"]),
        ("a.py", "resume", ["19", "22"]),
        ("a.py", "ranges", []),
        ("start.sh", "say", ["2-4"]),
        ("start.sh", "serve", ["6-9"]),
        ("start.sh", "short", ["10"]),
        ("start.sh", "printf", []),
        ("page.mjs", "load", ["1-3"]),
        ("page.mjs", "Page", ["4-6"]),
        ("page.mjs", "names", ["7-9"]),
        ("page.mjs", "one", ["10"]),
        ("main.go", "Start", ["1-3"]),
        ("main.go", "Server", ["4-5"]),
        ("Dockerfile", "base", ["1-2"]),
        ("Dockerfile", "app", ["4-5"]),
    ],
)
def test_a_symbol_spans_its_definition(path: str, symbol: str, spans: list[str]) -> None:
    assert [str(span) for span in symbol_spans(path, FILES[path], symbol)] == spans


def test_an_anchor_is_read_with_its_label_symbol_and_text() -> None:
    line = '**Core**: `a/b.py:3-9` - `X.y` does it; see `c.sh:4` - "say", and `Dockerfile:1`'
    assert anchors_in(line, 7) == (
        Anchor("a/b.py", Span(3, 9), "X.y", None, "Core"),
        Anchor("c.sh", Span(4, 4), None, "say"),
        Anchor("Dockerfile", Span(1, 1)),
    )
    assert {anchor.line for anchor in anchors_in(line, 7)} == {7}


@pytest.mark.parametrize("text", ["`localhost:8188`", "`127.0.0.1:80`", "`python:3`", "a.py:3", "`12:30`"])
def test_hosts_images_and_times_are_no_anchors(text: str) -> None:
    assert anchors_in(text) == ()


@pytest.mark.parametrize(
    ("written", "code", "mend"),
    [
        ("`a.py:8-14` - `Sequence`", None, ""),
        ("`a.py:22` - `resume`", None, ""),
        ("`a.py:8-13` - `Sequence`", "anchor-stale", "write `a.py:8-14` - `Sequence`"),
        ("`a.py:900-901` - `resume`", "anchor-stale", "choose one of them"),
        ("`a.py:12-14` - `Sequence.range`", "anchor-no-symbol", "did you mean Sequence.ranges?"),
        ("`b.py:1` - `x`", "anchor-no-file", "name the file"),
        ("`a.py:22`", None, ""),
        ("`a.py:23`", "anchor-range", "lines that it has"),
        ("`a.py:5-4`", "anchor-range", "lines that it has"),
        ("`a.py:0`", "anchor-range", "lines that it has"),
        ("`a.py:0-4`", "anchor-range", "lines that it has"),
        ('`Dockerfile:4-5` - "FROM base"', None, ""),
        ('`Dockerfile:4-99` - "FROM base"', "anchor-range", "lines that it has"),
        ('`Dockerfile:3-4` - "FROM base"', "anchor-stale", 'write `Dockerfile:4-5` - "FROM base"'),
        ('`Dockerfile:3-4` - "FROM alpine"', "anchor-no-symbol", "took its place"),
    ],
)
def test_what_is_wrong_with_an_anchor(root: Path, written: str, code: str | None, mend: str) -> None:
    (anchor,) = anchors_in(written, 5)
    finding = look(anchor, root, "PLAN.md")
    assert (finding and finding.code) == code
    if finding:
        assert mend in finding.mend
        assert finding.place == "PLAN.md:5"


@pytest.mark.parametrize(
    ("written", "code", "mend"),
    [
        # To its end, or to the first brace at the margin, as whoever has no parser counts.
        ("`bin/configure:1-6` - `write`", None, ""),
        ("`bin/configure:1-4` - `write`", None, ""),
        ("`bin/configure:1-5` - `write`", "anchor-stale", "write `bin/configure:1-6` - `write`"),
        # Of a language that nobody reads here, a symbol is a word like any other.
        ("`page.css:1-3` - `.page`", None, ""),
        ("`page.css:1-9` - `.page`", "anchor-range", "lines that it has"),
        ("`page.css:2-3` - `.button`", "anchor-stale", "write `page.css:4-5` - `.button`"),
        ("`page.css:1` - `.link`", "anchor-no-symbol", "took its place"),
        ("`page.mjs:4-6` - `Pages`", "anchor-no-symbol", "did you mean Page?"),
        ("`main.go:1-2` - `Server.Start`", "anchor-stale", "write `main.go:1-3` - `Server.Start`"),
    ],
)
def test_ends_that_differ_and_languages_that_are_not_read(
    root: Path, written: str, code: str | None, mend: str
) -> None:
    (anchor,) = anchors_in(written)
    finding = look(anchor, root)
    assert (finding and finding.code) == code
    assert finding is None or mend in finding.mend


def test_where_an_anchor_has_moved_to_is_one_place_or_none() -> None:
    shown = {
        "`a.py:1` - `Sequence`": "8-14",
        "`a.py:1` - `resume`": "None",
        "`a.py:1` - `gone`": "None",
        "`a.py:1`": "None",
    }
    assert {written: str(moved(anchors_in(written)[0], PYTHON)) for written in shown} == shown


def test_a_device_is_no_file_and_is_not_read(root: Path) -> None:
    finding = look(anchors_in("`/dev/zero:1`")[0], root)
    assert finding is not None
    assert finding.code == "anchor-no-file"


def test_what_python_would_warn_of_is_not_said(root: Path) -> None:
    """Warnings are errors here, and would take the symbol away."""
    (root / "old.py").write_text('def f():\n    return "\\d" is 1\n')
    assert look(anchors_in("`old.py:1-2` - `f`")[0], root) is None


def test_what_is_no_python_has_no_symbols(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"def x(:\n\xff\x00")
    (anchor,) = anchors_in("`a.py:1` - `x`")
    finding = look(anchor, tmp_path)
    assert finding is not None
    assert finding.code == "anchor-no-symbol"


_word = st.text("abcXYZ_", min_size=1)


@settings(max_examples=50)
@given(
    st.lists(
        st.builds(
            Anchor,
            _word.map("{}.py".format),
            st.builds(Span, st.integers(1, 10**8), st.integers(1, 10**8)),
            st.none() | _word,
            st.none(),
            st.none() | _word,
        )
        | st.builds(Anchor, _word.map("d/{}".format), st.builds(Span, st.just(4), st.just(9)), st.none(), _word),
        max_size=3,
    )
)
def test_what_is_written_is_read_again(anchors: list[Anchor]) -> None:
    assert anchors_in(", ".join(map(str, anchors))) == tuple(anchors)


@given(st.text())
def test_any_text_is_looked_through(text: str) -> None:
    for path in ("a.py", "a.sh", "a.ts", "a.go", "Dockerfile"):
        for span in [*symbol_spans(path, text, "a"), *text_spans(text, "a")]:
            assert 1 <= span.first <= span.last <= text.count("\n") + 1
