"""Phases that make a file each, and plans of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from greenroom.plan.actions import Shell
from greenroom.plan.activity import entries
from greenroom.plan.place import Place
from greenroom.plan.plan import Phase, Plan
from greenroom.plan.report import Report


def phase(number: int, *needs: int, **other: Any) -> Phase:
    """A phase that writes ``N.txt`` and notes in ``order`` that it did."""
    usual: dict[str, Any] = {
        "do": Shell(f"echo {number} >> order\necho made > {number}.txt"),
        "verify": Shell(f"test -s {number}.txt"),
        "undo": Shell(f"echo -{number} >> order\nrm -f {number}.txt"),
        "writes": (f"{number}.txt",),
    }
    return Phase(number, f"Make {number}", needs=needs, **{**usual, **other})


def plan(*phases: Phase, **other: Any) -> Plan:
    """A plan of these."""
    return Plan("Test", phases, **other)


def order(place: Place) -> list[str]:
    """What was done and undone, in its order."""
    path = place.folder / "order"
    return path.read_text().split() if path.exists() else []


def verbs(place: Place, number: int) -> list[str]:
    """What the log says of a phase."""
    return [entry.verb for entry in entries(place.activity) if entry.phase == number]


def states(report: Report) -> list[str]:
    """The phases of a report."""
    return [one.state for one in report.phases]


def is_alive(pid: int) -> bool:
    """Whether a process has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def codes(report: Report) -> list[str]:
    """The findings of a report."""
    return [finding.code for finding in report.findings]
