"""How models stand, through failures and new processes."""

from __future__ import annotations

from greenroom.serve.workers.standings import Standings


def standings() -> Standings:
    made = Standings("cpu", ["a", "b"], retry_s=30.0)
    made.starts(hopeless=False)
    return made


def shown(made: Standings) -> list[tuple[str, str]]:
    return [(state.state, state.reason) for state in made.all]


def test_only_what_can_do_a_request_is_able() -> None:
    made = standings()
    assert not made.is_able("a")
    for state in ("ready", "asleep", "unloaded"):
        made.said("a", state, "", 0.0)
        assert made.is_able("a")
    assert not made.is_able("nobody")
    assert made.of("nobody") is None


def test_a_failure_stays_until_the_model_is_ready_and_is_retried_more_and_more_rarely() -> None:
    made = standings()
    made.said("a", "failed", "no weights", 100.0)
    assert made.next_retry() == 130.0
    assert (made.to_retry(129.0), made.to_retry(130.0)) == (None, "a")
    assert not made.said("a", "loading", "", 131.0)
    assert shown(made)[0] == ("failed", "no weights")
    made.said("a", "failed", "no weights", 140.0)
    assert made.next_retry() == 200.0
    assert made.said("a", "ready", "", 201.0)
    assert shown(made)[0] == ("ready", "")
    assert made.next_retry() is None


def test_a_lost_process_is_said_until_its_models_are_ready_again() -> None:
    made = standings()
    made.said("a", "ready", "", 0.0)
    made.lost("its process was killed", hopeless=False)
    made.starts(hopeless=False)
    made.said("a", "warming", "", 0.0)
    assert shown(made)[0] == ("warming", "its worker was lost and starts again: its process was killed")
    made.said("a", "ready", "", 0.0)
    assert shown(made)[0] == ("ready", "")


def test_a_hopeless_device_fails_all_its_models_until_they_are_ready() -> None:
    made = standings()
    made.lost("its process was killed", hopeless=True)
    made.starts(hopeless=True)
    made.said("a", "loading", "", 0.0)
    assert {state for state, _ in shown(made)} == {"failed"}
    made.said("a", "ready", "", 0.0)
    assert [state for state, _ in shown(made)] == ["ready", "failed"]
