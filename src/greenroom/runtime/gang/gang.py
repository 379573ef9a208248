"""A gang: ranks that do one thing together, each a process with a device of its own. This process is rank 0.

>>> gang = gang_on(("cuda:0", "cuda:1"))
>>> ranks = gang.ready()                      # the others have started, with fresh interpreters, and have met
>>> with gang.together(doubled, 3) as section:   # doubled(member, 3) in each of the others
...     section.go()                             # past the member.gate() in it
...     total = ranks.summed(torch.ones(1))      # what the others call at the same time

What all do at once must fail or stop in all. Work is stopped at its gates, where nothing is under way between ranks:
what is raised ``between`` gates tells the others to stop at theirs, and the gang is as good as before. Whatever else
is raised, here or in a rank, or the death of one, ends the others; the next ``ready`` starts new ones, with nothing
kept of what the old ones held (``generation``).

A process has one gang at a time, since its devices are its own; models share it.
"""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenroom.errors import GreenroomError
from greenroom.runtime.gang.rank import Begin, Go, Setup, Stop
from greenroom.runtime.gang.ranks import Ranks, abort, break_up, join
from greenroom.runtime.gang.watch import Loss, Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_START_S = 300.0  # torch is imported from a cold disk, in a container that begins
# A call that fails for want of a rank comes back before the thread that watches has found out whose fault it is.
_SETTLE_S = 5.0


class RankLost(GreenroomError):
    """A rank of the gang died, or met an error of its own. The next request begins with new ranks."""

    code = "rank-lost"
    retryable = True

    def __init__(self, rank: int, device: str, reason: str, mend: str = "") -> None:
        named = f"rank {rank} on {device}"
        said = reason if reason.startswith(named) else f"{named}: {reason}"
        super().__init__(f"a rank was lost: {said}", mend=mend or "try again: its ranks start anew")
        self.rank = rank


class RanksApart(GreenroomError):
    """The ranks did not find together, or stopped answering each other, and none of them is known to be lost."""

    code = "ranks-apart"
    retryable = True


class GangTaken(GreenroomError):
    """This process works with other devices already."""

    code = "gang-taken"


class Section:
    """Something that all ranks do. is_open: nothing has ended it. Made by ``Gang.together``."""

    def __init__(self, gang: Gang) -> None:
        self.is_open = True
        self._gang = gang
        self._is_under_way = False

    def go(self, *given: Any) -> None:
        """Let the others pass their gate. given: for each of them, from rank 1 on; nothing for nothing.

        Raises RankLost, and RanksApart where they do something else by now.
        """
        self._gang.check()
        if not self.is_open:
            raise RanksApart("the ranks were put to other work", mend="begin anew")
        others = len(self._gang.devices) - 1
        self._gang.tell(*[Go(its) for its in given or [None] * others])

    @contextmanager
    def under_way(self) -> Iterator[None]:
        """Ranks work together in the block, within one of ``between``: what is raised here ends them.

        At its end all is done, and no rank was lost meanwhile. A GPU that waits for one that is lost goes on without
        what that was to send, and nothing fails. Raises RankLost.
        """
        self._is_under_way = True
        yield
        self._gang.finish()
        self._is_under_way = False  # unless something was raised: then they are not at their gate

    @contextmanager
    def between(self, drain: Callable[[], None] | None = None) -> Iterator[None]:
        """What is raised in the block stops the others at their gate. drain: takes first what is still under way."""
        try:
            yield
        except BaseException:
            if self.is_open and not self._is_under_way:
                self._stop(drain)
            raise

    def dismiss(self) -> None:
        """Let the others pass their last gate, behind which nothing is wanted of them.

        One that is lost by now has done its part: the next ``ready`` starts new ones.
        """
        if not self.is_open:
            return
        try:
            self.go()
        except (RankLost, OSError):
            self._gang.end()

    def end(self) -> None:
        """It is over."""
        self.is_open = False

    def _stop(self, drain: Callable[[], None] | None) -> None:
        try:
            self._gang.check()
            if drain is not None:
                drain()
            self._gang.tell(*[Stop()] * (len(self._gang.devices) - 1))
            self.end()
        except (GreenroomError, RuntimeError, OSError):  # a rank is gone as well: what was raised in the block is said
            self._gang.end()


class Gang:
    """Ranks on devices, started when they are first needed. Used by one thread at a time. devices: by rank."""

    def __init__(self, devices: tuple[str, ...]) -> None:
        self.devices = devices
        self.generation = 0
        self._watch: Watch | None = None
        self._ranks: Ranks | None = None
        self._begun = 0
        self._section: Section | None = None
        self._meeting: Path | None = None
        self._users: set[str] = set()
        self._in_lanes: set[str] = set()
        self._forgotten: set[str] = set()

    @property
    def pids(self) -> tuple[int, ...]:
        """The numbers of the other ranks' processes."""
        return self._watch.pids if self._watch else ()

    def ready(self) -> Ranks:
        """This rank, among ranks that all live: new ones, if any was lost. Raises RankLost, RanksApart."""
        if self._watch is not None and (self._watch.is_losing or self._is_busy or self._lacks_lanes):
            self.end()
        if self._ranks is None:
            self._start()
        assert self._ranks is not None  # noqa: S101 - ours, for mypy
        return self._ranks

    @contextmanager
    def together(self, work: Callable[..., None], *arguments: Any) -> Iterator[Section]:
        """Have all others do ``work(member, *arguments)`` while the block is done here.

        work: a function of a module, and arguments, that can be pickled. Raises RankLost where one is lost meanwhile,
        and RanksApart.
        """
        if self._ranks is None or self._is_busy:
            self.ready()
        self.check()
        section = self._section = Section(self)
        try:
            self._begun += 1
            forget, self._forgotten = tuple(self._forgotten), set()
            self.tell(*[Begin(work, arguments, forget)] * (len(self.devices) - 1))
            yield section
            section.end()
        except BaseException as error:
            if section.is_open:
                self._fail(error)
            raise

    def wait(self) -> None:
        """Wait until the others have done what they were told. Raises RankLost."""
        if self._watch is not None:
            self._watch.idle(self._begun)
        self.check()

    def check(self) -> None:
        """Raise RankLost if one is lost."""
        loss = None if self._watch is None else self._watch.found()
        if loss is not None:
            raise self._lost(loss) from _meaning(loss, None)

    def finish(self) -> None:
        """Wait until this rank's device has done what it was asked. Raises RankLost if a rank is lost by then."""
        if self._ranks is not None:
            self._ranks.finish()
        self.check()

    def use(self, key: str, *, lanes: bool = False) -> None:
        """Something is kept in the ranks by this key. lanes: it deals them to lanes (``Ranks``), for which ranks that
        have none start anew."""
        self._users.add(key)
        if lanes:
            self._in_lanes.add(key)

    def forget(self, key: str) -> None:
        """What is kept by a key is needed no longer. With the last of its users a gang ends."""
        self._users.discard(key)
        self._in_lanes.discard(key)
        self._forgotten.add(key)
        if not self._users:
            self.end()

    def end(self) -> None:
        """End all other ranks."""
        watch, self._watch = self._watch, None
        ranks, self._ranks = self._ranks, None
        was_busy = self._is_busy
        if self._section is not None:
            self._section.end()
        self._forgotten = set()
        if watch is not None:
            watch.end()
        if ranks is not None:
            with suppress(RuntimeError):  # what is broken is as good as ended
                abort() if was_busy else ranks.leave()

    @property
    def _is_busy(self) -> bool:
        """Whether the others do something that nobody has ended."""
        return self._section is not None and self._section.is_open

    @property
    def _lacks_lanes(self) -> bool:
        """Whether lanes are wanted that the ranks did not agree on when they began."""
        return bool(self._in_lanes) and self._ranks is not None and not self._ranks.has_lanes

    def _start(self) -> None:
        self.generation += 1
        self._begun = 0
        folder = Path(tempfile.mkdtemp(prefix="greenroom-gang-"))
        meeting = self._meeting = folder / "meeting"
        size, path, lanes = len(self.devices), tuple(sys.path), bool(self._in_lanes)
        setups = [Setup(rank, size, self.devices[rank], meeting, path, lanes) for rank in range(1, size)]
        try:
            self._watch = Watch(setups, self._abort)
            self._await(self._watch)
            import torch

            self._ranks = join(0, size, torch.device(self.devices[0]), meeting, lanes=lanes)
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            self._meeting = None
            shutil.rmtree(folder, ignore_errors=True)

    def _await(self, watch: Watch) -> None:
        """Wait until the others have started."""
        if not watch.ready(_START_S):
            self.check()
            raise RanksApart(f"ranks did not start within {_START_S:g} s", mend="try again on a less busy machine")

    def tell(self, *said: object) -> None:
        """Say something to each of the others. Raises OSError where one is gone."""
        if self._watch is not None:
            for rank, its in enumerate(said, 1):
                self._watch.tell(rank, its)

    def _abort(self) -> None:
        meeting = self._meeting
        if meeting is not None:
            break_up(meeting)
        elif self._ranks is not None:
            abort()

    def _fail(self, error: BaseException) -> None:
        """End all, and say who was lost, if one was."""
        apart = _is_of_ranks(error)
        loss = None
        if self._watch is not None:
            loss = self._watch.settled(_SETTLE_S) if apart else self._watch.loss
        self.end()
        if loss is not None and not isinstance(error, GreenroomError):
            raise self._lost(loss) from _meaning(loss, error)
        if apart:
            raise RanksApart(
                f"the ranks on {' and '.join(self.devices)} do not answer each other", mend="try again"
            ) from error

    def _lost(self, loss: Loss) -> RankLost:
        return RankLost(loss.rank, self.devices[loss.rank], loss.reason, loss.mend)


def _meaning(loss: Loss, error: BaseException | None) -> BaseException | None:
    """What a loss is raised from: memory that ran out in another process is known by it."""
    return MemoryError(loss.reason) if loss.memory else error


def _is_of_ranks(error: BaseException) -> bool:
    """Whether an error is of the ways between ranks."""
    import torch.distributed as dist

    words = isinstance(error, RuntimeError) and ("gloo" in str(error) or "NCCL" in str(error))
    return words or isinstance(error, dist.DistError | BrokenPipeError | ConnectionResetError)


_gangs: list[Gang] = []
_finding = threading.Lock()


def gang_on(devices: tuple[str, ...]) -> Gang:
    """The gang of this process on these devices. Raises GangTaken where it has one on others that is in use."""
    with _finding:
        for gang in _gangs:
            if gang.devices == devices:
                return gang
            if gang.pids:
                raise GangTaken(
                    f"this process works on {'+'.join(gang.devices)} already, so not on {'+'.join(devices)}",
                    mend="use another process for other devices",
                )
        gang = Gang(devices)
        _gangs[:] = [gang]
        return gang


@atexit.register
def _end_all() -> None:
    for gang in _gangs:
        gang.end()
