"""Plans run: in order, side by side, red before and green after, and back again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from greenroom import leases
from greenroom.errors import Cancelled, GreenroomError
from greenroom.leases import Holder, LeaseHeld, LeaseLost, Pace, lease
from greenroom.plan.actions import Attempt, Call, Shell
from greenroom.plan.activity import entries, faults
from greenroom.plan.errors import PlanInvalid
from greenroom.plan.place import Place
from greenroom.plan.plan import Phase, Retry
from greenroom.plan.report import Report
from greenroom.plan.running import run, undo
from greenroom.plan.writing import render
from tests.plan.phases import codes, is_alive, order, phase, plan, states, verbs


def waits_for(path: str) -> Shell:
    """A script that ends once a file is there, and fails when it never is."""
    return Shell(f"n=0; until test -e {path}; do n=$((n + 1)); test $n -lt 500; sleep 0.01; done")


def test_phases_run_in_the_order_of_their_needs(place: Place) -> None:
    report = run(plan(phase(1, 3), phase(2, 1), phase(3)), place)
    assert report.outcome == "done"
    assert order(place) == ["3", "1", "2"]
    assert verbs(place, 1) == ["verify-fail", "start", "verify-ok", "done"]
    assert list(faults(entries(place.activity))) == []


def test_ready_phases_run_side_by_side(place: Place) -> None:
    """Each of two waits for what the other makes: one after the other, neither would end."""
    one = phase(1, do=Shell(f"echo x > 1.txt; {waits_for('2.txt').script}"))
    other = phase(2, do=Shell(f"echo x > 2.txt; {waits_for('1.txt').script}"))
    assert run(plan(one, other), place, jobs=2).outcome == "done"


@pytest.mark.parametrize(
    ("first", "second", "jobs"),
    [
        ({"writes": ("out/",)}, {"writes": ("out/a",)}, 4),
        ({"writes": None}, {}, 4),
        ({"runs": "sequential"}, {}, 4),
        ({}, {"runs": "sequential"}, 4),
        ({}, {}, 1),
    ],
)
def test_what_may_not_run_beside_another_waits(
    place: Place, first: dict[str, object], second: dict[str, object], jobs: int
) -> None:
    alone = Shell("mkdir busy; sleep 0.03; rmdir busy; echo x > $0.txt")
    made = [
        phase(number, do=Shell(alone.script.replace("$0", str(number))), **given)
        for number, given in ((1, first), (2, second))
    ]
    assert run(plan(*made), place, jobs=jobs).outcome == "done"


def test_what_is_green_already_is_skipped_and_is_not_undone(place: Place) -> None:
    (place.folder / "1.txt").write_text("mine\n")
    steps = plan(phase(1), phase(2, 1))
    assert states(run(steps, place)) == ["skipped", "done"]
    assert order(place) == ["2"]
    assert verbs(place, 1) == ["verify-ok", "skip"]
    assert states(run(steps, place)) == ["skipped", "kept"]
    report = undo(steps, place)
    assert (report.outcome, [one.undo for one in report.phases]) == ("undone", [None, "ok"])
    assert (place.folder / "1.txt").read_text() == "mine\n"
    assert order(place) == ["2", "-2"]


def test_what_was_done_and_is_lost_is_done_again(place: Place) -> None:
    steps = plan(phase(1), phase(2, 1))
    run(steps, place)
    (place.folder / "1.txt").unlink()
    assert states(run(steps, place)) == ["done", "kept"]
    assert order(place) == ["1", "2", "1"]


def test_a_do_that_ends_well_and_changes_nothing_has_failed(place: Place) -> None:
    report = run(plan(phase(1, do=Shell("echo all is well"))), place)
    assert (report.outcome, report.phases[0].reason) == ("failed", "verify: exit 1")
    assert report.phases[0].output == ("all is well",)


def test_the_expected_output_counts(place: Place) -> None:
    steps = plan(
        phase(1, verify=Shell("cat 1.txt"), expect=("made",)), phase(2, verify=Shell("cat 2.txt"), expect=("12.4",))
    )
    report = run(steps, place)
    assert states(report) == ["done", "failed"]
    assert report.phases[1].reason == "verify: its output lacks '12.4'"


def test_a_phase_is_tried_again_after_waits_that_double(place: Place) -> None:
    flaky = Shell("echo go >> goes\ntest $(wc -l < goes) -ge 3\necho x > 1.txt")
    begun = time.monotonic()
    report = run(plan(phase(1, do=flaky, retry=Retry(3, 0.05))), place)
    assert (report.outcome, report.phases[0].attempts) == ("done", 3)
    assert time.monotonic() - begun >= 0.15  # 0.05 and 0.1
    assert verbs(place, 1) == ["verify-fail", *["start", "verify-fail"] * 2, "start", "verify-ok", "done"]
    report = run(plan(phase(2, do=Shell("exit 1"), retry=Retry(1))), place)
    assert (report.outcome, report.phases[0].attempts) == ("failed", 2)
    assert "after 2 goes" in report.findings[-1].message


def test_time_that_is_up_is_a_failure(place: Place) -> None:
    report = run(plan(phase(1, do=Shell("sleep 60"), timeout=0.1)), place)
    assert report.phases[0].reason == "do: its time is up"


def test_a_failure_undoes_its_phase_and_leaves_the_others(place: Place) -> None:
    steps = plan(phase(1), phase(2, 1, do=Shell("echo half > 2.txt; exit 3")), phase(3, 2), phase(4, 1))
    report = run(steps, place, jobs=1)
    assert states(report) == ["done", "failed", "waiting", "waiting"]
    assert [one.undo for one in report.phases] == [None, "ok", None, None]
    assert codes(report) == ["plan-phase-failed"]
    assert report.findings[0].message == "phase-2 (Make 2): do: exit 3"
    assert order(place) == ["1", "-2"]
    assert not (place.folder / "2.txt").exists()
    mended = plan(phase(1), phase(2, 1), phase(3, 2), phase(4, 1))
    assert states(run(mended, place, jobs=1)) == ["kept", "done", "done", "done"]


def test_phases_that_need_what_failed_are_undone_the_latest_first(place: Place) -> None:
    steps = plan(phase(1), phase(2, 1), phase(3, 2), phase(4, 1))
    run(steps, place, jobs=1)
    (place.folder / "2.txt").unlink()
    broken = plan(phase(1), phase(2, 1, do=Shell("exit 1")), phase(3, 2), phase(4, 1))
    report = run(broken, place, jobs=1)
    assert [one.undo for one in report.phases] == [None, "ok", "ok", None]
    assert order(place)[4:] == ["-2", "-3"]


def test_a_whole_plan_is_undone_as_a_whole(place: Place) -> None:
    steps = plan(phase(1), phase(2, 1), phase(3, 1, 2, do=Shell("exit 1")), whole=True)
    report = run(steps, place)
    assert [one.undo for one in report.phases] == ["ok", "ok", "ok"]
    assert order(place) == ["1", "2", "-3", "-2", "-1"]


def test_an_undo_that_fails_is_said_and_the_others_go_on(place: Place) -> None:
    steps = plan(phase(1), phase(2, 1, undo=Shell("echo held by $0 >&2; exit 5")), phase(3, 2, undo=None), phase(4, 3))
    run(steps, place)
    report = undo(steps, place)
    assert report.outcome == "failed"
    assert [one.undo for one in report.phases] == ["ok", "failed", "absent", "ok"]
    assert order(place)[-2:] == ["-4", "-1"]
    assert codes(report) == ["plan-not-undone", "plan-undo-failed"]
    assert "exit 5: held by" in report.findings[1].message
    # The next run begins with the undo that is still to be done.
    (place.folder / "2.txt").unlink()
    assert states(run(steps, place))[:2] == ["done", "failed"]
    mended = plan(phase(1), phase(2, 1, undo=Shell("echo held by $0 >&2; exit 5")), phase(3, 2, undo=None), phase(4, 3))
    assert run(mended, place).phases[1].reason.startswith("undo: exit 5")


def test_an_undo_that_fails_is_tried_once_a_run(place: Place) -> None:
    steps = plan(phase(1, do=Shell("exit 3"), undo=Shell("echo undo >> undos; exit 5")))
    run(steps, place)
    report = run(steps, place)
    assert (states(report), report.phases[0].undo) == (["failed"], "failed")
    assert codes(report) == ["plan-undo-failed", "plan-phase-failed"]
    assert (place.folder / "undos").read_text() == "undo\n" * 2


@pytest.mark.parametrize("whole", [True, False])
def test_what_was_lost_and_done_again_is_undone_after_what_needs_it(place: Place, whole: bool) -> None:
    """Though it was done later: what stands on it could not be taken back without it."""
    good = (phase(1), phase(2, 1), phase(3, 2))
    run(plan(*good), place)
    (place.folder / "1.txt").unlink()
    report = run(plan(*good, phase(4, 3, do=Shell("exit 1")), whole=whole), place)
    assert report.phases[0].state == "done"
    undo(plan(*good), place)
    assert order(place) == ["1", "2", "3", "1", "-4", "-3", "-2", "-1"]


def test_a_phase_that_is_no_longer_in_the_plan_is_named(place: Place) -> None:
    run(plan(phase(1), phase(2, 1)), place)
    report = undo(plan(phase(1)), place)
    assert (report.outcome, codes(report)) == ("failed", ["plan-changed"])
    assert report.findings[0].message == "the log says that phase-2 was begun, and the plan has no phase-2"
    assert order(place) == ["1", "2", "-1"]


def test_an_undo_that_takes_nothing_back_is_found(place: Place) -> None:
    steps = plan(phase(1, undo=Shell("true")))
    run(steps, place)
    assert codes(undo(steps, place)) == ["plan-undo-idle"]


def test_a_phase_that_became_another_is_not_undone_by_the_new_one(place: Place) -> None:
    run(plan(phase(1)), place)
    other = plan(phase(1, undo=Shell("rm -rf precious")))
    report = undo(other, place)
    assert (report.outcome, codes(report)) == ("failed", ["plan-changed"])
    assert verbs(place, 1)[-1] == "done"


def test_what_was_under_way_is_undone_and_done_again_though_it_looks_done(place: Place) -> None:
    steps = plan(phase(1), phase(2, undo=None, do=Shell("echo 2 >> order; echo x > 2.txt")))
    run(steps, place, jobs=1)
    (log,) = place.activity.glob("*.log")
    cut = "".join(line for line in log.read_text().splitlines(keepends=True) if " start " in line)
    log.write_text(cut)
    assert states(run(steps, place, jobs=1)) == ["done", "done"]
    assert order(place) == ["1", "2", "-1", "1", "2"]
    assert list(faults(entries(place.activity))) == []


def test_functions_are_phases_as_scripts_are(place: Place) -> None:
    held: list[str] = []
    shown: list[str] = []

    def fetch(attempt: Attempt) -> None:
        attempt.say("fetching")
        attempt.step("bytes", 1, 4)
        held.append("it")

    def give_back(attempt: Attempt) -> None:
        held.clear()

    calls = Phase(
        1,
        "Fetch",
        Call("fetch it", fetch),
        Call("it is here", lambda _: bool(held)),
        Call("give it back", give_back),
        writes=(),
    )
    report = run(plan(calls), place, step=lambda stage, done, total: shown.append(stage))
    assert (report.outcome, report.phases[0].output) == ("done", ("fetching",))
    assert shown
    assert set(shown) <= {"Fetch", "Fetch: bytes 25 %"}
    assert undo(plan(calls), place).ok
    assert not held
    assert [entry.detail for entry in entries(place.activity) if entry.verb == "undo"] == ["begun: give it back", "ok"]


class Busy(GreenroomError):
    """What may pass."""

    code = "busy"
    retryable = True


def test_errors_of_functions_are_reasons_and_tried_again_where_they_say_so(place: Place) -> None:
    goes: list[type[GreenroomError]] = []

    def failing(error: type[GreenroomError]) -> Call:
        def fail(_: Attempt) -> None:
            goes.append(error)
            raise error("the server is away", mend="wait")

        return Call("ask", fail)

    for error in (Busy, GreenroomError):
        report = run(plan(phase(1, do=failing(error), retry=Retry(2))), place)
        assert report.phases[0].reason == "do: the server is away (mend: wait)"
    assert goes == [Busy] * 3 + [GreenroomError]


def test_a_function_that_is_cancelled_by_its_own_means_stops_the_run(place: Place) -> None:
    def cancel(_: Attempt) -> None:
        raise Cancelled

    report = run(plan(phase(1, do=Call("ask", cancel)), phase(2, 1)), place)
    assert (report.outcome, states(report)) == ("stopped", ["stopped", "waiting"])


def test_a_function_that_steps_notices_that_its_time_is_up(place: Place) -> None:
    def forever(attempt: Attempt) -> None:
        while True:
            attempt.step("on and on", 0, 1)
            time.sleep(0.005)

    report = run(plan(phase(1, do=Call("wait", forever), timeout=0.05)), place)
    assert report.phases[0].reason == "do: its time is up"


def test_a_fault_of_greenroom_ends_the_run_and_all_that_runs(place: Place) -> None:
    def broken(_: Attempt) -> None:
        raise KeyError("x")

    slow = phase(2, do=Shell("sleep 60; touch waited"))
    with pytest.raises(KeyError):
        run(plan(phase(1, do=Call("break", broken)), slow), place)
    assert not (place.folder / "waited").exists()


@pytest.mark.parametrize("stop", [KeyboardInterrupt, Cancelled])
def test_a_stopped_run_ends_its_scripts_and_goes_on_later(place: Place, stop: type[BaseException]) -> None:
    def step(stage: str, done: float, total: float) -> None:
        if (place.folder / "begun").exists():
            raise stop

    slow = phase(2, 1, do=Shell("echo half > 2.txt; touch begun; sleep 60"))
    reports: list[Report] = []
    report = run(plan(phase(1), slow, phase(3, 2)), place, step=step, on_end=reports.append)
    assert reports == [report]
    assert (report.outcome, states(report)) == ("stopped", ["done", "stopped", "waiting"])
    assert (place.folder / "2.txt").read_text() == "half\n"
    assert verbs(place, 2) == ["verify-fail", "start"]
    assert states(run(plan(phase(1), phase(2, 1), phase(3, 2)), place)) == ["kept", "done", "done"]
    assert order(place) == ["1", "-2", "2", "3"]


def test_ctrl_c_while_undoing_leaves_the_rest_for_the_next_time(place: Place) -> None:
    steps = plan(phase(1), phase(2, 1, undo=Shell("touch begun; sleep ${LONG:-0}; rm -f 2.txt")), phase(3, 2))
    run(steps, place)

    def interrupt() -> None:
        while not (place.folder / "begun").exists():
            time.sleep(0.005)
        os.kill(os.getpid(), signal.SIGINT)

    stopping = threading.Thread(target=interrupt)
    stopping.start()
    report = undo(steps, place, environ={**os.environ, "LONG": "60"})
    stopping.join()
    assert (report.outcome, [one.undo for one in report.phases]) == ("stopped", [None, None, "ok"])
    assert undo(steps, place).outcome == "undone"
    assert list(place.folder.glob("?.txt")) == []


def test_two_runs_of_one_plan_exclude_each_other(place: Place) -> None:
    with (
        lease(place.lease, "plan run Test"),
        pytest.raises(LeaseHeld, match=rf"process {os.getpid()} on .* is at work on this plan"),
    ):
        run(plan(phase(1)), place)
    with lease(place.lease), pytest.raises(LeaseHeld):
        undo(plan(phase(1)), place)


def test_who_waits_for_another_machine_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.lease.mkdir(parents=True)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(leases, "_machine", lambda: "another")
        (place.lease / "00000001").write_bytes(leases._claim(Holder.me("plan run Test"), 0))
    told: list[str] = []
    pace = Pace(beat=0.02, expiry=0.1, look=0.02)
    assert run(plan(phase(1)), place, step=lambda stage, done, total: told.append(stage), pace=pace).ok
    assert f"is process {os.getpid()} on " in told[0]


def test_what_a_killed_run_left_is_ended_before_anything_is_done(place: Place) -> None:
    """Also where it left its group, so that no guard reached it; what an earlier step left is no part of it."""
    leaves = "setsid -w sh -c 'echo $$ > {0}; exec sleep 60' & until test -s {0}; do sleep 0.01; done"
    steps = plan(phase(1, do=Shell(f"{leaves.format('before')}; echo made > 1.txt")), phase(2, 1))
    killed = plan(steps.phases[0], phase(2, 1, do=Shell(f"{leaves.format('left')}; kill -9 $PPID; sleep 60")))
    (place.folder / "PLAN.md").write_text(render(killed))
    command = [sys.executable, "-m", "greenroom", "plan", "run"]
    done = subprocess.run(command, cwd=place.folder, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    before, left = (int((place.folder / name).read_text()) for name in ("before", "left"))
    assert (is_alive(before), is_alive(left)) == (True, True)
    assert states(run(steps, place)) == ["kept", "done"]
    assert (is_alive(before), is_alive(left)) == (True, False)
    os.kill(before, signal.SIGKILL)


def test_who_lost_the_lease_does_nothing_more(place: Place) -> None:
    def overtaken(_: Attempt) -> None:
        (place.lease / "99999999").write_text("")

    with pytest.raises(LeaseLost):
        run(plan(phase(1, do=Call("be slow", overtaken)), phase(2, 1)), place)
    assert order(place) == []


def test_a_plan_that_cannot_hang_together_is_not_begun(place: Place) -> None:
    with pytest.raises(PlanInvalid, match=r"nobody sees whether phase-2 .*, and 1 more") as raised:
        run(plan(phase(1, 1), phase(2, verify=None)), place)
    assert raised.value.findings
    assert not place.activity.exists()


def test_secrets_are_in_no_log_and_no_report(place: Place) -> None:
    environ = {**os.environ, "HF_TOKEN": "hf_secret", "TMPDIR": str(place.folder)}
    loud = phase(
        1,
        do=Shell("echo with $HF_TOKEN; exit 1"),
        verify=Shell("test -e 1.txt # hf_secret"),
        undo=Shell("echo $HF_TOKEN; exit 1"),
    )
    lines: list[str] = []
    report = run(plan(loud), place, environ=environ, said=lines.append)
    said = repr(report) + "".join(path.read_text() for path in place.activity.glob("*.log")) + "".join(lines)
    assert "********" in said
    assert "hf_secret" not in said


def test_each_line_of_the_log_is_said(place: Place) -> None:
    lines: list[str] = []
    run(plan(phase(1)), place, said=lines.append)
    (log,) = place.activity.glob("*.log")
    assert log.read_text().splitlines() == lines


def test_many_phases_are_no_burden(place: Place) -> None:
    done: set[int] = set()

    def step(number: int) -> Phase:
        see = Call("see", lambda _: number in done)
        before = (number - 1,) if number > 1 else ()
        return Phase(number, "Step", Call("do", lambda _: done.add(number)), see, needs=before, writes=())

    begun = time.process_time()
    assert run(plan(*map(step, range(1, 61))), place).outcome == "done"
    assert time.process_time() - begun < 2


def test_a_folder_that_takes_no_log_stops_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "activity").write_text("in the way")
    with pytest.raises(GreenroomError):
        run(plan(phase(1)), Place.of(tmp_path / "PLAN.md"))
    assert not (tmp_path / "order").exists()
