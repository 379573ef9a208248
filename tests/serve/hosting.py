"""Files of a folder at an address, as others on the network have them."""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        return


@contextlib.contextmanager
def hosted(folder: Path) -> Iterator[str]:
    """The address below which the folder's files are."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as files:
        threading.Thread(target=files.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{files.server_port}"
        files.shutdown()
