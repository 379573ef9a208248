"""From settings to a server that answers, and to its orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import time
from typing import TYPE_CHECKING

import uvicorn

from greenroom.errors import GreenroomError
from greenroom.models.registry import find
from greenroom.serve.binding import check_binding
from greenroom.serve.devices import devices
from greenroom.serve.incidents import unheard
from greenroom.serve.keys import Keys
from greenroom.serve.metrics import Metrics
from greenroom.serve.own_folder import own_folder
from greenroom.serve.tracing import configure as configure_tracing
from greenroom.serve.workers.options import PoolOptions
from greenroom.serve.workers.pool import Pool

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    from greenroom.models.registry import Served
    from greenroom.serve.incidents import Hear
    from greenroom.serve.server import Server
    from greenroom.settings import Settings

_log = logging.getLogger("greenroom.serve")
# What is embedded speaks on any machine.
DEFAULT_MODEL = "voice-joe"


class AddressTaken(GreenroomError):
    """The port cannot be listened on."""

    code = "address-taken"


async def serve(
    settings: Settings, names: Sequence[str], listening: Callable[[str], None], hear: Hear = unheard
) -> None:
    """Serve models until a signal ends it. listening: told the address, once it answers.

    hear: told what goes wrong meanwhile, in the event loop; must not block.

    Raises InputInvalid, UnknownName, AddressTaken, DatabaseUnavailable before anything is served.
    """
    served = {name: find(name) for name in names or (DEFAULT_MODEL,)}
    keys = Keys.of(settings)
    addresses = check_binding(settings.host, has_key=keys.required, allow_anonymous=settings.allow_anonymous)
    with _listen(addresses[0], settings.port) as listener:
        host, port = listener.getsockname()[:2]
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        ending = _Ending(settings.stop_grace_s)
        with own_folder(settings.data / "servers") as folder:
            async with _opened(settings, served, folder, keys, url, ending, hear) as server:
                await _answer(server, ending, listener, lambda: listening(url))


@contextlib.asynccontextmanager
async def _opened(
    settings: Settings, served: dict[str, Served], folder: Path, keys: Keys, url: str, ending: _Ending, hear: Hear
) -> AsyncIterator[Server]:
    """A server whose workers load and whose jobs run; ends with all of them stopped. folder: of this process."""
    (folder / "now").mkdir()
    metrics, tracing = Metrics(tuple(served), hear=hear), configure_tracing()
    pool = Pool(
        tuple(served.values()),
        devices(settings.devices),
        folder,
        PoolOptions(idle_unload_s=settings.idle_unload_s),
        metrics,
    )
    await pool.start()
    try:
        # The workers load their models while this process imports its own libraries.
        assembling = await asyncio.to_thread(_import_assembling)
        server = await assembling(settings, served, folder, pool, keys, metrics, tracing, url)
        try:
            yield server
        finally:
            ending.begin(server)
            await server.jobs.stop(ending.left())
            server.jobs.close()
    finally:
        await pool.stop(ending.left())
        tracing.close()


class _Ending:
    """The time from a signal to the end: one for all parts. grace_s: for what runs and what is being answered."""

    def __init__(self, grace_s: float) -> None:
        self.grace_s = grace_s
        self._end: float | None = None

    def begin(self, server: Server) -> None:
        """What streams ends, what waits stays in the queue, what runs may finish."""
        if self._end is None:
            self._end = time.monotonic() + self.grace_s
            server.stopping.set()
            server.jobs.claim_no_more()

    def left(self) -> float:
        """Seconds, enough to put things in order in any case."""
        return self.grace_s if self._end is None else max(1.0, self._end - time.monotonic())


async def _answer(server: Server, ending: _Ending, listener: socket.socket, listening: Callable[[], None]) -> None:
    from greenroom.serve.application import create_app

    config = uvicorn.Config(
        create_app(server),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=max(1, int(ending.grace_s)),
    )
    answering = _Answering(config, lambda: ending.begin(server), listening)
    await answering.serve(sockets=[listener])


class _Answering(uvicorn.Server):
    """uvicorn, that says when it answers and when it is told to end."""

    def __init__(self, config: uvicorn.Config, stopping: Callable[[], None], listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._stopping, self._listening = stopping, listening
        self._loop = asyncio.get_running_loop()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self._listening()

    def handle_exit(self, sig: int, frame: object) -> None:
        """A signal, which may come in the midst of anything; the loop goes on from there.

        uvicorn would raise it again once it has ended, and so cancel the jobs that still have time to end.
        """
        self._loop.call_soon_threadsafe(self._stopping)
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def _import_assembling() -> Callable[..., Awaitable[Server]]:
    from greenroom.serve.assembling import assemble

    return assemble


def _listen(host: str, port: int) -> socket.socket:
    """A socket on an address, not a name: it is the one that was checked."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with contextlib.ExitStack() as opened:
            listener = opened.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(2048)
            opened.pop_all()  # it stays open for whoever asked
    except OSError as error:
        raise AddressTaken(
            f"{host}:{port} cannot be listened on ({error.strerror or error})", mend="choose another --port"
        ) from error
    return listener
