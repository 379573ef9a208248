"""A server with scripted jobs, for states that a real one shows rarely or only with large models.

It keeps to the contract of the API: a place in the queue, a slow job, a failed one, a pair of clips, uploads, keys.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import uvicorn

from tests.serve.page.contract import make_app
from tests.serve.page.world import World


class StandIn:
    """The server in a thread; it may stop, and come back at the same address."""

    def __init__(self) -> None:
        self.world = World()
        self.port = 0
        self.listens = False

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Listen, at the port that was had before if there was one."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()  # whoever comes before the server's thread has begun waits for it
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._server = uvicorn.Server(uvicorn.Config(make_app(self), log_level="critical", lifespan="on"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        self.listens = True

    def stop(self) -> None:
        """Go away at once, as a killed server does: open streams break."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()
        self._listener.close()
        self.listens = False


@contextlib.contextmanager
def standing_in() -> Iterator[StandIn]:
    """A stand-in that listens."""
    server = StandIn()
    server.start()
    try:
        yield server
    finally:
        if server.listens:
            server.stop()
