"""Debian's Chromium, headless, and a watch over what a page does in it."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Long for a loaded machine; nothing waits so long that works.
_PATIENCE_S = 60.0
expect.set_options(timeout=_PATIENCE_S * 1000)
# What Chromium writes by itself when an answer is an error or does not come.
_NETWORK = "Failed to load resource"


@contextlib.contextmanager
def browsing() -> Iterator[Browser]:
    """A browser. Its event loop is the thread's, so that nothing else may run one until it is closed."""
    found = shutil.which("chromium")
    assert found, "the tests of the page need Debian's chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_ARGUMENTS, timeout=2000 * _PATIENCE_S)
        try:
            yield browser
        finally:
            browser.close()


def until(true: Callable[[], object], what: str, patience_s: float = _PATIENCE_S) -> None:
    """Wait until something is true, of the server or of the page: the policy forbids Playwright's own waiting."""
    end = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < end, f"in vain: {what}"
        time.sleep(0.02)


def until_in(page: Page, expression: str) -> None:
    """Wait until an expression is true in the page."""
    until(lambda: page.evaluate(expression), expression)


@dataclass
class Watched:
    """A page, and what went wrong in it. lenient: answers that are errors are part of the test."""

    page: Page
    lenient: bool = False
    wrong: list[str] = field(default_factory=list)

    def begin(self, url: str) -> None:
        """Forget what was, and open the page anew."""
        self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        self.page.goto("about:blank")
        self.page.emulate_media(color_scheme="light")
        self.lenient = False
        self.wrong.clear()
        self.page.goto(url)

    def check(self) -> None:
        """No error, no breach of the policy, no request to another host."""
        assert [said for said in self.wrong if not (self.lenient and _NETWORK in said)] == []


@contextlib.contextmanager
def watched(browser: Browser, url: str, **context: Any) -> Iterator[Watched]:
    """A page in a context of its own; whatever it should not do fails the test at the end."""
    origin = urlsplit(url)[:2]
    own = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
    page = own.new_page()
    page.set_default_timeout(_PATIENCE_S * 1000)
    watch = Watched(page)

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            watch.wrong.append(message.text)

    def asked(address: str) -> None:
        if not address.startswith(("blob:", "data:")) and urlsplit(address)[:2] != origin:
            watch.wrong.append(f"asked {address}")

    page.on("console", said)
    page.on("pageerror", lambda error: watch.wrong.append(str(error)))
    page.on("request", lambda request: asked(request.url))
    try:
        page.goto(url)
        yield watch
        watch.check()
    finally:
        own.close()


def expect_sentence(page: Page, words: str) -> None:
    """Wait until a job says this of itself."""
    expect(page.locator(".sentence")).to_have_text(words)
