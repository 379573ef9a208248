"""Going on where another process stopped: what it left is used if it is of this file, and never believed unseen."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from greenroom.weights.transfer.errors import HostBusy
from greenroom.weights.transfer.source import Expected, Source
from tests.weights.transfer.fetching import BODY, OTHER, SHA256, get, is_right, source
from tests.weights.transfer.server import GOOD, Answer, Host, at, serving

KEPT = 600_000
THREE_PIECES = at(dict.fromkeys(range(3), GOOD), Answer(status=503))


def leave_a_part(host: Host, into: Path, digest: Expected | None = SHA256) -> Path:
    """Three pieces of the file and their journal, as a run leaves them that was stopped; gives the journal's path."""
    host.script = THREE_PIECES
    with pytest.raises(HostBusy):
        get(source(host, digest=digest), into, streams=1)
    host.requests.clear()
    host.script, host.sent = (lambda request: GOOD), 0
    return into.with_name("file.part.json")


@pytest.mark.parametrize("digest", [SHA256, None])
def test_what_is_there_is_not_asked_for_again(tmp_path: Path, digest: Expected | None) -> None:
    with serving(BODY) as host:
        leave_a_part(host, tmp_path / "file", digest)
        fetched = get(source(host, digest=digest), tmp_path / "file")
    assert is_right(fetched)
    assert fetched.resumed_bytes == KEPT
    assert host.sent == len(BODY) - KEPT


def test_with_a_digest_another_mirror_may_go_on(tmp_path: Path) -> None:
    with serving(BODY) as first, serving(BODY, lambda request: Answer(etag='"another"')) as second:
        leave_a_part(first, tmp_path / "file")
        fetched = get(source(second), tmp_path / "file")
    assert is_right(fetched)
    assert second.sent == len(BODY) - KEPT


def test_a_host_that_ignores_ranges_sends_again_what_is_there(tmp_path: Path) -> None:
    with serving(BODY) as host:
        leave_a_part(host, tmp_path / "file")
        host.script = lambda request: Answer(ranges=False)
        fetched = get(source(host), tmp_path / "file")
    assert is_right(fetched)
    assert fetched.resumed_bytes == KEPT
    assert len(host.requests) == 1


def torn(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes()[:-9])


def forged(journal: Path) -> None:
    said = json.loads(journal.read_text())
    journal.write_text(json.dumps(said | {"ranges": [[0, len(BODY)]]}))


def of_later(journal: Path) -> None:
    said = json.loads(journal.read_text())
    journal.write_text(json.dumps(said | {"format": 99}))


def gone(journal: Path) -> None:
    journal.unlink()


def part_gone(journal: Path) -> None:
    journal.with_name("file.part").unlink()


def part_cut(journal: Path) -> None:
    journal.with_name("file.part").write_bytes(BODY[:KEPT])


@pytest.mark.parametrize("harm", [torn, forged, of_later, gone, part_gone, part_cut])
def test_a_journal_that_cannot_be_believed_is_none(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    with serving(BODY) as host:
        harm(leave_a_part(host, tmp_path / "file"))
        fetched = get(source(host), tmp_path / "file")
    assert is_right(fetched)
    assert fetched.resumed_bytes == 0
    assert host.sent == len(BODY)


def other_digest(host: Host) -> Source:
    return source(host, digest=Expected("sha256", "0" * 64))


def other_size(host: Host) -> Source:
    return source(host, size=len(BODY) + 1)


def other_address(host: Host) -> Source:
    return Source((host.url("/another"),))


@pytest.mark.parametrize("wanted", [other_digest, other_size, other_address])
def test_a_part_of_another_file_is_not_used(tmp_path: Path, wanted: Callable[[Host], Source]) -> None:
    with serving(BODY) as host:
        leave_a_part(host, tmp_path / "file", None if wanted is other_address else SHA256)
        host.script = lambda request: Answer(status=404)
        with pytest.raises(Exception, match="404"):
            get(wanted(host), tmp_path / "file")
    assert host.requests[0].start == 0


def test_without_a_digest_an_unversioned_part_is_not_used(tmp_path: Path) -> None:
    with serving(BODY) as host:
        host.script = at(dict.fromkeys(range(3), Answer(etag=None)), Answer(status=503))
        with pytest.raises(HostBusy):
            get(source(host, digest=None), tmp_path / "file", streams=1)
        host.script = lambda request: Answer(etag=None)
        fetched = get(source(host, digest=None), tmp_path / "file")
    assert is_right(fetched)
    assert fetched.resumed_bytes == 0


def test_a_whole_part_without_a_digest_is_asked_for_once_more(tmp_path: Path) -> None:
    """The host says whether its file is still the one that is here."""

    def lost() -> None:
        raise TimeoutError

    for body in (BODY, OTHER):
        with serving(BODY) as host:
            wanted, into = source(host, digest=None), tmp_path / str(host.port) / "file"
            with pytest.raises(TimeoutError):
                get(wanted, into, check=lost)
            host.body, host.sent = body, 0
            assert is_right(get(wanted, into), body)
            assert host.sent == (1 if body is BODY else len(BODY) + 1)


def test_bytes_that_a_crash_tore_are_found_and_fetched_again(tmp_path: Path) -> None:
    with serving(BODY) as host:
        part = leave_a_part(host, tmp_path / "file").with_name("file.part")
        with part.open("r+b") as file:
            file.seek(100_000)
            file.write(bytes(4096))
        fetched = get(source(host), tmp_path / "file")
    assert is_right(fetched)
    assert fetched.resumed_bytes == 0
    assert host.sent == 2 * len(BODY) - KEPT


CHILD = """
import sys
from pathlib import Path
from greenroom.weights.transfer.fetch import fetch
from greenroom.weights.transfer.source import Expected, Source
fetch(Source((sys.argv[1],), digest=Expected("sha256", sys.argv[2])), Path(sys.argv[3]), piece=150_000, flush=1)
"""


def test_killed_at_any_moment_the_next_process_goes_on(tmp_path: Path) -> None:
    """kill -9 fifteen times: the name is free or holds the right file, and nobody has to clean up."""
    into, moments = tmp_path / "file", random.Random(1)
    journal = tmp_path / "file.part.json"
    arrived = 0
    with serving(BODY, lambda request: Answer(rate=700_000)) as host:
        for kill in range(15):
            asked = len(host.requests)
            child = subprocess.Popen([sys.executable, "-c", CHILD, host.url(), SHA256.value, into])
            while len(host.requests) == asked and child.poll() is None:
                time.sleep(0.005)
            time.sleep(moments.uniform(0.0, 0.5))
            while kill == 14 and not journal.exists() and child.poll() is None:  # the last one leaves something
                time.sleep(0.005)
            child.kill()
            child.wait()
            if into.exists():
                assert into.read_bytes() == BODY
                arrived += 1
                into.unlink()
        host.script = lambda request: GOOD
        fetched = get(source(host), into)
    assert is_right(fetched)
    assert arrived or fetched.resumed_bytes, "what was there was never used"
