"""Other sound under the same pictures."""

from __future__ import annotations

import re
import tracemalloc
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from greenroom.errors import FileUnreadable, UnknownName
from greenroom.media.audio import Audio, read_audio
from greenroom.media.loudness import measure
from greenroom.media.video import soundtrack
from greenroom.media.video.errors import EncodingImpossible, TimesMissing
from greenroom.media.video.facts import read_facts
from greenroom.media.video.soundtrack import (
    as_heard,
    others_left_out,
    own_sound,
    replace_sound,
    require_held,
    require_sound,
    sound_beside,
)
from tests.media.video.clips import CLICK_S, click_at, planes_of, times_of, video, with_sound

RATE = 44_100


def click(at: float, seconds: float = 1.0, channels: int = 2) -> Audio:
    samples = np.zeros((channels, int(RATE * seconds)), np.float32)
    samples[:, int(at * RATE) : int(at * RATE) + 64] = 0.9
    return Audio(samples, RATE)


@pytest.mark.parametrize(("source", "target"), [("mp4", "mp4"), ("mp4", "mkv"), ("mkv", "mov"), ("ts", "mp4")])
@pytest.mark.parametrize("channels", [1, 2])
def test_pictures_stay_and_the_new_sound_is_in_time(tmp_path: Path, source: str, target: str, channels: int) -> None:
    path = with_sound(tmp_path / f"in.{source}", tracks=2)
    facts = read_facts(path)
    out = tmp_path / f"out.{target}"
    notes = replace_sound(facts, click(0.7, channels=channels), out)
    assert [note for note in notes if "milliseconds" not in note] == ["sound track 2 of the video is left out"]
    assert planes_of(out) == planes_of(path)
    assert [round(time * 1000) for time in times_of(out)] == [
        round(time * 1000 - facts.origin * 1000) for time in times_of(path)
    ]
    assert click_at(out) == pytest.approx(0.7, abs=0.004)
    written = read_facts(out)
    assert [track.kind for track in written.tracks] == ["audio"]
    assert [chapter.title for chapter in written.chapters] == [chapter.title for chapter in facts.chapters]


def test_rotation_and_uneven_times_stay(tmp_path: Path) -> None:
    times = [0, 512, 3000, 3001, 9000]
    facts = read_facts(video(tmp_path / "in.mp4", times=times, turn=(90, True, False)))
    replace_sound(facts, click(0.2), tmp_path / "out.mp4")
    written = read_facts(tmp_path / "out.mp4")
    assert [written.time(number) for number in range(5)] == [Fraction(time, 12_800) for time in times]
    assert written.orientation == facts.orientation


def test_sound_may_be_longer_than_the_pictures(tmp_path: Path) -> None:
    facts = read_facts(video(tmp_path / "in.mp4"))
    replace_sound(facts, click(2.5, seconds=3.0), tmp_path / "out.mp4")
    assert click_at(tmp_path / "out.mp4") == pytest.approx(2.5, abs=0.004)


def test_what_a_container_does_not_hold_is_refused(tmp_path: Path) -> None:
    facts = read_facts(video(tmp_path / "in.mp4"))
    with pytest.raises(EncodingImpossible, match=r"\.webm does not hold h264"):
        replace_sound(facts, click(0.2), tmp_path / "out.webm")
    with pytest.raises(UnknownName, match="video container"):
        replace_sound(facts, click(0.2), tmp_path / "out.wmv")
    with pytest.raises(EncodingImpossible, match=r"\.webm does not hold h264"):
        require_held(facts, tmp_path / "out.webm")
    for held in ("mp4", "mov", "mkv"):
        require_held(facts, tmp_path / f"out.{held}")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


@pytest.mark.parametrize(
    ("suffix", "other"), [("mkv", r"\.mov, or \.wav"), ("mp4", r"\.mov, or"), ("webm", r"\.mov, or")]
)
def test_a_gif_is_sent_to_what_holds_it(tmp_path: Path, suffix: str, other: str) -> None:
    facts = read_facts(video(tmp_path / "in.gif", codec="gif", pixel_format="rgb8"))
    with pytest.raises(EncodingImpossible) as raised:
        require_held(facts, tmp_path / f"out.{suffix}")
    assert re.search(other, raised.value.mend)
    assert f".{suffix}" not in raised.value.mend


def test_packets_without_times_are_not_copied(tmp_path: Path) -> None:
    facts = read_facts(video(tmp_path / "in.avi", frames=20))
    for refused in (
        lambda: require_held(facts, tmp_path / "out.mp4"),
        lambda: replace_sound(facts, click(0.2), tmp_path / "out.mp4"),
    ):
        with pytest.raises(TimesMissing, match="does not tell when each of its pictures is shown"):
            refused()
    assert [path.name for path in tmp_path.iterdir()] == ["in.avi"]


@pytest.mark.parametrize(("name", "codec"), [("x.mp4", "aac"), ("x.mkv", "aac"), ("x.webm", "opus")])
def test_what_is_heard_of_sound_is_what_the_file_holds(tmp_path: Path, name: str, codec: str) -> None:
    noise = 0.1 * np.random.default_rng(1).standard_normal((2, 96_000)).astype(np.float32)
    pictures = "libvpx" if name == "x.webm" else "libx264"
    facts = read_facts(video(tmp_path / f"in{Path(name).suffix}", codec=pictures))
    replace_sound(facts, Audio(noise, 48_000), tmp_path / name)
    assert read_facts(tmp_path / name).tracks[0].codec == codec
    heard, file = (
        measure(one) for one in (as_heard(Audio(noise, 48_000), tmp_path / name), read_audio(tmp_path / name))
    )
    assert heard.integrated == pytest.approx(file.integrated, abs=0.05)
    assert heard.true_peak == pytest.approx(file.true_peak, abs=0.2)


@pytest.mark.parametrize("form", ["mp4", "mkv", "ts", "mov"])
def test_its_own_sound_is_in_time(tmp_path: Path, form: str) -> None:
    path = with_sound(tmp_path / f"in.{form}", rate=44_100, tracks=2)
    facts = read_facts(path)
    sound = own_sound(facts, 48_000)
    assert sound is not None
    assert sound.rate == 48_000
    assert len(sound.samples) == 1
    assert np.abs(sound.mono).argmax() / 48_000 == pytest.approx(click_at(path) - float(facts.origin), abs=0.004)
    assert sound.seconds == pytest.approx(1, abs=0.06)


def test_its_own_sound_may_begin_late_and_pause(tmp_path: Path) -> None:
    path = tmp_path / "in.mkv"
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        heard: Any = out.add_stream("pcm_s16le", rate=8000, layout="stereo")
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        frame.pts = 0
        out.mux(stream.encode(frame))
        for start in (800, 4000):  # 0.1 s, and behind a pause
            loud = av.AudioFrame.from_ndarray(np.full((1, 1600), 9000, np.int16), format="s16", layout="stereo")
            loud.sample_rate, loud.pts, loud.time_base = 8000, start, Fraction(1, 8000)
            out.mux(heard.encode(loud))
        for one in (stream, heard):
            out.mux(one.encode(None))
    sound = own_sound(read_facts(path), 48_000)
    assert sound is not None
    assert sound.samples.shape == (2, 28_800)
    loud = np.abs(sound.samples[1]) > 0.1
    edges = np.flatnonzero(np.diff(loud.astype(int)))
    assert [edge / 48_000 for edge in (edges[0], edges[-1])] == pytest.approx([0.1, 0.5], abs=0.002)
    assert not loud[int(0.21 * 48_000) : int(0.49 * 48_000)].any()


def long_sound(path: Path, codec: str, seconds: int = 40) -> Path:
    """A video of noise that is as loud as the second is late."""
    rate = 48_000
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        heard: Any = out.add_stream(codec, rate=rate, layout="stereo")
        noise = 0.1 * np.random.default_rng(1).standard_normal((2, rate)).clip(-3, 3).astype(np.float32)
        for second in range(seconds):
            for number in range(5):
                frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
                frame.pts, frame.time_base = 5 * second + number, Fraction(1, 5)
                out.mux(stream.encode(frame))
            form = "s16" if codec == "pcm_s16le" else "fltp"
            loud = noise * (1 + second % 8) / 4
            given: Any = (32_767 * loud).astype(np.int16).T.reshape(1, -1) if form == "s16" else loud
            sound = av.AudioFrame.from_ndarray(given.copy(), format=form, layout="stereo")
            sound.sample_rate, sound.pts = rate, second * rate
            out.mux(heard.encode(sound))
        for one in (stream, heard):
            out.mux(one.encode(None))
    return path


@pytest.mark.parametrize(
    ("name", "codec"),
    [("in.mkv", "pcm_s16le"), ("in.mp4", "aac"), ("in.mkv", "aac"), ("in.ts", "aac"), ("in.mkv", "libopus")],
)
def test_a_part_is_that_part_of_the_whole(tmp_path: Path, name: str, codec: str) -> None:
    facts = read_facts(long_sound(tmp_path / name, codec))
    whole = own_sound(facts, 48_000)
    assert whole is not None
    for start, stop in ((Fraction(0), Fraction(1)), (Fraction(7, 10), Fraction(2)), (Fraction(61, 2), Fraction(63, 2))):
        part = own_sound(facts, 48_000, start, stop)
        assert part is not None
        wanted = whole.samples[:, round(start * 48_000) : round(stop * 48_000)]
        assert part.samples.shape == wanted.shape
        # Matroska rounds times to milliseconds.
        off = [np.abs(part.samples[:, 50:-50] - np.roll(wanted, by, 1)[:, 50:-50]).max() for by in range(-48, 49)]
        assert min(off) < 1e-3
        assert name.endswith(".mkv") or off[48] == min(off)
    ending = own_sound(facts, 48_000, Fraction(39), Fraction(50))
    assert ending is not None
    assert ending.seconds == pytest.approx(whole.seconds - 39, abs=1e-3)
    beyond = own_sound(facts, 48_000, Fraction(60), Fraction(70))
    assert beyond is not None
    assert beyond.samples.shape == (2, 0)


def test_a_part_takes_the_memory_of_a_part(tmp_path: Path) -> None:
    facts = read_facts(long_sound(tmp_path / "in.mkv", "pcm_s16le"))
    tracemalloc.start()
    own_sound(facts, 48_000, Fraction(20), Fraction(21))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000  # of 15 MB


@pytest.mark.parametrize("name", ["in.mkv", "in.mp4"])
def test_what_is_far_from_a_part_is_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    facts = read_facts(long_sound(tmp_path / name, "aac"))
    seen: list[Fraction] = []
    whole: Any = soundtrack._sought

    def sought(*given: Any) -> Any:
        for frame in whole(*given):
            seen.append(frame.pts * frame.time_base)
            yield frame

    monkeypatch.setattr(soundtrack, "_sought", sought)
    own_sound(facts, 48_000, Fraction(30), Fraction(31))
    assert min(seen) > 20
    assert max(seen) < 33


def test_a_video_without_sound_has_none_of_its_own(tmp_path: Path) -> None:
    assert own_sound(read_facts(video(tmp_path / "in.mp4")), 48_000) is None


def test_its_own_sound_begins_with_the_first_moment_of_the_file(tmp_path: Path) -> None:
    facts = read_facts(with_sound(tmp_path / "in.mp4"))
    early, late = (own_sound(replace(facts, origin=Fraction(at, 10)), 48_000) for at in (-2, 1))
    assert early is not None
    assert late is not None
    clicks = [float(np.abs(sound.mono).argmax() / 48_000) for sound in (early, late)]
    assert clicks == pytest.approx([CLICK_S + 0.2, CLICK_S - 0.1], abs=0.004)


@pytest.mark.parametrize(("end", "lost"), [(Fraction(1, 2), 0.5), (Fraction(2), 0.0), (Fraction(49, 50), 0.0)])
def test_beside_the_pictures_its_own_sound_ends_with_them(tmp_path: Path, end: Fraction, lost: float) -> None:
    facts = read_facts(with_sound(tmp_path / "in.mkv", codec="pcm_s16le"))
    own = own_sound(facts, 48_000)
    assert own is not None
    own.samples[:] = 0.1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("greenroom.media.video.soundtrack.own_sound", lambda *_: own)
        sound, notes = sound_beside(facts, 48_000, end)
    assert sound is not None
    assert sound.samples.shape == (1, end * 48_000)
    assert notes == ((f"the last {lost:.2f} s of its own sound, behind its pictures, are cut",) if lost else ())
    assert sound_beside(read_facts(video(tmp_path / "silent.mp4")), 48_000, end) == (None, ())


def test_tracks_behind_the_first_are_named(tmp_path: Path) -> None:
    one, two, three = (read_facts(with_sound(tmp_path / f"{count}.mp4", tracks=count)) for count in (1, 2, 3))
    assert others_left_out(one) == ()
    assert others_left_out(two) == ("sound track 2 of the video is left out",)
    assert others_left_out(three) == ("sound tracks 2 and 3 of the video are left out",)
    assert sound_beside(two, 48_000, Fraction(1))[1] == others_left_out(two)


@pytest.mark.parametrize("value", [48.0, np.nan, np.inf])
def test_a_sound_that_is_no_sound_is_refused(tmp_path: Path, value: float) -> None:
    path = tmp_path / "in.mkv"
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        heard: Any = out.add_stream("pcm_f32le", rate=48_000, layout="mono")
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        frame.pts = 0
        out.mux(stream.encode(frame))
        noise = av.AudioFrame.from_ndarray(np.full((1, 4800), value, np.float32), format="flt", layout="mono")
        noise.sample_rate, noise.pts = 48_000, 0
        out.mux(heard.encode(noise))
        for one in (stream, heard):
            out.mux(one.encode(None))
    with pytest.raises(FileUnreadable, match="is broken") as raised:
        require_sound(read_facts(path))
    assert "--mix replace" in raised.value.mend
