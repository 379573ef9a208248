"""The Python file that starts: a handler that nobody starts, packages that nobody installs."""

from __future__ import annotations

import ast
import posixpath
import sys
import warnings
from typing import TYPE_CHECKING

from greenroom.diagnose.base import base
from greenroom.diagnose.saying import error, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.held import HeldFile
    from greenroom.diagnose.recipe import Built, Recipe
    from greenroom.findings import Finding

# By the name that is imported, the packages of which one brings it. Only those that nothing else brings along.
_BRINGS: dict[str, frozenset[str]] = {
    **{name: frozenset({name}) for name in ("runpod", "gradio", "flask", "torch", "diffusers", "boto3", "streamlit")},
    "fastapi": frozenset({"fastapi", "gradio", "dbos"}),
    "cv2": frozenset(
        {"opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless"}
    ),
    "soundfile": frozenset({"soundfile", "librosa"}),
}


def files(recipe: Recipe) -> Iterator[Finding]:
    """The first Python file of each image."""
    for built in recipe.images:
        file = built.start.file if built.start is not None else None
        if built.start is None or file is None or file.lines is None or not built.start.wanted.endswith(".py"):
            file = _called(built)
        if file is None or file.lines is None:
            continue
        text = "\n".join(line for line, _ in file.lines)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(text)
        except SyntaxError as wrong:
            line = min(max(wrong.lineno or 1, 1), len(file.lines))
            yield error(
                "python-unreadable",
                file.lines[line - 1][1],
                f"{file.path} is no Python: {wrong.msg}",
                "mend its syntax",
            )
            continue
        except (ValueError, RecursionError, MemoryError):
            continue
        yield from _handler(file, tree)
        yield from _imports(built, file, tree)


def _called(built: Built) -> HeldFile | None:
    """The Python file that a start script runs last."""
    for text in built.texts:
        if text.kind != "start":
            continue
        folder = built.image.final.workdir
        last = None
        for command in text.commands:
            if command.name == "cd" and len(command.words) > 1:
                folder = posixpath.normpath(posixpath.join(folder, command.words[1]))
            if command.program in ("python", "python3") and (
                script := next((word for word in command.plain[1:] if word.endswith(".py")), None)
            ):
                last = built.files.get(posixpath.join(folder, script)) or last
        if last is not None:
            return last
    return None


def _handler(file: HeldFile, tree: ast.Module) -> Iterator[Finding]:
    """A RunPod worker without ``runpod.serverless.start``: it ends as soon as it is read."""
    lines = file.lines or []
    imported = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Import) and any(name.name.split(".")[0] == "runpod" for name in node.names)
    ]
    imported_from = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "runpod"
    ]
    handlers = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "handler" in node.name.lower()
    ]
    if not (imported or imported_from) or not handlers:
        return
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    starts = [call for call in calls if _name(call.func).endswith("serverless.start") or _name(call.func) == "start"]
    if not starts:
        place = lines[handlers[0].lineno - 1][1]
        yield error(
            "handler-never-starts",
            place,
            f"nothing gives {handlers[0].name} to the platform: the worker ends, and no job is ever taken",
            f'runpod.serverless.start({{"handler": {handlers[0].name}}})',
        )
        return
    names = {handler.name for handler in handlers}
    for call in starts:
        for value in call.args:
            if isinstance(value, ast.Dict):
                for key, given in zip(value.keys, value.values, strict=False):
                    if (
                        isinstance(key, ast.Constant)
                        and key.value == "handler"
                        and isinstance(given, ast.Call)
                        and _name(given.func) in names
                    ):
                        place = lines[given.lineno - 1][1]
                        yield error(
                            "handler-called",
                            place,
                            f"{_name(given.func)}() is called when the worker starts, and its result is given as the "
                            "handler",
                            f'"handler": {_name(given.func)}',
                        )


def _name(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    return ".".join(reversed(parts))


def _imports(built: Built, file: HeldFile, tree: ast.Module) -> Iterator[Finding]:
    """Packages that are imported at once and that no install brings."""
    known = base(built.image.final.root)
    if known.lacks is None:
        return
    names = {one.name for installed in built.installs for one in installed.install.requirements}
    opaque = any(
        command.program in ("poetry", "pdm", "conda", "mamba", "micromamba", "pipenv", "git")
        or command.plain[:2] in (("uv", "sync"), ("uv", "add"))
        or any(word in (".", "-e") for word in command.plain)
        for text in built.texts
        for command in text.commands
    )
    opaque = opaque or any(one.url for installed in built.installs for one in installed.install.requirements)
    opaque = opaque or any(
        "-r" in installed.install.command.words and not installed.install.requirements for installed in built.installs
    )
    packages = any(
        "python3-" in word
        for step in built.image.final.all_steps
        for command in step.commands
        for word in command.words
    )
    copied = any(step.instruction.flags.get("from") for step in built.image.final.all_steps)
    if opaque or copied:
        return
    beside = {posixpath.basename(path).removesuffix(".py") for path in built.files.files} | {
        part for path in built.files.files for part in path.split("/")
    }
    for node in tree.body:
        for name in _names(node):
            if name in sys.stdlib_module_names or name in beside or name == "__future__":
                continue
            brings = _BRINGS.get(name)
            place = (file.lines or [])[node.lineno - 1][1]
            if not names and not packages:
                yield error(
                    "module-missing",
                    place,
                    f"{name} is imported, and nothing is installed: No module named {name!r}",
                    f"pip install {name}",
                )
            elif (
                brings is not None and not brings & names and name in ("runpod", "streamlit", "flask") and not packages
            ):
                yield error(
                    "module-missing",
                    place,
                    f"{name} is imported, and no install brings it: No module named {name!r}",
                    f"pip install {min(brings)}",
                )
            elif brings is not None and not brings & names and not packages:
                yield warning(
                    "module-missing",
                    place,
                    f"{name} is imported, and no install names it",
                    f"pip install {min(brings)}",
                )


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name.split(".")[0] for name in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module.split(".")[0]]
    return []
