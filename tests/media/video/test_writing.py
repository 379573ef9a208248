"""What is written is read back: pixels, times, tags; and a file is whole or absent."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from greenroom.errors import Cancelled, InputInvalid, OutputUnwritable
from greenroom.media.video.colour import Colour
from greenroom.media.video.encoding import CODECS, Encoding, PictureFormat, VideoCodec, part_suffix
from greenroom.media.video.errors import EncodingImpossible
from greenroom.media.video.facts import read_facts
from greenroom.media.video.hdr import ContentLight, MasteringDisplay
from greenroom.media.video.reading import VideoReader
from greenroom.media.video.writing import VideoWriter
from tests.media.video.clips import HEIGHT, RATE, WIDTH, picture, psnr, times_of, video

FAST: dict[str, str | None] = {"h264": "ultrafast", "h265": "ultrafast", "av1": "12", "prores": None, "ffv1": None}
DISPLAY = MasteringDisplay(
    red=(Fraction("0.68"), Fraction("0.32")),
    green=(Fraction("0.265"), Fraction("0.69")),
    blue=(Fraction("0.15"), Fraction("0.06")),
    white=(Fraction("0.3127"), Fraction("0.329")),
    least=Fraction("0.005"),
    most=Fraction(1000),
)


def drawn(number: int, wide: bool = False) -> NDArray[Any]:
    return picture(number).astype(np.uint16) * 257 if wide else picture(number)


def write(
    path: Path,
    encoding: Encoding,
    pictures: PictureFormat | None = None,
    *,
    times: Sequence[Fraction] = (Fraction(0), 1 / RATE, 2 / RATE),
    wide: bool = False,
) -> tuple[str, ...]:
    encoding = replace(encoding, preset=encoding.preset or FAST[encoding.codec])
    pictures = pictures or PictureFormat.constant(WIDTH, HEIGHT, RATE)
    with VideoWriter(path, pictures, encoding) as out:
        for number, time in enumerate(times):
            out.write(drawn(number, wide), time)
    assert out.frames == len(times)
    return out.notes


MATRIX = [
    ("x.mp4", Encoding("h264"), "yuv420p", 30),
    ("x.mp4", Encoding("h264", bit_depth=10), "yuv420p10le", 30),
    ("x.mkv", Encoding("h264", quality="high", chroma="444"), "yuv444p", 36),
    ("x.mp4", Encoding("h265"), "yuv420p", 30),
    ("x.mov", Encoding("h265", bit_depth=10, quality=12), "yuv420p10le", 30),
    ("x.mkv", Encoding("h265", bit_depth=12, chroma="444"), "yuv444p12le", 34),
    ("x.mp4", Encoding("av1"), "yuv420p", 28),
    ("x.webm", Encoding("av1", bit_depth=10, quality="high"), "yuv420p10le", 28),
    ("x.mov", Encoding("prores", bit_depth=10, chroma="422"), "yuv422p10le", 32),
    ("x.mkv", Encoding("prores", bit_depth=10, chroma="444", quality="high"), "yuv444p12le", 38),
    ("x.mkv", Encoding("ffv1", bit_depth=10, chroma="444"), "yuv444p10le", 45),
    ("x.mkv", Encoding("ffv1", chroma="rgb"), "bgr0", 99),
    ("x.nut", Encoding("ffv1", bit_depth=16, chroma="rgb"), "gbrp16le", 99),
    ("x.mkv", Encoding("h264", quality="lossless", chroma="444"), "yuv444p", 45),
]


@pytest.mark.parametrize(("name", "encoding", "form", "least"), MATRIX)
def test_every_codec_gives_back_its_pictures(
    tmp_path: Path, name: str, encoding: Encoding, form: str, least: float
) -> None:
    wide = encoding.bit_depth > 8
    write(tmp_path / name, encoding, wide=wide)
    reader = VideoReader(tmp_path / name)
    assert (reader.facts.pixel_format, reader.facts.frames) == (form, 3)
    if encoding.chroma != "rgb":
        assert reader.facts.colour == Colour()
        assert not reader.facts.notes
    for frame in reader.frames():
        assert psnr(frame.pixels, drawn(frame.index, wide)) >= least
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


@pytest.mark.parametrize(
    "colour",
    [
        Colour("smpte170m", "smpte170m", "smpte170m"),
        Colour("bt2020", "arib-std-b67", "bt2020nc"),
        Colour("smpte432", "iec61966-2-1", "bt709", full_range=True),
    ],
)
@pytest.mark.parametrize("codec", ["h264", "h265", "av1"])
def test_tags_are_in_the_stream(tmp_path: Path, codec: Any, colour: Colour) -> None:
    pictures = replace(PictureFormat.constant(WIDTH, HEIGHT, RATE), colour=colour)
    write(tmp_path / "x.mp4", Encoding(codec, bit_depth=10), pictures, wide=True)
    facts = read_facts(tmp_path / "x.mp4")
    assert facts.colour == colour
    assert not facts.notes


@pytest.mark.parametrize("codec", ["h264", "h265", "av1", "ffv1"])
@pytest.mark.parametrize("frames", [1, 2, 3])
def test_the_shortest_clips(tmp_path: Path, codec: Any, frames: int) -> None:
    """Again and again: of one or two frames, libx265 gives times of decoding that depend on what lay in its memory."""
    path = tmp_path / ("x.nut" if codec == "ffv1" else "x.mp4")
    pictures = replace(PictureFormat.constant(WIDTH, HEIGHT, RATE), time_base=Fraction(1, 12_800))
    given = [number / RATE for number in range(frames)]
    for _ in range(3):
        write(path, Encoding(codec), pictures, times=given)
        assert times_of(path) == given


def moving_noise(width: int, height: int, frames: int) -> list[NDArray[np.uint8]]:
    """Grain that moves over a gradient, of which libx264 made other bytes in each run."""
    grain = np.random.default_rng(1).integers(0, 64, (height + 2 * frames, width + 2 * frames, 3), dtype=np.uint8)
    grain += np.linspace(0, 180, width + 2 * frames, dtype=np.uint8)[None, :, None]
    return [grain[at : at + height, 2 * at : 2 * at + width] for at in range(frames)]


@pytest.mark.parametrize(
    "encoding",
    [
        Encoding("h264"),
        Encoding("h264", bit_depth=10),
        Encoding("h265", preset="veryfast"),
        Encoding("av1", preset="12"),
        Encoding("prores", bit_depth=10, chroma="422"),
        Encoding("ffv1", chroma="rgb"),
    ],
    ids=str,
)
def test_the_same_frames_are_the_same_bytes(tmp_path: Path, encoding: Encoding) -> None:
    """Of h264, where a CPU with AVX-512 leaves it a choice; memory is filled with other things from run to run."""
    path = tmp_path / f"x{part_suffix(encoding.codec)}"
    frames: list[NDArray[Any]] = [*moving_noise(96, 64, 30)]
    if encoding.bit_depth > 8:
        frames = [frame.astype(np.uint16) * 257 for frame in frames]
    written = set()
    for run in range(15 if encoding.codec == "h264" else 3):
        junk = np.random.default_rng(run).integers(0, 255, (run + 1) * 100_003, dtype=np.uint8)
        del junk
        with VideoWriter(path, PictureFormat.constant(96, 64, RATE), encoding) as out:
            for number, frame in enumerate(frames):
                out.write(frame, number / RATE)
        written.add(path.read_bytes())
    assert len(written) == 1


@pytest.mark.parametrize(
    ("name", "codec", "kept"),
    [("x.mkv", "av1", False), ("x.mp4", "av1", True), ("x.mkv", "h264", True), ("x.mkv", "ffv1", False)],
)
def test_the_shape_of_pixels_is_kept_or_it_is_said(tmp_path: Path, name: str, codec: Any, kept: bool) -> None:
    pictures = replace(PictureFormat.constant(WIDTH, HEIGHT, RATE), sample_aspect=Fraction(4, 3))
    notes = write(tmp_path / name, Encoding(codec), pictures)
    assert read_facts(tmp_path / name).sample_aspect == (Fraction(4, 3) if kept else 1)
    assert any("pixels 4:3 wide become square" in note for note in notes) != kept


@pytest.mark.parametrize("codec", CODECS)
def test_the_last_frame_is_as_long_as_it_was(tmp_path: Path, codec: VideoCodec) -> None:
    chroma: Any = {"prores": "422", "ffv1": "rgb"}.get(codec, "420")
    encoding = Encoding(codec, bit_depth=10 if codec == "prores" else 8, chroma=chroma)
    path = tmp_path / f"x{part_suffix(codec)}"
    with VideoWriter(path, PictureFormat.constant(WIDTH, HEIGHT, RATE), encoding) as out:
        for number in range(12):
            out.write(drawn(number, encoding.bit_depth > 8), number / RATE, (5 if number == 11 else 1) / RATE)
    assert read_facts(path).timeline.duration(11) == 5 / RATE


def test_what_nut_does_not_keep_is_said(tmp_path: Path) -> None:
    assert any(
        "nut keeps no tags of colours" in note for note in write(tmp_path / "x.nut", Encoding("ffv1", chroma="rgb"))
    )


@pytest.mark.parametrize("codec", ["h264", "h265", "av1"])
def test_hdr10_is_carried(tmp_path: Path, codec: Any) -> None:
    pictures = replace(
        PictureFormat.constant(WIDTH, HEIGHT, RATE),
        colour=Colour("bt2020", "smpte2084", "bt2020nc"),
        mastering=DISPLAY,
        light=ContentLight(1000, 400),
    )
    write(tmp_path / "x.mp4", Encoding(codec, bit_depth=10), pictures, wide=True)
    facts = read_facts(tmp_path / "x.mp4")
    assert facts.light == ContentLight(1000, 400)
    assert facts.mastering is not None
    for name in ("red", "green", "blue", "white"):
        wanted, found = getattr(DISPLAY, name), getattr(facts.mastering, name)
        assert found == pytest.approx(wanted, abs=2e-5)
    assert float(facts.mastering.most) == pytest.approx(1000, abs=0.01)
    with pytest.raises(EncodingImpossible, match="PQ in 8 bits"):
        VideoWriter(tmp_path / "y.mp4", pictures, Encoding(codec))


@pytest.mark.parametrize("codec", ["h264", "h265", "av1", "prores"])
@pytest.mark.parametrize("turn", [(90, False, False), (180, True, False)])
def test_rotation_is_applied_and_no_flag_remains(tmp_path: Path, codec: Any, turn: tuple[float, bool, bool]) -> None:
    path, aspect = tmp_path / "in.mp4", Fraction(4, 3)
    source = video(path, turn=turn, frames=3, size=(96, 64), sample_aspect_ratio=aspect, options={"qp": "4"})
    reader = VideoReader(source)
    encoding = Encoding(codec, "high", FAST[codec])
    if codec == "prores":
        encoding = replace(encoding, bit_depth=10, chroma="422")
    path = tmp_path / f"out.{'mov' if codec == 'prores' else 'mp4'}"
    with VideoWriter(path, PictureFormat.like(reader.facts), encoding) as out:
        for frame in reader.frames():
            out.write(frame.pixels, frame.time, frame.duration)
    written = VideoReader(path)
    assert written.facts.orientation.degrees == 0
    assert not written.facts.orientation.mirrored
    assert (written.facts.width, written.facts.height) == (reader.facts.width, reader.facts.height)
    assert written.facts.sample_aspect == reader.facts.sample_aspect
    for one, other in zip(written.frames(), reader.frames(), strict=True):
        shown: Any = np.round(one.pixels / 257).astype(np.uint8) if one.pixels.dtype == np.uint16 else one.pixels
        assert psnr(shown, other.pixels) > 28


@given(
    steps=st.lists(st.integers(1, 5000), min_size=1, max_size=12),
    begin=st.integers(0, 5000),
    base=st.sampled_from([25, 1000, 24_000, 30_000, 48_000, 90_000, 12_345]),
    codec=st.sampled_from(["h264", "ffv1"]),
)
@settings(max_examples=25, deadline=None)
def test_times_that_vary_come_back_exact(steps: list[int], begin: int, base: int, codec: Any) -> None:
    times = [Fraction(begin, base)]
    for step in steps:
        times.append(times[-1] + Fraction(step, base))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("x.mp4" if codec == "h264" else "x.nut")
        pictures = replace(PictureFormat.constant(WIDTH, HEIGHT, RATE), time_base=Fraction(1, base))
        encoding = Encoding(codec, preset="fast") if codec == "h264" else Encoding(codec, chroma="rgb")
        write(path, encoding, pictures, times=times)
        facts = read_facts(path)
        assert [facts.time(number) for number in range(facts.frames)] == times
        assert times_of(path) == times


def test_a_long_last_frame_stays_long(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "x.mp4", PictureFormat.constant(WIDTH, HEIGHT, RATE), Encoding("h264")) as out:
        out.write(picture(0), Fraction(0))
        out.write(picture(1), 1 / RATE, Fraction(2))
    facts = read_facts(tmp_path / "x.mp4")
    assert facts.timeline.duration(1) == 2


def test_matroska_says_that_it_keeps_milliseconds(tmp_path: Path) -> None:
    rate = Fraction(30_000, 1001)
    times = [number / rate for number in range(30)]
    notes = write(tmp_path / "x.mkv", Encoding("h264"), PictureFormat.constant(WIDTH, HEIGHT, rate), times=times)
    assert "whole milliseconds" in notes[0]
    facts = read_facts(tmp_path / "x.mkv")
    assert facts.timeline.constant == rate
    assert max(abs(facts.time(number) - times[number]) for number in range(30)) <= Fraction(1, 1000)


def test_odd_sizes_lose_a_row_and_say_so(tmp_path: Path) -> None:
    pictures = PictureFormat.constant(WIDTH - 1, HEIGHT - 1, RATE)
    odd = picture(0)[:-1, :-1]
    with VideoWriter(tmp_path / "x.mp4", pictures, Encoding("h264", "high")) as out:
        out.write(odd, Fraction(0))
    assert out.notes == ("63x47 is cut to 62x46: h264 420 has no odd sizes",)
    shown = next(VideoReader(tmp_path / "x.mp4").frames()).pixels
    assert shown.shape == (46, 62, 3)
    assert psnr(shown, odd[:46, :62]) > 30
    with VideoWriter(tmp_path / "y.mp4", pictures, Encoding("h264", "high", chroma="444")) as out:
        out.write(odd, Fraction(0))
    assert next(VideoReader(tmp_path / "y.mp4").frames()).pixels.shape == (47, 63, 3)
    with pytest.raises(EncodingImpossible, match="1x48 has not two pixels"):
        VideoWriter(tmp_path / "z.mp4", PictureFormat.constant(1, 48, RATE), Encoding())


def test_the_index_of_an_mp4_comes_first(tmp_path: Path) -> None:
    write(tmp_path / "x.mp4", Encoding("h264"))
    data = (tmp_path / "x.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_h265_is_not_written_narrower_than_its_encoder_bears(tmp_path: Path) -> None:
    with pytest.raises(EncodingImpossible, match="48x64 is narrower than the 64 pixels"):
        VideoWriter(tmp_path / "x.mp4", PictureFormat.constant(48, 64, RATE), Encoding("h265"))


@pytest.mark.parametrize("ending", ["mp4", "mov"])
def test_apple_knows_h265_by_its_name(tmp_path: Path, ending: str) -> None:
    write(tmp_path / f"x.{ending}", Encoding("h265"))
    with av.open(str(tmp_path / f"x.{ending}")) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


def test_times_and_shapes_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="frame 1 has the time 0 s after 0 s"):
        write(tmp_path / "x.mp4", Encoding(), times=[Fraction(0), Fraction(0)])
    with pytest.raises(InputInvalid, match="has the time 1/3 s"):
        write(tmp_path / "x.mp4", Encoding(), times=[Fraction(1, 3)])
    writer = VideoWriter(tmp_path / "x.mp4", PictureFormat.constant(WIDTH, HEIGHT, RATE), Encoding())
    with pytest.raises(InputInvalid, match="in a video of 64x48"), writer as out:
        out.write(picture(0, 80, 60), Fraction(0))
    assert list(tmp_path.iterdir()) == []


def test_what_is_stopped_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(b"old")
    writer = VideoWriter(path, PictureFormat.constant(WIDTH, HEIGHT, RATE), Encoding())
    with pytest.raises(Cancelled), writer as out:
        out.write(picture(0), Fraction(0))
        raise Cancelled
    assert [file.name for file in tmp_path.iterdir()] == ["x.mp4"]
    assert path.read_bytes() == b"old"


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """As the system tells of a file that may not grow; numbers of errors are all that differ."""
    noise = np.random.default_rng(0)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    writer = VideoWriter(tmp_path / "x.mkv", PictureFormat.constant(256, 256, RATE), Encoding("ffv1", chroma="rgb"))
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, before[1]))
        with pytest.raises(OutputUnwritable, match=r"x\.mkv"), writer as out:
            for number in range(8):
                out.write(noise.integers(0, 256, (256, 256, 3), dtype=np.uint8), number / RATE)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_takes_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputUnwritable):
        write(tmp_path / "file" / "x.mp4", Encoding())
    (tmp_path / "x.mp4").mkdir()
    with pytest.raises(OutputUnwritable, match="is a folder"):
        write(tmp_path / "x.mp4", Encoding())


KILLED = """
import sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from greenroom.media.video.encoding import Encoding, PictureFormat
from greenroom.media.video.writing import VideoWriter
pictures = PictureFormat.constant(64, 48, Fraction(25))
with VideoWriter(Path(sys.argv[1]), pictures, Encoding("ffv1", chroma="rgb")) as out:
    for number in range(100_000):
        out.write(np.full((48, 64, 3), number % 256, np.uint8), Fraction(number, 25))
        print(number, flush=True)
"""


def test_a_kill_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    path = tmp_path / "x.mkv"
    path.write_bytes(b"old")
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) == 50:
                process.kill()
                break
        assert process.wait(60) == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert all(file.name.endswith(".part") for file in tmp_path.iterdir() if file != path)


def test_an_encoder_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = VideoWriter(tmp_path / "x.mp4", PictureFormat.constant(WIDTH, HEIGHT, RATE), Encoding())
    monkeypatch.setattr(writer, "_encoder", replace(writer._encoder, encoder="libx999"))
    with pytest.raises(EncodingImpossible, match="no libx999"), writer:
        pass
    assert list(tmp_path.iterdir()) == []
    assert "libx264" in av.codec.codecs_available
