"""ComfyUI as its nodes see it: the modules that they import, and the contract that it holds them to.

Facts: ComfyUI's ``nodes.py`` (load_custom_node), ``server.py`` (node_info), ``execution.py`` (validate_inputs) and
``comfy_api``, read in 2026.
"""

from __future__ import annotations

import importlib.util
import inspect
import io
import json
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).parents[2] / "integrations" / "comfyui"
NAME = "greenroom_comfyui"
# What ComfyUI itself puts on a wire, as far as these nodes could use it.
TYPES = frozenset({"STRING", "INT", "FLOAT", "BOOLEAN", "AUDIO", "IMAGE", "MASK", "VIDEO", "LATENT"})
WIDGETS: Mapping[str, type | tuple[type, ...]] = {"STRING": str, "INT": int, "FLOAT": (int, float), "BOOLEAN": bool}
GROUPS = ("required", "optional", "hidden")


class Interrupted(Exception):
    """What ComfyUI raises in the midst of a node when the user stops the workflow."""


class ComfyUI:
    """The parts that nodes import. interrupt: after how many looks the user stops; None for never."""

    def __init__(self) -> None:
        self.interrupt: int | None = None
        self.shown: list[tuple[int, int]] = []

    def look(self) -> None:
        if self.interrupt is not None:
            self.interrupt -= 1
            if self.interrupt < 0:
                raise Interrupted


class Video:
    """VIDEO of comfy_api: opened from a path or a file, saved to either."""

    def __init__(self, file: io.BytesIO) -> None:
        self._content = file.getvalue()

    def save_to(self, path: io.BytesIO) -> None:
        path.write(self._content)


@pytest.fixture
def comfyui(monkeypatch: pytest.MonkeyPatch) -> ComfyUI:
    """Its modules, importable."""
    running = ComfyUI()

    class ProgressBar:
        def __init__(self, total: int) -> None:
            self.total = total

        def update_absolute(self, value: int, total: int | None = None, preview: object = None) -> None:
            running.shown.append((value, total or self.total))

    made: dict[str, dict[str, object]] = {
        "comfy": {"__path__": []},
        "comfy.utils": {"ProgressBar": ProgressBar},
        "comfy.model_management": {"throw_exception_if_processing_interrupted": running.look},
        "comfy_api": {"__path__": []},
        "comfy_api.input_impl": {"VideoFromFile": Video},
    }
    for name, content in made.items():
        module = types.ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return running


@pytest.fixture
def package() -> Iterator[Any]:
    """The nodes, loaded as ComfyUI loads a folder of custom_nodes: by path, under a name of its own."""
    spec = importlib.util.spec_from_file_location(
        NAME, PACKAGE / "__init__.py", submodule_search_locations=[str(PACKAGE)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module
    spec.loader.exec_module(module)
    yield module
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]


def faults(package: Any) -> list[str]:
    """Where a package of nodes does not hold to ComfyUI's contract, in words; empty where it does."""
    nodes = getattr(package, "NODE_CLASS_MAPPINGS", None)
    if not isinstance(nodes, dict) or not nodes:
        return ["NODE_CLASS_MAPPINGS is no dict of nodes"]
    found = [f"{name} has a display name, and is no node" for name in package.NODE_DISPLAY_NAME_MAPPINGS.keys() - nodes]
    for name, node in nodes.items():
        found += [f"{name}: {fault}" for fault in _faults_of(node)]
    return found


def _faults_of(node: Any) -> Iterator[str]:
    inputs: dict[str, dict[str, Any]] = node.INPUT_TYPES()
    json.dumps(inputs)  # node_info sends it to the browser
    for group in inputs.keys() - set(GROUPS):
        yield f"INPUT_TYPES has the unknown group {group}"
    for group in GROUPS[:2]:
        for name, said in inputs.get(group, {}).items():
            yield from _faults_of_input(name, said)
    returned = node.RETURN_TYPES
    if not isinstance(returned, tuple) or not set(returned) <= TYPES:
        yield f"RETURN_TYPES {returned!r} is no tuple of types"
    if len(getattr(node, "RETURN_NAMES", returned)) != len(returned):
        yield "RETURN_NAMES are not as many as RETURN_TYPES"
    if not isinstance(node.CATEGORY, str) or not node.CATEGORY:
        yield "CATEGORY is missing"
    names = {name for group in inputs.values() for name in group}
    yield from _faults_of_function(getattr(node, node.FUNCTION, None), names, inputs.get("required", {}).keys())
    for optional in ("VALIDATE_INPUTS", "IS_CHANGED"):
        looked = getattr(node, optional, None)
        if looked is not None and not set(inspect.signature(looked).parameters) <= names | {"input_types"}:
            yield f"{optional} asks for inputs that there are not"


def _faults_of_input(name: str, said: Any) -> Iterator[str]:
    if not isinstance(said, tuple) or not 1 <= len(said) <= 2:
        yield f"{name} is no tuple of a type and options"
        return
    kind, options = said[0], said[1] if len(said) > 1 else {}
    if isinstance(kind, list):
        if not kind or not all(isinstance(choice, str) for choice in kind):
            yield f"{name} is a choice of nothing"
    elif kind not in TYPES:
        yield f"{name} has the unknown type {kind!r}"
    elif kind in WIDGETS and "default" in options and not isinstance(options["default"], WIDGETS[kind]):
        yield f"{name} has a default of another type"
    if "min" in options and not options["min"] <= options["default"] <= options["max"]:
        yield f"{name} has a default out of its bounds"


def _faults_of_function(function: Any, names: set[str], required: Any) -> Iterator[str]:
    if function is None:
        yield "FUNCTION names no method"
        return
    parameters = dict(list(inspect.signature(function).parameters.items())[1:])  # without self
    takes_any = any(one.kind is one.VAR_KEYWORD for one in parameters.values())
    if not takes_any and names - parameters.keys():
        yield f"its method does not take {sorted(names - parameters.keys())}"
    must = {
        name for name, one in parameters.items() if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD
    }
    if must - set(required):
        yield f"its method must have {sorted(must - set(required))}, which are not required"
