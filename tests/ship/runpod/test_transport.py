"""One request: what is tried again, what is not, how long is waited, and where the key never is."""

from __future__ import annotations

import logging
from dataclasses import replace
from threading import Event

import pytest
from pydantic import SecretStr

from greenroom.errors import Cancelled, InputInvalid
from greenroom.settings import Settings
from greenroom.ship.runpod.client import RunPod
from greenroom.ship.runpod.errors import (
    AnswerStrange,
    KeyMissing,
    KeyRefused,
    NotAllowed,
    NotThere,
    RateLimited,
    ReplyLost,
    RequestRefused,
    RunPodError,
    ServerTrouble,
    Unreachable,
)
from greenroom.ship.runpod.fake import FakeRunPod, Fault, ManualClock
from greenroom.ship.runpod.fake.faults import Kind
from greenroom.ship.runpod.transport import Transport, checked_url
from greenroom.weights.transfer.patience import Patience
from tests.ship.runpod.bodies import endpoint


@pytest.mark.parametrize("kind", ["refuse", "fail", "cut-before", "cut-after"])
def test_what_may_be_repeated_is(runpod: RunPod, fake: FakeRunPod, clock: ManualClock, kind: Kind) -> None:
    fake.faults.append(Fault(kind, times=3))
    assert runpod.endpoints.list() == ()
    assert len(fake.seen) == 4
    assert clock() == 1 + 2 + 4, "exponential"


def test_it_is_given_up_after_some_tries(runpod: RunPod, fake: FakeRunPod) -> None:
    fake.faults.append(Fault("refuse", times=99))
    with pytest.raises(ServerTrouble, match="503") as raised:
        runpod.endpoints.list()
    assert raised.value.retryable
    assert len(fake.seen) == 4


def test_a_slow_answer_is_as_good_as_a_lost_one(fake: FakeRunPod, patience: Patience, clock: ManualClock) -> None:
    fake.faults.append(Fault("slow", seconds=0.6))
    hasty = replace(patience, stall_s=0.3, tries=1000)  # as often as a machine that stands still may take
    with Transport(fake.url, SecretStr(fake.key), hasty, clock) as transport:
        assert RunPod(transport).endpoints.list() == ()
    assert len(fake.seen) > 1


@pytest.mark.parametrize("kind", ["fail", "cut-before", "cut-after"])
def test_a_creation_is_not_sent_twice_unseen(runpod: RunPod, fake: FakeRunPod, kind: Kind) -> None:
    fake.faults.append(Fault(kind, method="POST"))
    with pytest.raises(ReplyLost) as raised:
        runpod.templates.create({"name": "x"})
    assert "greenroom status" in raised.value.mend
    assert len(fake.seen) == 1


@pytest.mark.parametrize("kind", ["fail", "cut-before", "cut-after", "refuse"])
def test_a_creation_that_can_be_recognised_happens_once(runpod: RunPod, fake: FakeRunPod, kind: Kind) -> None:
    fake.faults.append(Fault(kind, method="POST"))
    made = runpod.endpoints.create(endpoint(), lambda one: one.env.get("MARK") == "1")
    assert [one.id for one in runpod.endpoints.list()] == [made.id]


def test_retry_after_is_obeyed(runpod: RunPod, fake: FakeRunPod, clock: ManualClock) -> None:
    fake.faults.append(Fault("refuse", status=429, headers={"Retry-After": "12"}))
    runpod.endpoints.create(endpoint())  # nothing was done, so it is sent again
    assert clock() == 12


def test_the_quota_is_obeyed_before_it_is_used_up(runpod: RunPod, fake: FakeRunPod, clock: ManualClock) -> None:
    fake.per_minute = 3
    for _ in range(7):
        runpod.endpoints.list()
    assert {seen.status for seen in fake.seen} == {200}
    assert clock() >= 120


def test_a_429_that_names_only_its_windows(runpod: RunPod, fake: FakeRunPod, clock: ManualClock) -> None:
    fake.faults.append(Fault("refuse", status=429, headers={"RateLimit": '"minute";r=0;t=9, "hour";r=5;t=900'}))
    runpod.endpoints.list()
    assert clock() == 9


def test_a_wait_that_is_too_long_is_an_error(runpod: RunPod, fake: FakeRunPod) -> None:
    fake.faults.append(Fault("refuse", status=429, headers={"Retry-After": "4000"}))
    with pytest.raises(RateLimited, match="4000 s"):
        runpod.endpoints.list()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RequestRefused),
        (401, KeyRefused),
        (403, NotAllowed),
        (404, NotThere),
        (409, RequestRefused),
        (422, RequestRefused),
    ],
)
def test_refusals_are_typed(runpod: RunPod, fake: FakeRunPod, status: int, kind: type[RunPodError]) -> None:
    fake.faults.append(Fault("refuse", status=status))
    with pytest.raises(kind, match=f"{status} to GET /serverless: refused by a fault") as raised:
        runpod.endpoints.list()
    assert raised.value.mend
    assert not raised.value.retryable
    assert len(fake.seen) == 1


def test_what_a_problem_document_lists_is_said(runpod: RunPod) -> None:
    with pytest.raises(RequestRefused, match="nmae is not a field"):
        runpod.endpoints.create({"nmae": "joe"})


def test_nothing_listens_there(patience: Patience) -> None:
    with Transport("http://127.0.0.1:9/v2", SecretStr("k"), patience) as transport, pytest.raises(Unreachable):
        transport.send("POST", "/serverless", {})


def test_an_answer_of_another_program_is_strange(runpod: RunPod, fake: FakeRunPod) -> None:
    pod = runpod.pods.create({"name": "p", "image": "x", "cpu": {"id": "cpu3c", "vcpuCount": 2}})
    with pytest.raises(AnswerStrange, match="not JSON"):
        runpod.transport.get(f"/pods/{pod.id}/logs")


def test_the_key_is_in_no_word(
    runpod: RunPod, fake: FakeRunPod, patience: Patience, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.faults.append(Fault("refuse", times=99))
    with pytest.raises(RunPodError) as raised:
        runpod.endpoints.list()
    said = f"{raised.value.message} {raised.value.mend} {caplog.text} {vars(runpod.transport)!r}"
    assert fake.key not in said


def test_a_platform_that_repeats_the_key_is_not_quoted(fake: FakeRunPod, patience: Patience) -> None:
    fake.faults.append(Fault("refuse", status=401, detail="no account has the key old-style-key"))
    with (
        Transport(fake.url, SecretStr("old-style-key"), patience) as transport,
        pytest.raises(KeyRefused, match=r"has the key \*{8}$"),
    ):
        transport.get("/serverless")


def test_a_wait_ends_when_the_work_is_stopped(fake: FakeRunPod, patience: Patience) -> None:
    stop = Event()
    stop.set()
    fake.faults.append(Fault("refuse", status=429, headers={"Retry-After": "12"}))
    with (
        Transport(fake.url, SecretStr(fake.key), patience) as transport,
        transport.stopped_by(stop),
        pytest.raises(Cancelled),
    ):
        transport.get("/serverless")
    assert len(fake.seen) == 1


@pytest.mark.parametrize(
    "url", ["http://api.example/v2", "ftp://x/v2", "https://", "https://u:p@h/v2", "http://127.0.0.1:0", "x"]
)
def test_the_key_goes_to_no_address_in_the_clear(url: str) -> None:
    with pytest.raises(InputInvalid):
        checked_url(url)


def test_good_addresses() -> None:
    for url in ("https://api.example/v2", "http://127.0.0.1:1/v2", "http://localhost:1/v2", "http://[::1]:1/v2"):
        assert checked_url(f"{url}/") == url


def test_without_a_key_nothing_is_asked() -> None:
    with pytest.raises(KeyMissing):
        Transport.of(Settings())


def test_a_wrong_key(fake: FakeRunPod, patience: Patience) -> None:
    with (
        Transport(fake.url, SecretStr("wrong"), replace(patience, tries=1)) as transport,
        pytest.raises(KeyRefused),
    ):
        transport.get("/serverless")
