"""Leases: one holder at a time among the machines that share a folder, on file systems whose locks cannot be trusted.

``flock`` succeeds for every caller on some network file systems. What they do hold to is that one of two who create a
file exclusively is told that it is there. So a lease is a folder of numbered claims:

- The newest claim is the lease. Whoever takes over creates the next number, and only one can. A claim is written
  beside its place and linked to it, so that it names its holder from the first moment on; where a file system has no
  links it is created empty, and a holder that died in between is waited for.
- A holder counts up in its claim. One whose count stands still for ``Pace.expiry`` by the *observer's* own clock is
  taken for dead; no clock is compared with another. On the holder's own machine a dead process is seen at once.
- A holder that slept through its expiry finds a newer claim at its next ``check``, and must not publish.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import socket
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from greenroom.errors import GreenroomError, quoted
from greenroom.files import writing_to

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PROCESSES = Path("/proc")
_NAMESPACE = Path("/proc/self/ns/pid")
# Letters of a purpose: with them a claim stays within its length however they are written.
_PURPOSE = 100
_LENGTH = 1024
# What file systems without hard links answer.
_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK}
_CHOSEN_BY = "folder"


class LeaseHeld(GreenroomError):
    """Somebody else holds the lease, and was not waited for any longer."""

    code = "lease-held"
    retryable = True


class LeaseLost(GreenroomError):
    """The lease was held, and somebody took it over because its holder did not move for too long."""

    code = "lease-lost"
    retryable = True


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds. beat: between signs of life.  expiry: without one, until one is taken for dead.  look: between looks.

    The expiry is many beats, because network file systems show changes to other machines late.
    """

    beat: float = 5.0
    expiry: float = 60.0
    look: float = 1.0


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease, and what for. machine, started: tell whether ``pid`` is still that process."""

    token: str
    host: str
    pid: int
    started: str
    machine: str
    purpose: str

    @classmethod
    def me(cls, purpose: str) -> Self:
        """This process."""
        pid = os.getpid()
        return cls(secrets.token_hex(8), socket.gethostname(), pid, _started(pid), _machine(), purpose[:_PURPOSE])

    @property
    def is_dead(self) -> bool:
        """Whether it ran on this machine and is no more; False where that cannot be known."""
        return self.machine == _machine() and _started(self.pid) != self.started

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}" + (f" ({self.purpose})" if self.purpose else "")


class Lease:
    """A lease that is held."""

    def __init__(self, folder: Path, number: int, holder: Holder) -> None:
        self._folder = folder
        self._number = number
        self._holder = holder
        self._lost = threading.Event()

    def check(self) -> None:
        """Call before anything is published. Raises LeaseLost."""
        if self._lost.is_set() or not self._is_newest():
            raise LeaseLost(
                f"{quoted(self._folder)} was taken over by another process while this one stood still",
                mend="run the command again: it goes on from what is there",
            )

    def _is_newest(self) -> bool:
        return _numbers(self._folder)[-1:] == [self._number]

    def _beat(self, count: int) -> None:
        """A sign of life, written in place: on a full disk too there is room for it."""
        try:
            with (self._folder / _name(self._number)).open("r+b") as file:
                file.write(_claim(self._holder, count))
        except FileNotFoundError:
            self._lost.set()
        except OSError:
            pass  # the next beat may get through; if none does, the others take over and ``check`` says so

    def _beat_until(self, ended: threading.Event, every: float) -> None:
        count = 0
        while not ended.wait(every) and not self._lost.is_set():
            count += 1
            self._beat(count)

    def _release(self) -> None:
        # The newest claim is never removed, or numbers would begin again under a holder that slept.
        with contextlib.suppress(OSError):
            if self._is_newest():
                with (self._folder / _name(self._number)).open("r+b") as file:
                    file.write(_claim(None, 0))


@contextlib.contextmanager
def lease(
    folder: Path,
    purpose: str = "",
    *,
    patience: float | None = None,
    waiting: Callable[[Holder | None, float], None] | None = None,
    pace: Pace = Pace(),
) -> Iterator[Lease]:
    """Hold the lease that ``folder`` stands for; the folder is made, and holds nothing else.

    purpose: what for, in words that others may read.  patience: seconds to wait for whoever holds it, None for ever.
    waiting: called at every look while another holds it, with that one and the seconds waited; may raise to give up.
    Raises LeaseHeld, OutputUnwritable.
    """
    with writing_to(folder, _CHOSEN_BY):
        folder.mkdir(parents=True, exist_ok=True)
    held = _take(folder, Holder.me(purpose), patience, waiting, pace)
    ended = threading.Event()
    beating = threading.Thread(target=held._beat_until, args=(ended, pace.beat), name="lease", daemon=True)
    beating.start()
    try:
        yield held
    finally:
        ended.set()
        beating.join()
        held._release()


def holder_of(folder: Path) -> Holder | None:
    """Who holds a lease, as far as its claim says; None for nobody. A holder that died silently is still named."""
    numbers = _numbers(folder)
    said = _read(folder, numbers[-1]) if numbers else b""
    holder = _holder(said)
    return None if holder is None or holder.is_dead else holder


def _take(
    folder: Path,
    me: Holder,
    patience: float | None,
    waiting: Callable[[Holder | None, float], None] | None,
    pace: Pace,
) -> Lease:
    begun = time.monotonic()
    seen: tuple[int, bytes] = (0, b"")
    since = begun
    while True:
        newest = (_numbers(folder) or [0])[-1]
        said = _read(folder, newest) if newest else b""
        now = time.monotonic()
        if (newest, said) != seen:
            seen, since = (newest, said), now
        holder = _holder(said)
        if newest == 0 or _is_released(said) or (holder and holder.is_dead) or now - since >= pace.expiry:
            held = Lease(folder, newest + 1, me)
            # One that was slow to create its claim may find that others have come and gone since.
            if _create(folder, newest + 1, me) and held._is_newest():
                return held
            continue
        if patience is not None and now - begun >= patience:
            raise LeaseHeld(
                f"{holder or 'another process'} is at work in {quoted(folder.parent)}", mend="wait until it has ended"
            )
        if waiting:
            waiting(holder, now - begun)
        time.sleep(pace.look)


def _create(folder: Path, number: int, me: Holder) -> bool:
    """Make a claim; False when another was quicker. The older ones are removed, and what the dead left beside them."""
    place, staged = folder / _name(number), folder / f".{me.token}.part"
    claim = _claim(me, 0)
    try:
        with writing_to(place, _CHOSEN_BY):
            staged.write_bytes(claim)
            try:
                _link(staged, place, claim)
            except FileExistsError:
                # By another, or by us: a network repeats a question whose answer was lost.
                if _read(folder, number) != claim:
                    return False
            except FileNotFoundError:  # who was quicker took ours for what the dead left
                return False
    finally:
        with contextlib.suppress(OSError):
            staged.unlink(missing_ok=True)
    for older in (*(folder / _name(one) for one in _numbers(folder) if one < number), *folder.glob(".*.part")):
        older.unlink(missing_ok=True)
    return True


def _link(staged: Path, place: Path, claim: bytes) -> None:
    """Let what was staged appear at its place, unless something is there. Raises FileExistsError."""
    try:
        os.link(staged, place)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with place.open("xb") as file:
            file.write(claim)


def _claim(holder: Holder | None, count: int) -> bytes:
    """Claims of a holder are of one length whatever the count, so that none is ever written half."""
    said = {"released": holder is None, "count": f"{count:012d}", "holder": asdict(holder) if holder else None}
    return json.dumps(said).encode().ljust(_LENGTH)


def _is_released(said: bytes) -> bool:
    return said.startswith(b'{"released": true')


def _holder(said: bytes) -> Holder | None:
    """None for a released claim, and for one that is not written yet."""
    try:
        holder = json.loads(said)["holder"]
        return Holder(**holder) if holder else None
    except (ValueError, KeyError, TypeError):
        return None


def _read(folder: Path, number: int) -> bytes:
    try:
        return (folder / _name(number)).read_bytes()
    except OSError:
        return b""


def _numbers(folder: Path) -> list[int]:
    try:
        return sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())
    except FileNotFoundError:
        return []


def _name(number: int) -> str:
    return f"{number:08d}"


def _machine() -> str:
    """This boot and this container: where a process number means something."""
    try:
        return f"{_BOOT.read_text().strip()} {_NAMESPACE.readlink()}"
    except OSError:
        return secrets.token_hex(8)  # nobody's, so that nothing is concluded from it


def _started(pid: int) -> str:
    """When a process began, in the kernel's ticks; empty for none. It is the 20th field behind the name."""
    try:
        status = (_PROCESSES / str(pid) / "stat").read_text()
    except OSError:
        return ""
    fields = status.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]
