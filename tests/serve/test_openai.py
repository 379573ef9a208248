"""OpenAI's own client, unchanged, against our server."""

from __future__ import annotations

import base64
import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import av
import openai
import pytest
from openai import OpenAI

from tests.media import media_files
from tests.serve.restoring import a_clip
from tests.serve.routes.asking import PATIENCE_S, eventually, until_at_work
from tests.serve.servers import MODELS, RunningServer, running_server

pytestmark = [
    # What they call deprecated is their own service, not its interface.
    pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning"),
]

Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
SHORT = "The lamp in the hall is broken."
MIRROR, RESTORER, SPEAKER = f"{MODELS}:Mirror", f"{MODELS}:Restorer", f"{MODELS}:Speaker"


@pytest.fixture(scope="module")
def client(live: RunningServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{live.url}/v1", api_key="none is needed", max_retries=0) as opened:
        yield opened


def decoded(sound: bytes, form: Format) -> tuple[float, int]:
    """Its seconds, and its samples a second."""
    if form == "pcm":
        return len(sound) / 2 / 24_000, 24_000
    with av.open(io.BytesIO(sound), "r") as opened:
        frames = list(opened.decode(opened.streams.audio[0]))
    return sum(frame.samples for frame in frames) / frames[0].sample_rate, frames[0].sample_rate


# The voice's own rate is 22,050; Opus has none of that, and players of bare samples expect 24,000.
@pytest.mark.parametrize(
    ("form", "rate", "media_type"),
    [
        ("mp3", 22_050, "audio/mpeg"), ("opus", 48_000, "audio/ogg"), ("aac", 22_050, "audio/aac"),
        ("flac", 22_050, "audio/flac"), ("wav", 22_050, "audio/wav"), ("pcm", 24_000, "audio/pcm"),
    ],
)  # fmt: skip
def test_speech_comes_in_every_format(client: OpenAI, form: Format, rate: int, media_type: str) -> None:
    answer = client.audio.speech.create(model="voice-joe", voice="voice-joe", input=SHORT, response_format=form)
    seconds, found = decoded(answer.content, form)
    assert found == rate
    assert 1.2 < seconds < 3.0
    assert answer.response.headers["content-type"].startswith(media_type)


def test_mp3_is_what_comes_when_nothing_is_said(client: OpenAI) -> None:
    answer = client.audio.speech.create(model="tts-1", voice="alloy", input=SHORT)
    assert answer.response.headers["content-type"] == "audio/mpeg"
    with av.open(io.BytesIO(answer.content)) as opened:
        assert opened.format.name == "mp3"


def test_speed_is_the_voice_s_pace(client: OpenAI) -> None:
    def seconds(speed: float) -> float:
        made = client.audio.speech.create(
            model="voice-joe", voice={"id": "default"}, input=SHORT, response_format="wav", speed=speed
        )
        return decoded(made.content, "wav")[0]

    assert seconds(2.0) < 0.65 * seconds(1.0)


def test_the_first_sound_comes_before_the_last_is_made(client: OpenAI, mark: Path) -> None:
    """The model makes the second half once whoever listens has had the first."""
    asked: dict[str, Any] = {"model": SPEAKER, "voice": "default", "input": SHORT, "response_format": "pcm"}
    with client.with_options(timeout=PATIENCE_S).audio.speech.with_streaming_response.create(**asked) as answer:
        sound = b""
        for piece in answer.iter_bytes(1000):
            sound += piece
            if len(sound) == 24_000:
                mark.touch()
    assert sound == bytes(24_000) + b"\1" * 24_000


def test_a_text_is_heard_sentence_by_sentence(client: OpenAI) -> None:
    long = " ".join(f"This is sentence number {number}, and it is about the weather." for number in range(4))
    asked: dict[str, Any] = {"model": "voice-joe", "voice": "default", "input": long, "response_format": "pcm"}
    with client.audio.speech.with_streaming_response.create(**asked, stream_format="sse") as answer:
        lines = [line for line in answer.iter_lines() if "speech.audio.delta" in line and line.startswith("data: ")]
    assert len(lines) >= 4


def test_events_carry_the_same_sound(client: OpenAI) -> None:
    asked: dict[str, Any] = {"model": "voice-joe", "voice": "default", "input": SHORT, "response_format": "pcm"}
    with client.audio.speech.with_streaming_response.create(**asked, stream_format="sse") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [json.loads(line.removeprefix("data: ")) for line in answer.iter_lines() if line.startswith("data: ")]
    *deltas, done = events
    assert {event["type"] for event in deltas} == {"speech.audio.delta"}
    assert done["type"] == "speech.audio.done"
    assert done["usage"]["input_tokens"] == len(SHORT)
    sound = b"".join(base64.b64decode(event["audio"]) for event in deltas)
    assert sound == client.audio.speech.create(**asked).content


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"model": "voice-jo"}, "did you mean voice-joe?"),
        ({"model": f"{MODELS}:Noop"}, "there is no speech model"),
        ({"voice": "nobody"}, "there is no voice 'nobody'"),
        ({"response_format": "midi"}, "response_format"),
        ({"speed": 9.0}, "speed"),
        ({"input": ""}, "input"),
        ({"stream_format": "morse"}, "stream_format"),
    ],
)
def test_what_is_wrong_is_said_in_our_words(client: OpenAI, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.audio.speech.create(**{"model": "voice-joe", "voice": "default", "input": SHORT, **asked})
    assert words in str(caught.value)
    assert caught.value.code in ("unknown-name", "input-invalid")
    assert caught.value.type == "invalid_request_error"


def test_a_listener_who_leaves_stops_the_work(client: OpenAI, mark: Path) -> None:
    """The mark does not come: the worker would be at it for ever, and speaks for the next."""
    patient = client.with_options(timeout=PATIENCE_S)
    with patient.audio.speech.with_streaming_response.create(
        model=SPEAKER, voice="default", input=SHORT, response_format="pcm"
    ) as answer:
        next(answer.iter_bytes(1024))
    assert patient.audio.speech.create(model="voice-joe", voice="default", input="Yes.", response_format="pcm").content
    assert not mark.exists()


def test_models_are_listed(client: OpenAI) -> None:
    found = {model.id: model for model in client.models.list()}
    assert {"voice-joe", f"{MODELS}:Noop", MIRROR} <= found.keys()
    assert found["voice-joe"].owned_by == "greenroom"
    assert client.models.retrieve("voice-joe").created == found["voice-joe"].created
    with pytest.raises(openai.NotFoundError, match="did you mean voice-joe"):
        client.models.retrieve("voice-jo")


def clip(folder: Path) -> Path:
    return media_files.video(folder / "clip.mp4", frames=10)


def ended(client: OpenAI, video_id: str) -> Any:
    return client.videos.poll(video_id, poll_interval_ms=50)


def test_a_video_is_made_from_an_upload(client: OpenAI, tmp_path: Path) -> None:
    asked = client.videos.create(model=MIRROR, prompt="turn it round", input_reference=clip(tmp_path))
    assert (asked.object, asked.model, asked.prompt) == ("video", MIRROR, "turn it round")
    assert asked.status in ("queued", "in_progress")
    made = ended(client, asked.id)
    assert (made.status, made.progress, made.error) == ("completed", 100, None)
    assert made.completed_at >= made.created_at
    content = client.videos.download_content(asked.id).content
    with av.open(io.BytesIO(content), "r") as opened:
        assert len(list(opened.decode(video=0))) == 10
    assert client.videos.retrieve(asked.id).id == asked.id
    assert asked.id in [video.id for video in client.videos.list(limit=3)]
    assert client.videos.delete(asked.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(asked.id)


def test_a_file_may_be_named_by_its_upload(client: OpenAI, live: RunningServer, tmp_path: Path) -> None:
    with live.client() as http, clip(tmp_path).open("rb") as file:
        upload = http.post("/v1/uploads", files={"file": file}).json()["id"]
    by_form = client.videos.create(model=MIRROR, prompt="", extra_body={"input_reference": {"file_id": upload}})
    by_input = client.videos.create(model=MIRROR, prompt="", extra_body={"extra_params": {"video": upload}})
    assert [ended(client, video.id).status for video in (by_form, by_input)] == ["completed", "completed"]


@pytest.fixture(scope="module")
def restoring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose pictures may have a tenth of a million pixels."""
    env = {"GREENROOM_MAX_MEGAPIXELS": "0.1"}
    with running_server(tmp_path_factory.mktemp("restoring"), "Restorer", env=env) as server:
        yield server


@pytest.fixture(scope="module")
def restorer(restoring: RunningServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{restoring.url}/v1", api_key="none is needed", max_retries=0) as opened:
        yield opened


def test_a_video_is_restored_and_its_picture_comes_first(
    restorer: OpenAI, restoring: RunningServer, tmp_path: Path
) -> None:
    source = a_clip(tmp_path / "clip.webm")
    asked = restorer.videos.create(
        model=RESTORER,
        prompt="",
        size="192x108",  # type: ignore[arg-type]  # its own service has few sizes
        extra_body={"extra_params": {"hold": True}},
        input_reference=source,
    )
    eventually(lambda: _shown(restorer, asked.id), "a picture")
    picture = _shown(restorer, asked.id)
    assert picture.startswith(b"\x89PNG")
    held = restorer.videos.retrieve(asked.id)
    # Its size is the one that was asked for, until it is there.
    assert (held.status, held.size) == ("in_progress", "192x108")
    (restoring.folder / "marks" / "open").touch()
    made = ended(restorer, asked.id)
    assert (made.status, made.size, made.seconds) == ("completed", "192x108", "2.0")
    with av.open(io.BytesIO(restorer.videos.download_content(asked.id).content), "r") as opened:
        assert (opened.streams.video[0].width, len(opened.streams.audio)) == (192, 1)
    assert restorer.videos.download_content(asked.id, variant="thumbnail").content == picture
    with restoring.client() as http:
        # The result is the first of its files, whatever was shown before; and it may take as long as its kind does.
        job = http.get(f"/v1/jobs/{asked.id}").json()
        assert [file["name"] for file in job["artifacts"]] == ["restored.mp4", "preview.png"]
        assert job["timeout_s"] == 7200
        asked_as_runpod = http.post("/run", json={"input": {"source": "upload_none"}})
        assert asked_as_runpod.json()["code"] == "upload-unknown"
        again = http.post("/run", json={"input": dict(job["input"])}).json()["id"]
        assert http.get(f"/v1/jobs/{again}").json()["timeout_s"] == 7200


def _shown(client: OpenAI, video_id: str) -> bytes:
    """The first picture of a video, nothing as long as there is none."""
    with contextlib.suppress(openai.ConflictError):
        return client.videos.download_content(video_id, variant="thumbnail").content
    return b""


def test_a_result_beyond_the_limit_is_refused_with_it(restorer: OpenAI, tmp_path: Path) -> None:
    made = ended(
        restorer,
        restorer.videos.create(
            model=RESTORER,
            prompt="",
            input_reference=a_clip(tmp_path / "clip.webm", frames=2),
            extra_body={"extra_params": {"height": 540}},
        ).id,
    )
    assert made.error is not None
    assert made.error.code == "media-invalid"
    assert made.error.message == "a picture of the result would have 518,400 pixels, from 96 x 54"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"prompt": "sharper"}, "there is no input 'prompt'"),
        ({"size": "large"}, "size is 'large', which is not WIDTHxHEIGHT"),
        ({"size": "64x36", "extra_body": {"extra_params": {"height": 36}}}, "size is given, and so is height or scale"),
        ({"size": "9x9"}, "height is 9"),
    ],
    ids=str,
)
def test_what_no_restoration_takes_is_refused(
    restorer: OpenAI, tmp_path: Path, asked: dict[str, Any], words: str
) -> None:
    source = a_clip(tmp_path / "clip.webm", frames=2)
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        restorer.videos.create(**{"model": RESTORER, "prompt": "", "input_reference": source, **asked})
    assert words in str(caught.value)


def test_all_videos_are_listed_page_by_page(client: OpenAI, tmp_path: Path) -> None:
    made = {client.videos.create(model=MIRROR, prompt="", input_reference=clip(tmp_path)).id for _ in range(3)}
    assert made <= {video.id for video in client.videos.list(limit=2)}
    for video_id in made:
        ended(client, video_id)


def test_a_video_that_is_made_can_be_deleted_in_the_midst(
    client: OpenAI, live: RunningServer, mark: Path, tmp_path: Path
) -> None:
    """It would wait for the mark for ever."""
    asked = client.videos.create(
        model=MIRROR, prompt="", input_reference=clip(tmp_path), extra_body={"extra_params": {"hold": True}}
    )
    with live.client() as http:
        until_at_work(http, asked.id, "holding")
    assert client.videos.retrieve(asked.id).status == "in_progress"
    with pytest.raises(openai.ConflictError, match="has no file"):
        client.videos.download_content(asked.id)
    assert client.with_options(timeout=PATIENCE_S).videos.delete(asked.id).deleted
    assert not mark.exists()


def test_a_failure_is_told_by_the_video(client: OpenAI) -> None:
    made = ended(client, client.videos.create(model=f"{MODELS}:Broken", prompt="words").id)
    assert made.status == "failed"
    assert made.error is not None
    assert "/secret" not in made.error.message


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"model": "sora-2"}, "there is no model 'sora-2'"),
        ({"model": MIRROR}, "video is missing"),
        ({"model": MIRROR, "input_reference": ("a.mp4", b"no video at all")}, "the file cannot be used"),
        (
            {"model": MIRROR, "extra_body": {"input_reference": {"file_id": "upload_none"}}},
            "there is no upload 'upload_none'",
        ),
        (
            {"model": MIRROR, "extra_body": {"input_reference": {"image_url": "file:///etc"}}},
            "neither an upload nor a URL",
        ),
        ({"model": f"{MODELS}:Noop", "extra_body": {"input_reference": "upload_none"}}, "takes no input_reference"),
        ({"model": f"{MODELS}:Noop", "extra_body": {"guidance": 3}}, "there is no input 'guidance'"),
        ({"model": f"{MODELS}:Noop", "extra_body": {"extra_params": "steps"}}, "extra_params is no JSON object"),
    ],
)
def test_what_is_wrong_with_a_video_is_said(client: OpenAI, asked: dict[str, Any], words: str) -> None:
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.videos.create(**{"prompt": "", **asked})
    assert words in str(caught.value)


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    env = {"GREENROOM_API_KEY": "the right words"}
    with running_server(tmp_path_factory.mktemp("keyed"), "Noop", env=env) as server:
        yield server


def test_a_key_is_their_key(keyed: RunningServer) -> None:
    with OpenAI(base_url=f"{keyed.url}/v1", api_key="the right words", max_retries=0) as right:
        assert [model.id for model in right.models.list()] == [f"{MODELS}:Noop"]
    wrong = OpenAI(base_url=f"{keyed.url}/v1", api_key="wrong words", max_retries=0)
    with wrong, pytest.raises(openai.AuthenticationError) as caught:
        wrong.models.list()
    assert "wrong words" not in str(caught.value)
