"""A header with more boxes is still one: every box around them has grown."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.media.video.declaring import declared
from greenroom.media.video.hdr import ContentLight
from tests.media.video.clips import video
from tests.media.video.test_writing import DISPLAY


def test_boxes_are_read_where_they_were_put(tmp_path: Path) -> None:
    header = video(tmp_path / "x.mov", codec="prores_ks", pixel_format="yuv422p10le", options={"movflags": "faststart"})
    boxes = DISPLAY.in_box() + ContentLight(1000, 400).in_box()
    data = header.read_bytes()
    made = declared(data, boxes)
    assert len(made) == len(data) + len(boxes)
    outer = data.index(b"moov") - 4
    (before,), (after,) = struct.unpack_from(">I", data, outer), struct.unpack_from(">I", made, outer)
    assert after == before + len(boxes)
    with av.open(io.BytesIO(made)) as container:
        assert container.streams.video[0].codec_context.codec_tag == "apch"


def test_light_that_no_box_can_hold_is_the_most_that_it_can() -> None:
    assert ContentLight(70_000, 400).in_box()[-4:] == struct.pack(">2H", 0xFFFF, 400)


@given(data=st.binary(max_size=80))
def test_what_is_no_header_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no box"):
        declared(data, b"")
