"""A job in the page, from the press of Generate to its result, through whatever comes between."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from playwright.sync_api import Page, expect

from tests.serve.page.browser import Watched, expect_sentence, until, until_in
from tests.serve.page.media import tone
from tests.serve.page.stand_in import StandIn


def generate(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Text").fill(text)
    page.get_by_role("button", name="Generate").click()


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
