"""As many jobs at once as serve the device, none while the model could not begin one."""

from __future__ import annotations

import pytest

from greenroom.serve.runpod.errors import ModelLost
from greenroom.serve.runpod.gate import Gate


class Worker:
    """What a gate asks."""

    def __init__(self) -> None:
        self.is_ready = True
        self.holds = 0
        self.now = 1000.0
        self.woken = 0

    def gate(self, *, devices: int = 1, at_once: int = 1, fixed: int | None = None) -> Gate:
        return Gate(
            devices=devices,
            at_once=at_once,
            fixed=fixed,
            ready=lambda: self.is_ready,
            taken=lambda: self.holds,
            wake=self.wake,
            clock=lambda: self.now,
        )

    def wake(self) -> None:
        self.woken += 1
        self.is_ready = False


def after(gate: Gate, *seconds: float) -> int:
    """What it allows after jobs that took so long."""
    gate._took.extend(seconds)
    return gate(1)


def test_the_setting_counts() -> None:
    assert Worker().gate(fixed=7)(1) == 7


@pytest.mark.parametrize("devices", [1, 4])
def test_unknown_and_long_jobs_get_one_for_each_device(devices: int) -> None:
    gate = Worker().gate(devices=devices)
    assert gate(1) == devices
    assert after(gate, 60, 60) == devices


def test_a_device_that_does_several_at_once_gets_so_many() -> None:
    gate = Worker().gate(devices=2, at_once=8)
    assert gate(1) == 16
    assert after(gate, 60, 60) == 16
    gate = Worker().gate(at_once=8)
    assert after(gate, 0.3) == 12
    assert Worker().gate(at_once=8, fixed=3)(1) == 3


def test_short_jobs_get_some_more_and_one_long_one_changes_nothing() -> None:
    gate = Worker().gate()
    assert after(gate, 0.3) == 5
    assert after(gate, 0.3, 0.3, 60) == 5


def test_jobs_about_the_limit_do_not_change_it_to_and_fro() -> None:
    gate = Worker().gate()
    assert after(gate, 4.5, 4.5, 4.5) == 5
    assert after(gate, 6, 6, 6) == 5
    assert after(gate, 11, 11, 11) == 1
    assert after(gate, 6, 6, 6) == 1


def test_none_while_the_model_is_not_ready() -> None:
    worker = Worker()
    gate = worker.gate(fixed=3)
    worker.is_ready = False
    assert gate(3) == 0
    worker.is_ready = True
    assert gate(0) == 3


def test_what_waits_in_the_sdk_is_let_through_first() -> None:
    """The SDK begins no more jobs than are allowed at once: with none allowed, those it has taken would hang."""
    worker = Worker()
    gate = worker.gate(fixed=3)
    worker.is_ready, worker.holds = False, 1
    assert gate(3) == 3
    gate.began()
    assert gate(3) == 0


def test_a_lost_device_takes_no_more_and_the_last_job_knows_that_it_is() -> None:
    worker = Worker()
    gate = worker.gate(fixed=3)
    first, second = gate.began(), gate.began()
    gate.sick, worker.holds = True, 2
    assert gate(3) == 0
    gate.ended(first, done=True)
    assert not gate.last
    worker.holds = 1
    gate.ended(second, done=False)
    assert gate.last


def test_a_model_that_is_out_of_use_ends_the_worker() -> None:
    def lost() -> bool:
        raise ModelLost("it is out of use")

    gate = Gate(devices=1, fixed=None, ready=lost, taken=lambda: 0)
    with pytest.raises(ModelLost):
        gate(1)


def test_after_a_long_pause_the_model_is_asked_first() -> None:
    worker = Worker()
    gate = worker.gate(fixed=3)
    worker.now += 95
    assert gate(3) == 3
    worker.now += 3600
    assert gate(3) == 0
    assert worker.woken == 1
    worker.is_ready = True
    worker.now += 1
    assert gate(0) == 3


def test_a_job_counts_from_the_end_of_the_one_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [1000.0]
    monkeypatch.setattr("greenroom.serve.runpod.gate.time.monotonic", lambda: moment[0])
    gate = Worker().gate()
    first, second = gate.began(), gate.began()
    moment[0] += 5
    gate.ended(first, done=True)
    moment[0] += 2
    gate.ended(second, done=True)
    assert gate.running == 0
    assert list(gate._took) == [5, 2]
    third = gate.began()
    gate.ended(third, done=False)
    assert len(gate._took) == 2
