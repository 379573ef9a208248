"""Files that inputs name by URL are fetched into the job's folder, and nothing else is opened."""

from __future__ import annotations

import asyncio
import base64
import io
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from greenroom.errors import InputInvalid
from greenroom.serve.probing import MediaInvalid, MediaLimits
from greenroom.serve.runpod.media import Media
from tests.serve.models import MediaInputs, TextInputs
from tests.serve.runpod.bucket import Bucket


def silence() -> bytes:
    """A second of it, as WAV."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16_000))
    return made.getvalue()


@dataclass
class Fetched:
    path: Path


class Fetcher:
    """Gives a second of silence for every address but one of a private network."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def check(self, url: str) -> None:
        if "10.0.0.1" in url:
            raise InputInvalid("a private address", mend="give a public one")

    async def fetch(self, url: str, folder: Path, media: str) -> Fetched:
        self.asked.append(url)
        path = folder / "fetched.wav"
        path.write_bytes(silence())
        return Fetched(path)


def fetch(url: str, folder: Path, fetcher: Fetcher, *, seconds: float = 60.0) -> dict[str, Any]:
    media = Media(MediaLimits(seconds=seconds))
    media._made = fetcher  # type: ignore[assignment]
    return asyncio.run(media(MediaInputs(sound=url), folder))


def test_a_url_becomes_a_path_of_the_folder(tmp_path: Path) -> None:
    assert fetch("https://example.com/a.wav", tmp_path, Fetcher()) == {"sound": str(tmp_path / "fetched.wav")}


@pytest.mark.parametrize("named", ["/etc/passwd", "file:///etc/passwd", "upload_1", "http://10.0.0.1/a.wav"])
def test_whatever_else_is_named_is_refused_and_not_fetched(tmp_path: Path, named: str) -> None:
    fetcher = Fetcher()
    with pytest.raises(InputInvalid):
        fetch(named, tmp_path, fetcher)
    assert fetcher.asked == []


def data(content: bytes, head: str = "data:audio/wav;base64,") -> str:
    return head + base64.b64encode(content).decode()


def test_a_small_file_may_come_within_the_input(tmp_path: Path) -> None:
    fetcher = Fetcher()
    path = Path(fetch(data(silence()), tmp_path, fetcher)["sound"])
    assert (path.parent, path.read_bytes(), fetcher.asked) == (tmp_path, silence(), [])


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("data:audio/wav,RIFF", "without base64"),
        ("data:audio/wav;base64,!!!!", "no base64"),
        ("data:audio/wav;base64,AAA", "no base64"),
        (data(b"#!/bin/sh"), "no sound, video or image"),
        (data(silence() * 100), "bytes"),
    ],
)
def test_what_is_inline_and_no_small_file_is_refused(tmp_path: Path, url: str, words: str) -> None:
    media = Media(MediaLimits(size=100_000))
    with pytest.raises(InputInvalid, match=words):
        asyncio.run(media(MediaInputs(sound=url), tmp_path))


def test_what_was_fetched_is_looked_at(tmp_path: Path) -> None:
    with pytest.raises(MediaInvalid, match=r"1\.0 s"):
        fetch("https://example.com/a.wav", tmp_path, Fetcher(), seconds=0.5)


@pytest.mark.parametrize("allowed", [True, False])
def test_the_server_s_own_fetcher_does_it(tmp_path: Path, allowed: bool) -> None:
    with Bucket() as bucket:
        bucket.objects["/sounds/a.wav"] = silence()
        inputs = MediaInputs(sound=f"{bucket.endpoint}/sounds/a.wav?X-Amz-Signature=1")
        media = Media(MediaLimits(), allow_private=allowed)
        if allowed:
            assert Path(asyncio.run(media(inputs, tmp_path))["sound"]).read_bytes() == silence()
            return
        with pytest.raises(InputInvalid, match="127"):
            asyncio.run(media(inputs, tmp_path))
        assert list(tmp_path.iterdir()) == []


def test_inputs_without_media_are_as_they_are(tmp_path: Path) -> None:
    assert asyncio.run(Media(MediaLimits())(TextInputs(text="hello"), tmp_path)) == {"text": "hello"}
