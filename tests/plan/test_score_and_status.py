"""How ready a plan is and how far: counted, and read from the log."""

from __future__ import annotations

from greenroom.anchors import Anchor, Span
from greenroom.leases import lease
from greenroom.plan.actions import Shell
from greenroom.plan.activity import Activity
from greenroom.plan.order import groups
from greenroom.plan.place import Place
from greenroom.plan.plan import Retry
from greenroom.plan.running import run, undo
from greenroom.plan.score import score
from greenroom.plan.status import status
from tests.plan.phases import phase, plan


def test_points_are_counted_from_the_parts(place: Place) -> None:
    (place.folder / "a.py").write_text("def f(): ...\n")
    here, gone = Anchor("a.py", Span(1, 1), "f"), Anchor("a.py", Span(2, 2), "f")
    counted = score(
        plan(
            phase(1, targets=(here,), expect=("x",), retry=Retry(0)),
            phase(2, targets=(here, gone)),
            phase(3, undo=None, writes=(), verify=None),
        ),
        place,
    )
    assert [(part.name, part.points, part.lacking) for part in counted.parts] == [
        ("targets", 3, ("phase-2", "phase-3")),
        ("verification", 6, ("phase-3",)),
        ("expectation", 3, ("phase-2", "phase-3")),
        ("undo", 10, ()),
        ("recovery", 3, ("phase-2", "phase-3")),
    ]
    assert (counted.points, counted.most) == (25, 50)
    assert score(plan(), place).points == 0


def test_how_far_a_plan_is(place: Place) -> None:
    steps = plan(phase(1), phase(2, do=Shell("exit 3"), undo=None), phase(3))
    assert [one.state for one in status(steps, place).phases] == ["waiting"] * 3
    run(steps, place, jobs=1)
    with Activity(place.activity) as log:
        log.write(3, "start", steps.phases[2].mark)
    now = status(steps, place)
    assert [one.state for one in now.phases] == ["done", "failed", "interrupted"]
    assert now.phases[1].detail == "do: exit 3"
    assert now.running is None
    stuck = plan(phase(4, undo=Shell("exit 5")))
    run(stuck, place)
    undo(stuck, place)
    assert [one.state for one in status(stuck, place).phases] == ["not undone"]
    assert [one.state for one in status(plan(phase(4)), place).phases] == ["changed"]
    with lease(place.lease, "plan run Test"):
        now = status(steps, place)
    assert now.phases[2].state == "under way"
    assert now.running is not None
    assert "plan run Test" in now.running


def test_what_was_taken_back_is_not_as_if_it_had_never_begun(place: Place) -> None:
    steps = plan(phase(1, do=Shell("exit 3")), phase(2, 1))
    run(steps, place)
    assert [one.state for one in status(steps, place).phases] == ["undone", "waiting"]


def test_the_order_in_which_phases_would_start(place: Place) -> None:
    steps = plan(
        phase(1), phase(2), phase(3, writes=("2.txt",)), phase(4, 1, 3), phase(5, runs="sequential"), phase(6, 6)
    )
    told = [[one.number for one in group] for group in groups(steps, place.folder, 4)]
    assert told == [[1, 2], [3], [4], [5]]
    assert [[one.number for one in group] for group in groups(steps, place.folder, 1)] == [[1], [2], [3], [4], [5]]
