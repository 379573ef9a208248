"""Sounds of one request in the page: a video with the shape of its sound, and others to choose instead of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.serve.page.browser import Watched, until, until_in
from tests.serve.page.media import picture, tone
from tests.serve.page.sounds import sounded, sounding
from tests.serve.page.stand_in import StandIn

SEEN = "[...document.querySelectorAll('gr-samples video, gr-samples audio')].find((one) => one.checkVisibility())"


def opened(tab: Watched, server: StandIn) -> Page:
    """The page of a job of three sounds; the first one can be played."""
    job = sounded(server.world, tone())
    tab.page.goto(f"{server.url}#/jobs/{job}")
    tab.page.locator("gr-waveform[data-drawn]").first.wait_for()
    until_in(tab.page, f"({SEEN}).readyState >= 2")
    return tab.page


def choose(page: Page, name: str, file: str) -> None:
    """Choose a sample, and wait until it is seen."""
    page.get_by_role("radio", name=name).check()
    until_in(page, f"({SEEN}).getAttribute('aria-label') === '{file}'")


def test_a_video_is_seen_with_the_shape_of_its_sound_and_both_go_in_step(tab: Watched, server: StandIn) -> None:
    page = opened(tab, server)
    expect(page.get_by_role("radio")).to_have_count(4 + 3)  # the models, too
    assert page.locator("gr-samples video").count() == page.locator("gr-waveform").count() == 1
    place = page.get_by_role("slider", name="Position in the sound")
    place.focus()
    page.keyboard.press("ArrowRight")
    until_in(page, f"({SEEN}).currentTime === 1 && !({SEEN}).seeking")
    box = place.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.25, box["y"] + 20)
    assert page.evaluate(f"({SEEN}).currentTime") == pytest.approx(0.5, abs=0.05)
    expect(place).to_have_attribute("aria-valuetext", "0:00 of 0:02")
    page.keyboard.press("Space")
    until_in(page, f"({SEEN}).currentTime > 0.7")
    page.keyboard.press("Space")
    until_in(page, f"({SEEN}).paused")
    # Seeking in the video's own controls moves the line as well.
    page.evaluate(f"({SEEN}).currentTime = 1.25")
    expect(place).to_have_attribute("aria-valuenow", re.compile(r"^1\.[23]$"))


def test_samples_are_compared_at_the_same_moment(tab: Watched, server: StandIn) -> None:
    page = opened(tab, server)
    names = ["Sample 1 of 3 · -23.0 LUFS", "Sample 2 of 3 · -23.0 LUFS", "Sample 3 of 3 · silence"]
    for name in names:
        expect(page.get_by_role("radio", name=name, exact=True)).to_be_visible()
    page.evaluate(f"({SEEN}).currentTime = 1.25; ({SEEN}).volume = 0.5")
    choose(page, names[1], "sound-2.webm")
    state = f"[({SEEN}).currentTime, ({SEEN}).volume, ({SEEN}).paused]"
    assert page.evaluate(state) == [1.25, 0.5, True]
    # By the keyboard, and while it plays: the other one goes on from there, and only one is heard.
    page.evaluate(f"({SEEN}).currentTime = 0.25")
    page.evaluate(f"({SEEN}).playbackRate = 0.25")  # so that it does not end meanwhile
    page.evaluate(f"({SEEN}).play()")
    page.get_by_role("radio", name=names[1]).focus()
    page.keyboard.press("ArrowDown")
    until_in(page, f"({SEEN}).getAttribute('aria-label') === 'sound-3.webm' && !({SEEN}).paused")
    at, volume, _ = page.evaluate(state)
    assert (at >= 0.25, volume) == (True, 0.5)
    assert page.evaluate("[...document.querySelectorAll('gr-samples video')].filter((one) => !one.paused).length") == 1
    page.keyboard.press("ArrowUp")
    until_in(page, f"({SEEN}).getAttribute('aria-label') === 'sound-2.webm'")
    assert page.evaluate(f"({SEEN}).currentTime") >= at


def test_who_changes_their_mind_sees_one_sample_all_the_time(tab: Watched, server: StandIn) -> None:
    page = opened(tab, server)
    page.evaluate(f"({SEEN}).currentTime = 1")
    height = page.locator(".stage-of-takes").evaluate("(stage) => stage.clientHeight")
    visible = "(one) => one.checkVisibility({ visibilityProperty: true })"
    seen = f"[...document.querySelectorAll('gr-samples video')].filter({visible})"
    for order in ([1, 0], [2, 1, 0], [1, 2]):
        page.evaluate("(order) => order.forEach((place) => document.querySelector('gr-samples').choose(place))", order)
        assert page.locator(".stage-of-takes").evaluate("(stage) => stage.clientHeight") == height
        until_in(page, f"({seen}).map((one) => one.getAttribute('aria-label')).join() === 'sound-{order[-1] + 1}.webm'")
        assert page.evaluate(f"({seen}).map((one) => one.currentTime)") == [1]


def test_the_chosen_sample_can_be_saved_and_asked_for_again(tab: Watched, server: StandIn) -> None:
    page = opened(tab, server)
    choose(page, "Sample 2 of 3", "sound-2.webm")
    for words, name, body in (
        ("Save sample 2", "sound-2.webm", sounding(2)),
        ("Save its sound alone", "sound-2.wav", tone()),
    ):
        with page.expect_download() as loading:
            page.get_by_role("link", name=words).click()
        assert (loading.value.suggested_filename, loading.value.path().read_bytes()) == (name, body)
    # All files stand below, and the table says nothing of samples a second time.
    expect(page.locator(".files li")).to_have_count(6)
    expect(page.get_by_role("row", name="Rate 48000 Hz")).to_be_visible()
    expect(page.locator(".result .facts")).not_to_contain_text("Samples")
    page.get_by_role("button", name="Use sample 2").click()
    expect(page.get_by_text("The settings are filled in.")).to_be_visible()
    page.get_by_role("button", name="Generate").click()
    until(lambda: server.world.posts, "no job was asked for")
    asked = server.world.posts[0]["input"]
    assert (asked["samples"], asked["seed"], asked["prompt"]) == (2, 5, "rain")


def test_a_sample_stays_chosen_when_links_are_renewed(tab: Watched, server: StandIn) -> None:
    page = opened(tab, server)
    choose(page, "Sample 3 of 3", "sound-3.webm")
    page.evaluate(f"({SEEN}).currentTime = 1.5")
    until_in(page, f"!({SEEN}).seeking")
    page.evaluate("document.querySelector('gr-job').renew(); document.querySelector('gr-samples').was = true")
    page.evaluate("document.querySelector('gr-job').show(document.querySelector('gr-job').job)")
    until_in(page, "!document.querySelector('gr-samples').was")
    expect(page.get_by_role("radio", name="Sample 3 of 3")).to_be_checked()
    until_in(page, f"({SEEN}).currentTime === 1.5")


def test_one_sample_has_nothing_to_choose(tab: Watched, server: StandIn) -> None:
    """Nor is it laid over what it was made for."""
    server.world.made["upload_0"] = (sounding(9), "video/webm")
    job, page = sounded(server.world, tone(), (-23.0,)), tab.page
    server.world.jobs[job]["input"]["video"] = "upload_0"
    page.goto(f"{server.url}#/jobs/{job}")
    until_in(page, f"({SEEN})?.readyState >= 2")
    assert page.get_by_role("group", name="Samples").count() == 0
    assert page.locator("gr-compare").count() == 0
    expect(page.get_by_role("link", name="Save it", exact=True)).to_be_visible()


def test_sounds_without_pictures_are_chosen_below_what_they_are_of(tab: Watched, server: StandIn) -> None:
    server.world.made["upload_0"] = (picture(), "image/png")
    job = sounded(server.world, tone(), (-20.0, -21.0), alone=True)
    server.world.jobs[job]["input"]["video"] = "upload_0"
    page = tab.page
    page.goto(f"{server.url}#/jobs/{job}")
    until_in(page, "document.querySelector('.result img')?.naturalWidth === 160")
    page.locator("gr-waveform[data-drawn]").wait_for()
    page.evaluate(f"({SEEN}).currentTime = 0.5")
    choose(page, "Sample 2 of 2 · -21.0 LUFS", "sound-2.wav")
    assert page.evaluate(f"({SEEN}).currentTime") == 0.5
    assert page.locator("gr-samples video").count() == 0


def test_a_sample_that_cannot_be_played_says_so_and_others_can(tab: Watched, server: StandIn) -> None:
    tab.lenient = True
    job = sounded(server.world, tone())
    broken = server.world.jobs[job]["artifacts"][1]["id"]
    server.world.made[broken] = (b"no clip", "video/webm")
    page = tab.page
    page.goto(f"{server.url}#/jobs/{job}")
    until_in(page, f"({SEEN})?.readyState >= 2")
    page.get_by_role("radio", name="Sample 2 of 3").check()
    expect(page.get_by_text("This browser cannot play sound-2.webm. It can be saved below.")).to_be_visible()
    choose(page, "Sample 1 of 3", "sound-1.webm")
    expect(page.get_by_text("This browser cannot play sound-2.webm")).to_be_hidden()
    expect(page.locator("gr-samples video:visible")).to_have_count(1)


@pytest.mark.parametrize(
    "told", [[], "many", [{"file": "gone.webm"}], [{"file": 5}], [None], [{"file": "speech.vtt"}]], ids=str
)
def test_what_names_no_sound_is_shown_as_before(tab: Watched, server: StandIn, told: Any) -> None:
    job = server.world.add("voice-tone", {"text": "Hello"}, status="running")
    server.world.finish(job, "")
    job["output"]["samples"] = told
    tab.page.goto(f"{server.url}#/jobs/{job['id']}")
    tab.page.locator("gr-waveform[data-drawn]").wait_for()
    assert tab.page.locator("gr-samples").count() == 0


def test_a_sound_is_heard_before_the_others_are_there(tab: Watched, server: StandIn) -> None:
    job = server.world.add("sounds", {"prompt": "rain", "samples": 3}, status="running")
    server.world.keep(job, "sound-1.wav", tone(), "audio/wav", among="previews")
    tab.page.goto(f"{server.url}#/jobs/{job['id']}")
    expect(tab.page.locator(".early audio")).to_be_visible()
    expect(tab.page.locator(".early figcaption")).to_have_text("A first sound, while the rest is made.")


PLAN = {
    "model": "sounds", "device": "cuda:0", "length_s": 60.0, "samples": 4, "windows": 5, "bytes": 7_900_000_000,
    "weights": 6_100_000_000, "host_bytes": 9_000_000_000, "free": 8_000_000_000, "seconds": None, "estimated": True,
    "parked": True, "resident": 12, "blocks": 54, "together": 6, "pictures": 16, "segments": 24, "piece": 250,
    "notes": ["the weights are streamed"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "rows"),
    [
        (
            {},
            [
                "Sound 4 samples of 60 s, 5 windows each, 6 at once", "Memory 7.9 GB of 8.0 GB that are free",
                "Memory of the host 9.0 GB", "On the host the weights of 42 of 54 blocks, which come for each step",
                "Time not known on this device", "Device cuda:0", "Notes the weights are streamed",
            ],
        ),
        (
            {"resident": None, "seconds": 12.3, "windows": 1, "samples": 1, "host_bytes": 0, "notes": [],
             "length_s": 8.0},
            [
                "Sound 8.0 s", "Memory 7.9 GB of 8.0 GB that are free", "On the host whatever has nothing to do",
                "Time about 12 s", "Device cuda:0",
            ],
        ),
        (
            {"device": "cpu", "resident": 0, "free": None, "bytes": 0, "together": 1, "windows": 2, "samples": 1},
            [
                "Sound 60 s, 2 windows, 1 at once", "Memory of the host 9.0 GB", "Time not known on this device",
                "Device cpu", "Notes the weights are streamed",
            ],
        ),
        (
            {"device": "cpu", "length_s": None, "samples": 1, "windows": 0, "together": "all", "blocks": "many",
             "resident": -1, "seconds": "soon", "bytes": 5, "host_bytes": None, "notes": None},
            ["Sound 1 sample", "Memory 5 B of 8.0 GB that are free", "Device cpu"],
        ),
    ],
    ids=["streamed", "parked", "on a CPU", "odd"],
)  # fmt: skip
def test_the_plan_is_shown_before_the_sound(
    tab: Watched, server: StandIn, more: dict[str, Any], rows: list[str]
) -> None:
    job = server.world.add("sounds", {"prompt": "rain"}, status="running", attempts=1)
    server.world.happened(job["id"], "plan", data={**PLAN, **more, "stages": {"sampling": 0.9, "decoding": 0.1}})
    step = {"stage": "sampling", "done": 7, "total": 50, "fraction": 0.14, "share": 0.1, "eta_s": 2.0}
    job["progress"] = step
    server.world.happened(job["id"], "progress", **step)
    tab.page.goto(f"{server.url}#/jobs/{job['id']}")
    table = tab.page.locator(".plan tr")
    expect(table.first).to_be_visible()
    assert [" ".join(row.split()) for row in table.all_inner_texts()] == rows
    # What goes in steps is not said to go in frames.
    expect(tab.page.locator(".sentence")).to_have_text("Step 7 of 50, about 2 s left.")


def test_terms_stand_beside_the_model_and_above_its_form(tab: Watched, server: StandIn) -> None:
    page = tab.page
    assert page.get_by_role("note").count() == 0
    row = page.locator(".model").filter(has_text="Sounds")
    expect(row).to_contain_text("Not in the EU; ask first")
    radio = page.get_by_role("radio", name="Sounds", exact=True)
    expect(radio).to_have_accessible_description(re.compile("Not in the EU; ask first"))
    radio.check()
    note = page.get_by_role("note", name="Terms of use")
    expect(note.get_by_text("No rights are granted in the European Union.")).to_be_visible()
    note.get_by_text("More terms (2)").click()
    expect(note.get_by_text("Licences: code MIT, weights LicenseRef-Sounds.")).to_be_visible()
    assert server.world.posts == []


def test_prompts_of_shots_are_lines(tab: Watched, server: StandIn) -> None:
    page = tab.page
    page.get_by_role("radio", name="Sounds", exact=True).check()
    shots = page.get_by_role("textbox", name="Shot prompts")
    expect(shots).to_have_attribute("wrap", "off")
    shots.press_sequentially("a quiet street\n\na door falls shut")
    expect(page.get_by_text("3 lines, 33 of 1,000 characters")).to_be_visible()
    page.get_by_role("button", name="Generate").click()
    until(lambda: server.world.posts, "no job was asked for")
    assert server.world.posts[0]["input"]["shot_prompts"] == "a quiet street\n\na door falls shut"
