"""Lines of code that documents name are written anew in every form, and nothing else of the document changes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.ledger.checks import check
from greenroom.ledger.fixing import fix, mend
from greenroom.ledger.tree import Tree

PYTHON = """def light():
    return 1


class Lamp:
    def fill(self):
        return 2

    @property
    def oil(self):
        return 3
"""
SCRIPT = """export function draw(a) {
  return a;
}

class Page {
  go() {
    return 1;
  }
}
"""
SHELL = """say() {
    echo 1
}
"""
GO = """type Server struct {
	a int
}

func (s *Server) Start() {
	s.a = 1
}
"""
DOCKERFILE = """FROM debian:12 AS base
RUN true

FROM base AS app
USER nobody
"""
CODE = {"lamp.py": PYTHON, "page.ts": SCRIPT, "say.sh": SHELL, "main.go": GO, "Dockerfile": DOCKERFILE}
# Comments that push everything down, by the suffix of the file.
COMMENTS = {"lamp.py": "#\n", "page.ts": "//\n", "say.sh": "#\n", "main.go": "//\n", "Dockerfile": "#\n"}
NOTES = """# Notes

Begin at **Light**: `lamp.py:1-2` - `light` burns; `lamp.py:6-7` - `Lamp.fill`, `say.sh:1-3` - `say` and `a` (`b`).
The user is `Dockerfile:5` - "USER nobody", in `Dockerfile:4-5` - `app`; `main.go:5-7` - `Server.Start`.

| what | where |
| --- | --- |
| page | `page.ts:5-9` - `Page` |

## `lamp.py`

- **Lamp (Lines 5-11)** holds oil, **light (lines 1-2)** not; **`Lamp.oil` (Lines 9-11)** says so.

```text
class Lamp { /* lines 5-11 */ }   // <!-- #lamp -->
    def fill  # lines 6-7
def light(): lines 1-2
```

### Page, in `page.ts`

**draw (Lines 1-3)**
"""
FORMS = re.compile(r"(?<=[:\s])(\d+)(-\d+)?(?=[`)\s])")


def written(root: Path, notes: str = NOTES) -> Path:
    for name, text in {**CODE, "NOTES.md": notes}.items():
        (root / name).write_text(text)
    return root


def test_what_is_right_stays(tmp_path: Path) -> None:
    tree = Tree.of(written(tmp_path))
    assert check(tree) == []
    assert fix(tree) == []


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.fixed_dictionaries({name: st.integers(0, 30) for name in CODE}))
def test_code_that_was_pushed_down_is_named_at_its_new_lines(tmp_path: Path, pushed: dict[str, int]) -> None:
    written(tmp_path)
    for name, count in pushed.items():
        (tmp_path / name).write_text(COMMENTS[name] * count + CODE[name])
    mend(tmp_path)
    assert check(Tree.of(tmp_path)) == []
    after = (tmp_path / "NOTES.md").read_text()
    assert FORMS.sub("N", after) == FORMS.sub("N", NOTES)
    for name, symbol, first in (("lamp.py", "light", 1), ("say.sh", "say", 1), ("page.ts", "Page", 5)):
        assert f"`{name}:{first + pushed[name]}-" in after, symbol
    assert f"**light (lines {1 + pushed['lamp.py']}-{2 + pushed['lamp.py']})**" in after
    assert f"def fill  # lines {6 + pushed['lamp.py']}-{7 + pushed['lamp.py']}" in after
    assert f"**draw (Lines {1 + pushed['page.ts']}-{3 + pushed['page.ts']})**" in after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("`lamp.py:5` - `light`", "`lamp.py:1-2` - `light`"),
        ("`lamp.py:5-900` - `light`", "`lamp.py:1-2` - `light`"),
        ('`Dockerfile:1` - "USER"', '`Dockerfile:5` - "USER"'),
        ('`Dockerfile:2-3` - "FROM base"', '`Dockerfile:4-5` - "FROM base"'),
        ("**X**: `page.ts:1` - `Page.go()`", "**X**: `page.ts:6-8` - `Page.go()`"),
        ("`main.go:1` - `(*Server).Start`", "`main.go:5-7` - `(*Server).Start`"),
        ("## `say.sh`\n\n**say (Line 2)**", "## `say.sh`\n\n**say (Line 1-3)**"),
        ("é `lamp.py:9` - `light`, `lamp.py:3-4` - `Lamp`", "é `lamp.py:1-2` - `light`, `lamp.py:5-11` - `Lamp`"),
    ],
)
def test_each_form_alone(tmp_path: Path, before: str, after: str) -> None:
    mend(written(tmp_path, f"{before}\n"))
    assert (tmp_path / "NOTES.md").read_text() == f"{after}\n"
    assert check(Tree.of(tmp_path)) == []


@pytest.mark.parametrize(
    "line", ["`lamp.py:1` - `lihgt`", "`gone.py:1` - `x`", "`lamp.py:90`", "`lamp.py:3` - `twice`"]
)
def test_what_is_not_found_exactly_once_is_left(tmp_path: Path, line: str) -> None:
    written(tmp_path, f"{line}\n")
    with (tmp_path / "lamp.py").open("a") as out:
        out.write("\n\ndef twice(): ...\n\n\ndef twice(): ...\n")
    done = mend(tmp_path)
    assert done.changes == ()
    assert [finding.line for finding in done.left] == [1]
    assert (tmp_path / "NOTES.md").read_text() == f"{line}\n"


def test_what_moved_to_another_language_of_the_same_name_is_no_guess(tmp_path: Path) -> None:
    """The path is part of an anchor, and not looked for elsewhere."""
    written(tmp_path, "`say.sh:1-3` - `draw`\n")
    done = mend(tmp_path)
    assert [finding.code for finding in done.left] == ["anchor-no-symbol"]
