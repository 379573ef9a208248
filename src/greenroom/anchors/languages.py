"""What a file defines and where, in whatever language it is written."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from greenroom.anchors import margins, python, sections, trees
from greenroom.anchors.spans import Definition, Span
from greenroom.anchors.tables import TABLES
from greenroom.errors import closest

if TYPE_CHECKING:
    from collections.abc import Iterable

_SUFFIXES = {
    **dict.fromkeys(("py", "pyi"), "python"),
    **dict.fromkeys(("sh", "bash", "zsh", "ksh", "bats"), "shell"),
    **dict.fromkeys(("js", "mjs", "cjs", "jsx"), "javascript"),
    **dict.fromkeys(("ts", "mts", "cts"), "typescript"),
    "tsx": "tsx", "go": "go", "rs": "rust",
    **dict.fromkeys(("c", "h", "cc", "cpp", "cxx", "hh", "hpp", "cu", "cuh"), "c"),
    "mk": "make", "toml": "toml", "yml": "yaml", "yaml": "yaml", "dockerfile": "dockerfile",
}  # fmt: skip
_NAMES = re.compile(r"(?P<dockerfile>(?:Dockerfile|Containerfile)(?:[.\-_].*)?)|(?P<make>(?:GNUm|M|m)akefile)")
_SHEBANG = re.compile(
    r"#!\s*\S*?(?:/env\s+(?:-\S+\s+)*)?(?P<name>python|node|deno|bun|(?:ba|da|k|z|a)?sh)[\d.]*(?:\s|$)"
)
_SECTIONS = {"dockerfile": sections.stages, "make": sections.targets, "toml": sections.tables, "yaml": sections.keys}
# These a document may call by the last part of their names: a method of Go, a stage in any case.
_SHORT = {"go", "rust", "c"}
_MARGIN = re.compile(r"\}[;,)]*\s*$")


def language_of(path: str, text: str) -> str | None:
    """What a file is written in; None for what is not known here."""
    name = path.rpartition("/")[2]
    if found := _NAMES.fullmatch(name):
        return found.lastgroup
    suffix = name.rpartition(".")[2].lower() if "." in name.lstrip(".") else ""
    if suffix:
        return _SUFFIXES.get(suffix)
    if found := _SHEBANG.match(text):
        program = found["name"]
        return {"python": "python", "node": "javascript", "deno": "typescript", "bun": "typescript"}.get(
            program, "shell"
        )
    return None if text.startswith("#!") else "shell"


def definitions(path: str, text: str) -> tuple[Definition, ...]:
    """What a file defines, by its full names, in order; empty for a language that is not known."""
    language = language_of(path, text)
    return _read(language, text) if language else ()


@lru_cache(maxsize=64)  # documents name the same files again and again
def _read(language: str, text: str) -> tuple[Definition, ...]:
    if language == "python":
        found: Iterable[Definition] = python.definitions(text)
    elif language in _SECTIONS:
        found = _SECTIONS[language](text)
    else:
        found = _code(language, text)
    return tuple(_settled(found))


def _code(language: str, text: str) -> list[Definition]:
    read = trees.definitions(language, text)
    if read is None:
        return margins.definitions(text, TABLES[language])
    found, whole = read
    if whole:
        return found
    # A grammar may not know what is new in its language: of what it has lost the table still sees some.
    known = {one.name for one in found}
    lost = [one for one in margins.definitions(text, TABLES[language]) if one.name not in known]
    return sorted([*found, *lost], key=lambda one: (one.span.first, -one.span.last))


def _settled(found: Iterable[Definition]) -> list[Definition]:
    """Each once, and with a body where there is one."""
    once = dict.fromkeys(found)
    whole = {one.name for one in once if not one.announced}
    return [one for one in once if not one.announced or one.name not in whole]


def symbol_spans(path: str, text: str, symbol: str) -> list[Span]:
    """Where a file defines a symbol, such as ``Class.method``; a method of Go also by its own name alone."""
    language = language_of(path, text)
    if language is None:
        return []
    name, known = _plain(symbol), _read(language, text)
    if language == "dockerfile":
        return [one.span for one in known if one.name.lower() == name.lower()]
    found = [one.span for one in known if one.name == name or _alias(one.name) == name]
    if not found and language in _SHORT:
        found = [one.span for one in known if one.name.rpartition(".")[2] == name]
    return list(dict.fromkeys(found))


def symbols(path: str, text: str) -> list[str]:
    """What a file defines, by its full names."""
    return list(dict.fromkeys(one.name for one in definitions(path, text)))


def enclosing(path: str, text: str, span: Span) -> Definition | None:
    """The innermost definition that holds all of these lines."""
    around = [one for one in definitions(path, text) if one.span.holds(span)]
    return min(around, key=lambda one: one.span.last - one.span.first, default=None)


def meant(symbol: str, known: Iterable[str]) -> str | None:
    """The known symbol that one was probably meant to be: first of all one whose last part it is."""
    known = list(known)
    name = _plain(symbol)
    ending = [one for one in known if one.endswith(f".{name.rpartition('.')[2]}")]
    return ending[0] if len(ending) == 1 else closest(name, known)


def margin_spans(path: str, text: str, spans: Iterable[Span]) -> list[Span]:
    """The same definitions as whoever has no parser counts them: to the first brace alone at the left margin."""
    if language_of(path, text) not in ("shell", "javascript", "typescript", "tsx", "go"):
        return []
    lines = text.split("\n")
    found = []
    for span in spans:
        behind = range(span.first + 1, span.last)  # a brace that is further down is none of its own
        last = next((number for number in behind if _MARGIN.match(lines[number - 1])), None)
        if last is not None and not lines[span.first - 1][:1].isspace():
            found.append(Span(span.first, last))
    return found


def text_spans(text: str, beginning: str, more: int = 0) -> list[Span]:
    """The lines that begin with a text, indented or not; each with so many more behind it."""
    return [
        Span(number, number + more)
        for number, line in enumerate(text.split("\n"), 1)
        if line.startswith(beginning) or line.lstrip().startswith(beginning)
    ]


def word_spans(text: str, word: str, more: int = 0) -> list[Span]:
    """The lines that hold a word, likewise."""
    held = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
    return [Span(number, number + more) for number, line in enumerate(text.split("\n"), 1) if held.search(line)]


def _plain(symbol: str) -> str:
    """A symbol without what people write around its name: ``run()``, ``(*Server).Start``, ``Type::new``."""
    name = symbol.strip().removesuffix("()").replace("::", ".")
    return re.sub(r"^\(\*?(?:\w+ \*?)?(\w+)\)\s*\.?\s*", r"\1.", name)


def _alias(name: str) -> str:
    """What a module or a prototype gives away, as others call it."""
    return name.removeprefix("module.").removeprefix("exports.").replace(".prototype.", ".")
