"""PLAN.md read: every defect has its line, and what is written is read again to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.anchors import Anchor, Span
from greenroom.errors import FileUnreadable, InputInvalid
from greenroom.plan.actions import Call, Shell
from greenroom.plan.plan import Phase, Plan, Retry
from greenroom.plan.reading import parse, read
from greenroom.plan.writing import render

WHOLE = """\
# Plan: Image Build

**Started**: 2026-08-03
**On failure**: undo all

## Phase 1: Prepare <!-- #phase-1 -->
- **Needs**: none
- **Writes**: `out/`

Prose, and an illustration that is not run:

```bash
rm -rf /
```

```sh do
mkdir -p out
```
```sh verify
expect: out
ls
```
```sh undo
rm -rf out
```

<!--
## Phase 9: Commented out
```sh do
rm -rf /
```
-->

## Phase 2: Compile
**Needs**: phase-1
* **Runs:** parallel
- **Targets**: `start.sh:8-14` - `need_space`, `a.py:1`
- **Writes**: `out/a.txt`, `out/b.txt`
- **Retry**: 3, wait: 500ms
- **Timeout**: 2m
- **Risk**: high

````sh do
cat <<'E' > out/a.txt
```
E
````
   ~~~sh verify
   test -s out/a.txt
   ~~~
"""


def test_a_plan_is_read_with_all_that_it_says() -> None:
    document = parse(WHOLE)
    assert document.plan == Plan(
        "Image Build",
        (
            Phase(
                1, "Prepare", Shell("mkdir -p out"), Shell("ls"), Shell("rm -rf out"), (), ("out/",), expect=("out",)
            ),
            Phase(
                2,
                "Compile",
                Shell("cat <<'E' > out/a.txt\n```\nE"),
                Shell("test -s out/a.txt"),
                None,
                (1,),
                ("out/a.txt", "out/b.txt"),
                "parallel",
                (Anchor("start.sh", Span(8, 14), "need_space"), Anchor("a.py", Span(1, 1))),
                retry=Retry(3, 0.5),
                timeout=120.0,
            ),
        ),
        whole=True,
    )
    assert [(finding.code, finding.severity, finding.line) for finding in document.findings] == [
        ("plan-field-unknown", "note", 41)
    ]
    assert [phase.line for phase in document.plan.phases] == [6, 34]


PHASE = "# Plan: P\n## Phase 1: One\n- **Needs**: none\n```sh do\ntrue\n```\n```sh verify\ntest -e a\n```\n"


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "plan-empty", 1),
        (PHASE + "### Phase 2: Two\n", "plan-heading", 10),
        (PHASE + "## Phase 4.5: Two\n", "plan-heading", 10),
        (PHASE + "## Phase 2\n", "plan-heading", 10),
        (PHASE.replace("Needs", "Need"), "plan-field-unknown", 3),
        (PHASE.replace("none", "phase one"), "plan-needs", 2),
        (PHASE.replace("none", "phase-1 phase-2"), "plan-needs", 2),
        (PHASE.replace("Needs**: none", "Runs**: fast"), "plan-field-value", 3),
        (PHASE.replace("Needs**: none", "Writes**: out/"), "plan-field-value", 3),
        (PHASE.replace("Needs**: none", "Writes**: `a` and `b`"), "plan-field-value", 3),
        (PHASE.replace("Needs**: none", "Writes**: `~/a`"), "plan-field-value", 3),
        (PHASE.replace("Needs**: none", "Writes**: `a`, `$HOME/a`"), "plan-field-value", 3),
        (PHASE.replace("Needs**: none", "Targets**: start.sh"), "plan-field-value", 3),
        (PHASE.replace("Needs**: none", "Retry**: often"), "plan-field-value", 3),
        (PHASE.replace("Needs**: none", "Retry**: 3, wait: long"), "plan-field-value", 3),
        (PHASE.replace("Needs**: none", "Timeout**: 3"), "plan-field-value", 3),
        (PHASE.replace("## Phase", "**On failure**: panic\n## Phase"), "plan-field-value", 2),
        (PHASE.replace("none\n", "none\n- **Needs**: none\n"), "plan-field-twice", 4),
        (PHASE.replace("sh do", "sh doo"), "plan-fence-unknown", 4),
        (PHASE.replace("sh do", "bash do"), "plan-fence-unknown", 4),
        (PHASE.replace("## Phase 1: One", "## Phase One: One"), "plan-fence-astray", 4),
        (PHASE.replace("sh verify", "sh do"), "plan-fence-twice", 7),
        (PHASE.replace("true", "# nothing"), "plan-fence-empty", 4),
        (PHASE.removesuffix("```\n"), "plan-fence-open", 7),
        (PHASE.replace("test -e", "expect: \ntest -e"), "plan-field-value", 7),
        (PHASE.replace("sh do", "text"), "plan-no-do", 2),
    ],
)
def test_a_defect_is_an_error_with_its_line(text: str, code: str, line: int) -> None:
    errors = [finding for finding in parse(text).findings if finding.severity == "error"]
    assert (code, line) in [(finding.code, finding.line) for finding in errors]
    assert all(finding.mend and finding.path == "PLAN.md" for finding in errors)


def test_a_misspelt_field_is_answered_with_the_one_meant() -> None:
    (finding,) = parse(PHASE.replace("Needs", "Nedes")).findings
    assert finding.mend == "did you mean Needs?"


def test_a_heading_that_is_wrong_is_told_and_not_its_fences_too() -> None:
    codes = [finding.code for finding in parse(PHASE.replace("Phase 1:", "Phase 1.5:")).findings]
    assert codes == ["plan-empty", "plan-heading"]


def test_marks_of_comments_in_code_hide_nothing() -> None:
    text = PHASE.replace("## Phase", "Comments begin with `<!--`.\n## Phase")
    assert len(parse(text).plan.phases) == 1
    assert parse(PHASE.replace("## Phase", "<!--\n## Phase")).plan.phases == ()


def test_windows_line_ends_and_marks_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "PLAN.md"
    path.write_bytes(b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode())
    assert read(path).plan == parse(WHOLE).plan


def test_what_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_bytes(b"\xff\xfe")
    for name in ("x.md", "absent.md", "."):
        with pytest.raises(FileUnreadable, match="cannot be read"):
            read(tmp_path / name)


# Text of one line, with what Markdown and shells take for something else.
_lines = st.text(st.sampled_from(" `~#*-:<>!ab1\"'$\t\\\u00e9\u202e"), max_size=12)
_names = _lines.map(str.strip).filter(lambda name: bool(name) and "<!--" not in name and "`" not in name)
_scripts = st.lists(_lines.filter(lambda line: not line.startswith("expect: ")), max_size=4).map(
    lambda lines: Shell("\n".join(["x", *lines]))
)
_paths = st.text("abc*./ ", min_size=1, max_size=6).filter(lambda path: path.strip() == path)
_milliseconds = st.integers(1, 10**6).map(lambda count: count / 1000)
_numbers = st.lists(st.integers(1, 99), max_size=3, unique=True).map(tuple)
_spans = st.builds(Span, st.just(1), st.integers(1, 9))
_phases = st.builds(
    Phase,
    st.integers(1, 10**6 - 1),
    _names,
    _scripts,
    _scripts,
    st.none() | _scripts,
    _numbers,
    st.none() | st.lists(_paths, max_size=3).map(tuple),
    st.sampled_from([None, "parallel", "sequential"]),
    st.lists(st.builds(Anchor, st.just("a/b.py"), _spans), max_size=2).map(tuple),
    st.lists(_names, max_size=2).map(tuple),
    st.none() | st.builds(Retry, st.integers(0, 999), st.just(0.0) | _milliseconds),
    st.none() | _milliseconds,
)
_plans = st.builds(Plan, _names, st.lists(_phases, max_size=3).map(tuple), whole=st.booleans())


@settings(max_examples=50)
@given(_plans)
def test_what_is_written_is_read_again(plan: Plan) -> None:
    document = parse(render(plan))
    assert document.plan == plan
    assert [finding.code for finding in document.findings] == ([] if plan.phases else ["plan-empty"])


_pieces = st.sampled_from(["## Phase 1: x", "```sh do", "```", "<!--", "-->", "- **Needs**: ", "a"])


@given(st.text() | st.lists(_pieces).map("\n".join))
def test_any_text_is_read(text: str) -> None:
    document = parse(text)
    assert document.findings or document.plan.phases


def test_plans_in_code_are_shown_and_not_run_from_a_file() -> None:
    ask = Call("ask the server", lambda _: None)
    shown = render(Plan("Deploy", (Phase(1, "Ask", ask, Call("it answers", lambda _: True)),)))
    assert "```text do\nask the server\n```" in shown
    codes = {finding.code for finding in parse(shown).findings}
    assert codes == {"plan-fence-unknown", "plan-no-do"}


@pytest.mark.parametrize(
    "phase",
    [
        Phase(1, "two\nlines", Shell("x")),
        Phase(1, "a <!-- b", Shell("x")),
        Phase(1, "x", Shell("x"), writes=("a`b",)),
        Phase(1, "x", Shell("x"), Shell("expect: x")),
        Phase(1, "x", Shell("x"), timeout=1e-9),
    ],
)
def test_what_markdown_cannot_hold_is_refused(phase: Phase) -> None:
    with pytest.raises(InputInvalid):
        render(Plan("x", (phase,)))


def test_a_script_has_lines_of_one_kind() -> None:
    with pytest.raises(InputInvalid, match="no carriage return"):
        Shell("a\r\nb")
