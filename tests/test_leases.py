"""One holder at a time, among threads, processes and machines; a dead one is followed, a sleeping one finds out."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from greenroom import leases
from greenroom.errors import Cancelled, OutputUnwritable
from greenroom.leases import Holder, LeaseHeld, LeaseLost, Pace, holder_of, lease

# Who waits for a holder that gives no sign of life waits a quarter of a second. A machine that stands still for longer
# makes the living seem dead: where they are to be seen alive, the expiry is PATIENT's.
QUICK = Pace(beat=0.01, expiry=0.25, look=0.01)
PATIENT = Pace(beat=0.01, expiry=600, look=0.01)
# Takes the lease, says so, and holds it until it is told to end.
HOLD = """
import sys
from pathlib import Path
from greenroom.leases import Pace, lease
with lease(Path(sys.argv[1]), "holding", pace=Pace(0.01, 0.25, 0.01)) as held:
    print("held", flush=True)
    sys.stdin.read()
    held.check()
"""
# Adds one to a number in a file, many times, each time under the lease: lost updates would show.
COUNT = """
import sys
from pathlib import Path
from greenroom.leases import Pace, lease
folder, number = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(20):
    with lease(folder, pace=Pace(0.05, 30, 0.001)):
        number.write_text(str(int(number.read_text()) + 1))
"""


def start(folder: Path) -> subprocess.Popen[str]:
    """A process that holds the lease."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.fixture
def other_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process stands on another machine than those that it starts, and cannot see whether they live."""
    monkeypatch.setattr(leases, "_machine", lambda: "another")


def test_a_lease_is_held_given_back_and_taken_again(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "lease"
    for _ in range(3):
        assert holder_of(folder) is None
        with lease(folder, "pulling", pace=QUICK) as held:
            held.check()
            holder = holder_of(folder)
            assert holder is not None
            assert (holder.pid, holder.purpose) == (os.getpid(), "pulling")
            assert str(holder).startswith(f"process {os.getpid()} on ")
    assert len(list(folder.iterdir())) == 1


def test_who_does_not_wait_is_told_who_holds_it(tmp_path: Path) -> None:
    with (
        lease(tmp_path / "lease", "pulling f5tts", pace=QUICK),
        pytest.raises(LeaseHeld, match=rf"process {os.getpid()} on .* \(pulling f5tts\) is at work in"),
        lease(tmp_path / "lease", patience=0, pace=QUICK),
    ):
        pass


def test_who_waits_hears_for_whom_and_may_give_up(tmp_path: Path) -> None:
    heard: list[tuple[Holder | None, float]] = []

    def waiting(holder: Holder | None, seconds: float) -> None:
        heard.append((holder, seconds))
        if len(heard) == 3:
            raise Cancelled

    with (
        lease(tmp_path / "lease", "pulling", pace=PATIENT),
        pytest.raises(Cancelled),
        lease(tmp_path / "lease", waiting=waiting, pace=PATIENT),
    ):
        pass
    assert [holder.purpose for holder, _ in heard if holder] == ["pulling"] * 3
    assert heard[0][1] < heard[-1][1]


class BetweenBeats:
    """A clock for who waits: it goes on by most of the expiry, and only once there is another sign of life."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._now = folder, 0.0

    def monotonic(self) -> float:
        return self._now

    def sleep(self, _: float) -> None:
        (claim,) = self._folder.iterdir()
        seen, until = claim.read_bytes(), time.monotonic() + 60
        while claim.read_bytes() == seen:
            assert time.monotonic() < until, "there is no sign of life"
            time.sleep(0.005)
        self._now += 0.2


def test_a_holder_that_works_for_long_keeps_it(
    tmp_path: Path, other_machine: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For longer than the expiry, since it gives signs of life."""
    process = start(tmp_path / "lease")
    with monkeypatch.context() as patch, pytest.raises(LeaseHeld):
        patch.setattr(leases, "time", BetweenBeats(tmp_path / "lease"))
        with lease(tmp_path / "lease", patience=0.6, pace=QUICK):
            pass
    assert process.communicate("")[1] == ""
    assert process.returncode == 0


@pytest.mark.parametrize("machine", ["this", "another"])
def test_a_killed_holder_is_followed(tmp_path: Path, machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    process = start(tmp_path / "lease")
    process.kill()
    process.communicate()
    if machine == "another":
        monkeypatch.setattr(leases, "_machine", lambda: "another")
        with pytest.raises(LeaseHeld), lease(tmp_path / "lease", patience=0, pace=QUICK):
            pass
    # On its own machine nobody waits for the expiry.
    patience = 0.0 if machine == "this" else 5.0
    with lease(tmp_path / "lease", patience=patience, pace=QUICK) as held:
        held.check()


def test_a_holder_that_slept_finds_that_it_was_followed(tmp_path: Path) -> None:
    process = start(tmp_path / "lease")
    process.send_signal(signal.SIGSTOP)
    with lease(tmp_path / "lease", pace=QUICK) as held:
        process.send_signal(signal.SIGCONT)
        _, said = process.communicate("")
        assert "LeaseLost" in said
        held.check()
    with lease(tmp_path / "lease", patience=0, pace=QUICK):
        pass


def test_of_many_who_want_it_one_has_it(tmp_path: Path) -> None:
    inside, most = 0, 0
    guard = threading.Lock()

    def work(_: int) -> None:
        nonlocal inside, most
        with lease(tmp_path / "lease", pace=Pace(0.05, 30, 0.001)):
            with guard:
                inside += 1
                most = max(most, inside)
            with guard:
                inside -= 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(40)))
    assert (most, inside) == (1, 0)


def test_processes_take_turns(tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("0")
    command = [sys.executable, "-c", COUNT, str(tmp_path / "lease"), str(number)]
    for process in [subprocess.Popen(command) for _ in range(3)]:
        assert process.wait() == 0
    assert number.read_text() == "60"


@pytest.mark.parametrize("claim", [b"", b"{", b"{}", b'{"holder": {"token": 1}}'])
def test_a_claim_that_nobody_can_read_expires(tmp_path: Path, claim: bytes) -> None:
    """As a process leaves it, where there are no links, that dies between making and writing it."""
    (tmp_path / "lease").mkdir()
    (tmp_path / "lease" / "00000001").write_bytes(claim)
    with pytest.raises(LeaseHeld, match="another process"), lease(tmp_path / "lease", patience=0, pace=QUICK):
        pass
    with lease(tmp_path / "lease", pace=QUICK):
        pass


def test_a_claim_names_its_holder_from_its_first_moment_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed right behind it, on this machine, it is followed at once; and what it left beside it is cleared away."""
    really = os.link

    def killed(staged: Path, place: Path) -> None:
        really(staged, place)
        assert holder_of(place.parent) == json_holder(place)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "link", killed)
    (tmp_path / "lease").mkdir()
    (tmp_path / "lease" / ".0123456789abcdef.part").write_bytes(b"")
    with pytest.raises(KeyboardInterrupt), lease(tmp_path / "lease"):
        pass
    monkeypatch.setattr(os, "link", really)
    monkeypatch.setattr(Holder, "is_dead", property(lambda _: True))
    with lease(tmp_path / "lease", patience=0):
        assert [path.name for path in (tmp_path / "lease").iterdir()] == ["00000002"]


def json_holder(claim: Path) -> Holder:
    """Whom a claim names."""
    return Holder(**json.loads(claim.read_bytes())["holder"])


@pytest.mark.parametrize("trouble", [errno.EPERM, errno.ENOTSUP])
def test_without_links_a_claim_is_made_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: int
) -> None:
    def no_links(staged: Path, place: Path) -> None:
        raise OSError(trouble, os.strerror(trouble))

    monkeypatch.setattr(os, "link", no_links)
    test_of_many_who_want_it_one_has_it(tmp_path)
    assert len(list((tmp_path / "lease").iterdir())) == 1


def test_a_claim_whose_answer_was_lost_is_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network repeats what was not answered, and hears that it is done already."""
    really = os.link

    def asked_twice(staged: Path, place: Path) -> None:
        really(staged, place)
        really(staged, place)

    monkeypatch.setattr(os, "link", asked_twice)
    with lease(tmp_path / "lease", patience=0) as held:
        held.check()


def test_who_was_too_slow_does_not_hold_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others came and went between its look and its claim."""
    really = os.link

    def slow(staged: Path, place: Path) -> None:
        if place.name == "00000001":
            (place.parent / "00000005").write_bytes(leases._claim(None, 0))
        really(staged, place)

    monkeypatch.setattr(os, "link", slow)
    with lease(tmp_path / "lease", patience=0) as held:
        held.check()
        assert [path.name for path in (tmp_path / "lease").iterdir()] == ["00000006"]


def test_a_claim_keeps_its_length(tmp_path: Path) -> None:
    with lease(tmp_path / "lease", "x" * 200, pace=QUICK):
        (claim,) = (tmp_path / "lease").iterdir()
        assert claim.stat().st_size == 1024
        assert json.loads(claim.read_bytes())["holder"]["host"]
    assert claim.stat().st_size == 1024


def test_a_lease_that_lost_its_claim_says_so(tmp_path: Path) -> None:
    with pytest.raises(LeaseLost, match="taken over"), lease(tmp_path / "lease", pace=QUICK) as held:
        for claim in (tmp_path / "lease").iterdir():
            claim.unlink()
        held.check()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputUnwritable), lease(tmp_path / "file" / "lease", pace=QUICK):
        pass
