"""The form that the page draws from a schema, its uploads, the history, the key and the colours."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from tests.serve.page.browser import Watched
from tests.serve.page.media import clip
from tests.serve.page.stand_in import StandIn


def sent(server: StandIn, number: int = -1) -> dict[str, object]:
    """The input of a request."""
    given: dict[str, object] = server.world.posts[number]["input"]
    return given


def test_fields_come_from_the_schema(tab: Watched, server: StandIn) -> None:
    page = tab.page
    speed = page.get_by_role("spinbutton", name="Speed")
    expect(speed).to_have_value("1")
    expect(speed).to_have_accessible_description("1 keeps the voice's own pace. 0.25 to 4 x. Default 1.")
    slider = page.get_by_role("slider", name="Speed, slider")
    slider.fill("2.5")
    expect(speed).to_have_value("2.5")
    speed.fill("1.37")
    expect(page.get_by_role("checkbox", name="Clean")).to_be_hidden()
    page.get_by_text("More settings (3)").click()
    page.get_by_role("checkbox", name="Clean").check()
    page.get_by_role("spinbutton", name="Duration").fill("2.5")
    page.get_by_role("textbox", name="Text").fill("Hello")
    expect(page.get_by_text("5 of 2,000 characters")).to_be_visible()
    page.get_by_role("button", name="New seed").click()
    seed = int(page.get_by_role("spinbutton", name="Seed").input_value())
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(".sentence")).to_contain_text("Done in")
    assert sent(server) == {"text": "Hello", "speed": 1.37, "clean": True, "duration": 2.5, "seed": seed}
    assert seed > 0


def test_presets_fill_the_form_and_leave_the_text(tab: Watched, server: StandIn) -> None:
    page = tab.page
    page.get_by_role("textbox", name="Text").fill("Mine")
    page.get_by_role("button", name="Quick draft").click()
    expect(page.get_by_role("spinbutton", name="Steps")).to_have_value("8")
    expect(page.get_by_role("textbox", name="Text")).to_have_value("Mine")
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_role("spinbutton", name="Steps")).to_have_value("32")
    expect(page.get_by_role("textbox", name="Text")).to_have_value("")


def test_what_is_wrong_is_said_at_the_field(tab: Watched, server: StandIn) -> None:
    page = tab.page
    page.get_by_role("textbox", name="Text").fill("Hello")
    for name, value, said in (
        ("Speed", "9", "It is 9, and should be 0.25 to 4 x."),
        ("Steps", "4.5", "Give a whole number."),
        ("Duration", "0", "It is 0, and should be more than 0 s."),
    ):
        field = page.get_by_label(name, exact=True)
        field.evaluate("(input, value) => { input.value = value; }", value)
        # What stands behind "More settings" comes forth.
        page.evaluate("document.querySelector('details.more').open = false")
        page.get_by_role("button", name="Generate").click()
        expect(field).to_be_focused()
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(re.compile(re.escape(said) + "$"))
        field.fill("")
        expect(field).not_to_have_attribute("aria-invalid", "true")
    assert server.world.posts == []


def test_what_the_server_refuses_is_said_at_the_field(tab: Watched, server: StandIn) -> None:
    page = tab.page
    tab.lenient = True
    text = page.get_by_role("textbox", name="Text")
    text.fill("refuse this")
    page.get_by_role("button", name="Generate").click()
    expect(text).to_be_focused()
    expect(page.locator("gr-text-field .error")).to_have_text("Text is not to be said here.")
    expect(page.locator(".form-message")).to_contain_text("Write something else.")

    # Bounds that the form did not know of: the server names the field.
    page.evaluate("document.querySelectorAll('gr-form input').forEach((input) => input.removeAttribute('max'))")
    page.evaluate("document.querySelector('gr-form').fields.forEach((field) => { field.field.maximum = undefined; })")
    text.fill("Hello")
    page.get_by_role("spinbutton", name="Speed").fill("9")
    page.get_by_role("button", name="Generate").click()
    expect(page.get_by_role("spinbutton", name="Speed")).to_be_focused()
    expect(page.locator("gr-number-field .error").first).to_contain_text("Speed is 9")
    assert server.world.jobs == {}


def test_a_file_is_sent_and_used(tab: Watched, server: StandIn) -> None:
    page = tab.page
    page.get_by_role("radio", name="Restore").click()
    page.get_by_role("button", name="Generate").click()
    expect(page.locator("gr-media-field .error")).to_have_text("Choose a video or a picture, or give a link.")
    page.locator("input[type=file]").set_input_files(
        {"name": "street.webm", "mimeType": "video/webm", "buffer": clip(sharp=False)}
    )
    # Pressed while the file is on its way: the job waits for it.
    page.get_by_role("button", name="Generate").click()
    page.locator("gr-compare").wait_for()
    assert str(sent(server)["source"]).startswith("upload_")
    assert page.locator(".stage .before").get_attribute("src").startswith("blob:")  # type: ignore[union-attr]
    page.get_by_role("button", name="Remove street.webm").click()
    expect(page.locator("input[type=file]")).to_be_focused()


def test_a_file_is_dropped_or_refused(tab: Watched, server: StandIn) -> None:
    page = tab.page
    tab.lenient = True
    page.get_by_role("radio", name="Restore").click()
    drop = """([name, type, text]) => {
        const carried = new DataTransfer();
        carried.items.add(new File([text], name, { type }));
        const event = new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true });
        document.querySelector(".zone").dispatchEvent(event);
    }"""
    page.evaluate(drop, ["notes.txt", "text/plain", "x"])
    expect(page.locator("gr-media-field .error")).to_have_text("notes.txt is not a video or a picture.")
    page.evaluate(drop, ["broken.mp4", "video/mp4", "not media"])
    expect(page.locator("gr-media-field .error")).to_have_text("broken.mp4 is not a media file. Choose another.")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator("gr-media-field .error")).to_have_text("broken.mp4 is not a media file. Choose another.")
    page.evaluate(drop, ["good.webm", "video/webm", "media"])
    expect(page.get_by_role("button", name="Remove good.webm")).to_be_visible()
    assert server.world.posts == []


def test_a_link_does_instead_of_a_file(tab: Watched, server: StandIn) -> None:
    page = tab.page
    page.get_by_role("radio", name="Restore").click()
    link = page.get_by_role("textbox", name="Source, as a link")
    link.fill("ftp://example.org/a.mp4")
    page.get_by_role("combobox", name="Colour").select_option("lab")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator("gr-media-field .error")).to_have_text("A link begins with http:// or https://.")
    link.fill("https://example.org/a.mp4")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(".sentence")).to_contain_text("Done in")
    assert sent(server) == {"source": "https://example.org/a.mp4", "colour": "lab"}


def test_settings_are_used_again(tab: Watched, server: StandIn) -> None:
    page = tab.page
    server.world.made["upload_7"] = (clip(), "video/webm")
    server.world.add("restore", {"source": "upload_7", "colour": "none", "seed": 5}, status="succeeded")
    server.world.add("voice-tone", {"text": "Again", "speed": 2.0, "speaker": 3}, status="cancelled")
    page.reload()
    page.get_by_role("button", name="Use these settings: Again").click()
    expect(page.get_by_role("textbox", name="Text")).to_have_value("Again")
    expect(page.get_by_role("spinbutton", name="Speed")).to_have_value("2")
    page.get_by_text("More settings").click()
    expect(page.get_by_role("spinbutton", name="Speaker")).to_have_value("3")
    page.get_by_role("button", name="Use these settings: street.webm").click()
    expect(page.get_by_role("combobox", name="Colour")).to_have_value("2")
    expect(page.get_by_role("button", name="Remove street.webm")).to_be_visible()
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(".sentence")).to_contain_text("Done in")
    assert sent(server) == {"source": "upload_7", "colour": "none", "seed": 5}


def test_history_is_shared_searched_and_paged(tab: Watched, server: StandIn) -> None:
    page = tab.page
    for number in range(45):
        server.world.add("voice-tone", {"text": f"Text {number}"}, status="failed" if number % 10 == 0 else "succeeded")
    page.reload()
    rows = page.locator(".job-link")
    expect(rows).to_have_count(20)
    expect(rows.first).to_have_text("Text 44")
    page.get_by_role("button", name="Show older jobs").click()
    expect(rows).to_have_count(40)
    expect(rows.nth(20)).to_be_focused()
    page.get_by_role("button", name="Show older jobs").click()
    expect(rows).to_have_count(45)
    expect(page.get_by_role("button", name="Show older jobs")).to_be_hidden()
    page.get_by_role("combobox", name="Show jobs that are").select_option("failed")
    expect(rows).to_have_text([f"Text {number}" for number in (40, 30, 20, 10, 0)])
    page.get_by_role("searchbox", name="Search the history").fill("text 3")
    expect(rows).to_have_text(["Text 30"])
    page.get_by_role("searchbox", name="Search the history").fill("nowhere")
    expect(page.get_by_text("No job fits.")).to_be_visible()
    page.get_by_role("searchbox", name="Search the history").fill("")
    page.get_by_role("combobox", name="Show jobs that are").select_option("")
    expect(rows).to_have_count(20)


def test_history_shows_what_others_do(tab: Watched, server: StandIn) -> None:
    page = tab.page
    job = server.world.add("voice-tone", {"text": "Theirs"}, status="running")
    page.reload()
    row = page.locator(".jobs li")
    expect(row).to_contain_text("Running")
    page.locator(".job-link").focus()
    server.world.finish(job, "")
    expect(row).to_contain_text("Done")
    expect(page.locator(".job-link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Tone, a voice")).to_be_focused()


def test_a_key_is_asked_for_kept_in_the_tab_and_never_shown(tab: Watched, server: StandIn) -> None:
    page = tab.page
    tab.lenient = True
    server.world.keys = frozenset({"very-secret"})
    page.reload()
    field = page.get_by_role("dialog").get_by_label("API key")
    expect(field).to_be_focused()
    field.fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The server does not take the key that was given.")).to_be_visible()
    field.fill("very-secret")
    page.keyboard.press("Enter")
    page.get_by_role("textbox", name="Text").fill("Hello")
    page.get_by_role("button", name="Generate").click()
    expect(page.locator(".sentence")).to_contain_text("Done in")
    page.locator("gr-waveform[data-drawn]").wait_for()
    page.get_by_text("The request").click()
    shown = page.locator("pre.curl").inner_text()
    assert '"Authorization: Bearer $GREENROOM_API_KEY"' in shown
    assert "very-secret" not in page.content()
    stores = page.evaluate(
        "[JSON.stringify(localStorage), document.cookie, location.href, JSON.stringify(sessionStorage)]"
    )
    assert "very-secret" not in json.dumps(stores[:3])
    assert "very-secret" in stores[3]
    page.get_by_role("button", name="Forget the API key").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_colours_follow_the_system_or_the_choice(tab: Watched) -> None:
    page = tab.page
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.emulate_media(color_scheme="dark")
    dark = page.evaluate(ground)
    assert light != dark
    page.get_by_role("button", name="Colours: System. Change to Light").click()
    assert page.evaluate(ground) == light
    page.get_by_role("button", name="Colours: Light. Change to Dark").click()
    page.emulate_media(color_scheme="light")
    page.reload()
    assert page.evaluate(ground) == dark
    page.get_by_role("button", name="Colours: Dark. Change to System").click()
    assert page.evaluate(ground) == light


def test_a_server_that_is_gone_is_said_and_found_again(tab: Watched, server: StandIn) -> None:
    page = tab.page
    tab.lenient = True
    page.get_by_role("textbox", name="Text").fill("Kept")
    server.stop()
    # Whoever comes back to the tab does not wait for the next look.
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#notice")).to_have_text("The server cannot be reached. Trying again.")
    server.start()
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.get_by_role("textbox", name="Text")).to_have_value("Kept")


def test_a_page_below_a_path_finds_everything(tab: Watched) -> None:
    resolve = "import('./page/api.js').then((api) => [api.resolve('/v1/jobs'), api.resolve('http://other:1/base/v1/artifacts/a?x=1')])"
    jobs, artifact = tab.page.evaluate(resolve)
    assert jobs == f"{tab.page.url.partition('#')[0]}v1/jobs"
    assert artifact == f"{tab.page.url.partition('#')[0]}v1/artifacts/a?x=1"
