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
