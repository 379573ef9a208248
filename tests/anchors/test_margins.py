"""Definitions by how code is laid out: as tree-sitter has them, for code that is well-formed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.anchors import margins, trees
from greenroom.anchors.languages import symbol_spans
from greenroom.anchors.spans import Span
from greenroom.anchors.tables import TABLES
from tests.anchors.samples import GO, SCRIPT, SHELL, TYPED

SAMPLES = {"javascript": SCRIPT, "typescript": TYPED, "go": GO, "shell": SHELL}
SUFFIXES = {"javascript": "js", "typescript": "ts", "tsx": "tsx", "go": "go", "shell": "sh", "python": "py"}


def by_tree(language: str, text: str) -> set[tuple[str, Span]]:
    read = trees.definitions(language, text)
    assert read is not None
    assert read[1], "the sample is not well-formed"
    return {(one.name, one.span) for one in read[0]}


def by_table(language: str, text: str) -> set[tuple[str, Span]]:
    return {(one.name, one.span) for one in margins.definitions(text, TABLES[language])}


@pytest.mark.parametrize("language", SAMPLES)
def test_both_ways_agree_on_samples(language: str) -> None:
    assert by_table(language, SAMPLES[language]) == by_tree(language, SAMPLES[language])


@dataclass(frozen=True)
class Part:
    """A piece of a file. name: what it defines, or nothing. Its name stands as NAME in the text."""

    text: str
    defines: bool = True


SCRIPT_PARTS = [
    Part("function NAME(a) {\n  if (a) {\n    return `}\n}`;\n  }\n}"),
    Part("export async function NAME(\n  a,\n  b,\n) {\n  await b;\n}"),
    Part("class NAME extends Base {\n  go() {\n    return 1;\n  }\n\n  x = 1;\n}"),
    Part("const NAME = (a) => {\n  return a;\n};"),
    Part("export const NAME = useCallback(() => {\n  go();\n}, [a]);"),
    Part("const NAME = [\n  1,\n];"),
    Part("let NAME = 'don\\'t {';"),
    Part("const NAME =\n  one ||\n  two;"),
    Part("// { not open\n", False),
    Part("/* {\n}\n*/", False),
    Part("go({\n  a: 1,\n});", False),
    Part("if (a) {\n  go();\n} else {\n  stop();\n}", False),
]
TYPED_PARTS = [
    *SCRIPT_PARTS,
    Part("export interface NAME {\n  a: string;\n}"),
    Part("type NAME =\n  | 'a'\n  | 'b';"),
    Part("enum NAME {\n  A,\n}"),
    Part("@Thing({\n  a: 1,\n})\nexport class NAME {\n  @In() b: string;\n}"),
]
GO_PARTS = [
    Part("func NAME(a int) error {\n\tif a > 1 {\n\t\treturn nil\n\t}\n\treturn `}\n`\n}"),
    Part("func NAME(a int,\n\tb int) {\n}"),
    Part("type NAME struct {\n\ta int\n}"),
    Part("type NAME interface {\n\tDo() error\n}"),
    Part('var NAME = map[string]int{\n\t"}": 1,\n}'),
    Part("const NAME = '{'"),
    Part("var (\n\tNAME = 1\n)"),
    Part("// {", False),
]
SHELL_PARTS = [
    Part('NAME() {\n    echo "}"\n}'),
    Part("function NAME {\n    cat <<EOF\nx {\nEOF\n}"),
    Part('NAME()\n{\n    case "$1" in\n        a) echo 1 ;;\n    esac\n}'),
    Part("NAME() { echo 1; }"),
    Part('export NAME="a\nb"'),
    Part("NAME=(\n    a\n    b\n)"),
    Part("# {", False),
    Part("if true; then\n    echo 1\nfi", False),
]
PYTHON_PARTS = [
    Part("@cache\n@other(\n    1,\n)\ndef NAME(a):\n    return 1"),
    Part("class NAME:\n    x = 1\n\n    def go(self):\n        return '''\n}'''"),
    Part("NAME = [\n    1,\n]"),
    Part("async def NAME(): ..."),
    Part("# {", False),
    Part("if True:\n    pass", False),
]
PARTS = {
    "javascript": SCRIPT_PARTS, "typescript": TYPED_PARTS, "tsx": TYPED_PARTS, "go": GO_PARTS, "shell": SHELL_PARTS,
    "python": PYTHON_PARTS,
}  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> tuple[str, str, dict[str, Span]]:
    """A language, a file in it, and where it defines what."""
    language = draw(st.sampled_from(sorted(PARTS)))
    lines: list[str] = ["package a", ""] if language == "go" else []
    where: dict[str, Span] = {}
    for number, part in enumerate(draw(st.lists(st.sampled_from(PARTS[language]), max_size=8))):
        name = f"name{number}"
        text = part.text.replace("NAME", name).split("\n")
        begin, end = len(lines) + 1, len(lines) + len(text)
        if part.text.startswith("var (") and part.defines:
            begin, end = begin + 1, end - 1
        if part.defines:
            where[name] = Span(begin, end)
        lines += [*text, *[""] * draw(st.integers(0, 2))]
    return language, "\n".join([*lines, ""]), where


@settings(max_examples=200, deadline=None)
@given(files())
def test_whatever_was_moved_is_found(made: tuple[str, str, dict[str, Span]]) -> None:
    """With a parser and without one, and at no other place."""
    language, text, where = made
    found = {name: symbol_spans(f"a.{SUFFIXES[language]}", text, name) for name in where}
    assert found == {name: [span] for name, span in where.items()}
    if language != "python":
        assert by_table(language, text) == by_tree(language, text)


@settings(max_examples=60, deadline=None)
@given(files())
def test_ends_of_lines_make_no_difference(made: tuple[str, str, dict[str, Span]]) -> None:
    language, text, where = made
    windows = text.replace("\n", "\r\n")
    for name, span in where.items():
        assert symbol_spans(f"a.{SUFFIXES[language]}", windows, name) == [span]
