"""Who was there when a worker was lost is remembered, until it has shown what it is."""

from __future__ import annotations

from greenroom.serve.workers.suspects import Suspects


def test_a_suspect_is_one_until_an_attempt_ends_without_loss() -> None:
    suspects = Suspects()
    suspects.note("job_1", is_suspect=True)
    suspects.note("job_2", is_suspect=False)
    suspects.note("", is_suspect=True)
    assert "job_1" in suspects
    assert "job_2" not in suspects
    assert "" not in suspects
    suspects.note("job_1", is_suspect=True)
    assert "job_1" in suspects
    suspects.note("job_1", is_suspect=False)
    assert "job_1" not in suspects


def test_the_oldest_are_forgotten() -> None:
    suspects = Suspects()
    for number in range(1001):
        suspects.note(f"job_{number}", is_suspect=True)
    assert "job_0" not in suspects
    assert "job_1" in suspects
    assert "job_1000" in suspects
