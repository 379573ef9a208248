"""Work that somebody waits for ends when they leave."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, TypeVar

from greenroom.errors import GreenroomError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from starlette.requests import Request

_Result = TypeVar("_Result")


class ClientLeft(GreenroomError):
    """Whoever asked is gone; nobody will read this."""

    code = "client-left"

    def __init__(self) -> None:
        super().__init__("the client closed the connection; its work was stopped")


async def unless_client_leaves(request: Request, work: Awaitable[_Result]) -> _Result:
    """Await the work; when the client leaves before its end, stop it and wait until it has stopped.

    The body of the request must have been read. Raises ClientLeft, and what the work raises.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientLeft
    finally:
        for task in (working, leaving):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await working


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
