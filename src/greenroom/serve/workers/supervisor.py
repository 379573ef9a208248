"""Keeps one device's worker process alive, and gives it as many requests of one model as that does at once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

from greenroom.serve.workers.backoff import Restarts
from greenroom.serve.workers.errors import ModelUnready, WorkerFailure
from greenroom.serve.workers.life import Life
from greenroom.serve.workers.protocol import (
    Chunk,
    DeviceMemory,
    Done,
    Failed,
    FromWorker,
    Load,
    Log,
    ModelSpec,
    Pong,
    Progress,
    Settled,
    Setup,
    ShortOfMemory,
    Shown,
    State,
    Stop,
    Timing,
    Told,
    frame,
)
from greenroom.serve.workers.pulse import Pulse
from greenroom.serve.workers.running import Running
from greenroom.serve.workers.standings import Standings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from greenroom.models.registry import Served
    from greenroom.serve.workers.observer import Observer
    from greenroom.serve.workers.options import PoolOptions
    from greenroom.serve.workers.ticket import Ticket

_log = logging.getLogger("greenroom.worker")
# How often it is looked whether an answer has come.
_LOOK_S = 0.01
# How long a process that was told to stop may take to leave.
_LEAVE_S = 2.0
# A model that failed is tried again between requests; how soon to look whether there is a gap.
_LOOK_AGAIN_S = 1.0
_STOPPING = "the server is stopping"


class Supervisor:
    """One device. changed: called when a request may begin that could not before, or a state is another."""

    def __init__(
        self,
        models: Sequence[Served],
        device: str,
        folder: Path,
        options: PoolOptions,
        observer: Observer,
        changed: Callable[[], None],
    ) -> None:
        self.device = device
        self.standings = Standings(device, [model.name for model in models], options.retry_s)
        self._models = models
        self._places = {model.name: model.concurrency for model in models}
        self._folder = folder
        self._options = options
        self._observer = observer
        self._changed = changed
        self._restarts = Restarts(options)
        self._running = Running(options, observer, self._kill_forgiven)
        self._pulse = Pulse(options, self._is_idle, self._tell, self._dead)
        self._life: Life | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._settled = False
        self._retry_timer: asyncio.TimerHandle | None = None
        self._killed_for = ""
        self._forgiven = False
        self._lost_at_once = 0
        self._takers: dict[type[FromWorker], Callable[[Any], None]] = {
            Done: self._on_done,
            Failed: self._on_failed,
            Progress: self._running.progress,
            Told: self._running.told,
            Shown: self._running.shown,
            Chunk: self._running.chunk,
            State: self._on_state,
            Settled: self._on_settled,
            Pong: lambda said: self._pulse.answered(said.number),
            Log: self._on_log,
            Timing: lambda said: observer.stage(said.model, said.stage, said.seconds),
            ShortOfMemory: lambda said: observer.out_of_memory(said.model),
            DeviceMemory: lambda said: observer.device_memory(device, said.used, said.total),
        }

    def start(self) -> None:
        """Start the process, and start it again whenever it ends."""
        self._task = asyncio.create_task(self._live(), name=f"worker of {self.device}")

    async def rouse(self, within_s: float) -> None:
        """Ask an idle process at once whether it lives; one that keeps silent so long is killed."""
        self._pulse.ask(within_s)
        while self._pulse.waits:
            await asyncio.sleep(_LOOK_S)

    async def stop(self) -> None:
        """End the process; requests that still run fail."""
        self._stopping.set()
        if self._is_idle():
            self._tell(Stop())
        else:
            self._kill_forgiven(_STOPPING)
        if self._task is not None:
            done, _ = await asyncio.wait({self._task}, timeout=_LEAVE_S)
            if not done:
                self._kill_forgiven("it did not leave")
            await self._task

    @property
    def running(self) -> tuple[Ticket, ...]:
        """The requests that run, all of one model."""
        return self._running.tickets

    @property
    def is_full(self) -> bool:
        """Whether so much runs that no request could begin beside it."""
        running = self.running
        return bool(running) and (running[0].alone or len(running) >= self._places[running[0].model])

    @property
    def pid(self) -> int | None:
        """The number of the process, while there is one."""
        return self._life.pid if self._life else None

    def can_serve(self, model: str) -> bool:
        """Whether a request for the model could begin now, or once what runs has ended."""
        able = self._settled and not self._killed_for and not self._stopping.is_set()
        return able and self.standings.is_able(model)

    def places(self, model: str, *, alone: bool = False) -> int:
        """How many requests for the model could begin now. alone: none beside another."""
        if not self.can_serve(model):
            return 0
        running = self.running
        if not running:
            return 1 if alone else self._places[model]
        if alone or self.is_full or running[0].model != model:
            return 0
        return self._places[model] - len(running)

    def begin(self, ticket: Ticket) -> None:
        """Do a request; only when there is one of the ``places`` for it."""
        if self._life is None:
            raise RuntimeError("a request began without a process")
        ticket.supervisor = self
        self._pulse.felt()
        self._running.begin(ticket, self._life.line)

    def cancel(self, ticket: Ticket) -> None:
        """Stop a request that runs, by force if need be."""
        self._running.cancel(ticket)

    async def _live(self) -> None:
        while not self._stopping.is_set():
            wait_s = await self._one_life()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), wait_s)

    async def _one_life(self) -> float:
        """Start a process and see it to its end; gives the seconds to wait until the next."""
        self._killed_for, self._forgiven, self._lost_at_once = "", False, 0
        self.standings.starts(hopeless=self._restarts.failed)
        self._changed()
        try:
            setup = self._setup()
            self._life = await Life.start(self._take, self._on_broken, self._on_output)
            self._tell(setup)
            if self._stopping.is_set():
                self._kill_forgiven(_STOPPING)
            self._pulse.start()
            ending = await self._life.wait()
        except asyncio.CancelledError:  # the loop ends without a stop
            if self._life is not None:
                self._life.kill()
                await self._life.wait()
            raise
        except Exception as error:  # whatever it is, the device gets another process
            _log.exception("no worker could be started for %s", self.device, extra=self._extra())
            ending = f"no process could be started ({type(error).__name__})"
        self._pulse.stop()
        self._stop_retrying()
        self._life = None
        return self._buried(self._killed_for or ending)

    def _setup(self) -> Setup:
        """What the process serves; the folder for warming up is empty again."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        return Setup(
            device=self.device,
            models=tuple(ModelSpec(model.name, model.factory) for model in self._models),
            folder=str(self._folder),
            budget=self._options.memory.get(self.device),
            idle_unload_s=self._options.idle_unload_s,
            search_path=tuple(sys.path),
            log_level=_log.getEffectiveLevel(),
        )

    def _buried(self, reason: str) -> float:
        """The process is gone: its requests fail, its models wait for the next. Gives the seconds until then."""
        was_loading, self._settled = not self._settled, False
        stopping = self._stopping.is_set()
        wait_s = 0.0
        if not stopping:
            _log.error("the worker of %s was lost: %s", self.device, reason, extra=self._extra())
            if not self._forgiven:
                wait_s = self._restarts.crashed(time.monotonic(), loading=was_loading)
            self.standings.lost(reason, hopeless=self._restarts.failed)
            self._observer.restarted(self.device, reason)
        self._notice_loss()
        for ticket in self._running.let_go():
            ticket.is_suspect = not stopping and not self._forgiven
            blameless = self._forgiven or self._lost_at_once > 1
            ticket.fail(
                ModelUnready(ticket.model, _STOPPING) if stopping else WorkerFailure(reason, blameless=blameless)
            )
        self._changed()
        return wait_s

    def _notice_loss(self) -> None:
        """Keep how many requests ran when the process was lost: of several, nobody knows which one did it."""
        self._lost_at_once = self._lost_at_once or len(self._running)

    def _kill(self, reason: str) -> None:
        if self._life is not None and not self._killed_for:
            self._killed_for = reason
            self._life.kill()

    def _kill_forgiven(self, reason: str) -> None:
        """Kill the process for what is no failure of its device: the next starts at once."""
        self._forgiven = self._forgiven or not self._killed_for  # what killed it before was a failure
        self._kill(reason)

    def _dead(self, reason: str) -> None:
        """Kill a process that cannot do another request."""
        self._kill(reason)
        self._settled = False

    def _tell(self, message: Any) -> None:
        if self._life is not None:
            self._life.line.send(frame(message))

    def _is_idle(self) -> bool:
        return self._settled and not self._running

    def _take(self, message: FromWorker) -> None:
        self._pulse.felt()
        self._takers[type(message)](message)

    def _on_done(self, said: Done) -> None:
        if self._running.done(said):
            self._restarts.worked()
            self._changed()

    def _on_failed(self, said: Failed) -> None:
        if said.sick:
            self._notice_loss()
        if self._running.failed(said, blameless=said.sick and self._lost_at_once > 1):
            if said.sick:
                self._dead("its device stopped answering")
            self._changed()

    def _on_state(self, said: State) -> None:
        if self.standings.said(said.model, said.state, said.reason, time.monotonic()):
            self._changed()
        due = self.standings.next_retry()
        if due is not None:
            self._retry_after(due - time.monotonic())

    def _on_settled(self, said: Settled) -> None:
        self._settled = True
        self._changed()

    def _retry_after(self, seconds: float) -> None:
        self._stop_retrying()
        self._retry_timer = asyncio.get_running_loop().call_later(max(0.0, seconds), self._retry)

    def _retry(self) -> None:
        """Try again to load what failed, while the device does nothing else."""
        model = self.standings.to_retry(time.monotonic())
        if model is None or not self._is_idle():
            self._retry_after(_LOOK_AGAIN_S)
            return
        self._settled = False
        self._tell(Load(model))

    def _stop_retrying(self) -> None:
        if self._retry_timer is not None:
            self._retry_timer.cancel()
            self._retry_timer = None

    def _on_log(self, said: Log) -> None:
        _log.log(said.level, "%s: %s", said.name, said.text, extra=self._extra(said.request))

    def _on_output(self, text: str) -> None:
        """What did not go through Python has no request's name; if only one runs it is the likeliest."""
        running = self.running
        _log.info("output: %s", text, extra=self._extra(running[0].request if len(running) == 1 else ""))

    def _on_broken(self, error: Exception) -> None:
        _log.error("the worker of %s said what no worker says", self.device, exc_info=error, extra=self._extra())
        self._kill("what it said made no sense")

    def _extra(self, request: str = "") -> dict[str, str]:
        return {"device": self.device, "request": request}
