"""A browser and a stand-in server for a module, a fresh world and a fresh page for a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.serve.page.browser import Watched, browsing, watched
from tests.serve.page.stand_in import StandIn, standing_in
from tests.serve.page.world import World


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed at the end of the module: other tests in this process run event loops of their own."""
    with browsing() as opened:
        yield opened


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    """The server of a module."""
    with standing_in() as served:
        yield served


@pytest.fixture
def server(stand_in: StandIn) -> StandIn:
    """The server in a new world, whatever the last test left behind."""
    if not stand_in.listens:
        stand_in.start()
    stand_in.world = World()
    return stand_in


@pytest.fixture(scope="module")
def opened(browser: Browser, stand_in: StandIn) -> Iterator[Watched]:
    """A page for a module: a new one for each test takes twice the time."""
    with watched(browser, stand_in.url) as page:
        yield page


@pytest.fixture
def tab(opened: Watched, server: StandIn) -> Iterator[Watched]:
    """The page of the server as a newcomer sees it, with its form drawn."""
    opened.begin(server.url)
    opened.page.locator("gr-form form").wait_for()
    yield opened
    opened.check()
