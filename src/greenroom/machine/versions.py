"""Versions as numbers that compare: ``2.10`` comes after ``2.9``."""

from __future__ import annotations

import re

_RELEASE = re.compile(r"\d+(?:\.\d+)*")


def release(version: str) -> tuple[int, ...]:
    """The release numbers: ``2.10.0+cu128`` is (2, 10), as ``2.10`` is. Empty where a version begins with no number."""
    found = _RELEASE.match(version)
    numbers = [int(part) for part in found[0].split(".")] if found else []
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def minor(version: str) -> str:
    """The first two numbers: ``2.10.0+cu128`` is ``2.10``, ``13`` is ``13.0``."""
    major, second, *_ = (*release(version), 0, 0)
    return f"{major}.{second}"


def cuda_tag(cuda: str) -> str:
    """How wheels call a CUDA: ``12.8`` is ``cu128``."""
    return "cu" + minor(cuda).replace(".", "")


def cuda_of_tag(tag: str) -> str | None:
    """``cu128`` is ``12.8``; None for tags that name no CUDA, such as ``cpu``."""
    digits = tag.removeprefix("cu")
    return f"{digits[:-1]}.{digits[-1]}" if digits.isdecimal() and len(digits) > 1 else None
