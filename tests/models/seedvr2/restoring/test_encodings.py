"""How a result is written: as was asked, and for the rest as fits the source and the name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greenroom.errors import InputInvalid, UnknownName
from greenroom.media.video.errors import EncodingImpossible
from greenroom.media.video.images import write_image
from greenroom.models.seedvr2.frames.sizes import Size
from greenroom.models.seedvr2.restoring.encodings import Form, form_of
from greenroom.models.seedvr2.restoring.restorer import Wanted
from greenroom.models.seedvr2.restoring.sources import look
from greenroom.recipes.inputs.seedvr2 import RestoreInputs
from tests.media.video.clips import with_sound
from tests.media.video.test_facts import BT2020_PQ, HDR
from tests.models.seedvr2.restorers import a_clip, drawn

WIDE = 64  # pixels: h265 is no narrower


def form(source: Path, output: str, height: int | None = None, **wanted: Any) -> Form:
    inputs = RestoreInputs(source=str(source), height=height)
    return form_of(look(inputs), inputs, Wanted(source.parent / output, **wanted))


def ten_bits(path: Path, **options: Any) -> Path:
    return a_clip(path, 2, width=WIDE, codec="ffv1", pixel_format="yuv420p10le", **options)


def hdr(path: Path) -> Path:
    options = {"x265-params": HDR, "preset": "ultrafast"}
    return a_clip(path, 3, WIDE, WIDE, codec="libx265", pixel_format="yuv420p10le", options=options, **BT2020_PQ)


@pytest.mark.parametrize(
    ("output", "codec"),
    [("o.mp4", "h264"), ("o.mov", "h264"), ("o.mkv", "h264"), ("o.webm", "av1"), ("o.nut", "ffv1")],
)
def test_eight_bits_stay_eight(tmp_path: Path, output: str, codec: str) -> None:
    made = form(a_clip(tmp_path / "x.mp4"), output)
    assert (made.kind, made.codec, made.bits, made.wide) == ("video", codec, 8, False)


@pytest.mark.parametrize(
    ("output", "codec"),
    [("o.mp4", "h265"), ("o.mov", "h265"), ("o.mkv", "h265"), ("o.webm", "av1"), ("o.nut", "ffv1")],
)
def test_ten_bits_stay_ten(tmp_path: Path, output: str, codec: str) -> None:
    made = form(ten_bits(tmp_path / "x.mkv"), output)
    assert (made.codec, made.bits, made.wide) == (codec, 10, True)


def test_where_h265_is_too_narrow_h264_keeps_ten_bits(tmp_path: Path) -> None:
    made = form(a_clip(tmp_path / "x.mkv", 2, codec="ffv1", pixel_format="yuv420p10le"), "o.mp4")
    assert (made.codec, made.bits) == ("h264", 10)


def test_what_is_asked_for_is_taken(tmp_path: Path) -> None:
    source = a_clip(tmp_path / "x.mp4", width=WIDE)
    made = form(source, "o.mov", codec="prores", quality="high")
    assert (made.codec, made.bits, made.encoding and made.encoding.chroma) == ("prores", 10, "422")
    made = form(source, "o.mkv", codec="h265", bits=10, chroma="444", quality=23, preset="fast")
    assert made.encoding is not None
    assert (made.bits, made.wide, made.encoding.chroma, made.encoding.quality) == (10, True, "444", 23)
    assert form(ten_bits(tmp_path / "y.mkv"), "o.mp4", bits=8).codec == "h264"


def test_hdr_keeps_its_words_or_is_refused(tmp_path: Path) -> None:
    source = hdr(tmp_path / "x.mp4")
    made = form(source, "o.mp4")
    assert (made.codec, made.bits) == ("h265", 10)
    assert made.pictures is not None
    assert made.pictures.colour.transfer == "smpte2084"
    assert made.pictures.mastering is not None
    assert made.pictures.light is not None
    with pytest.raises(EncodingImpossible, match="PQ in 8 bits shows bands"):
        form(source, "o.mp4", bits=8)
    with pytest.raises(EncodingImpossible, match="prores has no place for the metadata of HDR10"):
        form(source, "o.mov", codec="prores")


def test_odd_sizes_are_rounded_where_colour_is_halved(tmp_path: Path) -> None:
    source = a_clip(tmp_path / "x.mkv", 2, 33, 35, codec="ffv1", pixel_format="bgr0")
    assert form(source, "o.mp4").size == Size(36, 32)
    assert form(source, "o.mp4").notes[0].startswith("33x35 became 32x36")
    assert form(source, "o.mp4", chroma="444").size == Size(35, 33)
    assert form(source, "o.mkv", codec="ffv1").size == Size(35, 33)


def test_colour_that_is_halved_is_said(tmp_path: Path) -> None:
    source = a_clip(tmp_path / "x.mp4", pixel_format="yuv444p")
    assert form(source, "o.mp4").notes[-1] == "the source keeps colour in 4:4:4, and the result in 4:2:0"
    assert form(source, "o.mp4", chroma="444").notes == ()


@pytest.mark.parametrize(
    ("output", "options", "says"),
    [
        ("o.webm", {"codec": "h264"}, "webm does not hold h264"),
        ("o.mp4", {"codec": "prores"}, "mp4 does not hold prores"),
        ("o.avi", {}, "there is no video container '.avi'"),
        ("o.mp4", {"codec": "mpeg2"}, "there is no video codec 'mpeg2'"),
        ("o.mp4", {"chroma": "411"}, "there is no chroma '411'"),
        ("o.mp4", {"preset": "hasty"}, "there is no preset of h264 'hasty'"),
        ("o.mp4", {"codec": "av1", "quality": "lossless"}, "av1 is not written without loss"),
        ("o.mp4", {"bits": 12}, "h264 has no 12 bit 420"),
        ("o.png", {}, r"is one picture, and .*x\.mp4' has 5 frames"),
        ("o%03d.gif", {}, "there is no picture format '.gif'"),
        ("o%03d.png", {"codec": "h264"}, "codec is for videos, and the result is png"),
        ("x.mp4", {}, "would take the place of its source"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path: Path, output: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(InputInvalid, match=says):
        form(a_clip(tmp_path / "x.mp4"), output, **options)
    assert [path.name for path in tmp_path.iterdir()] == ["x.mp4"]


def test_a_picture_becomes_a_picture(tmp_path: Path) -> None:
    write_image(tmp_path / "x.png", drawn(0).astype(np.uint16) * 257)
    source = tmp_path / "x.png"
    assert form(source, "o.png").bits == 16
    assert form(source, "o.tiff", bits=8).bits == 8
    made = form(source, "o.jpg")
    assert (made.kind, made.codec, made.bits, made.notes) == ("picture", "jpeg", 8, ("jpeg keeps 8 of 16 bits",))
    with pytest.raises(InputInvalid, match=r"is a picture, and .* would be a video"):
        form(source, "o.mp4")
    with pytest.raises(UnknownName):
        form(source, "o.txt")


def test_a_clip_of_one_frame_becomes_either(tmp_path: Path) -> None:
    source = a_clip(tmp_path / "x.mp4", 1)
    assert form(source, "o.png").kind == "picture"
    assert form(source, "o.mp4").kind == "video"


def test_frames_by_number(tmp_path: Path) -> None:
    source = with_sound(tmp_path / "x.mp4")
    made = form(source, "o%04d.png")
    assert (made.kind, made.output.name, made.bits) == ("pictures", "o%04d.png", 8)
    assert made.notes == ("pictures have no sound: that of the source is left out",)
    assert form(source, "frames").output == tmp_path / "frames" / "%06d.png"
    assert form(hdr(tmp_path / "y.mp4"), "frames").notes[0].startswith("png does not say that its colours are PQ")
    uneven = a_clip(tmp_path / "z.mp4", 3, times=[0, 700, 1100])
    assert form(uneven, "frames").notes == ("pictures have no times: those of the source differ from frame to frame",)


@pytest.mark.parametrize("output", ["f%02d.png", "f%d.png"])
def test_frames_by_number_never_lie_over_their_source(tmp_path: Path, output: str) -> None:
    for number in (1, 2):
        write_image(tmp_path / f"f{number:02d}.png", drawn(number))
    with pytest.raises(InputInvalid, match="would take the place of its source"):
        form(tmp_path / "f%02d.png", output)
    assert form(tmp_path / "f%02d.png", "g%02d.png").kind == "pictures"
