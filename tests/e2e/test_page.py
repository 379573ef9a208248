"""The page over a real server: a sentence is heard, a long job is cancelled, a restart in mid-job is outlived."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.serve.page.browser import Watched, until_in
from tests.serve.restoring import a_clip
from tests.serve.servers import RunningServer, start_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One for all tests; the last of them kills it."""
    started = start_server(tmp_path_factory.mktemp("page"), "voice-joe", "Sleeper", "Restorer")
    yield started
    started.stop()


def _sleep(page: Page, steps: int, *, to_mark: bool = False) -> None:
    """Ask for work of the model that sleeps. to_mark: it takes minutes, unless it is cancelled or the mark is there."""
    page.get_by_role("radio", name=re.compile("Sleeper")).check()
    page.get_by_role("spinbutton", name=re.compile("Steps")).fill(str(steps))
    page.get_by_role("spinbutton", name=re.compile(r"^Step\b")).fill("0.2" if to_mark else "0.02")
    page.get_by_role("checkbox", name="To mark").set_checked(to_mark)
    page.get_by_role("button", name="Generate").click()


def test_a_sentence_is_spoken_and_heard(tab: Watched) -> None:
    """The sound plays, its captions stand below it, its files can be had, and a fresh page shows it again."""
    page = tab.page
    page.get_by_role("textbox", name="Text").fill("The lamp in the hall is broken.")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(".sentence")).to_contain_text("Done in", timeout=60_000)
    page.locator("gr-waveform[data-drawn]").wait_for()
    page.evaluate("document.querySelector('audio').play()")
    until_in(page, "document.querySelector('audio').currentTime > 0.3")
    assert 1.0 < page.evaluate("document.querySelector('audio').duration") < 4.0
    expect(page.locator(".cue").first).to_contain_text("The lamp in the hall", timeout=60_000)
    with page.expect_download() as loading:
        page.get_by_role("link", name="speech.wav").click()
    assert loading.value.path().read_bytes()[:4] == b"RIFF"
    page.reload()
    expect(page.locator(".sentence")).to_contain_text("Done in", timeout=60_000)


def test_a_long_job_is_cancelled(tab: Watched, server: RunningServer) -> None:
    """Its progress is seen, it stops, and the next one runs at once."""
    (server.folder / "marks" / "open").unlink(missing_ok=True)
    page = tab.page
    _sleep(page, 900, to_mark=True)
    expect(page.locator(".sentence")).to_contain_text(re.compile(r"Step \d+ of 900"), timeout=60_000)
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".sentence")).to_contain_text("Cancelled", timeout=60_000)
    _sleep(page, 2)
    expect(page.locator(".sentence")).to_contain_text("Done in", timeout=60_000)


def test_a_video_is_restored_and_compared(tab: Watched, server: RunningServer, tmp_path: Path) -> None:
    """Its plan and a first look come before the result; before and after play in step, with the sound of the result."""
    page = tab.page
    page.get_by_role("radio", name=re.compile("Restorer")).check()
    page.locator("input[type=file]").set_input_files(a_clip(tmp_path / "clip.webm"))
    page.get_by_role("button", name="Remove clip.webm").wait_for()
    page.get_by_role("spinbutton", name="Height").fill("108")
    page.locator("gr-form summary").click()
    page.get_by_role("checkbox", name="Hold").check()
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("row", name="Worked at 192 × 108 px")).to_be_visible(timeout=60_000)
    until_in(page, "document.querySelector('.early img')?.naturalWidth === 192")
    (server.folder / "marks" / "open").touch()
    expect(page.locator(".sentence")).to_contain_text("Done in", timeout=60_000)
    sizes = "[...document.querySelectorAll('.stage video')].map((clip) => clip.readyState >= 3 && clip.videoWidth)"
    until_in(page, f"JSON.stringify({sizes}) === '[192,96]'")
    page.get_by_role("button", name="Play").click()
    until_in(page, "document.querySelector('.after').currentTime > 0.5")
    assert page.evaluate("document.querySelector('.after').webkitAudioDecodedByteCount") > 0
    page.get_by_role("button", name="Pause").click()
    until_in(page, "[...document.querySelectorAll('.stage video')].every((clip) => clip.paused && !clip.seeking)")
    after, before = page.evaluate("[...document.querySelectorAll('.stage video')].map((clip) => clip.currentTime)")
    assert before == pytest.approx(after, abs=0.001)


def test_a_restart_in_the_middle_of_a_job_is_outlived(tab: Watched, server: RunningServer) -> None:
    """The server is killed while it works, and comes back at the same address: the page sees the job to its end."""
    tab.lenient = True
    page = tab.page
    mark = server.folder / "marks" / "open"
    mark.unlink(missing_ok=True)
    _sleep(page, 900, to_mark=True)
    expect(page.locator(".sentence")).to_contain_text("Step", timeout=60_000)
    port = server.port
    server.kill()
    again = start_server(server.folder, "voice-joe", "Sleeper", "Restorer", arguments=("--port", str(port)))
    try:
        mark.touch()
        expect(page.locator(".sentence")).to_contain_text("Done in", timeout=60_000)
    finally:
        again.stop()
