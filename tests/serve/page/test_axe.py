"""Every view, in both colour schemes, narrow and wide, without one violation of axe-core."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Literal

from playwright.sync_api import Browser, Page, expect

from tests.serve.page.browser import watched
from tests.serve.page.media import clip, picture, tone
from tests.serve.page.moving import moved
from tests.serve.page.sounds import sounded
from tests.serve.page.stand_in import StandIn
from tests.serve.page.world import World

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")


def violations(page: Page) -> list[str]:
    """What axe-core says against the page as it stands."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("axe.run({ resultTypes: ['violations'] }).then((told) => told.violations)")
    return [f"{one['id']}: {node['html']} {json.dumps(node['any'][:1])}" for one in found for node in one["nodes"]]


def opened(page: Page, job_id: str) -> None:
    """Lead the page to a job."""
    page.evaluate("id => location.hash = '#/jobs/' + id", job_id)


def views(server: StandIn, page: Page) -> Iterator[str]:
    """Lead the page from view to view."""
    yield "empty"
    yield from under_way(server.world, page)
    yield from ended(server.world, page)
    yield from forms(page)
    server.world.keys = frozenset({"secret"})
    page.reload()
    expect(page.get_by_role("dialog")).to_be_visible()
    yield "key"


def under_way(world: World, page: Page) -> Iterator[str]:
    """Jobs before their end."""
    opened(page, world.add("voice-tone", {"text": "Wait"}, queue_position=2)["id"])
    expect(page.get_by_text("Queued, 2 ahead of you.").first).to_be_visible()
    yield "queued"

    step = {"stage": "sampling", "done": 7, "total": 32, "fraction": 7 / 32, "eta_s": 2.2}
    opened(page, world.add("voice-tone", {"text": "Run"}, status="running", progress=step)["id"])
    expect(page.get_by_text("Step 7 of 32, about 2 s left.").first).to_be_visible()
    yield "running"

    restoring = world.add("restore", {"source": "https://example.org/a.mp4"}, status="running", progress=step)
    plan = {"width": 1920, "height": 1080, "bytes": 19_000_000_000, "free": 24_000_000_000, "tile": None, "frames": 21}
    world.happened(restoring["id"], "plan", data=plan)
    for stage in ("encoding", "sampling"):
        world.happened(restoring["id"], "progress", **{**step, "stage": stage})
    world.keep(restoring, "preview.png", picture(), "image/png", among="previews")
    opened(page, restoring["id"])
    expect(page.get_by_role("row", name="Worked at 1920 × 1080 px")).to_be_visible()
    expect(page.locator(".stages li")).to_have_count(2)
    expect(page.locator(".early img")).to_be_visible()
    yield "before the result"


def ended(world: World, page: Page) -> Iterator[str]:
    """Jobs at their end."""
    done = world.add("voice-tone", {"text": "Hello"}, status="running", started_at="2026-01-01T00:00:00.000Z")
    world.finish(done, "")
    opened(page, done["id"])
    page.locator("gr-waveform[data-drawn]").wait_for()
    expect(page.get_by_text("The first words")).to_be_visible()
    page.evaluate("document.querySelector('audio').currentTime = 0.2")
    expect(page.locator(".cue[aria-current]")).to_have_count(1)
    page.get_by_text("The request").click()
    yield "sound"

    bad = world.add("voice-tone", {"text": "fail"}, status="running")
    world.finish(bad, "fail")
    opened(page, bad["id"])
    expect(page.get_by_text("What helps:")).to_be_visible()
    yield "failed"

    world.made["upload_0"] = (clip(sharp=False), "video/webm")
    video = world.add("restore", {"source": "upload_0"}, status="running")
    world.finish(video, "")
    opened(page, video["id"])
    page.locator("gr-compare").wait_for()
    yield "video"

    opened(page, moved(world))
    page.locator("gr-side-by-side").wait_for()
    yield "side by side"

    opened(page, sounded(world, tone()))
    page.locator("gr-samples gr-waveform[data-drawn]").wait_for()
    page.get_by_role("radio", name="Sample 2 of 3").check()
    yield "sounds to choose from"


def forms(page: Page) -> Iterator[str]:
    """The form of a few models."""
    page.get_by_role("button", name="Generate").click()
    page.get_by_text("More settings").click()
    expect(page.get_by_text("Write something here.")).to_be_visible()
    yield "form with an error"

    page.get_by_role("radio", name="Sounds", exact=True).click()
    page.get_by_text("More terms (2)").click()
    yield "form with terms"

    page.get_by_role("radio", name="Restore").click()
    page.locator("input[type=file]").set_input_files({"name": "a.webm", "mimeType": "video/webm", "buffer": clip()})
    expect(page.get_by_role("button", name="Remove a.webm")).to_be_visible()
    yield "form with a file"


def test_no_view_shuts_anybody_out(browser: Browser, server: StandIn) -> None:
    with watched(browser, server.url, reduced_motion="reduce") as tab:
        tab.lenient = True  # the last view is that of a refusal
        tab.page.locator("gr-form form").wait_for()
        for view in views(server, tab.page):
            for width in (390, 1280):
                tab.page.set_viewport_size({"width": width, "height": 900})
                for scheme in SCHEMES:
                    tab.page.emulate_media(color_scheme=scheme)
                    where = f"{view}, {scheme}, {width} px"
                    assert violations(tab.page) == [], where
                    assert tab.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, where


def test_axe_finds_what_is_wrong(browser: Browser, server: StandIn) -> None:
    """The policy of the page does not blind it."""
    with watched(browser, server.url) as tab:
        tab.page.locator("gr-form form").wait_for()
        tab.page.evaluate("document.querySelector('gr-text-field label').remove()")
        tab.page.evaluate("document.querySelector('textarea').removeAttribute('aria-describedby')")
        tab.page.evaluate("document.querySelector('gr-form .help').style.color = '#ccc'")
        found = {said.partition(":")[0] for said in violations(tab.page)}
    assert found == {"label", "color-contrast"}
