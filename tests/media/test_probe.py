"""What a file is: by its content, whatever its name; and a file opens no other file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import pytest

from greenroom.errors import FileUnreadable
from greenroom.media.probe import Probed, probe
from tests.media.media_files import png, video, wav

PIXELS = 50_000_000


def facts(path: Path, max_pixels: int = PIXELS) -> Probed:
    with path.open("rb") as file:
        return probe(file, max_pixels)


def in_a_process(path: Path, max_pixels: int = PIXELS) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-P", "-m", "greenroom.media.probe", str(max_pixels)]
    with path.open("rb") as file:
        return subprocess.run(command, stdin=file, capture_output=True, timeout=60, check=False)


@pytest.mark.parametrize("form", ["mp4", "webm", "ts", "avi"])
def test_a_video_says_its_measures(tmp_path: Path, form: str) -> None:
    probed = facts(video(tmp_path / f"x.{form}"))
    assert (probed.kind, probed.width, probed.height, probed.frames) == ("video", 64, 48, 25)
    assert probed.seconds == pytest.approx(1.0, abs=0.1)
    assert probed.fps == pytest.approx(25)
    assert (probed.channels, probed.rate) == (0, 0)
    types = {"mp4": "video/mp4", "webm": "video/webm", "ts": "video/mp2t", "avi": "video/x-msvideo"}
    assert probed.media_type == types[form]


def test_a_video_says_its_sound(tmp_path: Path) -> None:
    probed = facts(video(tmp_path / "x.mp4", sound=True))
    assert (probed.kind, probed.channels, probed.rate) == ("video", 2, 44_100)


def test_sound_says_its_measures(tmp_path: Path) -> None:
    probed = facts(wav(tmp_path / "x.wav", seconds=2.5, rate=16_000, channels=2))
    assert probed == Probed("audio", "wav", "audio/wav", 2.5, channels=2, rate=16_000)


def test_an_image_is_no_video_of_one_picture(tmp_path: Path) -> None:
    assert facts(png(tmp_path / "x.png", 30, 20)) == Probed(
        "image", "png_pipe", "image/png", width=30, height=20, frames=1
    )


def test_a_gif_is_an_image_while_it_stands_still(tmp_path: Path) -> None:
    assert facts(video(tmp_path / "still.gif", frames=1)).kind == "image"
    moving = facts(video(tmp_path / "moving.gif", frames=5, fps=10))
    assert (moving.kind, moving.frames) == ("video", 5)


def test_the_name_says_nothing(tmp_path: Path) -> None:
    path = wav(tmp_path / "x.wav")
    assert facts(path.rename(tmp_path / "x.png")).kind == "audio"


def test_a_header_that_hides_most_of_the_file_is_seen_through(tmp_path: Path) -> None:
    """The container says one second; the packets go on for ten."""
    path = video(tmp_path / "x.avi", frames=250)
    data = bytearray(path.read_bytes())
    place = data.index(b"strh") + 8 + 32  # dwLength of the stream's header
    assert int.from_bytes(data[place : place + 4], "little") == 250
    data[place : place + 4] = (25).to_bytes(4, "little")
    path.write_bytes(data)
    probed = facts(path)
    assert probed.frames == 250
    assert probed.seconds == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"<html></html>", os.urandom(5000)])
def test_what_is_no_media_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.wav").write_bytes(content)
    with pytest.raises(FileUnreadable, match="no sound, video or image"):
        facts(tmp_path / "x.wav")


PLAYLISTS = {
    "x.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nother.ts\n#EXT-X-ENDLIST\n",
    "absolute.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{folder}/other.ts\n#EXT-X-ENDLIST\n",
    "x.ffconcat": "ffconcat version 1.0\nfile 'other.ts'\n",
    "x.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp2t"><Representation id="1" '
    'bandwidth="1"><BaseURL>other.ts</BaseURL></Representation></AdaptationSet></Period></MPD>',
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_a_playlist_opens_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    video(tmp_path / "other.ts")
    path = tmp_path / name
    path.write_text(PLAYLISTS[name].replace("{folder}", str(tmp_path)))
    with pytest.raises(FileUnreadable):
        facts(path)
    assert "error" in json.loads(in_a_process(path).stdout)


def test_even_an_allowed_format_would_open_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second wall: were HLS on the list, no protocol would be there to follow it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("greenroom.media.probe.FORMATS", ("hls", "concat", "mpegts"))
    video(tmp_path / "other.ts")
    for name in ("x.m3u8", "x.ffconcat"):
        (tmp_path / name).write_text(PLAYLISTS[name])
        with pytest.raises(FileUnreadable):
            facts(tmp_path / name)


def test_the_process_can_open_nothing(tmp_path: Path) -> None:
    """The third wall: the system itself refuses every further file."""
    script = (
        "import greenroom.media.probe as p\n"
        "def tries(file, pixels):\n"
        "    try: open('/etc/hostname')\n"
        "    except OSError as error: raise p.FileUnreadable(error.strerror)\n"
        "p.probe = tries\n"
        "p.main(['2'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["error"] == "Too many open files"


def test_a_bomb_is_not_decoded(tmp_path: Path) -> None:
    """As many pixels as need 0.7 GB, in a few hundred kilobytes."""
    done = in_a_process(png(tmp_path / "x.png", 15_000, 15_000))
    said = json.loads(done.stdout)
    assert (said["kind"], said["width"], said["height"]) == ("image", 0, 0)


def test_a_bomb_that_is_decoded_stays_within_the_process_s_memory(tmp_path: Path) -> None:
    done = in_a_process(png(tmp_path / "x.png", 16_000, 16_000), max_pixels=1_000_000_000)
    assert done.stderr == b""
    assert done.returncode == 0


def test_a_file_with_subtitles_needs_nothing_more(tmp_path: Path) -> None:
    """PyAV imports its parts late, and the process can open no file by then."""
    path = tmp_path / "x.mkv"
    source = video(tmp_path / "x.mp4")
    (tmp_path / "x.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nHello\n")
    with av.open(str(path), "w") as out, av.open(str(source)) as seen, av.open(str(tmp_path / "x.srt")) as read:
        picture, words = seen.streams.video[0], read.streams.subtitles[0]
        into = {picture: out.add_stream_from_template(picture), words: out.add_stream_from_template(words)}
        packets: list[av.Packet[Any]] = [*seen.demux(picture), *read.demux(words)]
        for packet in packets:
            if packet.dts is not None:
                packet.stream = into[packet.stream]
                out.mux(packet)
    said = Probed(**json.loads(in_a_process(path).stdout))
    assert (said.kind, said.container, said.media_type) == ("video", "matroska", "video/x-matroska")


@pytest.mark.parametrize("form", ["mp4", "webm", "ts", "avi", "gif", "png", "wav"])
def test_the_process_says_what_the_function_says(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"x.{form}"
    if form in ("png", "wav"):
        png(path, 20, 10) if form == "png" else wav(path)
    else:
        video(path, sound=form == "mp4")
    assert Probed(**json.loads(in_a_process(path).stdout)) == facts(path)
