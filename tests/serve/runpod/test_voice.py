"""The embedded voice through the unmodified SDK: whole, and part by part."""

from __future__ import annotations

import base64
import hashlib
import io
import wave
from pathlib import Path

from tests.serve.runpod.platform import Platform, wait_for
from tests.serve.runpod.worker import Worker, WorkerFromNothing

TEXT = "The lamp in the hall is broken, and nobody has called the electrician."


def seconds(sound: bytes) -> float:
    """How long a WAV lasts; fails unless it is one that sounds."""
    with wave.open(io.BytesIO(sound)) as file:
        frames = file.readframes(file.getnframes())
        assert any(frames)
        return float(len(frames) / file.getframerate() / file.getsampwidth())


def test_a_sentence_is_spoken(tmp_path: Path) -> None:
    with Platform() as platform, WorkerFromNothing(platform, "voice-joe", tmp_path):
        job = platform.run({"text": TEXT, "format": "wav"})
        wait_for(lambda: job.final, timeout_s=120)
    assert job.status == "COMPLETED", job.error
    artifact = job.output["artifacts"][0]
    sound = base64.b64decode(artifact["data"])
    assert (artifact["size"], artifact["sha256"]) == (len(sound), hashlib.sha256(sound).hexdigest())
    assert 2 < seconds(sound) < 8


def test_a_text_is_heard_part_by_part(tmp_path: Path) -> None:
    with Platform() as platform, Worker(platform, "voice-joe", tmp_path, GREENROOM_RUNPOD_STREAM="true"):
        job = platform.run({"text": f"{TEXT} {TEXT} {TEXT}", "format": "mp3", "stream": True})
        whole = platform.run({"text": TEXT, "format": "wav"})
        wait_for(lambda: job.final and whole.final, timeout_s=120)
    assert (job.status, job.streamed) == ("COMPLETED", "true"), job.error
    *parts, end = job.parts
    assert len(parts) > 1
    sound = b"".join(base64.b64decode(part["data"]) for part in parts)
    assert end.pop("sha256") == hashlib.sha256(sound).hexdigest()
    assert end == {"parts": len(parts), "size": len(sound), "media_type": "audio/mpeg"}
    assert job.output[:-1] == parts
    (answer,) = whole.output
    assert seconds(base64.b64decode(answer["artifacts"][0]["data"])) > 2
