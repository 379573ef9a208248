"""Each message is frozen: a change to its bytes is a change to what two processes agreed on."""

from __future__ import annotations

import typing

import msgspec
import pytest

from greenroom.serve.workers import protocol
from greenroom.serve.workers.errors import Problem
from greenroom.serve.workers.protocol import (
    Cancel,
    Chunk,
    DeviceMemory,
    Done,
    Failed,
    Load,
    Log,
    Message,
    ModelSpec,
    Ping,
    Pong,
    Progress,
    Room,
    Run,
    Settled,
    Setup,
    ShortOfMemory,
    Shown,
    State,
    Stop,
    Timing,
    Told,
    frame,
    from_worker,
    to_worker,
)

SETUP = Setup("cuda:0", (ModelSpec("echo", "m:Echo"),), "/w", 5, 1.5, ("/a",), 20)
TO_WORKER: list[tuple[Message, object]] = [
    (SETUP, ["Setup", "cuda:0", [["echo", "m:Echo"]], "/w", 5, 1.5, ["/a"], 20]),
    (
        Run(7, "echo", {"text": "ä"}, "/f", "job_1", False, "/k", None),
        ["Run", 7, "echo", {"text": "ä"}, "/f", "job_1", False, "/k", None],
    ),
    (Load("echo"), ["Load", "echo"]),
    (Cancel(7), ["Cancel", 7]),
    (Room(7, 500), ["Room", 7, 500]),
    (Ping(3), ["Ping", 3]),
    (Stop(), ["Stop"]),
]
PROBLEM = Problem("input-invalid", "no", "mend", False, True)
FROM_WORKER: list[tuple[Message, object]] = [
    (Pong(3), ["Pong", 3]),
    (State("echo", "failed", "why"), ["State", "echo", "failed", "why"]),
    (Settled(), ["Settled"]),
    (Progress(7, "speaking", 1.0, 4.0), ["Progress", 7, "speaking", 1.0, 4.0]),
    (Told(7, "plan", {"tiles": 2}), ["Told", 7, "plan", {"tiles": 2}]),
    (Shown(7, "/s/x.png", "image/png"), ["Shown", 7, "/s/x.png", "image/png"]),
    (Chunk(7, b"\x00\xff"), ["Chunk", 7, b"\x00\xff"]),
    (Done(7, {"a": 1}, (("/f/x", "audio/wav"),)), ["Done", 7, {"a": 1}, [["/f/x", "audio/wav"]]]),
    (Failed(7, PROBLEM, True), ["Failed", 7, ["input-invalid", "no", "mend", False, True], True]),
    (Log("job_1", 30, "x", "text"), ["Log", "job_1", 30, "x", "text"]),
    (Timing("echo", "load", 0.5), ["Timing", "echo", "load", 0.5]),
    (ShortOfMemory("echo"), ["ShortOfMemory", "echo"]),
    (DeviceMemory(1, 2), ["DeviceMemory", 1, 2]),
]


@pytest.mark.parametrize(("message", "wire"), TO_WORKER + FROM_WORKER, ids=lambda said: type(said).__name__)
def test_a_message_has_these_bytes(message: Message, wire: object) -> None:
    body = msgspec.msgpack.encode(wire)
    assert frame(message) == len(body).to_bytes(4, "big") + body


def test_all_messages_of_both_directions_are_held() -> None:
    assert {type(message) for message, _ in TO_WORKER} == set(typing.get_args(protocol.ToWorker))
    assert {type(message) for message, _ in FROM_WORKER} == set(typing.get_args(protocol.FromWorker))


@pytest.mark.parametrize("size", [1, 3, 5, 64, 10_000])
def test_messages_arrive_whole_however_they_are_cut(size: int) -> None:
    sent = [message for message, _ in FROM_WORKER] * 3
    wire = b"".join(map(frame, sent))
    messages = from_worker()
    got = [said for start in range(0, len(wire), size) for said in messages.feed(wire[start : start + size])]
    assert got == sent


def test_a_direction_takes_its_own_messages_alone() -> None:
    with pytest.raises(msgspec.ValidationError):
        list(to_worker().feed(frame(Settled())))
    with pytest.raises(msgspec.ValidationError):
        list(from_worker().feed(frame(Stop())))


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError):
        frame(Done(1, {"a": object()}, ()))
