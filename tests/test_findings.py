"""One renderer: text, JSON, SARIF, GitHub annotations."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from greenroom.findings import Finding, as_dicts, render

PLACED = Finding("start-missing", "error", "nothing starts the server", "add CMD", "Dockerfile", 66)
UNPLACED = Finding("disk-short", "warning", "3 GB are free, 50% of what is needed", "free 3 GB")


def test_text_names_place_severity_code_and_mend() -> None:
    assert render([PLACED, UNPLACED]) == (
        "Dockerfile:66: error: nothing starts the server [start-missing]\n  mend: add CMD\n"
        "warning: 3 GB are free, 50% of what is needed [disk-short]\n  mend: free 3 GB"
    )


def test_json_has_every_field() -> None:
    assert json.loads(render([PLACED, UNPLACED], "json")) == as_dicts([PLACED, UNPLACED])
    assert set(as_dicts([UNPLACED])[0]) == {"code", "severity", "path", "line", "message", "mend", "patch"}


def test_sarif_has_rules_levels_and_places() -> None:
    run = json.loads(render([PLACED, UNPLACED, PLACED], "sarif"))["runs"][0]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["start-missing", "disk-short"]
    first, second, _ = run["results"]
    assert first["level"] == "error"
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "Dockerfile"},
        "region": {"startLine": 66},
    }
    assert "locations" not in second


def test_a_place_in_sarif_is_a_uri() -> None:
    (result,) = json.loads(render([Finding("x", "note", "m", "mend", "/my files/a%")], "sarif"))["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "/my%20files/a%25"


def test_github_annotations_escape_what_would_end_them() -> None:
    assert render([UNPLACED], "github") == (
        "::warning title=disk-short::3 GB are free, 50%25 of what is needed (mend: free 3 GB)"
    )
    tricky = Finding("x", "note", "one\ntwo", "mend", "a,b:c", 1)
    assert render([tricky], "github") == "::notice file=a%2Cb%3Ac,line=1,title=x::one%0Atwo (mend: mend)"


@given(st.lists(st.builds(Finding, st.text(), st.just("error"), st.text(), st.text(), st.text() | st.none())))
def test_github_gives_one_line_a_finding(findings: list[Finding]) -> None:
    assert render(findings, "github").count("\n") == max(0, len(findings) - 1)
