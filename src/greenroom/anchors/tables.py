"""How definitions begin, by language: what a line looks like that has one.

Each pattern is matched against a line without its indentation, and without what it quotes; group ``name`` is the name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# What a definition may hold, which decides what its inner lines may be.
TYPE, OBJECT, BLOCK, CODE = "type", "object", "block", "code"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One way to begin a definition.

    holds: TYPE, OBJECT, BLOCK or CODE.  margin: only at the left margin, in no other definition.  unnamed: what is in
    it has names, it has none itself.
    """

    begins: re.Pattern[str]
    holds: str = CODE
    margin: bool = False
    unnamed: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A language. quotes: how it quotes, as masks.py calls it.  opens, closes: its brackets.

    cases: where it closes none that the same line opens, a round bracket behind words ends a pattern, as in ``case``.
    members: patterns of the first level within a definition that holds so.  flat: names are those of the whole file,
    wherever they stand.  offside: deeper lines go on with what was begun.  decorated: what stands above a definition
    and belongs to it.
    """

    quotes: str
    patterns: tuple[Pattern, ...]
    members: dict[str, tuple[Pattern, ...]]
    opens: str = "{(["
    closes: str = "})]"
    cases: bool = False
    flat: bool = False
    offside: bool = True
    decorated: re.Pattern[str] | None = None


_NAME = r"(?P<name>[\w$]+)"
_EXPORT = r"(?:export\s+)?(?:default\s+)?(?:declare\s+)?"
_VALUE = r"(?:async\b|function\b|class\b|\{|\(|[\w$]+\s*=>)"
_MODIFIERS = (
    r"(?:(?:public|private|protected|static|readonly|override|abstract|async|accessor|declare|get|set)\s+"
    r"(?=[\w$#*\[]))*"
)
_SCRIPT = Table(
    "script",
    (
        Pattern(re.compile(rf"{_EXPORT}(?:async\s+)?function\b\s*\*?\s*{_NAME}")),
        Pattern(re.compile(rf"{_EXPORT}(?:abstract\s+)?(?:class|interface)\s+(?!extends\b){_NAME}"), TYPE),
        Pattern(re.compile(rf"{_EXPORT}(?:const\s+)?enum\s+{_NAME}")),
        Pattern(re.compile(rf"{_EXPORT}(?:namespace|module)\s+(?P<name>[\w$.]+)")),
        Pattern(re.compile(rf"{_EXPORT}type\s+{_NAME}\s*(?:[<=]|$)"), OBJECT),
        Pattern(re.compile(rf"{_EXPORT}(?:const|let|var)\s+{_NAME}"), OBJECT),
        Pattern(
            re.compile(
                r"export\s+(?P<name>default)\s+"
                r"(?:(?:async\s+)?function\b\s*\*?\s*\(|class\s*(?:\{|extends\b)|\{|\[|(?:async\s*)?\(|[\w$]+\s*=>|[\w$.]+\()"
            ),
            OBJECT,
        ),
        Pattern(re.compile(rf"(?!this\.)(?P<name>[\w$]+(?:\.[\w$]+)+)\s*=\s*{_VALUE}"), OBJECT, margin=True),
    ),
    {
        TYPE: (Pattern(re.compile(rf"{_MODIFIERS}\*?\s*(?P<name>#?[\w$]+)\s*[?!]?\s*(?:[(<:=;]|$)"), OBJECT),),
        OBJECT: (
            Pattern(
                re.compile(rf"(?:(?:async|get|set|readonly)\s+(?=[\w$*\[]))*\*?\s*{_NAME}\s*\??(?:[(:]|<.*\()"), OBJECT
            ),
        ),
    },
    decorated=re.compile(r"@[\w$.]+"),
)
_GO = Table(
    "go",
    (
        Pattern(
            re.compile(r"func\s+(?:\(\s*(?:\w+\s+)?\*?\s*(?P<type>\w+)\s*(?:\[[^\]]*\])?\s*\)\s*)?(?P<name>\w+)"),
            margin=True,
        ),
        Pattern(re.compile(r"(?:type|var|const)\s*(?P<name>)\($"), BLOCK, margin=True, unnamed=True),
        Pattern(re.compile(r"(?:type|var|const)\s+(?P<name>\w+(?:\s*,\s*\w+)*)"), margin=True),
    ),
    {BLOCK: (Pattern(re.compile(r"(?P<name>\w+(?:\s*,\s*\w+)*)")),)},
)
_SHELL = Table(
    "shell",
    (
        Pattern(re.compile(r"(?:function\s+)?(?P<name>[\w:.+@%/-]+)\s*\(\s*\)")),
        Pattern(re.compile(r"function\s+(?P<name>[^\s(){}]+)\s*(?:[{(]|$)")),
        Pattern(
            re.compile(
                r"(?:(?:export|readonly|declare|typeset|local)\s+(?:-\w+\s+)*)?(?P<name>[A-Za-z_]\w*)="
                r"(?:[^\s(]*\(.*|\S*\s*(?:[;&].*)?)$"
            ),
            margin=True,
        ),
    ),
    {},
    opens="{(",
    closes="})",
    cases=True,
    flat=True,
    offside=False,
)
_PUBLIC = r"(?:pub(?:\([^)]*\))?\s+)?"
_RUST = Table(
    "rust",
    (
        Pattern(re.compile(rf"{_PUBLIC}(?:(?:default|async|const|unsafe|extern(?:\s+\S+)?)\s+)*fn\s+{_NAME}")),
        Pattern(re.compile(rf"{_PUBLIC}(?:unsafe\s+)?(?:struct|enum|union|trait|mod|type)\s+{_NAME}")),
        Pattern(re.compile(rf"{_PUBLIC}(?:static(?:\s+mut)?|const)\s+(?!fn\b|unsafe\b){_NAME}\s*:")),
        Pattern(re.compile(rf"macro_rules!\s*{_NAME}")),
        Pattern(
            re.compile(rf"(?:unsafe\s+)?impl(?:<[^{{]*>)?\s+(?:[\w:<>&', ]+\sfor\s+)?(?:\w++::)*{_NAME}"), unnamed=True
        ),
    ),
    {},
    decorated=re.compile(r"#!?\["),
)
_C = Table(
    "c",
    (
        Pattern(re.compile(r"#\s*define\s+(?P<name>\w+)"), margin=True),
        Pattern(
            re.compile(
                r"(?:typedef\s+)?(?:struct|class|enum(?:\s+class)?|union)\s+(?P<name>\w+)\s*(?:final\b\s*)?[:{]?[^;()]*$"
            )
        ),
        Pattern(re.compile(r"namespace\s+(?P<name>\w+)")),
        Pattern(
            re.compile(
                r"(?!(?:return|else|if|for|while|switch|case|goto|using|typedef|new|delete|throw)\b)"
                r"(?:[A-Za-z_][\w \t*&:<>,]*?)?(?<!\w)(?P<name>(?:\w++::)*~?\w++)\s*\([^;]*$"
            ),
            margin=True,
        ),
    ),
    {},
)
TABLES = {
    "javascript": _SCRIPT,
    "typescript": _SCRIPT,
    "tsx": _SCRIPT,
    "go": _GO,
    "shell": _SHELL,
    "rust": _RUST,
    "c": _C,
}
