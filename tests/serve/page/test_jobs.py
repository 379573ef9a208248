"""A job in the page, from the press of Generate to its result, through whatever comes between."""

from __future__ import annotations

import json
import re
import shlex
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.serve.page.browser import Watched, until, until_in
from tests.serve.page.stand_in import StandIn, clip, picture, tone


def generate(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Text").fill(text)
    page.get_by_role("button", name="Generate").click()


def expect_sentence(page: Page, words: str) -> None:
    expect(page.locator(".sentence")).to_have_text(words)


def test_a_sentence_is_spoken_and_heard(tab: Watched, server: StandIn) -> None:
    page = tab.page
    generate(page, "It's done")
    expect(page.locator(".sentence")).to_contain_text("Done in")
    page.locator("gr-waveform[data-drawn]").wait_for()
    place = page.get_by_role("slider", name="Position in the sound")
    place.focus()
    # It lasts a second and a half: so slowly that it does not end before it is paused, however late that is.
    page.evaluate("document.querySelector('audio').playbackRate = 0.0625")
    page.keyboard.press("Space")
    until_in(page, "document.querySelector('audio').currentTime > 0")
    page.keyboard.press("Space")
    page.keyboard.press("End")
    expect(place).to_have_attribute("aria-valuetext", "0:01 of 0:01")
    expect(page.locator(".cue")).to_have_text(["The first words", "and the last."])
    page.locator(".cue").first.click()
    expect(page.locator(".cue[aria-current]")).to_have_text("The first words")
    box = place.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + 20)
    until_in(page, "Math.abs(document.querySelector('audio').currentTime - 1.125) < 0.05")
    expect(page.get_by_role("row", name="Loudness -19.02 LUFS")).to_be_visible()

    with page.expect_download() as loading:
        page.get_by_role("link", name="speech.wav").click()
    assert loading.value.path().read_bytes() == tone()
    assert loading.value.suggested_filename == "speech.wav"
    assert page.title().startswith("Done in")


def test_checksum_and_curl_can_be_copied(tab: Watched, server: StandIn) -> None:
    page = tab.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    generate(page, "It's done")
    page.get_by_role("button", name="Copy the SHA-256 of speech.wav").wait_for()
    # What is said for a moment is said until it was read.
    page.evaluate("""() => {
        const wait = window.setTimeout;
        window.setTimeout = (call, ms, ...rest) => wait(call, ms === 2000 ? 1e6 : ms, ...rest);
    }""")
    page.get_by_role("button", name="Copy the SHA-256 of speech.wav").click()
    expect(page.get_by_text("Copied").first).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == server.world.jobs["job_0001"]["artifacts"][0]["sha256"]
    page.get_by_role("button", name="Copy curl").click()
    expect(page.get_by_role("button", name="Copied")).to_have_count(1)
    words = shlex.split(page.evaluate("navigator.clipboard.readText()").replace("\\\n", " "))
    assert words[:2] == ["curl", f"{server.url}v1/jobs"]
    sent = {name: value for name, value in server.world.posts[0].items() if name != "key"}
    assert json.loads(words[words.index("-d") + 1]) == sent
    assert sent == {"model": "voice-tone", "input": {"text": "It's done", "seed": 0}}


def test_a_double_click_makes_one_job(tab: Watched, server: StandIn) -> None:
    tab.page.get_by_role("textbox", name="Text").fill("Once")
    # Both presses at once: on a busy machine more than a double click's time may lie between two of them.
    tab.page.get_by_role("button", name="Generate").evaluate("(button) => { button.click(); button.click(); }")
    expect(tab.page.locator(".sentence")).to_contain_text("Done in")
    assert len(server.world.jobs) == 1
    assert len({post["key"] for post in server.world.posts}) == 1


def test_a_later_press_makes_another_job(tab: Watched, server: StandIn) -> None:
    generate(tab.page, "Once")
    expect(tab.page.locator(".sentence")).to_contain_text("Done in")
    tab.page.wait_for_timeout(650)
    tab.page.get_by_role("button", name="Generate").click()
    until(lambda: len(server.world.jobs) == 2, "no second job")
    assert len({post["key"] for post in server.world.posts}) == 2


def test_a_lost_answer_is_asked_for_again_with_the_same_key(tab: Watched, server: StandIn) -> None:
    tab.lenient = True
    server.world.drop_posts = 100
    generate(tab.page, "Once")
    expect(tab.page.get_by_text("Connection lost, trying again.").first).to_be_visible()
    server.world.drop_posts = 0
    expect(tab.page.locator(".sentence")).to_contain_text("Done in")
    assert len(server.world.posts) >= 2
    assert len({post["key"] for post in server.world.posts}) == len(server.world.jobs) == 1


def test_the_place_in_the_queue_and_a_model_that_loads_are_said(tab: Watched, server: StandIn) -> None:
    world = server.world
    world.state, world.reason = "loading", "reading the weights"
    tab.page.reload()
    expect(tab.page.get_by_text("reading the weights")).to_be_visible()
    generate(tab.page, "wait a little")
    expect_sentence(tab.page, "Queued, 2 ahead of you. Tone, a voice is still loading.")
    world.state, world.reason = "ready", ""
    tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect_sentence(tab.page, "Queued, 2 ahead of you.")
    world.held = True
    world.jobs["job_0001"]["queue_position"] = 0
    expect_sentence(tab.page, "Queued, next in line.")
    world.held = False
    expect(tab.page.locator(".sentence")).to_contain_text("Done in")


def test_a_long_job_says_its_step_and_is_cancelled(tab: Watched, server: StandIn) -> None:
    generate(tab.page, "slow and long")
    until(lambda: len(server.world.events.get("job_0001", ())) > 8, "some steps")
    server.world.paused = True
    expect(tab.page.locator(".sentence")).to_contain_text("of 400, about")
    expect(tab.page.get_by_role("progressbar", name="Progress")).to_be_visible()
    tab.page.get_by_role("button", name="Cancel").click()
    expect_sentence(tab.page, "Stopping at the next step.")
    server.world.paused = False
    expect(tab.page.locator(".sentence")).to_contain_text("Cancelled after")
    expect(tab.page.get_by_role("button", name="Cancel")).to_be_hidden()
    assert server.world.jobs["job_0001"]["status"] == "cancelled"


def test_a_queued_job_is_cancelled(tab: Watched, server: StandIn) -> None:
    server.world.held = True
    generate(tab.page, "wait")
    tab.page.get_by_role("button", name="Cancel").click()
    expect_sentence(tab.page, "Cancelled.")


@pytest.mark.parametrize(
    ("text", "said", "message", "code"),
    [
        ("fail now", "Failed after", "The text needs 38 GB of GPU memory; 23 GB are free.", "out-of-memory"),
        ("late again", "Timed out after", "The job ran for 1,800 s, which is all it may.", "job-timed-out"),
    ],
)
def test_an_end_without_result_says_why_and_runs_again(
    tab: Watched, server: StandIn, text: str, said: str, message: str, code: str
) -> None:
    page = tab.page
    generate(page, text)
    expect(page.locator(".sentence")).to_contain_text(said)
    expect(page.locator(".bad .what")).to_have_text(message)
    expect(page.locator(".bad")).to_contain_text("What helps:")
    expect(page.locator(".bad code")).to_have_text(code)
    server.world.jobs["job_0001"]["input"]["text"] = "Now it works"
    page.get_by_role("button", name="Run it again").click()
    expect(page.locator(".sentence")).to_contain_text("Done in")
    expect(page.locator(".bad")).to_be_hidden()
    assert server.world.jobs["job_0001"]["attempts"] == 2


def test_a_refusal_of_what_was_pressed_is_said(tab: Watched, server: StandIn) -> None:
    tab.lenient = True
    generate(tab.page, "fail now")
    again = tab.page.get_by_role("button", name="Run it again")
    expect(again).to_be_visible()
    # Somebody else was quicker, and this page has not heard of it.
    server.world.jobs["job_0001"]["status"] = "running"
    again.click()
    expect(tab.page.get_by_text("Job job_0001 has not ended. Wait for its end.")).to_be_visible()


def test_a_restart_of_the_server_is_survived(tab: Watched, server: StandIn) -> None:
    tab.lenient = True
    generate(tab.page, "slow and long")
    until(lambda: len(server.world.events.get("job_0001", ())) > 8, "some steps")
    server.world.paused = True
    expect(tab.page.locator(".sentence")).to_contain_text("of 400")
    server.stop()
    expect(tab.page.locator(".lost")).to_have_text("Connection lost, trying again.")
    before = server.world.jobs["job_0001"]["progress"]["done"]
    server.start()
    until(lambda: len(server.world.resumed) > 1, "the stream is opened again")
    server.world.pace, server.world.paused = 0.0001, False
    expect(tab.page.locator(".sentence")).to_contain_text("Done in")
    expect(tab.page.locator(".lost")).to_be_hidden()
    expect(tab.page.get_by_role("link", name="speech.wav")).to_be_visible()
    assert before < 400
    # It went on where it was: what had been told was not asked for again.
    assert server.world.resumed[0] == 0
    assert server.world.resumed[-1] > 5
    assert len(server.world.posts) == 1


def test_a_job_opens_by_its_address(tab: Watched, server: StandIn) -> None:
    job = server.world.add("voice-tone", {"text": "By API"}, status="running")
    server.world.finish(job, "")
    tab.page.goto(f"{server.url}#/jobs/{job['id']}")
    tab.page.locator("gr-waveform[data-drawn]").wait_for()
    tab.page.reload()
    expect(tab.page.get_by_role("heading", name="Tone, a voice")).to_be_visible()
    tab.lenient = True
    tab.page.goto(f"{server.url}#/jobs/job_nowhere")
    expect(tab.page.get_by_text("There is no job job_nowhere.")).to_be_visible()


def test_links_are_renewed_before_they_expire(tab: Watched, server: StandIn) -> None:
    page = tab.page
    job = server.world.add("voice-tone", {"text": "By API"}, status="running")
    server.world.finish(job, "")
    page.evaluate("""() => {
        const wait = window.setTimeout;
        window.setTimeout = (call, ms, ...rest) => wait(call, ms > 1e6 ? 500 : ms, ...rest);
    }""")
    page.evaluate("id => location.hash = '#/jobs/' + id", job["id"])
    player = page.locator("audio")
    expect(player).to_have_attribute("src", re.compile("signature=s$"))
    for artifact in job["artifacts"]:
        artifact["url"] = artifact["url"].replace("signature=s", "signature=t")
    expect(player).to_have_attribute("src", re.compile("signature=t$"))


def test_data_stays_text(tab: Watched, server: StandIn) -> None:
    evil = "<img src=x onerror=\"document.title='gone'\"><script>document.title='gone'</script>"
    job = server.world.add("voice-tone", {"text": evil}, status="running", id="job_0001")
    server.world.end(job, "failed", error={"code": evil, "message": evil, "mend": evil, "retryable": True})
    tab.page.goto(f"{server.url}#/jobs/job_0001")
    expect(tab.page.locator(".bad .what")).to_have_text(f"{evil}.")
    expect(tab.page.locator(".job-link")).to_have_text(evil)
    tab.page.get_by_role("button", name="Use these settings", exact=True).click()
    expect(tab.page.get_by_role("textbox", name="Text")).to_have_value(evil)
    assert tab.page.locator("main img, main script").count() == 0
    assert "gone" not in tab.page.title()


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
