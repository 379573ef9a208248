"""Definitions as tree-sitter sees them: exact whatever the layout. Where it is not installed, tables are used."""

from __future__ import annotations

import functools
import importlib
import re
from typing import TYPE_CHECKING, NamedTuple

from greenroom.anchors.spans import Definition, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node, Parser, Query

_SCRIPT = """
[(function_declaration) (generator_function_declaration) (class_declaration) (method_definition)] @defined
(variable_declarator name: (identifier)) @defined
(pair key: (property_identifier)) @defined
(export_statement "default" value: (_)) @defined
(program (expression_statement (assignment_expression left: (member_expression)
  right: [(function_expression) (generator_function) (arrow_function) (class) (object)]) @defined))
"""
_TYPED = """
[(abstract_class_declaration) (interface_declaration) (type_alias_declaration) (enum_declaration) (internal_module)
 (module) (function_signature) (method_signature) (abstract_method_signature) (property_signature)
 (public_field_definition)] @defined
"""
_GO = """
(source_file [(function_declaration) (method_declaration)] @defined)
(source_file (type_declaration [(type_spec) (type_alias)] @defined))
(source_file (const_declaration (const_spec) @defined))
(source_file (var_declaration [(var_spec) (var_spec_list (var_spec))] @defined))
(source_file (var_declaration (var_spec_list (var_spec) @defined)))
"""
_SHELL = """
(function_definition) @defined
(program (variable_assignment) @defined)
(program (declaration_command (variable_assignment) @defined))
(program (variable_assignments (variable_assignment) @defined))
"""
# By language: the package of its grammar, the function that gives it, and what of it is a definition.
_GRAMMARS = {
    "javascript": ("tree_sitter_javascript", "language", f"{_SCRIPT}(field_definition) @defined"),
    "typescript": ("tree_sitter_typescript", "language_typescript", _SCRIPT + _TYPED),
    "tsx": ("tree_sitter_typescript", "language_tsx", _SCRIPT + _TYPED),
    "go": ("tree_sitter_go", "language", _GO),
    "shell": ("tree_sitter_bash", "language", _SHELL),
}
# What may stand around a definition on its lines, and belongs to it.
_AROUND = {
    "export_statement", "ambient_declaration", "lexical_declaration", "variable_declaration", "expression_statement",
    "declaration_command", "variable_assignments", "type_declaration", "const_declaration", "var_declaration",
    "var_spec_list",
}  # fmt: skip
# What may stand between a name and the braces of its members.
_BETWEEN = {"as_expression", "satisfies_expression", "parenthesized_expression", "type_annotation", "class", "object",
            "object_type", "interface_body", "class_body"}  # fmt: skip
_MEMBERS = {"method_definition", "pair", "field_definition", "public_field_definition", "method_signature",
            "abstract_method_signature", "property_signature"}  # fmt: skip
_LOOPS = {"for_statement", "for_in_statement"}
_NAME = re.compile(r"[^\s\"'\[\](){}]+")


class _Reader(NamedTuple):
    parser: Parser
    query: Query


def definitions(language: str, text: str) -> tuple[list[Definition], bool] | None:
    """The definitions of a text, and whether all of it was understood; None where that language cannot be read."""
    reader = reader_of(language)
    if reader is None:
        return None
    from tree_sitter import QueryCursor

    root = reader.parser.parse(text.encode("utf-8", "replace")).root_node
    nodes = QueryCursor(reader.query).captures(root).get("defined", [])
    nodes.sort(key=lambda node: (node.start_byte, -node.end_byte))
    return list(_defined(nodes, flat=language == "shell")), not root.has_error


@functools.cache
def reader_of(language: str) -> _Reader | None:
    """What reads a language, if its grammar is installed."""
    if language not in _GRAMMARS:
        return None
    package, function, asked = _GRAMMARS[language]
    try:
        import tree_sitter

        grammar = tree_sitter.Language(getattr(importlib.import_module(package), function)())
        return _Reader(tree_sitter.Parser(grammar), tree_sitter.Query(grammar, asked))
    except (ImportError, AttributeError, ValueError):  # absent, or of a version that we do not know: tables will do
        return None


def _defined(nodes: list[Node], *, flat: bool) -> Iterator[Definition]:
    around: list[tuple[int, str]] = []
    kept: set[int] = set()
    for node in nodes:
        while around and around[-1][0] <= node.start_byte:
            around.pop()
        if (node.type in _MEMBERS and not _is_of(node, kept)) or _is_of_loop(node):
            continue
        names = [name for name in _names(node) if _NAME.fullmatch(name) and name != "_"]
        within = f"{around[-1][1]}." if around and not flat else ""
        if names:
            kept.add(node.id)
            span = _span(node)
            announced = node.type == "function_signature" or (
                node.type == "method_signature" and node.parent is not None and node.parent.type == "class_body"
            )
            yield from (Definition(f"{within}{name}", span, announced) for name in names)
            around.append((node.end_byte, f"{within}{names[0]}"))


def _is_of(member: Node, kept: set[int]) -> bool:
    """Whether the type or object that a member is of has a name."""
    owner = member.parent
    while owner is not None and owner.type in _BETWEEN:
        owner = owner.parent
    return owner is not None and owner.id in kept


def _is_of_loop(node: Node) -> bool:
    declared = node.parent if node.type == "variable_declarator" else None
    return declared is not None and declared.parent is not None and declared.parent.type in _LOOPS


def _names(node: Node) -> list[str]:
    match node.type:
        case "export_statement":
            value = node.child_by_field_name("value")
            return ["default"] if value is not None and value.type != "identifier" else []
        case "assignment_expression":
            left = re.sub(r"\s", "", _text(node.child_by_field_name("left")))
            return [left] if not left.startswith("this.") else []
        case "variable_assignment":
            appended = any(child.type == "+=" for child in node.children)
            return [_text(node.child_by_field_name("name"))] if not appended else []
        case "method_declaration":
            receiver = re.search(r"(\w+)\s*(?:\[[^\]]*\])?\s*\)$", _text(node.child_by_field_name("receiver")))
            name = _text(node.child_by_field_name("name"))
            return [f"{receiver[1]}.{name}" if receiver else name]
        case _:
            fields = map(node.children_by_field_name, ("name", "property", "key"))
            return [_text(one) for one in next(filter(None, fields), ()) if one.is_named]


def _text(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def _span(node: Node) -> Span:
    outer, decorated = node, node
    while outer.parent is not None and outer.parent.type in _AROUND and not _is_block(outer.parent):
        outer = outer.parent
        decorated = outer
    while (above := decorated.prev_named_sibling) is not None and above.type == "decorator":
        decorated = above
    last, column = outer.end_point
    return Span(decorated.start_point[0] + 1, last if column == 0 and last > outer.start_point[0] else last + 1)


def _is_block(declared: Node) -> bool:
    """Whether a declaration holds several in brackets, each with lines of its own."""
    return any(child.type == "(" for child in declared.children)
