"""The hub, required sections, and keywords."""

from __future__ import annotations

import pytest

from tests.ledger.checks.project import Found, Project, clean

HUB = "CONDUCTOR.md"


def hub(code: str, beginning: str) -> set[Found]:
    return {(code, HUB, clean().line(HUB, beginning))}


FACTS = hub("context-facts", "## Critical Context")
TOC = hub("toc-unlisted", "## Table of Contents")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("- **DO NOT**: run as root\n", "", FACTS),
        ("- **DO NOT**: run as root\n", "- **DO NOT**: run as root\n- **Colour**: red\n", FACTS),
        ("- **DO NOT**: run as root\n", "- **DO NOT**: run as root\n- and more\n", FACTS),
        ("- **DO NOT**: run as root\n", "- **DO NOT**: run as root\n- **DO NOT**: twice\n", FACTS),
        ("- **DO NOT**", "- **Don't**", FACTS),
        ("- **Tech Stack**: POSIX sh, Python 3.11, Docker\n", "", FACTS),
        ("- **DO NOT**: run as root\n", "* **DO NOT:** run as root,\n  - or as nobody\n\nThat is all.\n", set()),
        ("- **DO NOT**: run as root\n", "- **DO NOT**: run as root\n```\n- **Colour**: red\n```\n", set()),
    ],
)
def test_critical_context_is_six_facts(old: str, new: str, expected: set[Found]) -> None:
    found = clean().replaced(HUB, old, new).findings()
    assert {(one.code, one.path, one.line) for one in found} == expected


def test_what_is_wrong_with_the_facts_is_said() -> None:
    (found,) = clean().replaced(HUB, "- **DO NOT**", "- **Don't**").findings()
    assert found.message == "Critical Context does not say DO NOT and says Don't"
    project = clean().replaced(HUB, "- **DO NOT**: run as root", "- **Tech Stack**: again")
    project.replaced(HUB, "- **Tech Stack**: POSIX sh", "- **DO NOT**: POSIX sh")
    (found,) = project.findings()
    assert found.message == "Critical Context says its facts twice or in another order"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("", TOC),
        ("6. PLAN.md - no link\n", TOC),
        ("6. `[Plan](PLAN.md)`\n", TOC),
        ("```\n[Plan](PLAN.md)\n```\n", TOC),
        ("- [Plan](./PLAN.md#phase-1) [sic] [ ]\n", set()),
        ("[Plan][p]\n\n[p]: PLAN.md\n", set()),
        ("[p]\n\n### Deeper\n[p]: PLAN.md 'a title'\n", set()),
    ],
)
def test_every_document_is_listed(entry: str, expected: set[Found]) -> None:
    project = clean().replaced(HUB, "6. [Plan](PLAN.md) - phases that can be run\n", entry)
    assert project.found() == expected


def test_a_link_elsewhere_in_the_hub_lists_nothing() -> None:
    project = clean().replaced(HUB, "6. [Plan](PLAN.md) - phases that can be run\n", "")
    assert project.added(HUB, "\n[Plan](PLAN.md)\n").found() == TOC


def test_a_missing_document_is_listed_by_its_mend() -> None:
    project = clean().written("DOCS/A page.md", "# Page\n\n## Keywords\n- page\n")
    (found,) = project.findings()
    assert found.mend == "add [TITLE](DOCS/A%20page.md)"
    assert project.replaced(HUB, "6. [Plan]", f"7. {found.mend.removeprefix('add ')}\n6. [Plan]").found() == set()


@pytest.mark.parametrize(
    "path",
    ["README.md", "src/README.md", "JOURNAL.d/README.md", "LICENSE.md", ".github/template.md", "other/CONDUCTOR.md"],
)
def test_some_documents_need_neither_place_nor_keywords(path: str) -> None:
    assert clean().written(path, "# Text\n").found() == set()


@pytest.mark.parametrize("path", ["NOTES.md", "docs/notes.MD", "other/JOURNAL.md", "CHANGELOG.md"])
def test_all_others_need_both(path: str) -> None:
    assert clean().written(path, "# Text\n").found() == {*TOC, ("keywords-missing", path, None)}


def test_a_folder_with_a_hub_of_its_own_is_another_ledger() -> None:
    project = clean().written("other/CONDUCTOR.md", "# Other\n").written("other/NOTES.md", "[t](absent.md)\n")
    assert project.found() == set()


def quick(count: int) -> Project:
    """With so many entries in the quick reference."""
    project = clean()
    text = project.text(HUB)
    begin, end = text.index("## Quick Reference") + len("## Quick Reference\n"), text.index("## Current State")
    entries = "".join(f"**Port {number}**: {7000 + number}\n" for number in range(count))
    return project.written(HUB, f"{text[:begin]}{entries}\nSome words.\n\n{text[end:]}")


@pytest.mark.parametrize(("count", "wrong"), [(0, True), (9, True), (10, False), (15, False), (16, True)])
def test_quick_reference_has_ten_to_fifteen_entries(count: int, wrong: bool) -> None:
    assert quick(count).found() == (hub("quickref-size", "## Quick Reference") if wrong else set())


AVOID = hub("antipatterns-size", "## Anti-Patterns")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("❌ **Don't run as root** - see the decisions\n", "", AVOID),
        ("❌ **Don't run as root** - see the decisions\n", "❌ **A** - b\n❌ **C** - d\n", set()),
        ("❌ **Don't run as root** - see the decisions\n", "❌ **A** - b\n❌ **C** - d\n- ❌ **E** - f\n", AVOID),
        ("❌ **Don't run as root** - see the decisions\n", "- ❌ **A** - b\n- words, and no pattern\n- more\n", set()),
        ("❌ **Don't run as root** - see the decisions\n", "```\n❌ **A** - b\n```\n", AVOID),
    ],
)
def test_there_are_five_or_six_anti_patterns(old: str, new: str, expected: set[Found]) -> None:
    assert clean().replaced(HUB, old, new).found() == expected


def test_anti_patterns_may_be_a_plain_list() -> None:
    project = clean()
    project.written(HUB, project.text(HUB).replace("❌ ", "- "))
    assert project.found() == set()
    assert project.without(HUB, r"^- \*\*Don't run as root.*\n").found() == AVOID


def test_an_anti_pattern_has_a_reason() -> None:
    project = clean().replaced(HUB, "root** - see the decisions", "root** -")
    assert project.found() == hub("antipattern-reason", "❌ **Don't run")


STEPS = "5. **Record**: an entry in the journal\n"


@pytest.mark.parametrize(("new", "wrong"), [("", True), (STEPS * 2, False), (STEPS * 3, True)])
def test_the_workflow_has_five_or_six_steps(new: str, wrong: bool) -> None:
    found = clean().replaced(HUB, STEPS, new).found()
    assert found == (hub("workflow-size", "## Development Workflow") if wrong else set())


@pytest.mark.parametrize(("templates", "wrong"), [(-1, True), (2, False), (3, True)])
def test_there_are_three_to_five_templates(templates: int, wrong: bool) -> None:
    project = clean()
    if templates < 0:
        project.without(HUB, r"^### 3\. Add a setting\n(?:\d.*\n)+")
    else:
        project.replaced(
            HUB, "### 3. Add", "".join(f"### {4 + at}. More\n1. Step\n\n" for at in range(templates)) + "### 3. Add"
        )
    assert project.found() == (hub("templates-size", "## Task Templates") if wrong else set())


def test_a_version_names_a_day_of_the_journal() -> None:
    project = clean().replaced(HUB, "(see JOURNAL.md 2026-08-03)", "(see JOURNAL.md 2026-08-02)")
    assert project.found() == hub("version-date", "- **v0.1.0**")
    linked = clean().replaced(HUB, "(see JOURNAL.md 2026-08-03)", "(see [JOURNAL](JOURNAL.md#2026-08-03-1513))")
    assert linked.found() == set()


def test_a_day_whose_entries_have_no_time_is_told_there() -> None:
    project = clean()
    for time in ("09:32", "15:13"):
        project.replaced("JOURNAL.md", f"## 2026-08-03 {time}", f"## On 2026-08-03, {time}")
    assert {code for code, *_ in project.found()} & {"journal-heading", "version-date"} == {"journal-heading"}


def test_a_day_that_was_lost_is_told_as_lost() -> None:
    project = clean().without("JOURNAL.md", r"^## 2026-08-03(?:.|\n)*?^---\n\n", count=2)
    found = {code for code, *_ in project.found(before=clean())}
    assert "journal-lost" in found
    assert "version-date" not in found
    assert "version-date" in {code for code, *_ in project.found()}


REQUIRED = {
    HUB: [
        "Critical Context (Read First)",
        "Table of Contents",
        "Quick Reference",
        "Current State",
        "Development Workflow",
        "Task Templates",
        "Anti-Patterns (Avoid These)",
        "Version History",
        "Continuous Engineering Journal",
    ],
    "ERRORS.md": ["Schema", "Active Errors", "Resolved Errors"],
    "TASKS.md": ["Active Phase", "Current Task"],
    "BUILD.md": ["Prerequisites", "Build commands", "Rollback procedures", "Troubleshooting guide"],
    "PLAYBOOKS/DEPLOY.md": [
        "Pre-deployment checklist",
        "Deployment steps",
        "Post-deployment verification",
        "Rollback procedures",
        "Troubleshooting",
    ],
}
EACH = [(path, section) for path, sections in REQUIRED.items() for section in sections]


@pytest.mark.parametrize(("path", "section"), EACH)
def test_a_section_that_is_required(path: str, section: str) -> None:
    renamed = clean().replaced(path, f"## {section}", "## Something else")
    # Links may lead to it, and rows stand in it: what else is found is not this test's.
    assert ("section-missing", path, None) in renamed.found()
    fenced = clean().replaced(path, f"## {section}", f"```\n## {section}\n```\n## Something else")
    assert ("section-missing", path, None) in fenced.found()
    lower = clean().replaced(path, f"## {section}", f"## {section.lower()} <!-- #here --> ##")
    assert lower.found() == set()


def test_each_missing_section_is_named() -> None:
    project = clean().replaced("BUILD.md", "## Prerequisites", "## A").replaced("BUILD.md", "## Build commands", "## B")
    assert [one.message for one in project.findings()] == [
        "BUILD.md has no section Prerequisites",
        "BUILD.md has no section Build commands",
    ]


def test_a_document_that_is_absent_lacks_no_section() -> None:
    project = clean().gone("BUILD.md").without(HUB, r"^2\. \[Build.*\n")
    assert project.found() == set()


def test_without_a_hub_documents_are_what_they_want_to_be() -> None:
    project = clean().gone(HUB).written("BUILD.md", "# Build\n").written("NOTES.md", "# Notes\n")
    assert project.found() == {("hub-missing", HUB, None)}
    project.gone("TASKS.md").gone("ERRORS.md")
    assert "hub-missing" not in {code for code, *_ in project.found()}


def test_a_project_that_keeps_no_ledger_has_links_and_anchors_only() -> None:
    project = clean().gone(HUB).gone("TASKS.md").gone("ERRORS.md").gone("JOURNAL.md")
    project.written("PLAN.md", "## Phase 1: Nothing\n").written("BUILD.md", "### Compaction Rule\n")
    project.written("PLAYBOOKS/DEPLOY.md", "# Deploy\n[t](../JOURNAL.md) `start.sh:1-2` - `serve`\n")
    assert {code for code, *_ in project.found()} == {"link-no-file", "anchor-stale"}


@pytest.mark.parametrize("level", ["#", "##", "###", "######"])
def test_the_compaction_rule_stands_in_the_hub_alone(level: str) -> None:
    project = clean().added("ARCHITECTURE.md", f"\n{level} Compaction Rule <!-- #rule -->\n")
    line = project.line("ARCHITECTURE.md", f"{level} Compaction")
    assert project.found() == {("boilerplate-dup", "ARCHITECTURE.md", line)}
    assert clean().added("ARCHITECTURE.md", f"\n```\n{level} Compaction Rule\n```\n").found() == set()
    assert clean().added("ARCHITECTURE.md", "\nThe Compaction Rule is in the hub.\n").found() == set()


@pytest.mark.parametrize(
    ("words", "empty"),
    [
        ("- docker", False),
        ("* docker", False),
        ("1. docker", False),
        ("### Others\n  - docker", False),
        ("docker, image", True),
        ("-", True),
        ("- <!-- docker -->", True),
        ("```\n- docker\n```", True),
        ("", True),
        ("## Others\n- docker", True),
    ],
)
def test_keywords_are_a_list(words: str, empty: bool) -> None:
    project = clean().without("BUILD.md", r"^- (?:build|compile|rollback)\n").added("BUILD.md", f"{words}\n")
    line = project.line("BUILD.md", "## Keywords")
    assert project.found() == ({("keywords-empty", "BUILD.md", line)} if empty else set())


def test_keywords_of_the_hub_tasks_and_plan_are_their_own_affair() -> None:
    project = clean()
    for path in (HUB, "TASKS.md", "PLAN.md", "JOURNAL.md"):
        project.added(path, "\n### Keywords\n")
    assert "keywords-empty" not in {code for code, *_ in project.found()}
