"""Python that runs pip and goes on when it has failed."""

from __future__ import annotations

import ast
import posixpath
import warnings
from typing import TYPE_CHECKING

from greenroom.diagnose.saying import warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.held import HeldFile
    from greenroom.diagnose.recipe import Built, Recipe
    from greenroom.findings import Finding

# What a handler may do about a failure: leave, hand it on, note it, try again.
_ANSWERS = (ast.Raise, ast.Return, ast.Break, ast.Continue, ast.Assign, ast.AugAssign)
_PRINTS = frozenset(["print", "warning", "warn", "error", "info", "debug", "exception", "log", "write", "flush"])


def installs(recipe: Recipe) -> Iterator[Finding]:
    """``except CalledProcessError`` around pip with nothing in it but words.

    A warning: the packages may be such that the rest does without.
    """
    for built in recipe.images:
        for file in _programs(built).values():
            yield from _file(file)


def _programs(built: Built) -> dict[str, HeldFile]:
    """The Python files that the build and the start run, by path."""
    found: dict[str, HeldFile] = {}
    if built.start is not None and built.start.file is not None and built.start.wanted.endswith(".py"):
        found[built.start.wanted] = built.start.file
    for text in built.texts:
        if text.kind not in ("run", "start"):
            continue
        workdir = text.step.workdir if text.step is not None else built.image.final.workdir
        for command in text.commands:
            if not command.program.startswith("python"):
                continue
            script = next((word for word in command.plain[1:] if word.endswith(".py")), "")
            file = built.files.get(posixpath.join(workdir, script)) if script else None
            if file is not None:
                found[file.path] = file
    return found


def _file(file: HeldFile) -> Iterator[Finding]:
    text = "\n".join(line for line, _ in file.lines or [])
    if "pip" not in text or "except" not in text or "subprocess" not in text:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # who reads the first program says so
    for node in nodes:
        if not isinstance(node, ast.Try) or not all(_only_prints(handler) for handler in node.handlers):
            continue
        calls = [
            call
            for statement in node.body
            for call in ast.walk(statement)
            if isinstance(call, ast.Call) and _installs(call)
        ]
        leaves = any(isinstance(one, ast.Break | ast.Return) for body in (node.body, node.orelse) for one in body)
        if node.handlers and calls and not leaves:
            yield warning(
                "install-failure-ignored",
                (file.lines or [])[calls[0].lineno - 1][1],
                "pip may fail and the program goes on: what is missing is found when it is imported",
                "raise behind the message, or say in the code which packages are optional",
            )


def _installs(node: ast.Call) -> bool:
    """Whether a call runs ``pip install``, and raises where that fails."""
    name = ast.unparse(node.func).rpartition(".")[2]
    checks = any(word.arg == "check" and ast.unparse(word.value) == "True" for word in node.keywords)
    if name not in ("check_call", "check_output") and not (name == "run" and checks):
        return False
    texts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    words = " ".join(texts).split()
    return "pip" in words and "install" in words


def _only_prints(handler: ast.ExceptHandler) -> bool:
    inside = [node for statement in handler.body for node in ast.walk(statement)]
    calls = [ast.unparse(node.func).rpartition(".")[2] for node in inside if isinstance(node, ast.Call)]
    return not any(isinstance(node, _ANSWERS) for node in inside) and set(calls) <= _PRINTS
