"""A model that takes any voice, over HTTP: stored voices, uploads, jobs, streams; the model is a tiny one."""

from __future__ import annotations

import io
import time
import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from openai import OpenAI

from greenroom.serve.keys import new_key
from tests.models.f5tts.recordings import TEXT, recorded, write
from tests.serve.servers import RunningServer, running_server

TINY = "tests.models.f5tts.tiny:TinyF5"
SAY: dict[str, Any] = {"text": "Hello there, and good day.", "steps": 4, "seed": 1}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("f5tts"), TINY, "voice-joe") as running:
        yield running


@pytest.fixture
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded(tmp_path_factory.mktemp("sound"))


@pytest.fixture
def joe(http: httpx.Client, sound: Path) -> Iterator[str]:
    """A stored voice."""
    answer = add(http, "joe", sound)
    assert answer.status_code == 201, answer.text
    yield answer.json()["id"]
    assert http.delete("/v1/audio/voices/joe").status_code == 204


def add(http: httpx.Client, name: str, sound: Path, text: str = TEXT) -> httpx.Response:
    with sound.open("rb") as file:
        return http.post("/v1/audio/voices", data={"name": name, "reference_text": text}, files={"file": file})


def seconds(sound: bytes) -> float:
    with av.open(io.BytesIO(sound), "r") as opened:
        frames = list(opened.decode(opened.streams.audio[0]))
    return sum(frame.samples for frame in frames) / frames[0].sample_rate


def samples(sound: bytes) -> NDArray[np.int32]:
    with wave.open(io.BytesIO(sound)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.int32)


def upload(http: httpx.Client, sound: Path) -> str:
    with sound.open("rb") as file:
        found: str = http.post("/v1/uploads", files={"file": file}).json()["id"]
    return found


def test_a_voice_is_kept_listed_spoken_in_and_removed(http: httpx.Client, sound: Path) -> None:
    kept = add(http, "ann", sound).json()
    assert (kept["name"], kept["language"], kept["warnings"]) == ("ann", "en", [])
    listed = {voice["id"]: voice for voice in http.get("/v1/audio/voices").json()["voices"]}
    assert listed["ann"]["transcript"] == TEXT
    assert "voice-joe" in listed
    made = http.post(f"/v1/models/{TINY}/generate", json={**SAY, "voice": "ann", "duration": 3.0})
    assert seconds(made.content) == pytest.approx(3.0, abs=0.001)
    assert add(http, "ann", sound).status_code == 409
    assert http.delete("/v1/audio/voices/ann").status_code == 204
    assert http.delete("/v1/audio/voices/ann").status_code == 404
    gone = http.post(f"/v1/models/{TINY}/generate", json={**SAY, "voice": "ann"})
    assert (gone.status_code, gone.json()["code"]) == (422, "voice-unknown")


def test_openai_s_client_names_a_stored_voice(server: RunningServer, joe: str) -> None:
    with OpenAI(base_url=f"{server.url}/v1", api_key="none is needed", max_retries=0) as client:
        made = client.audio.speech.create(
            model=TINY, voice=joe, input=SAY["text"], response_format="wav", extra_body={"steps": 4}
        )
        assert 0.7 < seconds(made.content) < 4
        with client.audio.speech.with_streaming_response.create(
            model=TINY, voice={"id": joe}, input="This is a sentence of a long text. " * 20, response_format="pcm",
            extra_body={"steps": 4},
        ) as answer:  # fmt: skip
            parts = list(answer.iter_bytes())
    assert len(parts) > 2
    assert sum(map(len, parts)) > 48_000 * 10


def test_openai_s_route_takes_a_reference_of_one_s_own(http: httpx.Client, sound: Path) -> None:
    asked = {"model": TINY, "voice": "alloy", "input": SAY["text"], "steps": 4, "response_format": "wav"}
    own = {"reference": upload(http, sound), "reference_text": TEXT}
    made = http.post("/v1/audio/speech", json={**asked, **own})
    assert made.headers["content-type"] == "audio/wav"
    assert seconds(made.content) > 0.7
    without = http.post("/v1/audio/speech", json=asked)
    assert (without.status_code, without.json()["code"]) == (422, "voice-unknown")
    unknown = http.post("/v1/audio/speech", json={**asked, **own, "reference": "upload_none"})
    assert unknown.json()["code"] == "upload-unknown"
    local = http.post("/v1/audio/speech", json={**asked, **own, "reference": "/etc/passwd"})
    assert "neither an upload nor a URL" in local.json()["detail"]


def test_a_job_speaks_in_the_voice_of_an_upload(http: httpx.Client, sound: Path) -> None:
    asked = {**SAY, "reference": upload(http, sound), "reference_text": TEXT, "captions": "srt,json"}
    job = http.post("/v1/jobs", json={"model": TINY, "input": asked}).json()
    until = time.monotonic() + 60
    while (found := http.get(f"/v1/jobs/{job['id']}").json())["status"] not in ("succeeded", "failed"):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert found["status"] == "succeeded", found
    assert [artifact["name"] for artifact in found["artifacts"]] == ["speech.wav", "speech.srt", "speech.json"]
    assert found["output"]["words"] == 5


def test_many_speak_at_once(server: RunningServer, joe: str) -> None:
    def ask(seed: int) -> bytes:
        with server.client() as client:
            made = client.post(f"/v1/models/{TINY}/generate", json={**SAY, "voice": joe, "seed": seed})
            assert made.status_code == 200, made.text
            return made.content

    with ThreadPoolExecutor(6) as threads:
        first = list(threads.map(ask, (1, 2, 3, 1, 2, 3)))
    sounds = [samples(made) for made in first]
    # A batch of others changes the last bit of a float, and so the last of sixteen bits here and there.
    assert all(np.abs(one - other).max() <= 8 for one, other in zip(sounds[:3], sounds[3:], strict=True))
    assert np.abs(sounds[0] - sounds[1]).max() > 1000


def test_the_model_shows_its_form_and_presets(http: httpx.Client) -> None:
    shown = http.get(f"/v1/models/{TINY}").json()
    reference = shown["inputs"]["properties"]["reference"]
    assert reference["format"] == "audio"
    assert [preset["name"] for preset in shown["presets"]] == ["Draft", "Fast", "Best"]
    document = http.get("/openapi.json").json()
    assert "post" in document["paths"]["/v1/audio/voices"]
    assert {"reference", "reference_text", "steps"} <= document["components"]["schemas"]["SpeechBody"][
        "properties"
    ].keys()


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"text": "..."}, "nothing-to-say"),
        ({"text": "Hi. [pause]"}, "mark-invalid"),
        ({"duration": 300}, "duration-impossible"),
        ({"speed": 1.5, "duration": 2.0}, "input-invalid"),
        ({"reference_text": TEXT}, "input-invalid"),
        ({"voice": None}, "input-invalid"),
        ({"voice": "../joe"}, "voice-unknown"),
    ],
)
def test_what_is_wrong_is_said_with_its_code(http: httpx.Client, joe: str, asked: dict[str, Any], code: str) -> None:
    answer = http.post(f"/v1/models/{TINY}/generate", json={**SAY, "voice": joe, **asked})
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.json()["mend"]


def test_references_that_give_no_voice_are_refused(http: httpx.Client, tmp_path: Path, sound: Path) -> None:
    silent = write(tmp_path / "silent.wav", np.zeros(72_000, np.float32), 24_000)
    assert add(http, "sue", silent).json()["code"] == "reference-silent"
    assert add(http, "sue", sound, "Quite another text, which nobody said.").json()["code"] == "reference-text-mismatch"
    assert add(http, "a b", sound).json()["code"] == "voice-name-invalid"
    (tmp_path / "notes.txt").write_text("no sound")
    assert add(http, "sue", tmp_path / "notes.txt").json()["code"] == "media-invalid"
    assert http.post("/v1/audio/voices", data={"name": "sue"}, files={"file": b"x"}).status_code == 422
    assert http.post("/v1/audio/voices", json={}).status_code == 415
    assert all(voice["id"] != "sue" for voice in http.get("/v1/audio/voices").json()["voices"])


def test_only_an_administrator_keeps_voices(tmp_path: Path, sound: Path) -> None:
    keys = tmp_path / "keys.toml"
    (plain, one), (chief, other) = new_key("ann"), new_key("chief", admin=True)
    keys.write_text(one + other)
    with running_server(tmp_path, "Noop", env={"GREENROOM_KEYS": str(keys)}) as running:
        with running.client(plain) as client:
            assert add(client, "ann", sound).json()["code"] == "forbidden"
            assert client.delete("/v1/audio/voices/ann").status_code == 403
        with running.client(chief) as client:
            assert add(client, "ann", sound).status_code == 201
