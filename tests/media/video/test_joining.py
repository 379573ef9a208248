"""Parts become one file: the same planes, exact times, nothing encoded twice; and a killed job goes on."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from greenroom.errors import FileUnreadable, InputInvalid
from greenroom.media.video.colour import Colour
from greenroom.media.video.encoding import CODECS, Encoding, PictureFormat, VideoCodec, part_suffix
from greenroom.media.video.errors import EncodingImpossible
from greenroom.media.video.facts import read_facts
from greenroom.media.video.hdr import ContentLight
from greenroom.media.video.joining import join, require_joinable
from greenroom.media.video.muxing import Muxer
from greenroom.media.video.writing import VideoWriter
from tests.media.video.clips import (
    CLICK_S,
    HEIGHT,
    RATE,
    WIDTH,
    click_at,
    picture,
    planes_of,
    times_of,
    video,
    with_sound,
)
from tests.media.video.test_writing import DISPLAY

ENCODINGS = {
    "h264": (Encoding("h264", preset="fast"), ".mp4"),
    "h264-10": (Encoding("h264", preset="veryfast", bit_depth=10), ".mkv"),
    "h265": (Encoding("h265", preset="ultrafast"), ".mov"),
    "av1": (Encoding("av1", preset="12"), ".mp4"),
    "prores": (Encoding("prores", bit_depth=10, chroma="422"), ".mov"),
    "ffv1": (Encoding("ffv1", chroma="rgb"), ".mkv"),
}
CUTS = ((0, 9), (9, 10), (10, 24))
EVEN = [number / RATE for number in range(24)]


def uneven() -> list[Fraction]:
    """Slow at first, then fast: decoding times that each part makes for itself would go back at the joins."""
    times = [Fraction(0)]
    for number in range(1, 24):
        times.append(times[-1] + Fraction(7 if number < 9 else 1 + 40 * (number % 3), 600))
    return times


def write(path: Path, encoding: Encoding, times: Sequence[Fraction], start: int, stop: int) -> Path:
    pictures = replace(PictureFormat.constant(WIDTH, HEIGHT, RATE), time_base=Fraction(1, 600))
    with VideoWriter(path, pictures, encoding) as out:
        for number in range(start, stop):
            after = times[number + 1] if number + 1 < len(times) else None
            out.write(picture(number), times[number], None if after is None else after - times[number])
    return path


def parts_of(folder: Path, encoding: Encoding, times: Sequence[Fraction]) -> list[Path]:
    return [
        write(folder / f"{start}{part_suffix(encoding.codec)}", encoding, times, start, stop) for start, stop in CUTS
    ]


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_whole_is_its_parts(tmp_path: Path, name: str) -> None:
    encoding, ending = ENCODINGS[name]
    times = uneven()
    parts = parts_of(tmp_path, encoding, times)
    target = tmp_path / f"whole{ending}"
    join(parts, target)
    assert planes_of(target) == [plane for part in parts for plane in planes_of(part)]
    exact = ending != ".mkv"
    wanted = times if exact else [Fraction(round(time * 1000), 1000) for time in times]
    assert times_of(target) == wanted
    facts = read_facts(target)
    assert [facts.time(number) for number in range(24)] == wanted
    assert facts.colour == read_facts(parts[0]).colour
    with av.open(str(target)) as container:
        stamps = [packet.dts for packet in container.demux(video=0) if packet.size and packet.dts is not None]
    assert all(after > before for before, after in itertools.pairwise(stamps))


@pytest.mark.parametrize("name", ["ffv1", "prores"])
def test_frames_that_stand_alone_are_those_of_one_pass(tmp_path: Path, name: str) -> None:
    encoding, ending = ENCODINGS[name]
    target = tmp_path / f"whole{ending}"
    join(parts_of(tmp_path, encoding, EVEN), target)
    once = write(tmp_path / f"once{ending}", encoding, EVEN, 0, 24)
    assert planes_of(target) == planes_of(once)
    assert times_of(target) == times_of(once)


def test_parts_do_not_begin_at_nothing(tmp_path: Path) -> None:
    """Each bears the times of the whole."""
    parts = parts_of(tmp_path, ENCODINGS["h264"][0], uneven())
    assert [times_of(part)[0] for part in parts] == [uneven()[start] for start, _ in CUTS]


def test_sound_of_the_source_is_in_time(tmp_path: Path) -> None:
    source = with_sound(tmp_path / "in.mp4")
    parts = parts_of(tmp_path, ENCODINGS["h264"][0], EVEN)
    join(parts, tmp_path / "out.mp4", source=read_facts(source))
    assert click_at(tmp_path / "out.mp4") == pytest.approx(CLICK_S, abs=0.001)
    assert times_of(tmp_path / "out.mp4") == EVEN
    facts = read_facts(tmp_path / "out.mp4")
    assert [chapter.title for chapter in facts.chapters] == ["Dark", "Light"]


DEPTH = {"h264": ("420", 10), "h265": ("420", 10), "av1": ("420", 10), "prores": ("422", 10), "ffv1": ("444", 10)}
ENDINGS = {
    "h264": (".mp4", ".mov", ".mkv"), "h265": (".mp4", ".mov", ".mkv"), "av1": (".mp4", ".mkv", ".webm"),
    "prores": (".mov", ".mkv"), "ffv1": (".mkv",),
}  # fmt: skip


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(
    "pictures",
    [
        replace(
            PictureFormat.constant(WIDTH, HEIGHT, RATE),
            colour=Colour("bt2020", "smpte2084", "bt2020nc"),
            mastering=DISPLAY,
            light=ContentLight(1000, 400),
            sample_aspect=Fraction(4, 3),
        ),
        replace(PictureFormat.constant(WIDTH, HEIGHT, RATE), colour=Colour("bt2020", "arib-std-b67", "bt2020nc")),
        replace(
            PictureFormat.constant(WIDTH, HEIGHT, RATE),
            colour=Colour("smpte432", "iec61966-2-1", "bt709", full_range=True),
        ),
    ],
    ids=["hdr10", "hlg", "full"],
)
def test_colours_and_light_go_through(tmp_path: Path, codec: VideoCodec, pictures: PictureFormat) -> None:
    chroma, bits = DEPTH[codec]
    encoding = Encoding(
        codec, preset={"av1": "12", "h264": "ultrafast", "h265": "ultrafast"}.get(codec), bit_depth=bits
    )
    encoding = replace(encoding, chroma=chroma)  # type: ignore[arg-type] # from a table
    part = tmp_path / f"part{part_suffix(codec)}"
    with VideoWriter(part, pictures, encoding) as out:
        for number in range(3):
            out.write(picture(number).astype(np.uint16) * 257, number / RATE)
    wanted = replace(pictures.colour, full_range=False) if codec == "prores" else pictures.colour
    for ending in ENDINGS[codec]:
        join([part], tmp_path / f"whole{ending}")
        facts = read_facts(tmp_path / f"whole{ending}")
        assert facts.colour == wanted
        assert not [note for note in facts.notes if "tagged" in note]
        assert facts.light == pictures.light
        if codec in ("h264", "h265") or ending in (".mp4", ".mov"):
            assert facts.sample_aspect == pictures.sample_aspect
        assert (facts.mastering is None) == (pictures.mastering is None)
        if facts.mastering is not None:
            assert facts.mastering.in_steps() == DISPLAY.in_steps()
        assert planes_of(tmp_path / f"whole{ending}") == planes_of(part)


@pytest.mark.parametrize(
    ("quality", "chroma", "name"), [("draft", "422", "apcs"), ("high", "422", "apch"), ("good", "444", "ap4h")]
)
@pytest.mark.parametrize("ending", [".mov", ".mkv"])
def test_kinds_of_prores_keep_their_names(tmp_path: Path, quality: Any, chroma: Any, name: str, ending: str) -> None:
    part = write(tmp_path / "0.mov", Encoding("prores", quality, bit_depth=10, chroma=chroma), EVEN, 0, 3)
    join([part], tmp_path / f"whole{ending}")
    with av.open(str(tmp_path / f"whole{ending}")) as container:
        assert container.streams.video[0].codec_context.codec_tag == name


def with_timecode(path: Path, timecode: str, rate: Fraction, *, uneven: bool) -> Path:
    """As FFmpeg leaves it in a Matroska file that it made of a camera's: a name among others."""
    step = 1000 / rate
    times = [round(number * step) + (number % 3 * 7 if uneven else 0) for number in range(12)]
    made = video(path.with_suffix(".0.mkv"), rate=rate, times=times, time_base=Fraction(1, 1000))
    with av.open(str(made)) as source, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0], opaque=True)
        stream.codec_context.framerate = rate
        out.metadata["timecode"] = timecode
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    return path


NTSC = Fraction(30_000, 1001)


@pytest.mark.parametrize(
    ("timecode", "rate", "uneven", "kept"),
    [
        ("01:00:00:00", RATE, False, True),
        ("01:00:00;02", NTSC, False, True),
        ("01:00:00:00", RATE, True, False),
        ("01:00:00;02", RATE, False, False),
        ("01:00:00:77", RATE, False, False),
        ("noon", RATE, False, False),
    ],
)
def test_a_timecode_is_kept_where_it_can_be(
    tmp_path: Path, timecode: str, rate: Fraction, uneven: bool, kept: bool
) -> None:
    facts = read_facts(with_timecode(tmp_path / "in.mkv", timecode, rate, uneven=uneven))
    pictures, encoding = PictureFormat.like(facts), Encoding(preset="ultrafast")
    part = tmp_path / "0.mp4"
    with VideoWriter(part, pictures, encoding) as out:
        for number in range(facts.frames):
            out.write(picture(number), facts.time(number), facts.timeline.duration(number))
    for ending in (".mp4", ".mov", ".mkv"):
        target = tmp_path / f"out{ending}"
        foretold = require_joinable(target, pictures, encoding, facts)
        notes = join([part], target, source=facts)
        assert foretold == notes
        with av.open(str(target)) as container:
            said = container.metadata.get("TIMECODE") or container.streams.video[0].metadata.get("timecode")
        assert said == (timecode if kept or ending == ".mkv" else None)
        assert any(f"does not keep the timecode {timecode}" in note for note in notes) == (said is None)


def test_what_cannot_be_joined_is_found_out_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = read_facts(with_sound(tmp_path / "in.mkv"))
    pictures, encoding = PictureFormat.like(source), Encoding(preset="ultrafast")
    with pytest.raises(EncodingImpossible, match=r"\.webm does not hold h264"):
        require_joinable(tmp_path / "out.webm", pictures, encoding, source)
    monkeypatch.setattr(Muxer, "_options", lambda _: {"movie_timescale": "0"})  # which FFmpeg refuses
    with pytest.raises(EncodingImpossible, match="mp4 cannot be written like this"):
        require_joinable(tmp_path / "out.mp4", pictures, encoding, source)
    assert [path.name for path in tmp_path.glob("*out*")] == []


@pytest.mark.parametrize("name", ENCODINGS)
def test_what_can_be_joined_is_tried_without_a_trace(tmp_path: Path, name: str) -> None:
    encoding, ending = ENCODINGS[name]
    source = read_facts(with_sound(tmp_path / "in.mp4"))
    before = sorted(tmp_path.iterdir())
    notes = require_joinable(tmp_path / f"out{ending}", PictureFormat.like(source), encoding, source)
    assert all("Matroska" in note for note in notes)
    assert sorted(tmp_path.iterdir()) == before


def test_parts_that_differ_are_named(tmp_path: Path) -> None:
    first = write(tmp_path / "0.mp4", Encoding(preset="fast"), EVEN, 0, 4)
    for other in (Encoding(preset="fast", chroma="444"), Encoding("h265", preset="ultrafast")):
        second = write(tmp_path / "1.mp4", other, EVEN, 4, 8)
        with pytest.raises(EncodingImpossible, match=r"1\.mp4' was not encoded as .*0\.mp4' was"):
            join([first, second], tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_parts_in_the_wrong_order_absent_or_broken_are_named(tmp_path: Path) -> None:
    first = write(tmp_path / "0.mp4", Encoding(preset="fast"), EVEN, 0, 4)
    second = write(tmp_path / "1.mp4", Encoding(preset="fast"), EVEN, 4, 8)
    with pytest.raises(InputInvalid, match=r"0\.mp4' begins before the part ahead of it ends"):
        join([second, first], tmp_path / "out.mp4")
    with pytest.raises(InputInvalid, match="no parts"):
        join([], tmp_path / "out.mp4")
    with pytest.raises(EncodingImpossible, match=r"\.webm does not hold h264"):
        join([first, second], tmp_path / "out.webm")
    second.write_bytes(second.read_bytes()[:-500])
    with pytest.raises(FileUnreadable, match=r"1\.mp4"):
        join([first, second], tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


JOB = """
import sys
from pathlib import Path
from tests.media.video.test_joining import CUTS, ENCODINGS, EVEN, write
for start, stop in CUTS:
    path = Path(sys.argv[1]) / f"{start}.ffv1"
    if not path.exists():
        write(path, ENCODINGS["ffv1"][0], EVEN, start, stop)
    print(start, flush=True)
    if len(sys.argv) > 2 and start == 9:
        sys.stdin.read()
"""


def test_a_job_that_was_killed_goes_on_with_the_next_part(tmp_path: Path) -> None:
    command: list[Any] = [sys.executable, "-c", JOB, str(tmp_path)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [*command, "stop"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["0\n", "9\n"]
        process.kill()
        assert process.wait(60) == -signal.SIGKILL
    parts = [tmp_path / f"{start}.ffv1" for start, _ in CUTS]
    finished = {path: path.stat().st_mtime_ns for path in parts if path.exists()}
    assert set(finished) == set(parts[:2])
    subprocess.run(command, check=True, capture_output=True, cwd=root)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    join(parts, tmp_path / "whole.mkv")
    once = write(tmp_path / "once.mkv", ENCODINGS["ffv1"][0], EVEN, 0, 24)
    assert planes_of(tmp_path / "whole.mkv") == planes_of(once)
