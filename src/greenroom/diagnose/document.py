"""Reads JSON and YAML into values that know their lines."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.errors import ExtraMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yaml.nodes import Node

    from greenroom.diagnose.source import SourceFile

# No file of a recipe is larger or deeper.
_MOST_VALUES = 100_000
_DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a document. line: where it begins.  scalar: its text, empty for lists and tables; tag: ``int``,
    ``str``, ``bool``, ``float``, ``null``, ``map`` or ``seq``."""

    line: int
    scalar: str
    tag: str
    entries: tuple[tuple[Value, Value], ...] = ()
    items: tuple[Value, ...] = ()

    def get(self, *names: str) -> Value | None:
        """The value below these keys, one inside the other; a number is the place in a list."""
        here: Value | None = self
        for name in names:
            here = None if here is None else here._one(name)
        return here

    def _one(self, name: str) -> Value | None:
        return next((value for key, value in self.entries if key.scalar == name), None)

    def key(self, name: str) -> Value | None:
        """A key as it stands, for its line."""
        return next((key for key, _ in self.entries if key.scalar == name), None)

    @property
    def number(self) -> float | None:
        """As a number, None where it is none."""
        if self.tag not in ("int", "float"):
            return None
        try:
            return float(self.scalar.replace("_", ""))
        except ValueError:
            return None

    @property
    def strings(self) -> tuple[str, ...]:
        """The texts of a list; of a single text that one."""
        return tuple(item.scalar for item in self.items) if self.tag == "seq" else (self.scalar,) * bool(self.scalar)

    def walk(self) -> Iterator[Value]:
        """This value and all below it."""
        waiting = [self]
        while waiting:
            one = waiting.pop()
            yield one
            waiting += [inner for pair in reversed(one.entries) for inner in reversed(pair)]
            waiting += reversed(one.items)


@dataclass(frozen=True, slots=True)
class Document:
    """A file and what it says; root is None where it could not be read, and then problem and line say why."""

    source: SourceFile
    root: Value | None
    problem: str = ""
    line: int = 1

    @property
    def path(self) -> str:
        """The file's path."""
        return self.source.path

    def get(self, *names: str) -> Value | None:
        """A value below the root."""
        return None if self.root is None else self.root.get(*names)


def read(source: SourceFile) -> Document:
    """Read a file by its name: ``.json`` as JSON, others as YAML."""
    try:
        import yaml
    except ImportError as error:
        raise ExtraMissing("the reader of build recipes", "ship") from error
    text = source.text
    if source.path.endswith(".json"):
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            return Document(source, None, f"it is no JSON: {error.msg}", error.lineno)
        except (ValueError, RecursionError):
            return Document(source, None, "it is no JSON that can be read")
        text = text.replace("\t", " ")  # JSON is YAML, but for tabs; inside its strings there are none
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(text, Loader=loader)
        return Document(source, None if node is None else _Reader().value(node, frozenset(), 0))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        return Document(source, None, f"it is no YAML: {error.problem or error.context or 'unreadable'}", line)
    except (yaml.YAMLError, RecursionError, ValueError):
        return Document(source, None, "it is no YAML that can be read")


class _Reader:
    """Makes values of nodes. Aliases that name one another could unfold to billions of them: there is a limit."""

    def __init__(self) -> None:
        self.left = _MOST_VALUES

    def value(self, node: Node, above: frozenset[int], depth: int) -> Value:
        """A node as a value. An alias of something around it, or nesting that nobody writes, ends there."""
        import yaml

        line, tag = node.start_mark.line + 1, node.tag.rsplit(":", 1)[-1]
        self.left -= 1
        if id(node) in above or depth > _DEEPEST or self.left < 0:
            return Value(line, "", "null")
        inside = above | {id(node)}
        if isinstance(node, yaml.MappingNode):
            pairs = tuple(
                (self.value(key, inside, depth + 1), self.value(value, inside, depth + 1)) for key, value in node.value
            )
            return Value(line, "", "map", _merged(pairs))
        if isinstance(node, yaml.SequenceNode):
            return Value(line, "", "seq", (), tuple(self.value(item, inside, depth + 1) for item in node.value))
        return Value(line, str(node.value), tag)


def _merged(pairs: tuple[tuple[Value, Value], ...]) -> tuple[tuple[Value, Value], ...]:
    """The entries of a map with those that ``<<`` brings; its own ones count first."""
    if not any(key.scalar == "<<" for key, _ in pairs):
        return pairs
    own = [(key, value) for key, value in pairs if key.scalar != "<<"]
    names = {key.scalar for key, _ in own}
    for key, value in pairs:
        for one in value.items or (value,) if key.scalar == "<<" else ():
            new = [(name, inner) for name, inner in one.entries if name.scalar not in names]
            own += new
            names |= {name.scalar for name, _ in new}
    return tuple(own)
