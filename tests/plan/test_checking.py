"""What is wrong with a plan before it runs: the corpus, and each way of being wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from greenroom.anchors import Anchor, Span
from greenroom.plan.actions import Call, Shell
from greenroom.plan.checking import blockers, check, structure
from greenroom.plan.place import Place
from greenroom.plan.plan import Phase, Plan
from greenroom.plan.proving import unproven
from greenroom.plan.reading import parse, read
from greenroom.plan.running import run
from greenroom.plan.writing import render
from tests.plan.phases import phase, plan

CORPUS = Path(__file__).parents[1] / "corpus" / "plans"
LABELS: dict[str, list[list[str | int]]] = json.loads((CORPUS / "labels.json").read_text())


def found(wrong: Plan, place: Place) -> list[tuple[str, str, int | None]]:
    """Findings of the structure, of a plan as a document gives it."""
    lined = parse(render(wrong)).plan
    return [(finding.code, finding.severity, finding.line) for finding in structure(lined, place)]


@pytest.mark.parametrize("tree", LABELS)
def test_the_corpus_has_its_findings_and_no_others(tree: str) -> None:
    path = CORPUS / tree / "PLAN.md"
    findings = [finding for finding in check(read(path), Place.of(path)) if finding.severity != "note"]
    said = [[finding.code, Path(finding.path or "").name, finding.line] for finding in findings]
    assert sorted(said, key=str) == sorted(LABELS[tree], key=str)


def test_parts_that_a_phase_lacks(place: Place) -> None:
    assert found(plan(phase(1, verify=None)), place) == [("plan-no-verify", "error", 3)]
    assert found(plan(phase(1, undo=None)), place) == [("plan-no-undo", "warning", 3)]
    assert found(plan(phase(1, undo=None, writes=())), place) == [("plan-no-undo", "note", 3)]
    assert found(plan(phase(1, writes=None)), place) == [("plan-no-writes", "note", 3)]
    assert found(plan(phase(1), phase(2, 1)), place) == []


def test_needs_that_are_nothing_and_phases_behind_them(place: Place) -> None:
    wrong = plan(phase(1), phase(2, 9), phase(3, 2), phase(4, 3), phase(5, 1))
    told = [(code, line) for code, _, line in found(wrong, place)]
    assert [code for code, _ in told] == ["plan-needs", "plan-unreachable", "plan-unreachable"]


def test_each_circle_is_told_once_at_its_first_phase(place: Place) -> None:
    wrong = plan(phase(1, 3), phase(2, 1), phase(3, 2), phase(4, 5), phase(5, 4), phase(6, 6), phase(7, 1))
    findings = [finding for finding in structure(wrong, place) if finding.code == "plan-cycle"]
    assert [finding.message for finding in findings] == [
        "phase-1, phase-2, phase-3 wait for each other",
        "phase-4, phase-5 wait for each other",
        "phase-6 waits for itself",
    ]
    assert [finding.code for finding in structure(wrong, place)][-1] == "plan-unreachable"


def test_a_claim_of_parallel_is_checked(place: Place) -> None:
    one, other = phase(1, runs="parallel", writes=("out/",)), phase(2, runs="parallel", writes=("out/a",))
    assert [code for code, _, _ in found(plan(one, other), place)] == ["plan-parallel"]
    between = phase(3, 1)
    behind = phase(2, 3, runs="parallel", writes=("out/a",))
    assert found(plan(one, between, behind), place) == []
    assert found(plan(one, phase(2, writes=("out/a",))), place) == []


@pytest.mark.parametrize(
    ("script", "is_idle"),
    [
        ("true", True),
        ("echo ok", True),
        ("test -e absent || true", True),
        ("grep -c x absent | cat", True),
        ("! test -e absent", True),
        ("test -e made", False),
        ("test -e made\ntrue", False),
        ("sleep 60", False),
        ("no-such-program --version", False),
    ],
)
def test_a_verification_that_is_green_where_nothing_was_done(
    place: Place, script: str, is_idle: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenroom.plan.proving._PATIENCE_S", 0.2)
    codes = [finding.code for finding in unproven(plan(phase(1, verify=Shell(script))), place)]
    assert codes == (["plan-verify-idle"] if is_idle else [])


def test_an_expected_word_makes_a_verification_that_can_fail(place: Place) -> None:
    assert list(unproven(plan(phase(1, verify=Shell("echo 12.1"), expect=("12.4",))), place)) == []
    assert list(unproven(plan(phase(1, verify=Call("it is so", lambda _: True))), place)) == []


def test_what_the_log_has_seen_red_is_not_asked_again(place: Place) -> None:
    """A verification may look at more than the folder: a service that the plan has started answers everywhere."""
    made = place.folder / "made"
    outside = plan(phase(1, do=Shell("echo x > made"), verify=Shell(f"test -e {made}"), undo=Shell("rm -f made")))
    assert run(outside, place).ok
    assert list(unproven(outside, place)) == []
    edited = plan(phase(1, verify=Shell(f"test -e {made}\ntrue")))  # it begins as the one that was seen red
    assert [finding.code for finding in unproven(edited, place)] == ["plan-verify-idle"]
    shutil.rmtree(place.activity)
    assert [finding.code for finding in unproven(outside, place)] == ["plan-verify-idle"]


def test_nothing_runs_with_targets_that_have_moved_until_the_plan_has_begun(place: Place) -> None:
    (place.folder / "a.py").write_text("\ndef f(): ...\n")
    moved = plan(phase(1, do=Shell("exit 1"), targets=(Anchor("a.py", Span(1, 1), "f"),)))
    document = parse(render(moved))
    assert [finding.code for finding in blockers(document, place)] == ["anchor-stale"]
    assert not run(moved, place).ok
    assert blockers(document, place) == ()
    assert "anchor-stale" in {finding.code for finding in check(document, place)}


def test_the_log_of_another_plan_in_the_folder_is_its_own(tmp_path: Path) -> None:
    assert Place.of(tmp_path / "PLAN.md").activity == tmp_path / "activity"
    assert Place.of(tmp_path / "DEPLOY.md").activity == tmp_path / "activity" / "DEPLOY"


def test_points_and_files_of_a_document(place: Place) -> None:
    rows = [
        "| Category | Before | After | Delta |",
        "|---|---|---|---|",
        "| A | 7/10 | 11/10 | +4 |",
        "| **TOTAL** | **8/10** | 11/10 | **+4** |",
    ]
    files = ["1. `1.txt` - it", "2. `order`"]
    text = render(plan(phase(1))) + "\n".join(["## Score", *rows, "## Files Generated", *files, ""])
    document = parse(text)
    told = {(finding.code, finding.severity, finding.message) for finding in check(document, place)}
    assert told == {
        ("plan-score", "error", "A: 11/10 is above its maximum"),
        (
            "plan-score",
            "error",
            "TOTAL: 8/10 is not the sum, which is 7/10; from 8 to 11 it is +3, and not +4",
        ),
        ("plan-output", "note", "1.txt is named as generated, and is not there yet"),
        ("plan-output", "note", "order is named as generated, and is not there yet"),
    }
    assert run(document.plan, place).ok
    (place.folder / "order").unlink()
    absent = [finding for finding in check(document, place) if finding.code == "plan-output"]
    assert [(finding.severity, finding.message) for finding in absent] == [
        ("error", "order is named as generated, and is not there")
    ]


def test_two_phases_of_one_number_do_not_disturb_the_check(place: Place) -> None:
    wrong = Plan("x", (phase(1), phase(1, 1), Phase(2, "x", Shell("x"), needs=(1,))))
    assert {finding.code for finding in structure(wrong, place)} >= {"plan-dup-number", "plan-cycle", "plan-no-verify"}
