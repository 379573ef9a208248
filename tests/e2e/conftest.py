"""A browser for a module, and for a test a page of the module's server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.serve.page.browser import Watched, browsing, watched
from tests.serve.servers import RunningServer


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed at the end of the module: other tests in this process run event loops of their own."""
    with browsing() as opened:
        yield opened


@pytest.fixture
def tab(browser: Browser, server: RunningServer) -> Iterator[Watched]:
    """The page, with its form drawn. server: of the module."""
    with watched(browser, server.url) as page:
        page.page.set_default_timeout(60_000)
        page.page.locator("gr-form form").wait_for()
        yield page
