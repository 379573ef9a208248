"""How long something takes, in words and as a bar."""

from __future__ import annotations

import pytest

from greenroom.cli.output import Output, duration
from tests.cli.terminals import a_terminal


@pytest.mark.parametrize(
    ("seconds", "words"), [(1, "1 s"), (89, "89 s"), (90, "2 min"), (5_399, "1 h 30 min"), (9_000, "2 h 30 min")]
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


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
