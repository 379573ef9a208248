"""From a folder to all that is wrong with it."""

from __future__ import annotations

import gc
from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.diagnose.analysers.every import ANALYSERS
from greenroom.diagnose.gathering import read
from greenroom.errors import InputInvalid, quoted

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.diagnose.recipe import Recipe
    from greenroom.findings import Finding

_ORDER = {"error": 0, "warning": 1, "note": 2}
# Faults of a file of requirements itself: no index, option or machine mends them.
_ANYWHERE = frozenset(
    ["requirement-invalid", "pins-conflict", "package-misnamed", "torch-version-nonexistent", "torch-trio-mismatch"]
)


def diagnose(folder: Path) -> tuple[Finding, ...]:
    """All that is wrong with the recipe in a folder, the worst first. Nothing is run, built or fetched.

    A recipe is broken by findings of severity error alone. Raises InputInvalid where there is no
    such folder, or no file in it.
    """
    if not folder.is_dir():
        raise InputInvalid(f"{quoted(folder)} is no folder", mend="name the folder that holds the Dockerfile")
    collects = gc.isenabled()
    gc.disable()  # all that is read is kept to the end: to look for garbage in it took a sixth of the time
    try:
        recipe = read(folder)
        if not recipe.folder.names:
            message = f"{quoted(folder)} holds no files: there is nothing to read"
            raise InputInvalid(message, mend="name the folder that holds the Dockerfile")
        return examine(recipe)
    finally:
        if collects:
            gc.enable()


def examine(recipe: Recipe) -> tuple[Finding, ...]:
    """What all analysers find, each place once per code."""
    found: dict[tuple[str, str | None, int | None], Finding] = {}
    for analyser in ANALYSERS:
        for said in analyser(recipe):
            finding = _weighed(recipe, said)
            key = (finding.code, finding.path, finding.line)
            if key not in found or _ORDER[finding.severity] < _ORDER[found[key].severity]:
                found[key] = finding
    return tuple(
        sorted(found.values(), key=lambda one: (_ORDER[one.severity], one.path or "", one.line or 0, one.code))
    )


def _weighed(recipe: Recipe, finding: Finding) -> Finding:
    """A file of requirements that nothing here installs breaks nothing, but for what no pip reads on any machine."""
    loose = finding.path in recipe.requirements and finding.code not in _ANYWHERE
    if finding.severity == "error" and loose and not recipe.is_installed(str(finding.path)):
        return replace(finding, severity="warning")
    return finding


def is_broken(findings: tuple[Finding, ...]) -> bool:
    """Whether any of it breaks the recipe for sure."""
    return any(finding.severity == "error" for finding in findings)
