"""Other sites: a page from elsewhere neither reads nor sends through the browser of this machine."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from greenroom.serve.origins import ThisMachineOnly


def ask(method: str, headers: dict[str, str], **more: Any) -> int:
    async def answer(_: object) -> PlainTextResponse:
        return PlainTextResponse("ours")

    app = ThisMachineOnly(Starlette(routes=[Route("/", answer, methods=["GET", "POST"])]), **more)

    async def asking() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:7860") as client:
            return (await client.request(method, "/", headers=headers)).status_code

    return asyncio.run(asking())


@pytest.mark.parametrize(
    "host", ["127.0.0.1:7860", "localhost:1", "[::1]:7860", "LOCALHOST.", "app.localhost", "127.8.8.8"]
)
def test_this_machine_s_own_names_are_answered(host: str) -> None:
    assert ask("GET", {"host": host}) == 200
    assert ask("POST", {"host": host, "origin": f"http://{host}"}) == 200


@pytest.mark.parametrize(
    "host", ["evil.example:7860", "127.0.0.1.evil.example", "localhost.evil.example", "192.0.2.1", "[::2]"]
)
def test_another_name_that_leads_here_is_refused(host: str) -> None:
    """DNS rebinding: the browser takes the answer for that of the page's own site."""
    assert ask("GET", {"host": host}) == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:8888", ""])
def test_a_page_of_another_site_cannot_send(origin: str) -> None:
    assert ask("POST", {"origin": origin}) == 403


def test_programs_send_no_origin_and_are_answered() -> None:
    assert ask("POST", {}) == 200


def test_other_machines_may_be_let_in_and_their_pages_still_not() -> None:
    other = {"host": "box.example:7860"}
    assert ask("POST", other, any_host=True) == 200
    assert ask("POST", {**other, "origin": "http://box.example:7860"}, any_host=True) == 200
    for origin in ("https://evil.example", "null", "http://box.example", ""):
        assert ask("POST", {**other, "origin": origin}, any_host=True) == 403


def test_the_page_behind_a_proxy_is_the_server_s_own() -> None:
    public = {"any_host": True, "public_url": "https://speech.example/"}
    assert ask("POST", {"host": "box:7860", "origin": "https://speech.example"}, **public) == 200
    assert ask("POST", {"host": "box:7860", "origin": "http://box:7860"}, **public) == 200
    assert ask("POST", {"host": "box:7860", "origin": "https://evil.example"}, **public) == 403
