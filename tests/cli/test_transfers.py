"""How far files are: bars for a person, lines for a log, nothing for a program."""

from __future__ import annotations

import time

import pytest

from greenroom.cli import interrupts, transfers
from greenroom.cli.output import Output
from greenroom.weights.side_by_side import FileProgress, Standing
from tests.cli.terminals import a_terminal

TOTAL = 1_000_000_000


def standing(done: int, stage: str = "fetching", name: str = "acme/tiny/net/model.safetensors") -> Standing:
    return Standing((FileProgress(name, stage, done // 2, TOTAL // 2),), done, TOTAL)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_log_gets_a_line_every_ten_seconds_or_tenth(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with transfers.transfers(Output("pull")) as show:
        for seconds, done in (
            (0, 0),
            (1, 20_000_000),
            (9, 90_000_000),
            (10, 95_000_000),
            (12, 200_000_000),
            (13, 210_000_000),
        ):
            clock[0] = 100.0 + seconds
            show(standing(done))
    assert capsys.readouterr().err.splitlines() == [
        "fetching: 9 % (95.0 MB of 1.00 GB), 9.50 MB/s, 2 min left",
        "fetching: 20 % (200 MB of 1.00 GB), 52.5 MB/s, 48 s left",
    ]


def test_resumed_bytes_are_no_speed(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with transfers.transfers(Output("pull")) as show:
        show(standing(800_000_000))
        clock[0] += 10
        show(standing(810_000_000))
    assert capsys.readouterr().err == "fetching: 81 % (810 MB of 1.00 GB), 1.00 MB/s, 3 min left\n"


def test_where_nothing_moves_no_time_is_promised(clock: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    with transfers.transfers(Output("pull")) as show:
        show(standing(0))
        clock[0] += 10
        show(standing(0))
    assert capsys.readouterr().err == "fetching: 0 % (0 B of 1.00 GB), 0 B/s\n"


def test_a_file_of_unknown_size_gets_a_line_now_and_then(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    with transfers.transfers(Output("pull")) as show:
        for tenths in range(121):
            clock[0] = 100.0 + tenths / 10
            done = tenths * 1_000_000
            show(Standing((FileProgress("https://host.org/x", "fetching", done, None),), done, done))
    assert capsys.readouterr().err == "fetching: 100 MB, 10.0 MB/s\n"


def test_a_program_gets_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with transfers.transfers(Output("pull", as_json=True)) as show:
        show(standing(5))
    assert capsys.readouterr() == ("", "")


def test_a_person_gets_bars_that_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    with transfers.transfers(Output("pull")) as show:
        show(Standing((), 0, TOTAL))
        assert terminal.getvalue() == ""
        for done in (0, TOTAL // 4, TOTAL // 2):
            show(standing(done, "checking"))
        show(standing(5, name="acme/tiny/vocab.txt"))
        show(Standing((), TOTAL, TOTAL))
    drawn = terminal.getvalue()
    assert "model.safetensors" in drawn
    assert "all" in drawn
    assert drawn.rstrip().endswith("\x1b[2K\x1b[?25h")  # its line cleared, the cursor back


def test_a_signal_ends_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "_told", [2])
    with pytest.raises(KeyboardInterrupt), transfers.transfers(Output("pull", as_json=True)) as show:
        show(standing(5))
