"""The page over a real server that moves people in pictures: a preview first, then the clip beside what it is of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.models.steadydancer.tiny import driver_file, picture_file
from tests.serve.animating import DANCER, main_animating
from tests.serve.page.browser import Watched, until_in
from tests.serve.servers import RunningServer, running_server

FRAMES = 25


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("dancer"), DANCER, entry=main_animating) as running:
        yield running


def given(page: Page, folder: Path, *people: int) -> None:
    """Give a picture and a driver."""
    files = picture_file(folder / "me.png"), driver_file(folder / "dance.mp4", *people, frames=FRAMES)
    for label, path in zip(("Picture", "Video"), files, strict=True):
        page.get_by_label(label, exact=True).set_input_files(path)
        page.get_by_role("button", name=f"Remove {path.name}").wait_for()
    page.get_by_role("textbox", name="Prompt", exact=True).fill("a person dances")


def test_a_preview_warns_before_anything_expensive(tab: Watched, tmp_path: Path) -> None:
    page = tab.page
    expect(page.get_by_role("note").get_by_text("No licence is known for the weights")).to_be_visible()
    given(page, tmp_path, 0, 1)
    page.get_by_role("checkbox", name="Preview").check()
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(".sentence")).to_contain_text("Done in", timeout=60_000)
    until_in(page, "[...document.querySelectorAll('.result img')].filter((one) => one.naturalWidth > 100).length >= 4")
    expect(page.get_by_role("row", name="Findings")).to_contain_text("frame 0 of the driver has 2 people")
    assert page.locator("gr-side-by-side figcaption").all_inner_texts() == ["Picture", "Video"]


def test_a_clip_stands_beside_what_it_is_made_of(tab: Watched, tmp_path: Path) -> None:
    page = tab.page
    given(page, tmp_path)
    page.get_by_text("More settings").click()
    page.get_by_role("spinbutton", name="Steps").fill("2")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(".sentence")).to_contain_text("Done in", timeout=60_000)
    beside = page.locator("gr-side-by-side")
    expect(beside.locator("figcaption")).to_have_text(["Picture", "Video", "Preview", "Result"])
    clips = "[...document.querySelectorAll('gr-side-by-side video')]"
    until_in(page, f"{clips}.every((clip) => clip.readyState >= 2)")
    assert page.evaluate(f"{clips}.map((clip) => [clip.muted, clip.controls])") == [[True, False], [False, True]]
    page.evaluate(f"{clips}[1].currentTime = 0.5")
    until_in(page, f"{clips}.every((clip) => clip.currentTime === 0.5 && !clip.seeking)")
    page.evaluate(f"{clips}[1].play()")
    until_in(page, f"{clips}.every((clip) => clip.currentTime > 0.6)")
    expect(page.get_by_role("row", name="Seed", exact=False).first).to_be_visible()
