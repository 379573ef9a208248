"""One type for every problem that greenroom finds, and one renderer for all of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

Severity = Literal["error", "warning", "note"]
Format = Literal["text", "json", "sarif", "github"]


@dataclass(frozen=True, slots=True)
class Patch:
    """A mend as text: in ``path`` the lines ``before``, of which the first is ``line`` (from 1), become ``after``.

    With nothing before, ``after`` is put in front of that line. safe: nobody needs to read it before it is applied.
    """

    path: str
    line: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem and its mend.

    code: stable, kebab-case.  path and line: where, if it has a place (line from 1).
    mend: the next thing to do, in words or as a command.  patch: the same as text, where it can be told so.
    """

    code: str
    severity: Severity
    message: str
    mend: str
    path: str | None = None
    line: int | None = None
    patch: Patch | None = None

    @property
    def place(self) -> str:
        """``path:line`` as editors and terminals understand it; empty without a path."""
        if self.path is None:
            return ""
        return self.path if self.line is None else f"{self.path}:{self.line}"


def as_dicts(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as plain data, every field present."""
    return [asdict(finding) for finding in findings]


def render(findings: Sequence[Finding], form: Format = "text", *, tool: str = "greenroom") -> str:
    """All findings in one of four forms.

    text for people, json a list of objects, sarif version 2.1.0 for code scanning, github for workflow annotations.
    """
    match form:
        case "text":
            return "\n".join(_text(finding) for finding in findings)
        case "json":
            return json.dumps(as_dicts(findings), ensure_ascii=False, indent=2)
        case "sarif":
            return json.dumps(_sarif(findings, tool), ensure_ascii=False, indent=2)
        case "github":
            return "\n".join(_github(finding) for finding in findings)


def _text(finding: Finding) -> str:
    place = f"{finding.place}: " if finding.place else ""
    said = f"{place}{finding.severity}: {finding.message} [{finding.code}]\n  mend: {finding.mend}"
    return said if finding.patch is None else f"{said}\n{_hunk(finding.patch)}"


def _hunk(patch: Patch) -> str:
    """What goes and what comes, as in a unified diff."""
    return "\n".join([*(f"    - {line}" for line in patch.before), *(f"    + {line}" for line in patch.after)])


def _sarif(findings: Sequence[Finding], tool: str) -> dict[str, Any]:
    """SARIF 2.1.0 (OASIS), the part that code-scanning services read."""
    rules = {finding.code: {"id": finding.code} for finding in findings}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": tool, "rules": list(rules.values())}},
                "results": [_sarif_result(finding) for finding in findings],
            }
        ],
    }


def _sarif_result(finding: Finding) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": finding.severity,
        "message": {"text": f"{finding.message}. Mend: {finding.mend}"},
    }
    if finding.path is not None:
        place: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.path)}}
        if finding.line is not None:
            place["region"] = {"startLine": finding.line}
        result["locations"] = [{"physicalLocation": place}]
    if finding.patch is not None:
        result["fixes"] = [_sarif_fix(finding.patch, finding.mend)]
    return result


def _sarif_fix(patch: Patch, mend: str) -> dict[str, Any]:
    """A replacement of whole lines: from the first column of the first to the first column of the one behind them."""
    end = patch.line + len(patch.before)
    replacement = {
        "deletedRegion": {"startLine": patch.line, "startColumn": 1, "endLine": end, "endColumn": 1},
        "insertedContent": {"text": "".join(f"{line}\n" for line in patch.after)},
    }
    change = {"artifactLocation": {"uri": quote(patch.path)}, "replacements": [replacement]}
    return {"description": {"text": mend}, "artifactChanges": [change]}


def _github(finding: Finding) -> str:
    """A workflow command; the characters that would end it early are percent-encoded."""
    kind = {"error": "error", "warning": "warning", "note": "notice"}[finding.severity]
    place = {"file": finding.path, "line": finding.line, "title": finding.code}
    said = {name: str(value) for name, value in place.items() if value is not None}
    properties = ",".join(f"{name}={_github_property(value)}" for name, value in said.items())
    return f"::{kind} {properties}::{_github_data(f'{finding.message} (mend: {finding.mend})')}"


def _github_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _github_property(text: str) -> str:
    return _github_data(text).replace(":", "%3A").replace(",", "%2C")
