"""Reads shell into a flat list of commands, each with its line and what stands around it.

The grammar is tree-sitter's, which never fails: of a script with a mistake in it the rest is still read.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from greenroom.diagnose.command import Command, Redirect, unquoted
from greenroom.errors import ExtraMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Parser

# tree-sitter's trees are walked with a stack of our own; nesting beyond this is nobody's script.
_DEEPEST = 200
_BODIES = {"if_statement": "if", "elif_clause": "if", "else_clause": "if", "while_statement": "loop",
           "for_statement": "loop", "c_style_for_statement": "loop", "case_statement": "case", "case_item": "case",
           "subshell": "subshell", "function_definition": "function", "command_substitution": "substitution",
           "process_substitution": "substitution", "negated_command": "negated"}  # fmt: skip


_SUBSTITUTED = re.compile(rb"[$<>]\(|`")
_SIMPLE = ("command", "test_command", "declaration_command")


@dataclass(slots=True)
class _Walk:
    source: bytes
    first: int
    commands: list[Command] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)


class Script:
    """A text of shell. It is read when somebody asks for more than its words: most scripts of a folder never are.

    text: as it stands.  first: the line on which its first line stands.
    """

    def __init__(self, text: str, first: int = 1) -> None:
        self.text = text
        self.first = first

    def names(self, *words: str) -> bool:
        """Whether any of these stands in it, in whatever place."""
        return any(word in self.text for word in words)

    @property
    def commands(self) -> tuple[Command, ...]:
        """All of its commands, in order."""
        return self._read[0]

    @property
    def functions(self) -> tuple[str, ...]:
        """The names of the functions that it makes."""
        return self._read[1]

    @functools.cached_property
    def broken(self) -> tuple[int, ...]:
        """The lines on which it is no shell that bash would take."""
        return tuple(_errors(self._root, self.first)) if self._root.has_error else ()

    @functools.cached_property
    def _root(self) -> Node:
        return _parser().parse(self.text.encode("utf-8", errors="replace")).root_node

    @functools.cached_property
    def _read(self) -> tuple[tuple[Command, ...], tuple[str, ...]]:
        walk = _Walk(self.text.encode("utf-8", errors="replace"), self.first)
        _visit(self._root, walk, (), 0)
        walk.commands.sort(key=lambda command: command.line)
        return tuple(walk.commands), tuple(walk.functions)


@functools.lru_cache(maxsize=1024)
def parse(text: str, first: int = 1) -> Script:
    """Shell, each text once. first: the line on which its first line stands."""
    return Script(text, first)


@functools.cache
def _parser() -> Parser:
    try:
        import tree_sitter
        import tree_sitter_bash
    except ImportError as error:
        raise ExtraMissing("the reader of build recipes", "ship") from error
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def _errors(root: Node, first: int) -> Iterator[int]:
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if node.is_error or node.is_missing:
            yield first + node.start_point[0]
        elif node.has_error:
            nodes += reversed(node.children)


def _visit(node: Node, walk: _Walk, around: tuple[str, ...], depth: int) -> None:
    if depth > _DEEPEST:
        return
    kind = node.type
    if kind in ("command", "test_command", "declaration_command", "unset_command", "variable_assignment",
                "variable_assignments", "redirected_statement"):  # fmt: skip
        _statement(node, walk, around, depth)
        return
    if kind == "function_definition" and (name := node.child_by_field_name("name")) is not None:
        walk.functions.append(_text(name, walk))
    inside = (*around, _BODIES[kind]) if kind in _BODIES else around
    begin = len(walk.commands)
    condition = kind in ("if_statement", "elif_clause", "while_statement")
    for child in node.children:
        if condition and child.type in ("then", "do_group"):
            condition = False
        if child.child_count == 0:
            continue  # a mere word or operator
        _visit(child, walk, (*inside, "condition") if condition else inside, depth + 1)
    if kind == "compound_statement" and _is_word(node) and walk.commands[begin:] and walk.commands[begin].words:
        # tree-sitter reads a group where a shell reads the name of a program: {curl.
        first = walk.commands[begin]
        words, raw = (f"{{{first.words[0]}", *first.words[1:]), (f"{{{first.raw[0]}", *first.raw[1:])
        walk.commands[begin] = replace(first, words=words, raw=raw)


def _is_word(group: Node) -> bool:
    """Whether a brace has no space behind it, and so begins no group."""
    if group.child_count < 2:
        return False
    brace, inner = group.children[:2]
    return brace.type == "{" and inner.type == "command" and inner.start_byte == brace.end_byte


@dataclass(slots=True)
class _Plumbing:
    """What stands around a command: redirects, the document that it reads, commands behind ``<<EOF`` on its line.

    words: of the command, behind a redirect.
    """

    redirects: tuple[Redirect, ...] = ()
    document: tuple[tuple[str, int], ...] = ()
    literal: bool = True
    behind: tuple[Node, ...] = ()
    words: tuple[Node, ...] = ()


def _statement(node: Node, walk: _Walk, around: tuple[str, ...], depth: int) -> None:
    """A command with its redirects, or a compound one whose parts all have them."""
    plumbing, body = _Plumbing(), node
    if node.type == "redirected_statement":
        plumbing = _plumbing(node, walk)
        body = node.child_by_field_name("body") or node
    if body.type in ("list", "pipeline", "negated_command") or (body is not node and body.type not in _SIMPLE):
        begin = len(walk.commands)
        _visit(body, walk, around, depth + 1)
        if body.type in ("list", "pipeline", "negated_command"):
            begin = max(begin, len(walk.commands) - 1)  # they belong to the last of them alone
            if plumbing.words and walk.commands:
                raw = tuple(_text(word, walk) for word in plumbing.words)
                last = walk.commands[-1]
                rows = tuple(walk.first + word.start_point[0] for word in plumbing.words)
                words = (*last.words, *map(unquoted, raw))
                walk.commands[-1] = replace(last, words=words, raw=(*last.raw, *raw), rows=(*last.rows, *rows))
        _share(walk, begin, plumbing)
    else:
        walk.commands.append(_command(body, walk, around, node, plumbing))
        nested = (body is not node or node.type != "redirected_statement") and _SUBSTITUTED.search(
            walk.source, body.start_byte, body.end_byte
        )
        for child in _descendants(body) if nested else ():
            if child.type in ("command_substitution", "process_substitution"):
                _visit(child, walk, around, depth + 1)
    for child in plumbing.behind:
        _visit(child, walk, around, depth + 1)


def _plumbing(node: Node, walk: _Walk) -> _Plumbing:
    redirects: list[Redirect] = []
    found = _Plumbing()
    for child in node.children:
        if child.type == "file_redirect":
            redirects.append(_redirect(child, walk))
            found.words += tuple(child.children_by_field_name("destination")[1:])
        elif child.type == "heredoc_redirect":
            found.document, found.literal, more = _document(child, walk)
            redirects += more
            found.behind += tuple(inner for inner in child.children if inner.type in ("pipeline", "list", "command"))
    found.redirects = tuple(redirects)
    return found


def _share(walk: _Walk, begin: int, plumbing: _Plumbing) -> None:
    """Give the redirects of a group to all of its commands. All write into one file: only the first may empty it."""
    redirects = plumbing.redirects
    for index in range(begin, len(walk.commands)):
        command = walk.commands[index]
        walk.commands[index] = replace(
            command,
            redirects=(*command.redirects, *redirects),
            document=command.document or plumbing.document,
            literal=command.literal if command.document else plumbing.literal,
        )
        redirects = tuple(
            replace(one, operator=one.operator.replace(">>", ">").replace(">", ">>")) for one in redirects
        )


def _command(node: Node, walk: _Walk, around: tuple[str, ...], outer: Node, plumbing: _Plumbing) -> Command:
    raw: list[str] = []
    rows: list[int] = []
    assigned: list[tuple[str, str]] = []
    own: list[Redirect] = []
    if node.type == "variable_assignment":
        assigned.append(_assignment(node, walk))
    elif node.type == "test_command":
        raw = _test_words(_text(node, walk))
        rows = [node.start_point[0]] * len(raw)
    else:
        for child in node.children:
            kind = child.type
            if kind == "variable_assignment":
                assigned.append(_assignment(child, walk))
                if node.type == "declaration_command":
                    raw.append(_text(child, walk))
                    rows.append(child.start_point[0])
            elif kind == "file_redirect":
                own.append(_redirect(child, walk))
            elif kind in {"herestring_redirect", "heredoc_redirect"}:
                continue
            else:
                raw.append(_text(child, walk))
                rows.append(child.start_point[0])
        for word in plumbing.words:
            raw.append(_text(word, walk))
            rows.append(word.start_point[0])
    before, after = _operators(outer)
    return Command(
        words=tuple(unquoted(word) for word in raw),
        raw=tuple(raw),
        line=walk.first + (rows[0] if rows else node.start_point[0]),
        last=walk.first + node.end_point[0],
        rows=tuple(walk.first + row for row in rows),
        assigned=tuple(assigned),
        redirects=(*own, *plumbing.redirects),
        before=before,
        after=after,
        around=around,
        document=plumbing.document,
        literal=plumbing.literal,
    )


def _operators(node: Node) -> tuple[str, str]:
    """The operators beside a command, seen through the lists and pipes that it begins or ends."""
    return _beside(node, "prev_sibling"), _beside(node, "next_sibling")


def _beside(node: Node, side: str) -> str:
    """The operator at one side; a negation or a pipe that the command begins or ends is seen through."""
    for _ in range(_DEEPEST):
        sibling = getattr(node, side)
        if sibling is not None and sibling.type not in ("file_redirect", "heredoc_redirect", "herestring_redirect"):
            return sibling.type if sibling.type in ("&&", "||", "|", "|&", ";", "&", ";;") else ""
        if node.parent is None or node.parent.type not in (
            "list",
            "pipeline",
            "redirected_statement",
            "negated_command",
        ):
            return ""
        node = node.parent
    return ""


def _redirect(node: Node, walk: _Walk) -> Redirect:
    text = _text(node, walk)
    if further := node.children_by_field_name("destination")[1:]:  # words of the command
        text = walk.source[node.start_byte : further[0].start_byte].decode("utf-8", errors="replace").rstrip()
    found = re.match(r"(\d*|&)(>>|>\||>&|<&|>|<)\s*(.*)", text, re.DOTALL)
    if found is None:
        return Redirect(text, "")
    number = found[1] if found[1] != "1" else ""
    return Redirect(number + found[2].replace(">|", ">"), unquoted(found[3]))


def _document(node: Node, walk: _Walk) -> tuple[tuple[tuple[str, int], ...], bool, list[Redirect]]:
    lines: tuple[tuple[str, int], ...] = ()
    literal, more = False, []
    dash = _text(node, walk).startswith("<<-")
    for child in node.children:
        if child.type == "heredoc_start":
            literal = _text(child, walk)[:1] in "'\"\\"
        elif child.type == "heredoc_body":
            row = walk.first + child.start_point[0]
            text = _text(child, walk).removesuffix("\n")
            lines = tuple(
                (line.lstrip("\t") if dash else line, row + index) for index, line in enumerate(text.split("\n"))
            )
        elif child.type == "file_redirect":
            more.append(_redirect(child, walk))
    return lines, literal, more


def _assignment(node: Node, walk: _Walk) -> tuple[str, str]:
    name, _, value = _text(node, walk).partition("=")
    return name.removesuffix("+"), unquoted(value)


def _text(node: Node, walk: _Walk) -> str:
    return walk.source[node.start_byte : node.end_byte].decode("utf-8", errors="replace")


def _descendants(node: Node) -> Iterator[Node]:
    """What is inside, but for what is inside a substitution."""
    nodes = list(node.children)
    while nodes:
        one = nodes.pop()
        yield one
        if one.type not in ("command_substitution", "process_substitution"):
            nodes += one.children


def _test_words(text: str) -> list[str]:
    return re.findall(r"\"(?:\\.|[^\"\\])*\"|'[^']*'|\$\([^)]*\)|[^\s\"']+", text)
