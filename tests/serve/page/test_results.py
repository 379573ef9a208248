"""What the page shows of a job's plan on its way, and of what was made at its end."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.serve.page.browser import Watched, expect_sentence, until_in
from tests.serve.page.media import clip, picture
from tests.serve.page.moving import FOUND, given, moved
from tests.serve.page.stand_in import StandIn


def restored(server: StandIn, frames: int = 24) -> str:
    """A video job with what it was given and what it made, of 12 frames a second."""
    server.world.made["upload_0"] = (clip(sharp=False, frames=frames), "video/webm")
    job = server.world.add("restore", {"source": "upload_0"}, status="running")
    server.world.keep(job, "restored.webm", clip(192, frames=frames), "video/webm")
    server.world.end(job, "succeeded", output={"frames": frames, "size": "192x108"})
    return f"{server.url}#/jobs/{job['id']}"


def test_two_clips_are_compared_in_step(tab: Watched, server: StandIn) -> None:
    page = tab.page
    page.goto(restored(server, frames=720))  # a minute: it does not end before it is paused
    divider = page.get_by_role("slider", name="Divider between before and after")
    divider.focus()
    until_in(page, "[...document.querySelectorAll('.stage video')].every((clip) => clip.readyState >= 3)")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(divider).to_have_attribute("aria-valuetext", "52 % before, 48 % after")
    assert page.evaluate("getComputedStyle(document.querySelector('.before')).clipPath") == "inset(0px 48% 0px 0px)"
    page.keyboard.press("Space")
    times = "[...document.querySelectorAll('.stage video')].map((clip) => clip.currentTime)"
    # A busy machine is late with some frames; the two come together again.
    until_in(page, f"(([after, before]) => before > 0.5 && Math.abs(after - before) < 0.15)({times})")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("Space")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    until_in(page, "[...document.querySelectorAll('.stage video')].every((clip) => clip.paused && !clip.seeking)")
    after, before = page.evaluate(times)
    assert before == pytest.approx(after, abs=0.001)
    place = page.get_by_role("slider", name="Position in the clips")
    place.fill("1.5")
    expect(place).to_have_attribute("aria-valuetext", "0:01 of 1:00")
    assert page.evaluate(times) == [1.5, 1.5]


PLAN = {
    "model": "restore", "device": "cuda:0", "width": 1920, "height": 1080, "bytes": 18_930_000_000,
    "free": 24_000_000_000, "host_bytes": 0, "seconds": 2520.0, "shots": 12, "frames": 4210, "windows": 30,
    "window": 101, "tile": None, "parked": False, "stages": {"encoding": 0.28, "restoring": 0.16, "decoding": 0.56},
    "notes": ["the sound is copied"], "new_fact": 3,
}  # fmt: skip


def test_the_plan_the_stages_and_a_first_look_are_shown_before_the_end(tab: Watched, server: StandIn) -> None:
    """All of it again after a reload, none of it beside the result."""
    page, world = tab.page, server.world
    job = world.add("restore", {"source": "https://example.org/street.mp4"}, status="running", attempts=1)
    world.happened(job["id"], "started", attempt=1)
    world.happened(job["id"], "plan", data=PLAN)
    for stage in ("finding shots", "encoding", "restoring"):
        job["progress"] = {"stage": stage, "done": 3, "total": 4210, "fraction": 0.25, "share": 0.25, "eta_s": 95.0}
        world.happened(job["id"], "progress", **job["progress"])
    page.goto(f"{server.url}#/jobs/{job['id']}")
    for words in (
        "Worked at 1920 × 1080 px", "Frames 4,210, 12 shots, 30 windows", "Memory 19 GB of 24 GB that are free",
        "Time about 42 min", "Tiles none, whole frames", "Device cuda:0", "Notes the sound is copied", "New fact 3",
    ):  # fmt: skip
        expect(page.get_by_role("row", name=words, exact=True)).to_be_visible()
    expect(page.locator(".stages li")).to_have_text(["Finding shots", "Encoding", "Restoring", "Decoding"])
    expect(page.locator(".stages [aria-current=step]")).to_have_text("Restoring")
    expect_sentence(page, "Frame 3 of 4,210, 25 % of all, about 2 min left.")
    assert page.locator(".early img").count() == 0
    world.keep(job, "preview.png", picture(), "image/png", among="previews")
    world.happened(job["id"], "preview", artifact=job["previews"][0])
    until_in(page, "document.querySelector('.early img')?.naturalWidth === 160")
    page.reload()
    until_in(page, "document.querySelector('.early img')?.naturalWidth === 160")
    expect(page.get_by_role("row", name="Time about 42 min")).to_be_visible()
    world.finish(job, "")
    until_in(page, "document.querySelector('video.whole')?.videoWidth === 192")
    for gone in (".plan", ".early", ".stages"):
        expect(page.locator(gone)).to_be_hidden()
    # The picture is among the files, and not shown a second time.
    expect(page.get_by_role("link", name="preview.png")).to_be_visible()
    assert page.locator(".result img").count() == 0


def test_a_plan_that_holds_anything_is_shown_without_nonsense(tab: Watched, server: StandIn) -> None:
    page, world = tab.page, server.world
    job = world.add("restore", {"source": "https://example.org/street.mp4"}, status="running", attempts=1)
    odd: dict[str, Any] = {
        "width": "wide", "height": None, "frames": -3, "shots": "two", "windows": [], "bytes": "much", "seconds": {},
        "tile": "some", "squares": True, "stages": ["encoding"], "notes": 5, "host_bytes": -1, "left": None,
    }  # fmt: skip
    world.happened(job["id"], "plan", data=odd)
    job["progress"] = {"stage": "encoding", "done": 3, "total": 12, "fraction": 0.25, "eta_s": None}
    world.happened(job["id"], "progress", **job["progress"])
    page.goto(f"{server.url}#/jobs/{job['id']}")
    expect(page.get_by_role("row", name="Notes 5", exact=True)).to_be_visible()
    assert page.locator(".plan tr").count() == 1
    expect_sentence(page, "Step 3 of 12.")


def test_a_run_anew_shows_nothing_of_the_one_before(tab: Watched, server: StandIn) -> None:
    """Nor does a page that is opened then; a run that a lost worker began goes on with what was told."""
    page, world = tab.page, server.world
    world.pace = 0.5
    job = world.add("restore", {"source": "https://example.org/street.mp4"}, status="running", attempts=1)
    world.happened(job["id"], "plan", data=PLAN)
    world.happened(job["id"], "requeued")
    page.goto(f"{server.url}#/jobs/{job['id']}")
    expect(page.locator(".plan")).to_be_visible()
    world.happened(job["id"], "failed")
    world.happened(job["id"], "queued")
    world.happened(job["id"], "started", attempt=1)
    expect(page.locator(".plan")).to_be_hidden()
    page.reload()
    expect(page.locator(".sentence")).not_to_be_empty()
    page.wait_for_timeout(300)
    expect(page.locator(".plan")).to_be_hidden()


def test_files_are_called_by_their_names_in_the_history(tab: Watched, server: StandIn) -> None:
    tab.page.goto(restored(server))
    expect(tab.page.locator(".job-link").first).to_have_text("street.webm")


def test_a_job_without_result_keeps_its_first_look(tab: Watched, server: StandIn) -> None:
    job = server.world.add("restore", {"source": "https://example.org/street.mp4"}, status="running")
    server.world.keep(job, "preview.png", picture(), "image/png", among="previews")
    server.world.finish(job, "fail")
    tab.page.goto(f"{server.url}#/jobs/{job['id']}")
    until_in(tab.page, "document.querySelector('.early img')?.naturalWidth === 160")
    expect(tab.page.locator(".early figcaption")).to_have_text("A first look, from before it ended.")


def test_the_sound_of_the_result_can_be_put_off(tab: Watched, server: StandIn) -> None:
    page = tab.page
    page.goto(restored(server))
    muted = "[...document.querySelectorAll('.stage video')].map((clip) => clip.muted)"
    page.get_by_role("button", name="Sound off").click()
    page.get_by_role("button", name="Sound on").wait_for()
    assert page.evaluate(muted) == [True, True]
    page.get_by_role("button", name="Sound on").click()
    page.get_by_role("button", name="Sound off").wait_for()
    # That of the source is never heard.
    assert page.evaluate(muted) == [False, True]


def test_a_source_that_the_browser_cannot_show_leaves_the_result_alone(tab: Watched, server: StandIn) -> None:
    tab.lenient = True
    address = restored(server)
    server.world.made["upload_0"] = (b"no clip", "video/webm")
    tab.page.goto(address)
    expect(tab.page.get_by_text("This browser cannot show the source")).to_be_visible()
    until_in(tab.page, "document.querySelector('.stage video.after')?.videoWidth === 192")
    assert tab.page.locator(".before, .divider").count() == 0
    tab.page.get_by_role("button", name="Play").click()
    until_in(tab.page, "document.querySelector('.after').currentTime > 0.2")


def test_a_clip_that_the_browser_cannot_play_can_be_saved(tab: Watched, server: StandIn) -> None:
    tab.lenient = True
    server.world.made["upload_0"] = (clip(sharp=False), "video/webm")
    job = server.world.add("restore", {"source": "upload_0"}, status="running")
    server.world.keep(job, "restored.mov", b"no clip", "video/quicktime")
    server.world.keep(job, "preview.png", picture(), "image/png", among="previews")
    facts = {"kind": "video", "before": [96, 54], "after": [192, 108], "parts": 2, "resumed": 0}
    server.world.end(job, "succeeded", output={**facts, "seconds": {"encoding": 1.25, "restoring": 75}})
    tab.page.goto(f"{server.url}#/jobs/{job['id']}")
    expect(tab.page.get_by_text("This browser cannot play restored.mov. It can be saved below.")).to_be_visible()
    expect(tab.page.locator("gr-compare")).to_be_hidden()
    # What was shown before stands in for it.
    until_in(tab.page, "document.querySelector('.result img')?.naturalWidth === 160")
    expect(tab.page.locator(".result img")).to_be_visible()
    rows = ["Before 96 × 54 px", "After 192 × 108 px", "Time encoding 1.3 s restoring 75 s"]
    assert [" ".join(row.split()) for row in tab.page.locator(".result .facts tr").all_inner_texts()] == rows


def test_a_clip_without_a_source_plays_alone(tab: Watched, server: StandIn) -> None:
    job = server.world.add("restore", {"source": "https://example.org/street.mp4"}, status="running")
    server.world.finish(job, "")
    tab.page.goto(f"{server.url}#/jobs/{job['id']}")
    until_in(tab.page, "document.querySelector('video.whole')?.videoWidth === 192")
    assert tab.page.locator("gr-compare").count() == 0


def test_a_sound_that_the_browser_cannot_play_can_be_saved(tab: Watched, server: StandIn) -> None:
    job = server.world.add("voice-tone", {"text": "Raw"}, status="running")
    server.world.keep(job, "speech.pcm", b"\0\1" * 4000, "audio/pcm")
    server.world.end(job, "succeeded", output={"warnings": []})
    tab.page.goto(f"{server.url}#/jobs/{job['id']}")
    expect(tab.page.get_by_text("This browser cannot play speech.pcm. It can be saved below.")).to_be_visible()
    expect(tab.page.get_by_role("link", name="speech.pcm")).to_be_visible()
    assert tab.page.get_by_text("Warnings").count() == 0


def test_a_picture_is_shown(tab: Watched, server: StandIn) -> None:
    tab.page.get_by_role("radio", name="Picture").click()
    tab.page.get_by_role("textbox", name="Prompt").fill("a slope")
    tab.page.get_by_role("button", name="Generate").click()
    until_in(tab.page, "document.querySelector('img.whole')?.naturalWidth === 160")


def test_what_was_given_stands_beside_what_was_made_and_plays_with_it(tab: Watched, server: StandIn) -> None:
    page = tab.page
    page.goto(f"{server.url}#/jobs/{moved(server.world, start=0.5)}")
    beside = page.locator("gr-side-by-side")
    expect(beside.locator("figcaption")).to_have_text(["Picture", "Video", "Preview", "Result"])
    clips = "[...document.querySelectorAll('gr-side-by-side video')]"
    until_in(page, f"{clips}.every((clip) => clip.readyState >= 3)")
    # The clip begins half a second into the one that was given, and is the one that is heard.
    until_in(page, f"{clips}[0].currentTime === 0.5")
    assert page.evaluate(f"{clips}.map((clip) => [clip.muted, clip.controls])") == [[True, False], [False, True]]
    page.evaluate(f"{clips}[1].currentTime = 1")
    until_in(page, f"{clips}.every((clip) => !clip.seeking) && {clips}[0].currentTime === 1.5")
    page.evaluate(f"{clips}[1].play()")
    until_in(
        page,
        f"(([given, made]) => made > 1.2 && Math.abs(given - made - 0.5) < 0.15)({clips}.map((c) => c.currentTime))",
    )
    page.evaluate(f"{clips}[1].pause()")
    until_in(page, f"{clips}.every((clip) => clip.paused && !clip.seeking)")
    given_at, made_at = page.evaluate(f"{clips}.map((clip) => clip.currentTime)")
    assert given_at == pytest.approx(made_at + 0.5, abs=0.001)
    expect(page.get_by_role("row", name="Findings")).to_have_text("FindingsWarning: frame 0 has 2 people – choose one")
    assert page.get_by_role("rowheader", name="People").count() == 0
    assert beside.get_by_role("link").count() == 2


def test_pictures_that_were_made_of_several_files_have_room(tab: Watched, server: StandIn) -> None:
    page, world = tab.page, server.world
    job = world.add("restore", given(world), status="running")
    for name in ("preview.png", "preview-frames.png"):
        world.keep(job, name, picture(), "image/png")
    world.end(job, "succeeded", output={"preview": True})
    page.goto(f"{server.url}#/jobs/{job['id']}")
    expect(page.locator("gr-side-by-side figcaption")).to_have_text(["Picture", "Video"])
    until_in(page, "document.querySelectorAll('.result > img').length === 2")


def test_warnings_stand_there_while_there_is_time(tab: Watched, server: StandIn) -> None:
    page, world = tab.page, server.world
    job = world.add("restore", given(world), status="running", attempts=1)
    world.happened(job["id"], "started", attempt=1)
    world.happened(job["id"], "poses", data={"findings": [FOUND, {**FOUND, "severity": "note", "message": "less"}]})
    page.goto(f"{server.url}#/jobs/{job['id']}")
    expect(page.get_by_role("list", name="Warnings")).to_have_text("Warning: frame 0 has 2 people – choose one")
    world.end(job, "succeeded", output={})
    expect(page.get_by_role("list", name="Warnings")).to_be_hidden()


def test_a_file_that_this_browser_does_not_show_is_said(tab: Watched, server: StandIn) -> None:
    tab.lenient = True
    job_id = moved(server.world)
    server.world.made["upload_1"] = (b"no clip", "video/webm")
    tab.page.goto(f"{server.url}#/jobs/{job_id}")
    expect(tab.page.locator("gr-side-by-side p:visible")).to_have_text("This browser cannot show it.")
