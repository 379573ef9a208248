"""The certificates that HTTPS is checked by."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl


def certificates(url: str) -> ssl.SSLContext | bool:
    """What httpx checks servers by; nothing is read for http, which only this machine is spoken to by.

    Reading them takes as long as many requests, so it is done once a process.
    """
    return _read() if url.startswith("https:") else False


@functools.cache
def _read() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()
