"""The worker process: models on one device; requests of one of them at a time, as many at once as it does."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import logging
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from greenroom.errors import GreenroomError
from greenroom.files import is_disk_full
from greenroom.machine.environments.started import mark_started
from greenroom.models.model import Generated, MadeFile, Work
from greenroom.runtime.device import device_memory, is_host
from greenroom.runtime.memory import is_device_lost, is_out_of_memory, release
from greenroom.runtime.residency import MemoryShort
from greenroom.serve.paths import without_paths
from greenroom.serve.workers.crew import Crew, Ended
from greenroom.serve.workers.errors import DeviceLost, DiskFull, ModelFailed, OutOfMemory, Problem
from greenroom.serve.workers.logs import Logs, sendable
from greenroom.serve.workers.mailbox import Mailbox
from greenroom.serve.workers.protocol import (
    DeviceMemory,
    Done,
    Failed,
    Load,
    Run,
    Settled,
    Setup,
    ShortOfMemory,
    frame,
)
from greenroom.serve.workers.reports import Reports
from greenroom.serve.workers.residents import Residents
from greenroom.serve.workers.telling import Telling, is_media_type

if TYPE_CHECKING:
    from greenroom.models.model import Model

_log = logging.getLogger(__name__)
_PR_SET_PDEATHSIG = 1
# When memory of the host runs out, the kernel is to take a worker and not the server; it goes from -1000 to 1000.
_FIRST_TO_GO = 500
_MEMORY_EVERY_S = 1.0


class Worker:
    """Does what its mailbox says, until it is told to stop or its device is lost.

    The main thread loads and unloads models, and does requests of those that do one at a time. Of the others each
    request has a thread of its own; the main thread goes on, but leaves their model as it is.
    """

    def __init__(self, setup: Setup, mailbox: Mailbox, logs: Logs) -> None:
        self._device = setup.device
        self._mailbox = mailbox
        self._logs = logs
        self._residents = Residents(setup, mailbox.send)
        self._crew = Crew(mailbox.note)
        self._is_lost = False
        self._told_memory_at = -_MEMORY_EVERY_S

    def serve(self) -> None:
        """Load the models, then do requests. Ends when told to, or when the device is lost."""
        self._residents.prepare_all()
        self._tell_memory()
        self._mailbox.send(Settled())
        mark_started()
        while True:
            in_use = self._crew.model if self._crew.is_busy else None
            match self._mailbox.next(self._residents.next_unload_s(in_use)):
                case None:
                    self._residents.unload_idle(in_use)
                case Run() as run:
                    if self._run(run):
                        return
                case Ended(model):
                    self._was_used(model)
                case Load(model):
                    self._crew.wait()
                    self._residents.prepare(model)
                    self._mailbox.send(Settled())
                case _:
                    self._crew.wait()
                    return

    def _run(self, run: Run) -> bool:
        """Do a request and answer it, or have a thread do so. Gives whether the process should end."""
        reports = Reports(run.id, self._mailbox.send, self._mailbox.is_cancelled, self._mailbox.use_room)
        self._mailbox.began(run.id, reports.tick)
        if run.model != self._crew.model:
            self._crew.wait()
        with self._logs.of(run.request):
            ready = self._ready(run, reports)
            if isinstance(ready, Failed):
                answer: Done | Failed = ready
            elif ready.concurrency > 1:
                self._crew.do(run.model, lambda: self._in_thread(run, ready, reports))
                return False
            else:
                answer = self._answer(run, ready, reports)
        self._send(run, answer, reports)
        self._was_used(run.model)
        return isinstance(answer, Failed) and answer.sick

    def _in_thread(self, run: Run, model: Model, reports: Reports) -> None:
        """Do a request beside others. The server ends the process where the device is lost."""
        with self._logs.of(run.request):
            answer = self._answer(run, model, reports)
        self._send(run, answer, reports)

    def _send(self, run: Run, answer: Done | Failed, reports: Reports) -> None:
        """Answer a request; nothing is said about it afterwards."""
        reports.end()
        self._mailbox.ended(run.id)
        self._mailbox.send(answer)

    def _was_used(self, model: str) -> None:
        self._residents.asked(model)
        self._tell_memory()

    def _ready(self, run: Run, reports: Reports) -> Model | Failed:
        """The model, awake, or why there is none."""
        try:
            reports.check()
            return self._residents.awake(run.model)
        except (Exception, SystemExit) as error:
            return self._failure(run, error)

    def _answer(self, run: Run, model: Model, reports: Reports) -> Done | Failed:
        try:
            reports.check()
            return _done(run, self._generate(run, model, reports))
        except (Exception, SystemExit) as error:
            return self._failure(run, error)

    def _failure(self, run: Run, error: BaseException) -> Failed:
        """The answer for an error; models are anyone's code."""
        if isinstance(error, GreenroomError):
            return _failed(run, error)
        _log.error("%s failed", run.model, exc_info=error)
        # A request beside the one that met the loss may fail in other words for it.
        self._is_lost = self._is_lost or is_device_lost(error)
        if self._is_lost:
            return _failed(run, DeviceLost(run.model, self._device), sick=True)
        release(error)
        if is_disk_full(error):
            return _failed(run, DiskFull(run.model))
        return _failed(run, ModelFailed(run.model, type(error).__name__))

    def _generate(self, run: Run, model: Model, reports: Reports) -> Generated:
        """Do the request; when memory runs out, once more by the smaller plan. Raises OutOfMemory."""
        telling = Telling(run, self._mailbox.send, reports.check)
        made = self._attempt(run, model, reports, telling, small=False)
        if made is None and model.has_smaller_plan and not reports.handed_on:
            _empty(Path(run.folder))  # and not what is kept: what was finished there counts by any plan
            made = self._attempt(run, model, reports, telling, small=True)
        if made is None:
            memory = device_memory(self._device)
            tried_small = model.has_smaller_plan and not reports.handed_on
            free = memory.free if memory else None
            raise OutOfMemory(run.model, self._device, model.memory, free, tried_small=tried_small)
        return made

    def _attempt(self, run: Run, model: Model, reports: Reports, telling: Telling, *, small: bool) -> Generated | None:
        """None when memory ran out, or when there is no smaller plan; what the attempt held is free again then."""
        inputs = model.inputs.check(run.inputs)
        work = Work(
            folder=Path(run.folder),
            step=reports.step,
            small=small,
            hand_on=reports.hand_on if run.stream else None,
            kept=None if run.kept is None else Path(run.kept),
            tell=telling.tell,
            show=telling.show,
        )
        try:
            made = model.generate(inputs, work)
        except Exception as error:
            if small and isinstance(error, MemoryShort):  # of the part that it may take: what there is, is no less
                _log.warning("%s has no smaller plan that fits", run.model, exc_info=True)
                return None
            if not is_out_of_memory(error):
                raise
            _log.warning("%s ran out of memory%s", run.model, " by its smaller plan" if small else "", exc_info=True)
            self._mailbox.send(ShortOfMemory(run.model))
            release(error)
            return None
        return _checked(run, made)

    def _tell_memory(self) -> None:
        if is_host(self._device) or time.monotonic() - self._told_memory_at < _MEMORY_EVERY_S:
            return
        self._told_memory_at = time.monotonic()
        memory = device_memory(self._device)
        if memory is not None:
            self._mailbox.send(DeviceMemory(memory.used, memory.total))


def _checked(run: Run, made: object) -> Generated:
    """What a model gave, if it is what a model gives: models are anyone's code. Raises ModelFailed."""
    if not isinstance(made, Generated):
        raise ModelFailed(run.model, f"generate gave {type(made).__name__}, not Generated")
    if not isinstance(made.output, Mapping):
        raise ModelFailed(run.model, f"its output is {type(made.output).__name__}, not a dict")
    files: Iterable[Any] = made.files
    for file in files:
        if not (isinstance(file, MadeFile) and isinstance(file.path, Path)):
            raise ModelFailed(run.model, "its files must be MadeFile(Path, media type)")
        if not is_media_type(file.media_type):
            raise ModelFailed(run.model, f"{file.path.name} has no media type such as audio/wav")
    return made


def _done(run: Run, made: Generated) -> Done:
    """The answer, once it is sure that it can be sent and that its files are the request's own. Raises ModelFailed."""
    folder = Path(run.folder).resolve()
    for file in made.files:
        if not file.path.is_file() or not file.path.resolve().is_relative_to(folder):
            raise ModelFailed(run.model, f"its file {file.path.name} is not in the folder of the request")
    try:
        output = msgspec.json.decode(msgspec.json.encode(made.output))
        done = Done(run.id, output, tuple((str(file.path), file.media_type) for file in made.files))
        frame(done)  # JSON holds larger numbers than a message does
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        _log.exception("the output of %s is no JSON", run.model)
        raise ModelFailed(run.model, "its output is no JSON") from error
    return done


def _failed(run: Run, error: GreenroomError, *, sick: bool = False) -> Failed:
    """The answer for an error of ours. Where a file lies is for the log; what was asked for is given back whole."""
    said = Problem.of(error)
    message, mend = said.message, said.mend
    if not said.invalid:
        message, mend = without_paths(message), without_paths(mend)
        if (message, mend) != (said.message, said.mend):
            _log.warning("%s: %s; %s", run.model, said.message, said.mend)
    tidy = msgspec.structs.replace(said, message=sendable(message), mend=sendable(mend))
    return Failed(run.id, tidy, sick)


def _empty(folder: Path) -> None:
    """Remove what a first attempt left."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def main(arguments: list[str]) -> None:
    """Serve a line. arguments: the descriptor of its socket, and the process id of the server."""
    descriptor, server = map(int, arguments)
    _die_with(server)
    # The server alone decides when a worker ends: a terminal's Ctrl-C and a manager's SIGTERM may reach all at once.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    faulthandler.enable(2)
    line = socket.socket(fileno=descriptor)
    line.set_inheritable(False)
    mailbox = Mailbox(line)
    mailbox.open()
    setup = mailbox.next()
    if not isinstance(setup, Setup):
        return
    sys.path[:] = setup.search_path
    logs = Logs(mailbox.send, setup.log_level)
    logs.install()
    Worker(setup, mailbox, logs).serve()


def _die_with(server: int) -> None:
    """Ask the kernel to kill this process when the server dies, however it dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        with contextlib.suppress(OSError):  # some containers do not allow it
            Path("/proc/self/oom_score_adj").write_text(str(_FIRST_TO_GO))
    if os.getppid() != server:  # it died before the kernel knew
        os._exit(0)
