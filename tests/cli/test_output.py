"""How long something takes, as a bar."""

from __future__ import annotations

import os
import pty
import sys

import pytest

from greenroom.cli.output import Output
from greenroom.findings import Finding
from tests.cli.terminals import a_terminal


def test_another_stage_has_a_pace_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    now = [100.0]
    monkeypatch.setattr("rich.console.monotonic", lambda: now[0])
    with Output("speak").progress() as step:
        for done in range(11):  # a second each
            step("reading", done, 10)
            now[0] += 1
        for done in range(5):  # ten times as long
            step("speaking", done, 10)
            now[0] += 10
    last = [line for line in terminal.shown if line.startswith("speaking")][-1]
    assert last.endswith("0:01:00")  # with the pace of the stage before it would be less


def test_words_stand_on_lines_of_their_own_above_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = pty.openpty()
    out = Output("animate")
    with os.fdopen(theirs, "w") as terminal:  # a real one: libraries treat streams of memory in another way
        monkeypatch.setattr(sys, "stderr", terminal)
        with out.progress() as step:
            step("finding", 1, 4)
            out.say("said")
            out.findings([Finding("hips-missing", "warning", "no hips are seen", "show them")])
            out.notice("noticed")
            step("finding", 2, 4)
        monkeypatch.undo()
    shown = os.read(ours, 65_536).decode()
    os.close(ours)
    for line in ("said", "warning: no hips are seen [hips-missing]", "noticed"):
        before, _, _ = shown.partition(line)
        assert before.endswith(("\n", "\x1b[2K")), (line, before)  # begins a line, or where one was cleared
