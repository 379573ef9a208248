"""All devices together: requests wait here for the first one that is free.

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
from greenroom.progress import silent
from greenroom.serve.workers.errors import (
    Busy,
    ModelUnready,
)
from greenroom.serve.workers.observer import Observer
from greenroom.serve.workers.options import PoolOptions
from greenroom.serve.workers.protocol import Run, frame
from greenroom.serve.workers.supervisor import Supervisor
from greenroom.serve.workers.ticket import Chunks, Ticket

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
    from pathlib import Path

    from greenroom.models.model import Generated
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
        while any(supervisor.current for supervisor in self._supervisors) and loop.time() < end:
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
        """How many devices could begin a request for the model now; whoever waits already comes first."""
        if self._stopping:
            return 0
        return sum(supervisor.can_take(model) for supervisor in self._supervisors)

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
    ) -> Generated:
        """Do a request; cancel the task to stop it: when that is over, nothing of it runs any more.

        inputs: checked, as JSON.  folder: exists, is empty, belongs to this request alone.  urgent: before all that are
        not.  request: its name in the log.  begun: called when a device has it.
        Raises UnknownName, Busy, ModelUnready, WorkerFailure, and what the model raises: InputInvalid, Cancelled,
        OutOfMemory, ModelFailed, DeviceLost and errors of its own, with their codes.
        """
        ticket = self._enter(model, inputs, folder, step, urgent=urgent, request=request, begun=begun)
        try:
            return await ticket.future
        except asyncio.CancelledError:
            await self._leave(ticket)
            raise

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
        ticket = self._enter(model, inputs, folder, step, urgent=urgent, request=request, chunks=chunks)
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

    def _enter(
        self,
        model: str,
        inputs: Mapping[str, Any],
        folder: Path,
        step: Callable[[str, float, float], None],
        *,
        urgent: bool,
        request: str,
        chunks: Chunks | None = None,
        begun: Callable[[], None] = lambda: None,
    ) -> Ticket:
        self._refuse(model, urgent=urgent, streamed=chunks is not None)
        number = next(self._numbers)
        asked = Run(number, model, dict(inputs), str(folder), request, chunks is not None)
        try:
            sent = frame(asked)
        except (TypeError, ValueError, OverflowError) as error:  # a UnicodeEncodeError is a ValueError
            raise InputInvalid(
                "the input holds what no JSON can", mend="give whole letters and plain numbers"
            ) from error
        future: asyncio.Future[Generated] = asyncio.get_running_loop().create_future()
        ticket = Ticket(number, model, sent, request, urgent, step, future, time.monotonic(), chunks, begun)
        (self._urgent if urgent else self._patient).append(ticket)
        self._dispatch()
        if ticket.supervisor is not None:
            self._say_changed()
        return ticket

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
        for waiting in (self._urgent, self._patient):
            for ticket in tuple(waiting):
                if all(supervisor.current for supervisor in self._supervisors):
                    return
                free = next((each for each in self._supervisors if each.can_take(ticket.model)), None)
                if free is not None and not ticket.future.done():
                    waiting.remove(ticket)
                    free.begin(ticket)
                    ticket.on_begin()

    def _fail_hopeless(self) -> None:
        hopeless = {name: why for name in self._models if (why := self._hopeless(name))}
        for waiting in (self._urgent, self._patient) if hopeless else ():
            for ticket in [ticket for ticket in waiting if ticket.model in hopeless]:
                waiting.remove(ticket)
                ticket.fail(hopeless[ticket.model])
