"""A browser on this machine is on it, too: what a page from elsewhere makes it send is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from greenroom.errors import GreenroomError, quoted
from greenroom.serve.binding import is_loopback
from greenroom.serve.problems import problem

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class ForeignPage(GreenroomError):
    """A page of another site used the browser of this machine to get here."""

    code = "forbidden"

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"a server without a key does not answer what comes through {what}", mend=mend)


class ThisMachineOnly:
    """For a server that asks for no key: keeps other sites out, which a browser would let in.

    The Host must be this machine, since another name that leads here is how a page reads answers that are not its own.
    An Origin must be the server itself, since a page may send without being able to read.
    any_host: other machines may ask, too; their pages still may not.  public_url: where a proxy has the server's page.
    """

    def __init__(self, app: ASGIApp, *, any_host: bool = False, public_url: str | None = None) -> None:
        self._app, self._any_host = app, any_host
        self._public = _site(public_url or "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            host, origin = headers.get("host", ""), headers.get("origin")
            # HTTP/1.0 has no Host, and no browser speaks it.
            if not self._any_host and host and not _is_this_machine(host):
                mend = "use http://127.0.0.1 or localhost, or serve with a key"
                await problem(ForeignPage(f"the name {quoted(host)}", mend))(scope, receive, send)
                return
            if origin is not None and _site(origin) not in (host, self._public or host):
                mend = "use the server's own page or a program, or serve with a key"
                await problem(ForeignPage("a page of another site", mend))(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _site(url: str) -> str:
    """The name and the port of an address; empty for one without."""
    return url.partition("://")[2].partition("/")[0]


def _is_this_machine(host: str) -> bool:
    name = host.removeprefix("[").partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    name = name.lower().removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return is_loopback(name)
    except ValueError:
        return False
