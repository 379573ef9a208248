"""All devices together: requests wait here for the first one that has a place.

>>> pool = Pool([find("voice-joe")], ["cpu"], folder, PoolOptions(), Observer())
>>> await pool.start()
>>> made = await pool.run("voice-joe", {"text": "Hello."}, folder_of_the_request)
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from greenroom.errors import InputInvalid, UnknownName
from greenroom.models.model import unshown, untold
from greenroom.progress import silent
from greenroom.serve.workers.errors import Busy, ModelUnready
from greenroom.serve.workers.observer import Observer
from greenroom.serve.workers.options import PoolOptions
from greenroom.serve.workers.protocol import Run, frame
from greenroom.serve.workers.supervisor import Supervisor
from greenroom.serve.workers.suspects import Suspects
from greenroom.serve.workers.ticket import Chunks, Ticket

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
    from pathlib import Path

    from greenroom.models.model import Generated, MadeFile
    from greenroom.models.registry import Served
    from greenroom.serve.workers.state import ModelState


class Pool:
    """Workers for models on devices. Every device serves every model.

    folder: a place for what models make while they warm up.
    """

    def __init__(
        self,
        models: Sequence[Served],
        devices: Sequence[str],
        folder: Path,
        options: PoolOptions | None = None,
        observer: Observer | None = None,
    ) -> None:
        self._models = {model.name: model for model in models}
        self._options = options or PoolOptions()
        self._supervisors = tuple(
            Supervisor(models, device, folder / f"warm-{place}", self._options, observer or Observer(), self._on_change)
            for place, device in enumerate(devices)
        )
        self._numbers = itertools.count(1)
        self._urgent: deque[Ticket] = deque()
        self._patient: deque[Ticket] = deque()
        # Devices that take nothing more, until a request that waits for all of one has it.
        self._kept: set[Supervisor] = set()
        self._suspects = Suspects()
        self._change: asyncio.Future[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Start the processes; readiness comes later, see ``states``."""
        for supervisor in self._supervisors:
            supervisor.start()

    async def stop(self, grace_s: float) -> None:
        """Take nothing more, let what runs end within ``grace_s`` seconds, end the processes.

        What waits, and what still runs then, fails with ModelUnready.
        """
        self._stopping = True
        self._on_change()
        loop = asyncio.get_running_loop()
        end = loop.time() + grace_s
        while any(supervisor.running for supervisor in self._supervisors) and loop.time() < end:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.changed(), end - loop.time())
        await asyncio.gather(*(supervisor.stop() for supervisor in self._supervisors))

    async def rouse(self, within_s: float) -> None:
        """After a pause of the whole machine: wait until every idle process has said that it lives.

        One that does not within so many seconds is killed and started anew; ``states`` says so.
        """
        await asyncio.gather(*(supervisor.rouse(within_s) for supervisor in self._supervisors))

    def states(self) -> tuple[ModelState, ...]:
        """Each model on each device."""
        return tuple(state for supervisor in self._supervisors for state in supervisor.standings.all)

    def pids(self) -> dict[str, int]:
        """The number of each device's process, while it has one."""
        return {supervisor.device: supervisor.pid for supervisor in self._supervisors if supervisor.pid is not None}

    def idle(self, model: str) -> int:
        """How many requests for the model may be asked for now; whoever waits already comes first.

        As many as are ``free``. It is 1, too, where only another model's requests are in the way, and more of those
        could begin: whoever asks then gets the device next, which takes nothing more until it is free. Otherwise those
        of the other model could follow each other without end.
        """
        if self._stopping:
            return 0
        open_ones = [each for each in self._supervisors if each not in self._kept]
        turns = any(each.can_serve(model) and each.running and not each.is_full for each in open_ones)
        return self.free(model) or int(turns)

    def free(self, model: str) -> int:
        """How many requests for the model could begin now, at once."""
        if self._stopping:
            return 0
        return sum(each.places(model) for each in self._supervisors if each not in self._kept)

    def running(self, model: str) -> int:
        """How many requests for the model run."""
        return sum(ticket.model == model for supervisor in self._supervisors for ticket in supervisor.running)

    async def changed(self) -> None:
        """Wait until ``idle`` or ``states`` may give something else."""
        if self._change is None:
            self._change = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._change)

    async def run(
        self,
        model: str,
        inputs: Mapping[str, Any],
        folder: Path,
        *,
        step: Callable[[str, float, float], None] = silent,
        urgent: bool = False,
        request: str = "",
        begun: Callable[[], None] = lambda: None,
        kept: Path | None = None,
        tell: Callable[[str, Mapping[str, Any]], None] = untold,
        show: Callable[[MadeFile], None] | None = None,
    ) -> Generated:
        """Do a request; cancel the task to stop it: when that is over, nothing of it runs any more.

        inputs: checked, as JSON.  folder: exists, is empty, belongs to this request alone.  urgent: before all that are
        not.  request: its name in the log.  begun: called when a device has it.  kept: exists, and outlives the worker.
        tell, show: called with what the model tells and shows; the files lie in the folder that ``shown_beside`` names,
        and whoever asks removes it.
        Raises UnknownName, Busy, ModelUnready, WorkerFailure, and what the model raises: InputInvalid, Cancelled,
        OutOfMemory, ModelFailed, DeviceLost and errors of its own, with their codes.
        """
        shown = None if show is None else shown_beside(folder)
        asked = Run(next(self._numbers), model, dict(inputs), str(folder), request, False, _text(kept), _text(shown))
        ticket = self._ticket(asked, step, urgent=urgent)
        ticket.on_begin, ticket.tell, ticket.show = begun, tell, show or unshown
        self._take_in(ticket)
        try:
            return await ticket.future
        except asyncio.CancelledError:
            await self._leave(ticket)
            raise
        finally:
            if not urgent:  # nobody asks again under the name of one that is
                self._suspects.note(request, is_suspect=ticket.is_suspect)

    async def stream(
        self,
        model: str,
        inputs: Mapping[str, Any],
        folder: Path,
        *,
        step: Callable[[str, float, float], None] = silent,
        urgent: bool = True,
        request: str = "",
    ) -> AsyncGenerator[bytes]:
        """The result in parts, as the model makes them; close the iterator to stop the work. Raises as ``run`` does."""
        chunks = Chunks()
        asked = Run(next(self._numbers), model, dict(inputs), str(folder), request, True, None, None)
        ticket = self._ticket(asked, step, urgent=urgent, chunks=chunks)
        self._take_in(ticket)
        try:
            while (data := await chunks.next()) is not None:
                yield data
            await ticket.future
        finally:
            if not ticket.future.done():
                ticket.future.cancel()
            elif not ticket.future.cancelled():
                ticket.future.exception()  # whoever left early does not hear of it
            await self._leave(ticket)

    def _ticket(
        self, asked: Run, step: Callable[[str, float, float], None], *, urgent: bool, chunks: Chunks | None = None
    ) -> Ticket:
        self._refuse(asked.model, urgent=urgent, streamed=chunks is not None)
        try:
            sent = frame(asked)
        except (TypeError, ValueError, OverflowError) as error:  # a UnicodeEncodeError is a ValueError
            raise InputInvalid(
                "the input holds what no JSON can", mend="give whole letters and plain numbers"
            ) from error
        future: asyncio.Future[Generated] = asyncio.get_running_loop().create_future()
        ticket = Ticket(asked.id, asked.model, sent, asked.request, urgent, step, future, time.monotonic(), chunks)
        ticket.alone = not urgent and asked.request in self._suspects
        return ticket

    def _take_in(self, ticket: Ticket) -> None:
        (self._urgent if ticket.urgent else self._patient).append(ticket)
        self._dispatch()
        if ticket.supervisor is not None:
            self._say_changed()

    def _refuse(self, model: str, *, urgent: bool, streamed: bool) -> None:
        """Raise what is known before a request waits."""
        if model not in self._models:
            raise UnknownName("model", model, self._models)
        if streamed and not self._models[model].streams:
            raise InputInvalid(f"{model} does not stream", mend="ask for the whole result")
        hopeless = self._hopeless(model)
        if hopeless is not None:
            raise hopeless
        if urgent and len(self._urgent) >= self._options.max_waiting:
            raise Busy(len(self._urgent))

    def _hopeless(self, model: str) -> ModelUnready | None:
        """Why no device will do a request for the model."""
        if self._stopping:
            return ModelUnready(model, "the server is stopping")
        states = [state for supervisor in self._supervisors if (state := supervisor.standings.of(model))]
        if all(state.state == "failed" for state in states):
            return ModelUnready(model, states[0].reason if states else "it is on no device")
        return None

    async def _leave(self, ticket: Ticket) -> None:
        """Nobody wants the request any more; gives back once no worker does it."""
        waiting = self._urgent if ticket.urgent else self._patient
        if ticket in waiting:
            waiting.remove(ticket)
            if self._kept:  # perhaps for this one
                self._on_change()
        elif ticket.supervisor is not None:
            ticket.supervisor.cancel(ticket)
            ticket.ended = asyncio.get_running_loop().create_future()
            await ticket.ended

    def _on_change(self) -> None:
        """Something became free, or is another state."""
        self._fail_hopeless()
        self._dispatch()
        self._say_changed()

    def _say_changed(self) -> None:
        if self._change is not None:
            self._change.set_result(None)
            self._change = None

    def _dispatch(self) -> None:
        """Begin what can begin: the urgent ones first, each kind in the order in which they came."""
        self._kept = set()
        for waiting in (self._urgent, self._patient):
            for ticket in tuple(waiting):
                if all(each.is_full or each in self._kept for each in self._supervisors):
                    return
                if ticket.future.done():
                    continue
                device = self._place_for(ticket)
                if device is not None:
                    waiting.remove(ticket)
                    device.begin(ticket)
                    ticket.on_begin()
                else:
                    self._keep_for(ticket)

    def _place_for(self, ticket: Ticket) -> Supervisor | None:
        """The device that a request begins on, of those that can the one that does least."""
        able = [each for each in self._supervisors if each not in self._kept]
        able = [each for each in able if each.places(ticket.model, alone=ticket.alone)]
        return min(able, key=lambda each: len(each.running), default=None)

    def _keep_for(self, ticket: Ticket) -> None:
        """Let a device become free for a request that must not run beside what runs, where no place will become so."""
        able = [each for each in self._supervisors if each not in self._kept and each.can_serve(ticket.model)]
        if not ticket.alone and any(each.running and each.running[0].model == ticket.model for each in able):
            return
        device = min(able, key=lambda each: len(each.running), default=None)
        if device is not None:
            self._kept.add(device)

    def _fail_hopeless(self) -> None:
        hopeless = {name: why for name in self._models if (why := self._hopeless(name))}
        for waiting in (self._urgent, self._patient) if hopeless else ():
            for ticket in [ticket for ticket in waiting if ticket.model in hopeless]:
                waiting.remove(ticket)
                ticket.fail(hopeless[ticket.model])


def shown_beside(folder: Path) -> Path:
    """The folder for copies of what a request shows; the request's own may be emptied for a second attempt."""
    return folder.with_name(f"{folder.name}-shown")


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
