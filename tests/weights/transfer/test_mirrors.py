"""Places: redirects, who may know the token, signatures that expire, and mirrors that take over."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from greenroom.weights.transfer.errors import LoginNeeded, NotThere, RedirectRefused, Refused, WrongDigest, WrongSize
from greenroom.weights.transfer.source import Source
from tests.weights.transfer.fetching import BODY, HASTY, OTHER, QUICK, SHA256, get, is_right, source
from tests.weights.transfer.server import GOOD, Answer, Host, Request, at, serving

TOKEN = {"Authorization": "Bearer hf_secret", "Cookie": "session=secret"}


def leading_to(url: str, status: int = 302) -> Answer:
    return Answer(status=status, headers={"Location": url})


def told(host: Host) -> set[str]:
    """The secrets that a host was sent."""
    sent = [request.headers for request in host.requests]
    return {value for headers in sent for name, value in headers.items() if name in ("authorization", "cookie")}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_and_the_token_stays_behind(tmp_path: Path, status: int) -> None:
    with serving(BODY) as there, serving(BODY, lambda request: leading_to(there.url("/x?sig=1"), status)) as hub:
        assert is_right(get(source(hub, headers=TOKEN), tmp_path / "file"))
    assert told(hub) == set(TOKEN.values())
    assert told(there) == set()
    assert len(hub.requests) == 1  # the others went straight to where it led
    assert {request.path for request in there.requests} == {"/x?sig=1"}


def test_a_relative_redirect_keeps_the_token(tmp_path: Path) -> None:
    def script(request: Request) -> Answer:
        return leading_to("../moved/file") if request.path == "/old/file" else GOOD

    with serving(BODY, script) as host:
        assert is_right(get(Source((host.url("/old/file"),), TOKEN, digest=SHA256), tmp_path / "file"))
    assert all("authorization" in request.headers for request in host.requests)


def test_a_token_that_was_left_behind_does_not_come_back(tmp_path: Path) -> None:
    with serving(BODY) as there:

        def script(request: Request) -> Answer:
            return leading_to(there.url()) if request.path == "/file.bin" else GOOD

        with serving(BODY, script) as hub:
            there.script = lambda request: leading_to(hub.url("/again"))
            assert is_right(get(source(hub, headers=TOKEN), tmp_path / "file"))
    back = [request for request in hub.requests if request.path == "/again"]
    assert back
    assert all("authorization" not in request.headers for request in back)


def test_redirects_end(tmp_path: Path) -> None:
    with serving(BODY, lambda request: leading_to(request.path)) as host:
        with pytest.raises(RedirectRefused, match="in a circle"):
            get(source(host), tmp_path / "file")
        assert len(host.requests) == 1
        host.script = lambda request: leading_to(f"/{request.number}")
        with pytest.raises(RedirectRefused, match="more than 10 times"):
            get(source(host), tmp_path / "file")


@pytest.mark.parametrize("nowhere", ["ftp://127.0.0.1/x", "http://ann:secret@127.0.0.1/", "http://[::1", "https:///x"])
def test_a_redirect_leads_to_a_file_or_is_refused(tmp_path: Path, nowhere: str) -> None:
    with serving(BODY, lambda request: leading_to(nowhere)) as host, pytest.raises(RedirectRefused) as caught:
        get(source(host), tmp_path / "file")
    assert "secret" not in caught.value.message


def test_a_signature_that_expires_is_asked_for_anew(tmp_path: Path) -> None:
    """Each signature is good for three requests; every refusal sends us back to the hub, and costs no try."""
    valid: dict[str, int] = {}

    def sign(request: Request) -> Answer:
        valid[path := f"/x?sig={request.number}"] = 3
        return leading_to(there.url(path))

    def check(request: Request) -> Answer:
        valid[request.path] -= 1
        return GOOD if valid[request.path] >= 0 else Answer(status=403)

    with serving(BODY, check) as there, serving(BODY, sign) as hub:
        assert is_right(get(source(hub, headers=TOKEN), tmp_path / "file", streams=1))
    assert len(hub.requests) == 3
    assert told(there) == set()


def test_a_refusal_behind_a_redirect_shows_no_signature(tmp_path: Path) -> None:
    with (
        serving(BODY, lambda request: Answer(status=404)) as there,
        serving(BODY, lambda request: leading_to(there.url("/x?sig=secret"))) as hub,
        pytest.raises(NotThere) as caught,
    ):
        get(source(hub), tmp_path / "file")
    assert "/x?..." in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "how", [Answer(status=404), Answer(status=503), Answer(stop_after=0), Answer(stop_after=0, stop="stall")]
)
def test_a_mirror_takes_over(tmp_path: Path, how: Answer) -> None:
    with serving(BODY, lambda request: how) as first, serving(BODY) as second:
        assert is_right(get(source(first, second, headers=TOKEN), tmp_path / "file", patience=HASTY))
        assert not first.outwaited
    assert told(second) == set()


def test_a_mirror_that_cannot_be_reached_is_not_asked_for_every_piece(tmp_path: Path) -> None:
    asked: list[float] = []

    def pause(event: threading.Event, seconds: float) -> bool:
        asked.append(seconds)
        return event.is_set()

    with serving(BODY) as gone:
        pass
    with serving(BODY) as second:
        patience = replace(QUICK, pause=pause)
        assert is_right(get(source(gone, second), tmp_path / "file", streams=1, patience=patience))
    assert len(asked) == 1


def test_a_mirror_goes_on_where_the_first_one_stopped(tmp_path: Path) -> None:
    with serving(BODY, at(dict.fromkeys(range(3), GOOD), Answer(status=503))) as first, serving(BODY) as second:
        assert is_right(get(source(first, second), tmp_path / "file", streams=1))
    assert second.sent == len(BODY) - 600_000


def test_a_mirror_with_wrong_bytes_is_not_asked_again(tmp_path: Path) -> None:
    with serving(BODY, lambda request: Answer(flip=5)) as first, serving(BODY) as second:
        assert is_right(get(source(first, second), tmp_path / "file"))
    assert first.sent == second.sent == len(BODY)


def test_a_mirror_of_another_size_is_passed_over(tmp_path: Path) -> None:
    shorter = Answer(body=BODY[:-1])
    script = at(dict.fromkeys(range(3), GOOD), Answer(status=404))
    with serving(BODY, script) as first, serving(BODY, lambda request: shorter) as second, serving(BODY) as third:
        assert is_right(get(source(first, second, third), tmp_path / "file", streams=1))
    assert len(second.requests) == 1


def test_the_best_mirror_s_refusal_is_told(tmp_path: Path) -> None:
    with (
        serving(BODY, lambda request: Answer(status=401)) as first,
        serving(BODY, lambda request: Answer(status=404)) as second,
        pytest.raises(LoginNeeded),
    ):
        get(source(first, second), tmp_path / "file")


def test_without_a_digest_bytes_of_two_mirrors_are_not_mixed(tmp_path: Path) -> None:
    with serving(BODY, at(dict.fromkeys(range(3), GOOD), Answer(status=404))) as first, serving(OTHER) as second:
        with pytest.raises(Refused):
            get(source(first, second, digest=None), tmp_path / "file", streams=1)
        assert second.requests == []
    with serving(BODY, lambda request: Answer(status=404)) as first, serving(OTHER) as second:
        assert is_right(get(source(first, second, digest=None, headers=TOKEN), tmp_path / "other" / "file"), OTHER)
    assert told(second) == set()


def test_wrong_everywhere_names_both_digests(tmp_path: Path) -> None:
    wrong = Answer(body=OTHER)
    with (
        serving(BODY, lambda request: wrong) as first,
        serving(BODY, lambda request: wrong) as second,
        pytest.raises(WrongDigest) as caught,
    ):
        get(source(first, second), tmp_path / "file")
    assert caught.value.found == hashlib.sha256(OTHER).hexdigest()
    assert first.sent == second.sent == len(BODY)


def test_all_of_another_size(tmp_path: Path) -> None:
    with serving(OTHER[:-1]) as first, serving(OTHER[:-2]) as second, pytest.raises(WrongSize, match="1,499,999"):
        get(source(first, second, size=len(BODY)), tmp_path / "file")
