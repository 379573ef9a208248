"""Two machines, real git: written, merged, folded and mended in whatever order, no entry is lost or doubled."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from greenroom.ledger import task_verbs
from greenroom.ledger.errors_table import read_errors
from greenroom.ledger.fixing import mend
from greenroom.ledger.fold import fold
from greenroom.ledger.fragments import log, open_error, resolve_error
from greenroom.ledger.journal import read_journal
from greenroom.ledger.tasks import read_tasks
from greenroom.ledger.tree import Tree
from tests.ledger.grown import contents, journal

_TASKS = """# Task Management

## Active Phase
**Phase**: Merging
**Started**: 2026-03-01
**Target**: 2026-03-31
**Progress**: 0/1 tasks completed

## Current Task

### Task Chain
1. ⏳ Begin (TASK-2026-03-01-001)
"""
_ENV = {
    **os.environ,
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    **{f"GIT_{who}_{what}": "someone" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}
SIDES = ("main", "other")
VERBS = ("log", "log", "open", "resolve", "task", "done", "fold", "fix", "merge", "merge")


class Machine:
    """A clone: what it must hold is kept beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.entries: set[str] = set()
        self.errors: set[str] = set()

    def git(self, *arguments: str, check: bool = True) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, env=_ENV, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "work")

    def merge(self, other: Machine, head: str = "HEAD") -> None:
        """Merge what the other has. Of TASKS.md both sides are kept; what was folded there is gone here."""
        self.git("fetch", "-q", str(other.root), head)
        self.git("merge", "-q", "--no-edit", "FETCH_HEAD", check=False)
        for line in self.git("status", "--porcelain").splitlines():
            state, path = line[:2], line[3:]
            if state in {"DU", "UD"}:
                self.git("rm", "-q", path)
            elif state in {"UU", "AA"}:
                # Only these are written by more than one; one task may be done on both machines.
                assert path == "TASKS.md" or path.startswith("TASKS_ARCHIVE/"), line
                text = (self.root / path).read_text()
                (self.root / path).write_text("\n".join(one for one in text.split("\n") if one[:7] not in _MARKS))
        self.commit()
        self.entries |= other.entries
        self.errors |= other.errors

    def check(self) -> None:
        tree = Tree.of(self.root)
        items = [item for entry in read_journal(tree).entries for item in entry.items]
        mine = Counter(item.fields[0].text for item in items if not item.title.startswith("Step "))
        assert mine == Counter(self.entries)
        assert Counter(row.area for row in read_errors(tree)) == Counter(self.errors)


_MARKS = ("<<<<<<<", "=======", ">>>>>>>")


def act(machine: Machine, verb: str, number: int, now: datetime) -> None:
    """Do one thing; what cannot be done now is left."""
    root, fields = machine.root, {"What": f"Work {number}.", "Why": "It was due."}
    rows = [row for row in read_errors(Tree.of(root)) if not row.is_resolved]
    title = f"Title {number}"
    match verb:
        case "log":
            log(root, title, fields, error=rows[0].id if rows else None, now=now)
        case "open":
            open_error(root, title, fields, severity="P1", area=f"area {number}", now=now)
            machine.errors.add(f"area {number}")
        case "resolve" if rows:
            resolve_error(root, rows[-1].id, title, fields, commit="abc1234", now=now)
        case "task":
            task_verbs.new(root, f"Task {number}", now=now)
            return
        case "done":
            tasks = read_tasks(Tree.of(root))
            if any(task.status != "COMPLETE" for task in tasks.tasks) or all(item.is_done for item in tasks.chain):
                return
            task_verbs.done(root, task_verbs.start_next(root, now=now).id, fields, now=now)
        case "fold":
            fold(root)
            return
        case "fix":
            mend(root)
            return
        case _:
            return
    machine.entries.add(fields["What"])


actions = st.lists(
    st.tuples(st.sampled_from(SIDES), st.sampled_from(VERBS), st.integers(0, 1)), min_size=4, max_size=14
)


@given(actions)
# Names are random, so an example that fails cannot be made smaller.
@settings(max_examples=6, phases=[Phase.generate])
def test_no_entry_is_lost_or_doubled_and_both_machines_come_to_the_same(steps: list[tuple[str, str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        main = Machine(Path(folder) / "main")
        main.root.mkdir()
        (main.root / "TASKS.md").write_text(_TASKS)
        (main.root / "JOURNAL.md").write_text(journal(38))  # near the length at which it is made shorter
        main.git("init", "-q", "-b", "main")
        main.commit()
        main.git("clone", "-q", ".", "../other")
        machines = {"main": main, "other": Machine(Path(folder) / "other")}
        now = datetime(2026, 5, 1, 10, 0, tzinfo=UTC)
        for number, (side, verb, minutes) in enumerate(steps):
            now += timedelta(minutes=minutes)
            machine = machines[side]
            if verb == "merge":
                machine.merge(machines["other" if side == "main" else "main"])
            elif verb != "fold" or side == "main":  # folding belongs to one place
                act(machine, verb, number, now)
                machine.commit()
            machine.check()
        settle(*machines.values())


def settle(main: Machine, other: Machine) -> None:
    """Each merges what the other had, and each mends for itself: both come to the same bytes."""
    main.git("branch", "-f", "before")
    main.merge(other, "HEAD")
    other.merge(main, "before")
    seen = []
    for machine in (main, other):
        mend(machine.root)
        machine.check()
        ids = [row.id for row in read_errors(Tree.of(machine.root))]
        assert len(set(ids)) == len(ids)
        # Of tasks each machine has kept its own side first.
        seen.append({path: data for path, data in contents(machine.root).items() if not path.startswith("TASKS")})
    paths = sorted(path for path in seen[0] | seen[1] if seen[0].get(path) != seen[1].get(path))
    assert not paths, [(path, seen[0].get(path), seen[1].get(path)) for path in paths]
    fold(main.root)
    main.check()
