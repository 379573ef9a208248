"""What a Python file defines: classes, functions, methods and variables."""

from __future__ import annotations

import ast
import warnings
from typing import TYPE_CHECKING

from greenroom.anchors.spans import Definition, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def definitions(text: str) -> list[Definition]:
    """All definitions with their spans, decorators included; empty for what is no Python."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of that file, and not of the document
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return list(_defined(tree.body, ""))


def _defined(body: Iterable[ast.stmt], within: str) -> Iterator[Definition]:
    for node in body:
        last = node.end_lineno or node.lineno
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                yield Definition(f"{within}{node.name}", Span(first, last))
                yield from _defined(node.body, f"{within}{node.name}.")
            case ast.Assign(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        yield Definition(f"{within}{target.id}", Span(node.lineno, last))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield Definition(f"{within}{name}", Span(node.lineno, last))
            case ast.If() | ast.Try() | ast.With():
                for part in ("body", "handlers", "orelse", "finalbody"):
                    for inner in getattr(node, part, ()):
                        yield from _defined(inner.body if isinstance(inner, ast.ExceptHandler) else [inner], within)
