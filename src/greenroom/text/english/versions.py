"""Version numbers and network addresses: ``v1.2.3``, ``Python 3.11``, ``192.168.0.1``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.text.english.numerals import cardinal, digits, pairs
from greenroom.text.english.words import Said, word_set

if TYPE_CHECKING:
    from greenroom.text.english.words import Reading, Words

_VERSION = re.compile(
    r"(?P<v>[vV])?(?P<parts>\d{1,6}(?:\.\d{1,6})*)(?P<tag>[-.]?(?:rc|alpha|beta|a|b|dev|post)[-.]?\d{0,4})?"
)
_TWO_PARTS = re.compile(r"\d{1,3}\.\d{1,3}\+?")
_ADDRESS = re.compile(r"(?P<host>\d{1,3}(?:\.\d{1,3}){3})(?::(?P<port>\d{1,5}))?")
_TAGS = {"a": "alpha", "b": "beta", "rc": "R.C"}

# Names whose "3.11" is three point eleven.
_PRODUCTS = word_set("""
    android bash blender chrome clang cmake cuda cudnn debian diffusers django docker fedora ffmpeg firefox gcc glibc
    ios java julia kernel kubernetes linux llvm macos mypy nginx node numpy onnx openssl pip postgres postgresql python
    pytorch release ruby ruff rust sqlite swift tensorrt torch torchaudio torchvision transformers triton typescript
    ubuntu version wcag
    """)


def version(words: Words, at: int) -> Reading | None:
    """``v1.2.3 → version one point two point three``; three parts or more need no v."""
    match = _VERSION.fullmatch(words.core(at))
    if not match:
        return None
    parts = match["parts"].split(".")
    if not match["v"] and len(parts) < 3 and not (match["tag"] and len(parts) == 2):
        return None
    said_before = words.core(at - 1).lower() == "version"
    spoken = (*(("version",) if match["v"] and not said_before else ()), *_parts(parts), *_tag(match["tag"] or ""))
    return (Said(spoken),)


def product_version(words: Words, at: int) -> Reading | None:
    """``Python 3.11 → three point eleven``, ``Ubuntu 22.04 → twenty-two point zero four``."""
    core = words.core(at)
    if words.core(at - 1).lower() not in _PRODUCTS or not words.linked(at - 1) or not _TWO_PARTS.fullmatch(core):
        return None
    return (Said((*_parts(core.rstrip("+").split(".")), *(("plus",) if core.endswith("+") else ()))),)


def network_address(words: Words, at: int) -> Reading | None:
    """``192.168.0.1:8080 → one ninety-two dot one sixty-eight dot zero dot one, port eighty eighty``."""
    match = _ADDRESS.fullmatch(words.core(at))
    if not match or any(int(part) > 255 for part in match["host"].split(".")):
        return None
    spoken: list[str] = []
    for part in match["host"].split("."):
        spoken += (*(("dot",) if spoken else ()), *pairs(part))
    if match["port"]:
        spoken[-1] += ","
        spoken += ("port", *pairs(match["port"]))
    return (Said(tuple(spoken)),)


def _parts(parts: list[str]) -> tuple[str, ...]:
    spoken: tuple[str, ...] = ()
    for part in parts:
        zeros = len(part) > 1 and part.startswith("0")
        spoken += (*(("point",) if spoken else ()), *(digits(part) if zeros else cardinal(int(part))))
    return spoken


def _tag(text: str) -> tuple[str, ...]:
    name = text.strip("-.0123456789")
    number = "".join(filter(str.isdecimal, text))
    return (*((_TAGS.get(name, name),) if name else ()), *(cardinal(int(number)) if number else ()))
