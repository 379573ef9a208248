"""Whatever documents say, they are judged: nothing crashes, and each finding has a place that is there."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.findings import render
from tests.ledger.checks.project import Project
from tests.ledger.test_markdown import TEXTS

# Each kind of document, in projects that have it.
NAMES = ("08-media-probe", "10-frame-sequence", "11-palette-maker", "12-image-build")
PATHS = (
    "CONDUCTOR.md",
    "JOURNAL.md",
    "JOURNAL.d/2026-09-01T1000-7f3a.md",
    "JOURNAL_ARCHIVE/2026-07.md",
    "TASKS.md",
    "TASKS_ARCHIVE/2026-08/TASK-2026-08-03-001.md",
    "ERRORS.md",
    "ERRORS.d/2026-09-01T1000-7f3a.md",
    "ARCHITECTURE.md",
    "BUILD.md",
    "PLAN.md",
    "activity/2026-08-03.log",
    "check_image.py",
    "start.sh",
    "Dockerfile",
)
PROJECTS = {name: Project(name) for name in NAMES}


def judge(project: Project, before: Project | None = None) -> None:
    found = project.findings(before)
    tree = project.tree
    for one in found:
        assert one.path is not None
        if one.line is not None:
            assert 1 <= one.line <= tree.document(one.path).count + 1
        if one.patch is not None and one.line is not None:
            assert one.patch.before == (tree.document(one.path).lines[one.line - 1],)
    assert [one.place for one in found] == [one.place for one in project.findings(before)]
    for form in ("text", "json", "sarif", "github"):
        render(found, form)


@settings(max_examples=30)
@given(st.sampled_from(NAMES), st.dictionaries(st.sampled_from(PATHS), TEXTS, min_size=1, max_size=3))
def test_any_text(name: str, texts: dict[str, str]) -> None:
    project = Project(name)
    for path, text in texts.items():
        project.written(path, text.encode("utf-8", "replace").decode())
    judge(project, PROJECTS[name])
    judge(PROJECTS[name], project)


EDITS = st.tuples(
    st.sampled_from(["gone", "twice", "swapped", "cut", "from elsewhere", "indented"]),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
)


@settings(max_examples=60)
@given(st.sampled_from(NAMES), st.sampled_from(PATHS), st.sampled_from(PATHS), st.lists(EDITS, min_size=1, max_size=8))
def test_documents_that_were_spoilt(name: str, path: str, other: str, edits: list[tuple[str, int, int]]) -> None:
    lines = PROJECTS[name].text(path).split("\n")
    others = PROJECTS[name].text(other).split("\n")
    for kind, one, two in edits:
        at, to = one % len(lines), two % len(lines)
        match kind:
            case "gone" if len(lines) > 1:
                del lines[at]
            case "twice":
                lines.insert(to, lines[at])
            case "swapped":
                lines[at], lines[to] = lines[to], lines[at]
            case "cut":
                lines[at] = lines[at][: two % (len(lines[at]) + 1)]
            case "from elsewhere":
                lines.insert(at, others[two % len(others)])
            case "indented":
                lines[at] = f"  {lines[at]}"
    judge(Project(name).written(path, "\n".join(lines)), PROJECTS[name])
