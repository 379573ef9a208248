"""Faults: every one ends with the whole file, verified, or with an error that says what to do and what is kept."""

from __future__ import annotations

import gzip
import hashlib
import threading
import time
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path

import pytest

from greenroom.weights.transfer.errors import (
    ContentChanging,
    Forbidden,
    HostBusy,
    Interrupted,
    LoginNeeded,
    NotThere,
    Refused,
    Unreachable,
    Withheld,
    WrongAnswer,
    WrongDigest,
    WrongSize,
)
from greenroom.weights.transfer.source import Source
from tests.weights.transfer.fetching import BODY, HASTY, OTHER, QUICK, SHA256, get, is_right, source
from tests.weights.transfer.server import GOOD, Answer, Request, Script, at, serving

SURVIVED: dict[str, Script] = {
    "reset once": at({1: Answer(stop_after=100_000)}),
    "reset at the first byte": at({0: Answer(stop_after=0)}),
    "reset without an answer, thrice": at(dict.fromkeys((0, 1, 2), Answer(status=0, stop_after=0))),
    "reset at every try, each bringing something": lambda request: Answer(stop_after=100_000),
    "stall": at({2: Answer(stop_after=50_000, stop="stall")}),
    "slow drip": at({1: Answer(rate=10_000)}),
    "ends early": at({0: Answer(stop_after=200_000, stop="close"), 3: Answer(stop_after=1, stop="close")}),
    "503 twice": at({0: Answer(status=503), 1: Answer(status=503)}),
    "503 in the middle": at({4: Answer(status=503)}),
    "429 and when to come again": at({0: Answer(status=429, headers={"Retry-After": "0"})}),
    "ignores ranges": lambda request: Answer(ranges=False),
    "ignores ranges, and resets once": at({0: Answer(ranges=False, stop_after=900_000)}, Answer(ranges=False)),
    "ignores ranges, in chunks": lambda request: Answer(ranges=False, length="chunked"),
    "ignores ranges, in chunks, and resets": at(
        {0: Answer(ranges=False, length="chunked", stop_after=900_000)}, Answer(ranges=False, length="chunked")
    ),
    "ignores ranges, without a length": lambda request: Answer(ranges=False, length="unsaid"),
    "ignores ranges after the first answer": lambda request: Answer(ranges=request.number == 0),
    "ignores a range in the middle": at({5: Answer(ranges=False)}),
    "refuses ranges": lambda request: Answer(status=416) if request.start is not None else GOOD,
    "416 once in the middle": at({3: Answer(status=416)}),
    "another range than asked for": at({2: Answer(content_range=f"bytes 0-199999/{len(BODY)}")}),
    "a range that says nothing": at({2: Answer(content_range="bytes */*")}),
    "a wrong byte once": at({3: Answer(flip=1_000_000)}),
    "other bytes once": at({1: Answer(body=OTHER, etag=None)}, Answer(etag=None)),
    "the file was replaced meanwhile": at({0: Answer(body=OTHER), 1: Answer(body=OTHER)}),
    "another version from every machine": lambda request: Answer(etag=f'"{request.number}"'),
}


# Those that show only in the time that they take.
SLOW = {"stall", "slow drip"}


@pytest.mark.parametrize("fault", SURVIVED)
def test_a_fault_is_survived(tmp_path: Path, fault: str) -> None:
    with serving(BODY, SURVIVED[fault]) as host:
        assert is_right(get(source(host), tmp_path / "file", patience=HASTY if fault in SLOW else QUICK))
        assert fault not in SLOW or len(host.requests) > 8, "it was waited for"
        assert not host.outwaited


WITHOUT_DIGEST = set(SURVIVED) - {
    "a wrong byte once",  # nobody could know
    "other bytes once",
    "another version from every machine",
    "ignores ranges, without a length",
}


@pytest.mark.parametrize("fault", sorted(WITHOUT_DIGEST))
def test_most_are_survived_without_a_digest(tmp_path: Path, fault: str) -> None:
    with serving(BODY, SURVIVED[fault]) as host:
        patience = HASTY if fault in SLOW else QUICK
        assert is_right(get(source(host, digest=None), tmp_path / "file", patience=patience))


REFUSED: dict[str, tuple[Answer, type[Refused], str]] = {
    "401": (Answer(status=401, headers={"X-Error-Code": "GatedRepo"}), LoginNeeded, r"401 Unauthorized \(GatedRepo\)"),
    "403": (Answer(status=403), Forbidden, "403 Forbidden"),
    "404": (Answer(status=404), NotThere, "404 Not Found"),
    "410": (Answer(status=410), NotThere, "410 Gone"),
    "451": (Answer(status=451), Withheld, "451"),
    "418": (Answer(status=418), WrongAnswer, "418"),
    "gzip": (Answer(headers={"Content-Encoding": "gzip"}, body=gzip.compress(BODY)), WrongAnswer, r"packed \(gzip\)"),
    "page": (
        Answer(body=b"<html>log in</html>", headers={"Content-Type": "text/html; charset=utf-8"}, ranges=False),
        WrongAnswer,
        "a web page, not a file",
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_is_refused_for_good_is_asked_for_once(tmp_path: Path, fault: str) -> None:
    how, kind, words = REFUSED[fault]
    with serving(BODY, lambda request: how) as host, pytest.raises(kind, match=words) as caught:
        get(source(host), tmp_path / "file")
    assert len(host.requests) == 1
    assert caught.value.mend
    assert not caught.value.retryable
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize(("status", "words"), [(401, "make a new one"), (403, "accept the licence")])
def test_who_sends_a_token_is_told_of_the_token(tmp_path: Path, status: int, words: str) -> None:
    with serving(BODY, lambda request: Answer(status=status)) as host, pytest.raises(Refused) as caught:
        get(source(host, headers={"Authorization": "Bearer hf_secret"}), tmp_path / "file")
    assert words in caught.value.mend
    assert "hf_secret" not in caught.value.message + caught.value.mend


def test_a_wrong_byte_for_ever_never_gets_the_name(tmp_path: Path) -> None:
    wrong = BODY[:1_000_000] + bytes([BODY[1_000_000] ^ 1]) + BODY[1_000_001:]
    with serving(BODY, lambda request: Answer(flip=1_000_000)) as host, pytest.raises(WrongDigest) as caught:
        get(source(host), tmp_path / "file")
    assert caught.value.expected == SHA256.value
    assert caught.value.found == hashlib.sha256(wrong).hexdigest()
    assert SHA256.value in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_another_size_is_refused_before_it_comes(tmp_path: Path) -> None:
    with serving(BODY) as host, pytest.raises(WrongSize, match="has 1,500,000 bytes, where 1,400,000 were expected"):
        get(source(host, size=1_400_000), tmp_path / "file")
    page = Answer(body=b"<html>log in</html>", headers={"Content-Type": "text/html"}, ranges=False)
    with serving(BODY, lambda request: page) as host, pytest.raises(WrongSize, match="has 19 bytes, a web page"):
        get(source(host, size=len(BODY)), tmp_path / "file")


@pytest.mark.parametrize(("size", "found"), [(1_600_000, "1,500,000"), (1_400_000, "1,500,000")])
def test_a_size_that_comes_out_in_the_end_is_refused(tmp_path: Path, size: int, found: str) -> None:
    chunked = Answer(ranges=False, length="chunked")
    with serving(BODY, lambda request: chunked) as host, pytest.raises(WrongSize, match=f"has {found} bytes"):
        get(source(host, size=size, digest=None), tmp_path / "file")


def test_a_body_that_nobody_could_tell_whole_needs_a_digest(tmp_path: Path) -> None:
    unsaid = Answer(ranges=False, length="unsaid")
    with serving(BODY, lambda request: unsaid) as host, pytest.raises(WrongAnswer, match="neither a length nor an end"):
        get(source(host, digest=None), tmp_path / "file")


def test_a_host_that_stays_away_uses_up_the_tries_and_what_came_is_kept(tmp_path: Path) -> None:
    def gone(request: Request) -> Answer:
        return GOOD if request.number < 3 else Answer(status=503)

    with serving(BODY, gone) as host:
        with pytest.raises(HostBusy, match="503 Service Unavailable") as caught:
            get(source(host), tmp_path / "file", streams=1)
        assert caught.value.retryable
        assert "600,000 of 1,500,000 bytes are kept" in caught.value.mend
        assert len(host.requests) == 3 + QUICK.tries
        host.script = lambda request: GOOD
        before = host.sent
        fetched = get(source(host), tmp_path / "file")
    assert is_right(fetched)
    assert fetched.resumed_bytes == 600_000
    assert host.sent - before == len(BODY) - 600_000


def test_a_host_that_ends_at_the_same_place_for_ever_is_given_up(tmp_path: Path) -> None:
    stuck = Answer(ranges=False, stop_after=1_000_000, stop="close")
    with serving(BODY, lambda request: stuck) as host, pytest.raises(Interrupted, match="broke off"):
        get(source(host), tmp_path / "file")
    assert len(host.requests) == QUICK.tries


def test_bytes_a_few_at_a_time_are_no_progress(tmp_path: Path) -> None:
    with serving(BODY, lambda request: Answer(stop_after=10)) as host, pytest.raises(Interrupted):
        get(source(host), tmp_path / "file", streams=1)
    assert len(host.requests) == QUICK.tries


def test_one_connection_is_enough_when_the_host_takes_no_more(tmp_path: Path) -> None:
    """Connections that are turned away end; the one that is served brings the file."""
    turned_away: list[Request] = []
    all_others = threading.Event()  # have used up their tries
    with serving(BODY) as host:

        def only_the_first(request: Request) -> Answer:
            if request.client != host.requests[0].client:
                turned_away.append(request)
                if len(turned_away) == 3 * QUICK.tries:
                    all_others.set()
                return Answer(status=429)
            assert request.number == 0 or all_others.wait(60)
            return GOOD

        host.script = only_the_first
        assert is_right(get(source(host), tmp_path / "file"))
    assert len(turned_away) == 3 * QUICK.tries


def test_retry_after_is_waited_for_up_to_a_bound(tmp_path: Path) -> None:
    waited: list[float] = []

    def pause(event: threading.Event, seconds: float) -> bool:
        waited.append(seconds)
        return event.is_set()

    patience = replace(QUICK, pause=pause, most_retry_after_s=100)

    def script(request: Request) -> Answer:
        soon = formatdate(time.time() + 90, usegmt=True)
        busy = (Answer(status=503, headers={"Retry-After": "7"}), Answer(status=429, headers={"Retry-After": soon}))
        return busy[request.number] if request.number < len(busy) else GOOD

    with serving(BODY, script) as host:
        assert is_right(get(source(host), tmp_path / "file", patience=patience))
    assert waited[0] == 7
    assert 30 < waited[1] <= 90
    later = Answer(status=503, headers={"Retry-After": "101"})
    with serving(BODY, lambda request: later) as host, pytest.raises(HostBusy) as caught:
        get(source(host), tmp_path / "other", patience=patience)
    assert caught.value.retry_after_s == 101
    assert len(host.requests) == 1


def test_versions_that_change_for_ever_are_an_error_without_a_digest(tmp_path: Path) -> None:
    with (
        serving(BODY, SURVIVED["another version from every machine"]) as host,
        pytest.raises(ContentChanging, match="another version") as caught,
    ):
        get(source(host, digest=None), tmp_path / "file")
    assert caught.value.retryable
    assert not (tmp_path / "file").exists()


def test_versions_are_never_mixed(tmp_path: Path) -> None:
    """Between two runs the file is replaced: nothing of the old one is left in the new one."""

    def old(request: Request) -> Answer:
        return Answer(body=OTHER) if request.number < 3 else Answer(status=503)

    with serving(BODY, old) as host:
        with pytest.raises(HostBusy):
            get(source(host, digest=None), tmp_path / "file", streams=1)
        host.script = lambda request: GOOD
        fetched = get(source(host, digest=None), tmp_path / "file")
    assert is_right(fetched)
    assert fetched.resumed_bytes == 0


def test_a_host_that_is_not_there(tmp_path: Path) -> None:
    with serving(BODY) as host:
        pass
    with pytest.raises(Unreachable, match="cannot be reached: Connection refused") as caught:
        get(source(host), tmp_path / "file")
    assert caught.value.retryable
    with pytest.raises(Unreachable, match=r"no-such-host.invalid cannot be reached"):
        get(
            Source(("http://no-such-host.invalid/x?token=secret",)), tmp_path / "file", patience=replace(QUICK, tries=1)
        )


def test_what_is_not_http(tmp_path: Path) -> None:
    long = Answer(headers={"X": "y" * 70_000})
    with serving(BODY, lambda request: long) as host, pytest.raises(Interrupted, match="what it says is not HTTP"):
        get(source(host), tmp_path / "file")
