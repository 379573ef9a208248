"""Recipes made on the spot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from greenroom.diagnose.diagnosing import diagnose
from greenroom.findings import Finding

Recipe = Mapping[str, str | bytes]
Look = Callable[[Recipe], tuple[Finding, ...]]


def write(folder: Path, files: Recipe) -> Path:
    """Write a recipe; no file of it is executable."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o644)
    return folder


@pytest.fixture
def look(tmp_path: Path) -> Look:
    """Give a recipe's findings."""
    return lambda files: diagnose(write(tmp_path / "recipe", files))


def errors(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    """Code and place of what breaks a recipe."""
    return [(finding.code, finding.place) for finding in findings if finding.severity == "error"]


def judged(findings: tuple[Finding, ...], expected: tuple[str, str] | None) -> None:
    """Hold that a recipe is right, or that it has an error of this code at a line; an empty line is any."""
    found = errors(findings)
    if expected is None:
        assert found == []
        return
    code, line = expected
    assert any(one == code and place.endswith(f":{line}" if line else "") for one, place in found), found
