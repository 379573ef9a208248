"""Models over HTTP: what they are, and one request straight to a warm worker."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from tests.media import media_files
from tests.serve.conftest import SERVED
from tests.serve.routes.asking import BROKEN, HELD, NOOP, SLEEPER, asking, eventually
from tests.serve.servers import MODELS, RunningServer


def generate(http: httpx.Client, model: str, inputs: Any, **headers: str) -> httpx.Response:
    return http.post(f"/v1/models/{model}/generate", json=inputs, headers=headers)


def test_models_are_listed_with_what_they_take(http: httpx.Client) -> None:
    models = {model["id"]: model for model in http.get("/v1/models").json()["data"]}
    assert set(models) == {"voice-joe", *(f"{MODELS}:{name}" for name in SERVED[1:])}
    voice = models["voice-joe"]
    assert (voice["state"], voice["device"], voice["streams"]) == ("ready", "cpu", True)
    assert voice["inputs"]["properties"]["speed"]["maximum"] == 4.0
    assert voice["title"] != "voice-joe"
    own = models[f"{MODELS}:TakesMedia"]
    assert own["inputs"]["properties"]["sound"]["format"] == "audio"
    assert own["summary"] == "Reads the recording that it is given."
    assert http.get("/v1/models/voice-joe").json() == voice
    missing = http.get("/v1/models/voice-jo")
    assert (missing.status_code, missing.json()["code"]) == (404, "model-unknown")
    assert "voice-joe" in missing.json()["mend"]


def test_the_result_itself_is_the_answer(http: httpx.Client) -> None:
    answer = generate(http, "voice-joe", {"text": "One two three.", "format": "flac"})
    assert answer.headers["content-type"] == "audio/flac"
    assert 'filename="speech.flac"' in answer.headers["content-disposition"]
    with av.open(io.BytesIO(answer.content), "r") as sound:
        assert sound.duration is not None
        assert 0.5 < sound.duration / av.time_base < 2.5


def test_all_of_the_result_comes_as_json_when_that_is_asked_for(http: httpx.Client) -> None:
    said = generate(http, "voice-joe", {"text": "One two three.", "captions": "srt"}, Accept="application/json").json()
    assert [file["name"] for file in said["files"]] == ["speech.wav", "speech.srt"]
    assert "One two three." in base64.b64decode(said["files"][1]["data"]).decode()
    assert said["output"]["words"] == 3


def test_without_files_the_answer_is_json(http: httpx.Client) -> None:
    assert generate(http, NOOP, {"text": "a"}).json() == {"output": {"echo": {"text": "a"}}, "files": []}


def test_files_are_given_by_upload(http: httpx.Client, tmp_path: Path) -> None:
    with media_files.video(tmp_path / "clip.mp4", frames=5).open("rb") as file:
        kept = http.post("/v1/uploads", files={"file": file}).json()["id"]
    answer = generate(http, f"{MODELS}:Mirror", {"video": kept})
    assert answer.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(answer.content), "r") as made:
        assert len(list(made.decode(video=0))) == 5


@pytest.mark.parametrize(
    ("model", "inputs", "status", "words"),
    [
        ("nothing", {}, 404, "there is no model 'nothing'"),
        (NOOP, {"txt": "a"}, 422, "txt: there is no such field"),
        (NOOP, [], 422, "body"),
        ("voice-joe", {"text": "x", "speed": 9}, 422, "speed"),
        ("voice-joe", {"text": "x", "language": "klingon"}, 422, "there is no language 'klingon'"),
        (f"{MODELS}:TakesMedia", {"sound": "upload_none"}, 422, "there is no upload"),
        (BROKEN, {"text": "x"}, 500, "failed (ValueError)"),
    ],
)
def test_what_is_wrong_is_said(http: httpx.Client, model: str, inputs: Any, status: int, words: str) -> None:
    answer = generate(http, model, inputs)
    assert answer.status_code == status
    assert words in answer.json()["detail"]
    assert "/secret" not in answer.text


def test_who_leaves_stops_the_work(http: httpx.Client, live: RunningServer, mark: Path) -> None:
    """The mark does not come: the worker would be at it for ever, and does the next."""
    with asking(live, f"/v1/models/{SLEEPER}/generate", HELD):
        at_work = f'greenroom_in_flight_requests{{model="{SLEEPER}"}} 1.0'
        eventually(lambda: at_work in http.get("/metrics").text, "it is at work")
    assert generate(http, NOOP, {}).status_code == 200
    assert not mark.exists()


def test_nothing_is_left_of_what_was_asked(http: httpx.Client, live: RunningServer) -> None:
    generate(http, f"{MODELS}:NoopFile", {"size": 100})
    generate(http, BROKEN, {})
    eventually(lambda: live.under_way == [], "nothing is left")


def test_requests_at_once_get_each_their_own(live: RunningServer) -> None:
    import concurrent.futures

    def ask(number: int) -> Any:
        with live.client() as client:
            return generate(
                client, SLEEPER, {"steps": 2, "step_s": 0.01, "label": str(number)}, Accept="application/json"
            )

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(16)))
    assert [answer.json()["output"]["label"] for answer in answers] == [str(number) for number in range(16)]
