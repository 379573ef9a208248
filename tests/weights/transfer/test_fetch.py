"""Fetching: right, under its name, alone in its folder, and as it was said to go."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from greenroom.errors import Cancelled
from greenroom.weights.transfer.errors import WrongDigest
from greenroom.weights.transfer.patience import Patience
from greenroom.weights.transfer.source import Expected, Source
from tests.weights.transfer.fetching import BODY, QUICK, SHA256, get, is_right, source
from tests.weights.transfer.server import GOOD, Answer, Request, at, serving


def streams() -> set[str]:
    """The connections that are at work."""
    return {thread.name for thread in threading.enumerate() if re.fullmatch(r"transfer-\d", thread.name)}


def git_sha1(body: bytes) -> Expected:
    return Expected("git-sha1", hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest())


@pytest.mark.parametrize("streams", [1, 2, 7])
def test_a_file_comes_whole(tmp_path: Path, streams: int) -> None:
    with serving(BODY) as host:
        fetched = get(source(host, size=len(BODY)), tmp_path / "new" / "file", streams=streams)
    assert is_right(fetched)
    assert fetched.resumed_bytes == 0
    assert host.sent == len(BODY)
    assert len(host.requests) == 8


@pytest.mark.parametrize(("enough_rate", "most"), [(300_000_000, 4), (0, 1)])
def test_others_join_the_first_connection_where_it_brings_too_little(
    tmp_path: Path, enough_rate: int, most: int
) -> None:
    at_work: set[str] = set()
    looks = 0
    go_on = threading.Event()

    def first_piece_only(request: Request) -> Answer:
        assert request.number == 0 or go_on.wait(60)
        return GOOD

    def look(_: int) -> None:
        nonlocal looks
        looks += bool(host.requests)
        at_work.update(streams())
        if looks >= 5 and len(at_work) >= most:
            go_on.set()

    body = BODY[:400_000]
    digest = Expected("sha256", hashlib.sha256(body).hexdigest())
    patience = replace(QUICK, alone_s=0.01, enough_rate=enough_rate)
    with serving(body, first_piece_only) as host:
        got = get(source(host, digest=digest), tmp_path / "file", patience=patience, step=look, piece=20_000)
    assert is_right(got, body)
    assert len(at_work) == most


def test_no_other_joins_while_the_disk_is_what_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work: list[set[str]] = []
    pwrite = os.pwrite
    at_the_disk, written = threading.Event(), threading.Event()

    def look(_: int) -> None:
        if at_the_disk.is_set() and not written.is_set():
            at_work.append(streams())
            if len(at_work) == 5:
                written.set()

    def slow(handle: int, data: memoryview, at: int) -> int:
        at_the_disk.set()
        assert written.wait(60)
        return pwrite(handle, data, at)

    monkeypatch.setattr(os, "pwrite", slow)
    with serving(BODY) as host:
        assert is_right(get(source(host), tmp_path / "file", patience=replace(QUICK, alone_s=0.01), step=look))
    assert at_work == [{"transfer-0"}] * 5


def test_each_byte_is_asked_for_once_and_in_order(tmp_path: Path) -> None:
    with serving(BODY) as host:
        get(source(host), tmp_path / "file", streams=1)
    starts = [request.start for request in host.requests]
    assert starts == list(range(0, len(BODY), 200_000))


@pytest.mark.parametrize("body", [b"", b"x", BODY[:200_000], BODY[:200_001]])
def test_files_of_every_length(tmp_path: Path, body: bytes) -> None:
    digest = Expected("sha256", hashlib.sha256(body).hexdigest())
    with serving(body) as host:
        assert is_right(get(source(host, digest=digest), tmp_path / "a" / "file"), body)
        assert is_right(get(source(host, digest=None, size=len(body)), tmp_path / "b" / "file"), body)
        assert is_right(get(source(host, digest=None), tmp_path / "c" / "file"), body)


def test_what_git_knows_of_a_file_is_compared_too(tmp_path: Path) -> None:
    with serving(BODY) as host:
        assert is_right(get(source(host, digest=git_sha1(BODY)), tmp_path / "file"))
        with pytest.raises(WrongDigest, match="its git-sha1 is"):
            get(source(host, digest=git_sha1(b"")), tmp_path / "other")


def test_steps_rise_to_the_whole(tmp_path: Path) -> None:
    steps: list[int] = []
    told = threading.Event()

    def first_piece_only(request: Request) -> Answer:
        assert request.number == 0 or told.wait(60)
        return GOOD

    def step(done: int) -> None:
        steps.append(done)
        told.set()

    with serving(BODY, first_piece_only) as host:
        get(source(host), tmp_path / "file", step=step)
    assert steps == sorted(steps)
    assert len(steps) > 1
    assert steps[-1] == len(BODY)


def test_a_stop_is_heard_and_what_came_is_kept(tmp_path: Path) -> None:
    def stop(done: int) -> None:
        if done > 400_000:
            raise Cancelled

    with serving(BODY, lambda request: Answer(rate=1_000_000)) as host:
        with pytest.raises(Cancelled):
            get(source(host), tmp_path / "file", step=stop)
        assert not (tmp_path / "file").exists()
        host.script = lambda request: Answer()
        fetched = get(source(host), tmp_path / "file")
    assert is_right(fetched)
    assert fetched.resumed_bytes > 400_000


@pytest.mark.parametrize("length", ["said", "unsaid"])
def test_a_stop_does_not_wait_for_a_host_that_stalls(tmp_path: Path, length: Literal["said", "unsaid"]) -> None:
    def stop(done: int) -> None:
        if host.stalled.is_set():
            raise Cancelled

    stalling = Answer(ranges=False, length=length, stop_after=400_000, stop="stall")
    with serving(BODY, lambda request: stalling) as host:
        with pytest.raises(Cancelled):
            get(source(host), tmp_path / "file", step=stop, patience=Patience(stall_s=600))
        assert not host.outwaited
        host.script = lambda request: Answer()
        assert get(source(host), tmp_path / "file").resumed_bytes == (400_000 if length == "said" else 0)


def test_no_thread_is_left(tmp_path: Path) -> None:
    with serving(BODY, at({3: Answer(stop_after=0)})) as host:
        get(source(host), tmp_path / "file")
        left = [thread for thread in threading.enumerate() if thread.name.startswith("transfer-")]
        for thread in left:  # it may still be on its last steps
            thread.join(60)
        assert not any(thread.is_alive() for thread in left)


def test_who_has_lost_the_right_to_write_does_not(tmp_path: Path) -> None:
    class LeaseLost(Exception):
        pass

    def check() -> None:
        raise LeaseLost

    with serving(BODY) as host:
        with pytest.raises(LeaseLost):
            get(source(host), tmp_path / "file", check=check)
        assert not (tmp_path / "file").exists()
        sent = host.sent
        fetched = get(source(host), tmp_path / "file")
        assert host.sent == sent  # it is all there, and only hashed again
    assert is_right(fetched)
    assert fetched.resumed_bytes == len(BODY)


def test_what_has_the_name_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with serving(BODY, lambda request: Answer(flip=7)) as host, pytest.raises(WrongDigest):
        get(source(host), tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"old"
    with serving(BODY) as host:
        assert is_right(get(source(host), tmp_path / "file"))


def test_nothing_heavy_is_imported() -> None:
    code = "import sys, greenroom.weights.transfer.fetch; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "numpy", "httpx", "httpcore", "huggingface_hub", "requests", "pydantic"} & set(loaded)


def test_tokens_are_not_shown() -> None:
    secret = Source(("https://host/file?signature=secret",), {"Authorization": "Bearer secret"}, 5, SHA256)
    assert "secret" not in repr(secret)
