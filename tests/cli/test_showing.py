"""How far a restoration is: a bar for a person, lines for a log, nothing for a program."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from greenroom.cli import interrupts
from greenroom.cli.output import Output
from greenroom.cli.showing import Showing, ShowingSound, showing, showing_clip, showing_sound
from greenroom.findings import Finding
from greenroom.models.seedvr2.planning.plan import Plan
from greenroom.models.seedvr2.planning.way import Way
from tests.cli.terminals import a_terminal

PLAN = Plan(
    model="seedvr2-3b", device="NVIDIA H200", height=1088, width=1920, way=Way(), bytes=20, weights=7, host_bytes=0,
    free=80, seconds=12.0, shots=3, frames=100, windows=3, notes=("a note",),
)  # fmt: skip


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def a_shot(shown: Showing, clock: list[float], start: int, stop: int) -> None:
    for stage in ("encoding", "restoring", "decoding"):
        for frame in range(start, stop):
            shown.step(stage, frame, 100)
            clock[0] += 1


def test_a_log_gets_the_plan_and_a_line_now_and_then(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with showing(Output("restore")) as shown:
        shown.step("finding shots", 3, 100)
        shown.planned(PLAN)
        shown.reached(0, 3)
        a_shot(shown, clock, 0, 20)
        shown.reached(1, 3)
        a_shot(shown, clock, 20, 40)
    first, *rest = capsys.readouterr().err.splitlines()
    assert first == "seedvr2-3b on NVIDIA H200: 1920x1088, 100 frames"
    assert "a note" in rest
    lines = rest[rest.index("a note") + 1 :]
    assert lines[0] == "restoring, frame 10 of 100, 7 %, 7 min left"  # after thirty seconds; the shares are guessed
    assert lines[-1] == "restoring, frame 30 of 100, 29 %, 4 min left"
    assert len(lines) == 3
    assert shown.kept == "1 of 3 shots are kept"


def test_what_an_earlier_run_finished_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    with showing(Output("restore")) as shown:
        shown.planned(PLAN)
        assert shown.kept == "nothing was finished yet"
        for finished in (1, 2, 3):
            shown.reached(finished, 3)
    assert capsys.readouterr().err.count("going on: 1 of 3 shots are done") == 1
    with showing(Output("restore")) as shown:
        shown.planned(replace(PLAN, windows=8))
        shown.reached(3, 8)
    assert "going on: 3 of 8 windows are done" in capsys.readouterr().err


def test_one_of_many_has_a_line_for_its_plan(capsys: pytest.CaptureFixture[str]) -> None:
    with showing(Output("restore")) as shown:
        shown.begin("2 of 5, a.mp4: ")
        shown.planned(PLAN)
    assert capsys.readouterr().err == "2 of 5, a.mp4: seedvr2-3b on NVIDIA H200: 1920x1088, 100 frames\n"


def test_a_person_gets_one_bar_with_the_time_that_is_left_of_all(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = a_terminal(monkeypatch)
    with showing(Output("restore")) as shown:
        shown.planned(PLAN)
        a_shot(shown, clock, 0, 20)
        a_shot(shown, clock, 20, 40)
    last = [line for line in terminal.shown if line.startswith("decoding")][-1]
    assert "frame 39 of 100" in last
    assert last.endswith("38% 3 min left")
    assert terminal.getvalue().rstrip().endswith("\x1b[2K")  # its line cleared


def test_the_bar_does_not_go_back_when_parts_are_joined(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    with showing(Output("restore")) as shown:
        shown.planned(PLAN)
        a_shot(shown, clock, 0, 100)
        for number in range(0, 100, 20):
            shown.step("joining", number, 100)
            clock[0] += 1
    last = [line for line in terminal.shown if line.startswith("joining")][-1]
    assert last.startswith("joining, 80 % ")
    assert last.rstrip().endswith("100%")


def test_a_program_gets_nothing(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with showing(Output("restore", as_json=True)) as shown:
        shown.planned(PLAN)
        shown.reached(1, 3)
        a_shot(shown, clock, 0, 40)
    assert capsys.readouterr() == ("", "")


def test_a_signal_ends_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "_told", [2])
    with pytest.raises(KeyboardInterrupt), showing(Output("restore", as_json=True)) as shown:
        shown.step("encoding", 0, 1)


def a_sound(shown: ShowingSound, clock: list[float]) -> None:
    for stage, steps in (("seeing", 2), ("sampling", 50), ("decoding", 1)):
        for done in range(steps + 1):
            shown.step(stage, done, steps)
            clock[0] += 1


def test_a_sound_has_the_time_that_is_left_of_its_stage(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with showing_sound(Output("foley")) as shown:
        a_sound(shown, clock)
    assert capsys.readouterr().err == "sampling, step 27 of 50, 54 %, 23 s left\n"


def test_a_person_gets_a_bar_of_a_sound(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    with showing_sound(Output("foley")) as shown:
        for done in range(28):
            shown.step("sampling", done, 50)
            clock[0] += 1
    last = [line for line in terminal.shown if line.startswith("sampling")][-1]
    assert last.startswith("sampling, step 27 of 50 ")
    assert last.endswith("54% 23 s left")


def test_a_clip_has_its_warnings_and_the_passes_of_its_sampling(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with showing_clip(Output("animate")) as shown:
        assert shown.kept == ""
        shown.steps = 40
        shown.posed(
            {"people": {"picture": [], "driver": []}},
            [Finding("hips-missing", "warning", "no hips are seen", "show them")],
        )
        assert shown.kept == "no step was done yet, and who was found is kept"
        shown.reached(1, 40)
        for done in range(3, 34):
            shown.step("sampling", done, 91)
            clock[0] += 1
        assert shown.kept == "the steps that are done are kept"
        shown.reached(40, 40)
        shown.step("decoding", 1, 81)
    assert capsys.readouterr().err.splitlines() == [
        "warning: no hips are seen [hips-missing]",
        "  mend: show them",
        "going on: 1 step of 40 is done",
        "sampling, pass 33 of 91, 36 %, 58 s left",
        "going on: all steps are done",
    ]
