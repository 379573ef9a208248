"""Work that somebody waits for ends when they leave."""

from __future__ import annotations

import asyncio
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
    here = asyncio.current_task()
    left = False

    async def watch() -> None:
        nonlocal left
        while (await request.receive())["type"] != "http.disconnect":
            pass
        left = True
        if here is not None:
            here.cancel()

    watching = asyncio.ensure_future(watch())
    try:
        return await work
    except asyncio.CancelledError:
        if not left or (here is not None and here.uncancel() > 0):
            raise
        raise ClientLeft from None
    finally:
        watching.cancel()
