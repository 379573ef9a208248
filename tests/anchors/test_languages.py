"""Where each language defines what, with a parser and without one."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.anchors import languages, trees
from greenroom.anchors.languages import (
    definitions,
    enclosing,
    language_of,
    margin_spans,
    meant,
    symbol_spans,
    symbols,
)
from greenroom.anchors.spans import Span
from tests.anchors.samples import DOCKERFILE, GO, MAKE, RUST, SCRIPT, SHELL, TOML, TYPED, YAML, C


@pytest.fixture(params=["tree", "table"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Both ways of reading; nothing is remembered from one to the other."""
    languages._read.cache_clear()
    if request.param == "table":
        monkeypatch.setattr(trees, "reader_of", lambda language: None)
    yield str(request.param)
    languages._read.cache_clear()


@pytest.mark.parametrize(
    ("path", "text", "symbol", "spans"),
    [
        ("a.js", SCRIPT, "load", "4-9"),
        ("a.mjs", SCRIPT, "load.inner", "5-7"),
        ("a.cjs", SCRIPT, "Page", "11-36"),
        ("a.jsx", SCRIPT, "Page.#count", "12"),
        ("a.js", SCRIPT, "Page.size", "13"),
        ("a.js", SCRIPT, "Page.handle", "14-16"),
        ("a.js", SCRIPT, "Page.constructor", "18-23"),
        ("a.js", SCRIPT, "Page.draw", "25-29"),
        ("a.js", SCRIPT, "Page.draw.f", "26-28"),
        ("a.js", SCRIPT, "Page.width", "31-33"),
        ("a.js", SCRIPT, "Page.walk", "35"),
        ("a.js", SCRIPT, "names", "38-40"),
        ("a.js", SCRIPT, "add", "42"),
        ("a.js", SCRIPT, "run()", "43-45"),
        ("a.js", SCRIPT, "chain", "46-52"),
        ("a.js", SCRIPT, "config.nested.deep", "56"),
        ("a.js", SCRIPT, "config.start", "58-60"),
        ("a.js", SCRIPT, "gen", "62-64"),
        ("a.js", SCRIPT, "hidden", "67-69"),
        ("a.js", SCRIPT, "module.exports.other", "71-73"),
        ("a.js", SCRIPT, "other", "71-73"),
        ("a.js", SCRIPT, "Page.old", "74-76"),
        ("a.js", SCRIPT, "wide", "80-83"),
        ("a.js", SCRIPT, "View", "84-86"),
        ("a.js", SCRIPT, "i", ""),
        ("a.js", SCRIPT, "draw", ""),
        ("a.ts", TYPED, "Thing", "3-20"),
        ("a.ts", TYPED, "Thing.name", "11"),
        ("a.ts", TYPED, "Thing.go", "15-18"),
        ("a.mts", TYPED, "Options", "22-28"),
        ("a.ts", TYPED, "Options.deep.x", "26"),
        ("a.ts", TYPED, "Union", "29-31"),
        ("a.ts", TYPED, "Short", "32"),
        ("a.ts", TYPED, "Shape.x", "34"),
        ("a.ts", TYPED, "Colour", "36-38"),
        ("a.ts", TYPED, "Fast", "39-41"),
        ("a.ts", TYPED, "inside", "43"),
        ("a.ts", TYPED, "Space.within", "46"),
        ("a.ts", TYPED, "over", "50-52"),
        ("a.ts", TYPED, "table.a", "54"),
        ("a.ts", TYPED, "Base.run", "60"),
        ("a.ts", TYPED, "default", "62-67"),
        ("a.ts", TYPED, "default.data", "64-66"),
        ("a.go", GO, "Server", "8-10"),
        ("a.go", GO, "Small", "13"),
        ("a.go", GO, "Big", "14-16"),
        ("a.go", GO, "B", "23"),
        ("a.go", GO, "D", "24-25"),
        ("a.go", GO, "table", "29-31"),
        ("a.go", GO, "y", "35"),
        ("a.go", GO, "Server.Start", "37-42"),
        ("a.go", GO, "(*Server).Start", "37-42"),
        ("a.go", GO, "Start", "37-42"),
        ("a.go", GO, "List.Len", "44"),
        ("a.go", GO, "Map", "46-48"),
        ("a.go", GO, "Doer", "50-52"),
        ("a.bash", SHELL, "PORT", "3"),
        ("a.sh", SHELL, "NAME", "4-6"),
        ("a.sh", SHELL, "LIST", "7-10"),
        ("a.sh", SHELL, "say", "11-16"),
        ("entrypoint", SHELL, "serve", "17-20"),
        ("a.sh", SHELL, "short", "21"),
        ("a.sh", SHELL, "write_config", "22-28"),
        ("a.sh", SHELL, "nested", "30-32"),
        ("a.sh", SHELL, "dashed-name", "34-36"),
        ("a.sh", SHELL, "sub", "38-40"),
        ("a.sh", SHELL, "outer", ""),
    ],
)
def test_a_symbol_is_found_with_a_parser_and_without(way: str, path: str, text: str, symbol: str, spans: str) -> None:
    assert " ".join(map(str, symbol_spans(path, text, symbol))) == spans


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("Dockerfile", DOCKERFILE, {"base": "3-8", "Build": "10-13"}),
        ("docker/Dockerfile.runpod", DOCKERFILE, {"base": "3-8", "Build": "10-13"}),
        ("gpu.dockerfile", DOCKERFILE, {"base": "3-8", "Build": "10-13"}),
        (
            "Makefile",
            MAKE,
            {
                "NAME": "1", "FLAGS": "2-3", "KIND": "4", ".PHONY": "6", "all": "7", "build": "9-12", "test": "9-12",
                "%.o": "13-14",
            },
        ),
        (
            "pyproject.toml",
            TOML,
            {
                "top": "1", "project": "3-7", "project.name": "4", "project.parts": "5-7",
                "tool.lamps": "9-12", "tool.lamps.text": "10-12",
            },
        ),
        (
            "compose.yaml",
            YAML,
            {
                "services": "2-13", "services.web": "3-10", "services.web.image": "4", "services.web.command": "5-6",
                "services.web.ports": "7-10", "services.web.ports.port": "10", "services.other": "12-13",
                "services.other.image": "13", "version": "14",
            },
        ),
        (
            "lamp.rs",
            RUST,
            {
                "LIMIT": "3", "Lamp": "6-9", "Lamp.new": "12-15", "Flame.fmt": "19-21", "light": "24-28",
                "glow": "30-32",
            },
        ),
        (
            "lamp.cu",
            C,
            {"LIMIT": "2", "MANY": "3-4", "lamp": "6-8", "burn_all": "13-16", "kernel": "18-22", "Lamp.fill": "24-27"},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and "\n" not in value else "",
)  # fmt: skip
def test_what_is_read_without_a_parser(path: str, text: str, found: dict[str, str]) -> None:
    assert {one.name: str(one.span) for one in definitions(path, text)} == found


@pytest.mark.parametrize(
    ("path", "text", "language"),
    [
        ("a/b.py", "", "python"),
        ("run", "#!/usr/bin/env python3\n", "python"),
        ("run", "#!/usr/bin/env -S node --x\n", "javascript"),
        ("run", "#!/bin/bash -e\n", "shell"),
        ("run", "#!/bin/sh\n", "shell"),
        ("run", "#!/usr/bin/perl\n", None),
        ("run", "say() {\n}\n", "shell"),
        (".profile", "", "shell"),
        ("Containerfile", "", "dockerfile"),
        ("Dockerfile.py", "", "dockerfile"),
        ("Dockerfiles.md", "", None),
        ("GNUmakefile", "", "make"),
        ("a.tsx", "", "tsx"),
        ("a.css", "", None),
    ],
)
def test_the_language_of_a_file(path: str, text: str, language: str | None) -> None:
    assert language_of(path, text) == language


def test_a_stage_may_be_written_in_any_case() -> None:
    assert symbol_spans("Dockerfile", DOCKERFILE, "build") == [Span(10, 13)]


def test_type_and_method_of_rust_and_c_in_their_own_writing() -> None:
    assert symbol_spans("a.rs", RUST, "Lamp::new") == [Span(12, 15)]
    assert symbol_spans("a.cpp", C, "Lamp::fill") == symbol_spans("a.cpp", C, "fill") == [Span(24, 27)]


@pytest.mark.parametrize(
    ("path", "text", "symbol", "likely"),
    [
        ("a.js", SCRIPT, "Page.drawn", "Page.draw"),
        ("a.js", SCRIPT, "draw", "Page.draw"),
        ("a.ts", TYPED, "Optoins", "Options"),
        ("a.go", GO, "Server.Strat", "Server.Start"),
        ("a.sh", SHELL, "write_confg", "write_config"),
        ("Dockerfile", DOCKERFILE, "bild", "Build"),
        ("a.py", "class Shape:\n    def area(self): ...\n", "area", "Shape.area"),
        ("a.sh", SHELL, "zzz", None),
    ],
)
def test_what_was_probably_meant(way: str, path: str, text: str, symbol: str, likely: str | None) -> None:
    assert meant(symbol, symbols(path, text)) == likely


def test_the_innermost_definition_around_lines(way: str) -> None:
    found = enclosing("a.js", SCRIPT, Span(27, 27))
    assert found is not None
    assert (found.name, str(found.span)) == ("Page.draw.f", "26-28")
    assert enclosing("a.js", SCRIPT, Span(9, 12)) is None


def test_a_brace_at_the_margin_within_something_quoted(way: str) -> None:
    """The documents of those who have no parser end there; both are taken."""
    exact = symbol_spans("a.sh", SHELL, "write_config")
    assert margin_spans("a.sh", SHELL, exact) == [Span(22, 26)]
    assert margin_spans("a.sh", SHELL, symbol_spans("a.sh", SHELL, "short")) == []


def test_what_a_grammar_does_not_know_is_looked_for_by_its_looks() -> None:
    text = "function one() {\n}\nfunction @@@ {\n\nexport function two() {\n  return 1;\n}\n"
    read = trees.definitions("javascript", text)
    assert read is not None
    assert not read[1]
    assert {"one", "two"} <= set(symbols("a.js", text))


def test_without_a_grammar_nothing_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(trees._GRAMMARS, "go", ("tree_sitter_of_nobody", "language", ""))
    monkeypatch.setitem(trees._GRAMMARS, "shell", ("tree_sitter_bash", "language", "(no_such_node) @defined"))
    trees.reader_of.cache_clear()
    try:
        assert trees.definitions("go", GO) is None
        assert trees.definitions("shell", SHELL) is None
    finally:
        trees.reader_of.cache_clear()


_SUFFIXES = ("py", "sh", "js", "ts", "tsx", "go", "rs", "c", "toml", "yml", "x")
_PATHS = ("Dockerfile", "Makefile", *(f"a.{suffix}" for suffix in _SUFFIXES))
_pieces = st.sampled_from(
    [
        "function a() {", "class a {", "const a = {", "a() {", "`", "${", "}", "{", "'", '"', "/*", "*/", "//", "#",
        "<<A", "A", "\\", "\n", "\n", "\n  ", "=", "(", ")", "/", "[a]", "a:", "a:\n  - b", "@a", "#[a]", "\0", "  |",
        "impl a for b {", "FROM a AS a", "func (a *b) c() {", "type (", "var a = 1", "export default ", "\x01", "\x02",
        "\t", "é", "\r\n",
    ]
)  # fmt: skip


def test_what_is_never_closed_takes_no_time() -> None:
    units = {
        "a.js": ("const a = (\n", "class a {\n", "/*", "`${", "const a = \\\n"), "a.sh": ("cat <<A\n", "a() { \\\n"),
        "a.c": ("int a(\n", "a " * 100 + "(\n"), "Dockerfile": ("RUN <<A\n",), "a.toml": ("a = [\n",),
    }  # fmt: skip
    began = time.process_time()
    for path, beginnings in units.items():
        for unit in beginnings:
            definitions(path, unit * 4000)
    assert time.process_time() - began < 5


@settings(max_examples=150)
@given(st.lists(_pieces, max_size=30).map("".join) | st.text())
def test_any_text_is_read(text: str) -> None:
    for path in _PATHS:
        for one in definitions(path, text):
            assert 1 <= one.span.first <= one.span.last <= text.count("\n") + 1
        assert symbol_spans(path, text, text[:20]) is not None
