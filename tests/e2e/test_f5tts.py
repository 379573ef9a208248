"""The page speaks in the voice of a recording: its form is drawn from the declaration, its presets too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.models.f5tts.recordings import TEXT, recorded
from tests.serve.page.browser import Watched, browsing, watched
from tests.serve.servers import running_server


@pytest.fixture
def tab(tmp_path: Path) -> Iterator[Watched]:
    with (
        running_server(tmp_path / "server", "tests.models.f5tts.tiny:TinyF5") as server,
        browsing() as browser,
        watched(browser, server.url) as page,
    ):
        page.page.set_default_timeout(60_000)
        page.page.locator("gr-form form").wait_for()
        yield page


def test_a_recording_is_chosen_and_its_voice_is_heard(tab: Watched, tmp_path: Path) -> None:
    page = tab.page
    page.get_by_role("textbox", name="Text", exact=True).fill("Hello there.")
    page.locator("input[type=file]").set_input_files(recorded(tmp_path))
    words = page.get_by_role("textbox", name="Reference text")
    # Nothing is written down for the user.
    expect(words).not_to_have_attribute("placeholder", re.compile(""), timeout=60_000)
    words.fill(TEXT)
    page.get_by_role("button", name="Draft").click()
    expect(page.get_by_role("spinbutton", name=re.compile("Steps"))).to_have_value("7", timeout=60_000)
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(".sentence")).to_contain_text("Done in", timeout=60_000)
    expect(page.locator(".cue").first).to_contain_text("Hello there.", timeout=60_000)
