"""The page over a real server that makes sound: terms, a video in, sounds to choose from out; the networks are tiny."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.media.video.clips import video
from tests.serve.page.browser import Watched, until_in
from tests.serve.servers import RunningServer, running_server
from tests.serve.sounding import FOLEY, main_sounding

SEEN = "[...document.querySelectorAll('gr-samples video')].find((one) => one.checkVisibility())"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("foley"), FOLEY, entry=main_sounding) as running:
        yield running


def test_a_video_gets_two_sounds_which_are_compared(tab: Watched, tmp_path: Path) -> None:
    page = tab.page
    clip = video(tmp_path / "street.mp4", frames=50)
    # Where it may not be used stands there before anything is sent.
    clause = page.get_by_role("note").get_by_text("the European Union, the United Kingdom and South Korea")
    expect(clause).to_be_visible()
    page.locator("input[type=file]").set_input_files(clip)
    page.get_by_role("button", name="Remove street.mp4").wait_for()
    page.get_by_role("textbox", name="Prompt", exact=True).fill("steps on gravel")
    page.get_by_text("More settings").click()
    for name, value in (("Samples", "2"), ("Steps", "10"), ("Guidance", "1")):
        page.get_by_role("spinbutton", name=name).fill(value)
    page.get_by_role("checkbox", name="Wav").check()
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(".sentence")).to_contain_text("Done in", timeout=60_000)
    until_in(page, f"({SEEN})?.readyState >= 2")
    page.locator("gr-waveform[data-drawn]").wait_for()
    assert page.evaluate(f"({SEEN}).duration") == pytest.approx(2.0, abs=0.05)
    page.evaluate(f"({SEEN}).currentTime = 1.25")
    page.get_by_role("radio", name=re.compile(r"Sample 2 of 2 · -2\d\.\d LUFS")).check()
    until_in(page, f"({SEEN}).getAttribute('aria-label') === 'sound-2.mp4'")
    assert page.evaluate(f"[({SEEN}).currentTime, ({SEEN}).videoWidth]") == [1.25, 64]
    with page.expect_download() as loading:
        page.get_by_role("link", name="Save its sound alone").click()
    assert loading.value.suggested_filename == "sound-2.wav"
    assert loading.value.path().read_bytes()[:4] == b"RIFF"
    expect(page.get_by_role("row", name="Source video")).to_be_visible()


def test_words_become_sound_with_its_shape(tab: Watched) -> None:
    page = tab.page
    page.get_by_role("textbox", name="Prompt", exact=True).fill("rain on a roof")
    page.get_by_role("spinbutton", name="Seconds").fill("1")
    page.get_by_role("spinbutton", name="Steps").fill("10")
    page.get_by_role("spinbutton", name="Guidance").fill("1")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(".sentence")).to_contain_text("Done in", timeout=60_000)
    page.locator("gr-waveform[data-drawn]").wait_for()
    until_in(page, "document.querySelector('gr-samples audio').duration > 0.9")
    assert page.locator("gr-samples video").count() == 0
