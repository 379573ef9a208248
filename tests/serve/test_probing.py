"""Files from outside: kind, length, pixels and size are held to limits, and no file harms the server."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psutil
import pytest

from greenroom.inputs import Media
from greenroom.media.probe import Probed
from greenroom.serve.probing import MediaInvalid, MediaLimits, check_media, look_at
from tests.media.media_files import png, video, wav


def check(path: Path, kind: Media, limits: MediaLimits | None = None) -> Probed:
    return asyncio.run(check_media(path, kind, limits or MediaLimits(probe_s=60)))


def test_what_fits_is_described(tmp_path: Path) -> None:
    assert check(wav(tmp_path / "x.wav"), "audio") == Probed("audio", "wav", "audio/wav", 1.0, channels=1, rate=8000)
    assert check(video(tmp_path / "x.mp4"), "video").kind == "video"
    assert check(png(tmp_path / "x.png", 8, 8), "video-or-image").kind == "image"


def test_a_file_of_any_kind_is_described(tmp_path: Path) -> None:
    assert asyncio.run(look_at(video(tmp_path / "x.webm"))).media_type == "video/webm"
    with pytest.raises(MediaInvalid, match="lasts"):
        asyncio.run(look_at(wav(tmp_path / "x.wav", seconds=3), MediaLimits(seconds=2)))


def test_the_sound_of_a_video_is_sound(tmp_path: Path) -> None:
    assert check(video(tmp_path / "x.mp4", sound=True), "audio").channels == 2


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("audio", r"is a video without sound \(mov\), not sound"),
        ("image", r"is a video without sound \(mov\), not an image"),
    ],
)
def test_the_wrong_kind_is_named(tmp_path: Path, kind: Media, words: str) -> None:
    with pytest.raises(MediaInvalid, match=words):
        check(video(tmp_path / "x.mp4"), kind)


def test_sound_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(MediaInvalid, match=r"is sound \(wav\), not a video or an image"):
        check(wav(tmp_path / "x.wav"), "video-or-image")


def test_limits_say_their_numbers(tmp_path: Path) -> None:
    sound, clip, still = wav(tmp_path / "x.wav", seconds=3), video(tmp_path / "x.mp4"), png(tmp_path / "x.png", 40, 30)
    cases: list[tuple[Path, Media, MediaLimits, str, str]] = [
        (sound, "audio", MediaLimits(seconds=2), "lasts 3.0 s", "2 s or less"),
        (sound, "audio", MediaLimits(size=1000), "has 48,044 bytes", "1,000 bytes"),
        (clip, "video", MediaLimits(pixels=3000), "64 x 48 = 3,072 pixels", "3,000 pixels"),
        (clip, "video", MediaLimits(fps=20), "25 pictures in 1.0 s", "20 pictures a second"),
        (still, "image", MediaLimits(pixels=1000), "40 x 30 = 1,200 pixels", "1,000 pixels"),
    ]
    for path, kind, limits, message, mend in cases:
        with pytest.raises(MediaInvalid) as caught:
            check(path, kind, limits)
        assert message in caught.value.message
        assert mend in caught.value.mend


def test_what_is_no_media_is_refused_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_text("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n")
    with pytest.raises(MediaInvalid) as caught:
        check(tmp_path / "x.mp4", "video")
    assert str(tmp_path) not in caught.value.message


def test_a_torn_image_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(MediaInvalid, match="is broken"):
        check(tmp_path / "x.png", "image")


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaInvalid, match="more than 50,000,000 pixels"):
        check(png(tmp_path / "x.png", 15_000, 15_000), "image")


def test_a_file_that_takes_too_long_ends_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = tmp_path / "python"
    stand_in.write_text("#!/bin/sh\nexec sleep 600\n")
    stand_in.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(stand_in))
    before = set(psutil.Process().children())
    with pytest.raises(MediaInvalid, match=r"within 0\.1 s"):
        check(wav(tmp_path / "x.wav"), "audio", MediaLimits(probe_s=0.1))
    assert set(psutil.Process().children()) <= before


def test_a_file_that_kills_its_reader_harms_only_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = tmp_path / "python"
    stand_in.write_text("#!/bin/sh\nkill -SEGV $$\n")
    stand_in.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(stand_in))
    with pytest.raises(MediaInvalid, match="breaks whoever reads it"):
        check(wav(tmp_path / "x.wav"), "audio")


def test_the_process_knows_no_secret_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = tmp_path / "python"
    stand_in.write_text(f"#!/bin/sh\nenv > {tmp_path}/env\nexit 3\n")
    stand_in.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(stand_in))
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    with pytest.raises(MediaInvalid):
        check(wav(tmp_path / "x.wav"), "audio")
    assert "hf_secret" not in (tmp_path / "env").read_text()


def test_a_caller_who_leaves_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = tmp_path / "python"
    stand_in.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    stand_in.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(stand_in))
    path = wav(tmp_path / "x.wav")

    async def leave() -> int:
        task = asyncio.create_task(check_media(path, "audio", MediaLimits(probe_s=600)))
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return int((tmp_path / "pid").read_text())

    pid = asyncio.run(leave())
    assert not Path(f"/proc/{pid}").exists()


def test_many_at_once_all_end(tmp_path: Path) -> None:
    path = wav(tmp_path / "x.wav")

    async def many() -> list[Probed]:
        return await asyncio.gather(*(check_media(path, "audio") for _ in range(6)))

    assert len({probed.seconds for probed in asyncio.run(many())}) == 1
