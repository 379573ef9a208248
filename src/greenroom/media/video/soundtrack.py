"""A video with other sound: its pictures are copied as they are."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from greenroom.errors import FileUnreadable, InputInvalid, quoted
from greenroom.media.video.encoding import container_named
from greenroom.media.video.errors import EncodingImpossible
from greenroom.media.video.muxing import Muxer
from greenroom.media.video.opening import BROKEN, opened, picture_stream
from greenroom.media.video.tracks import LAYOUTS, new_sound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.packet import Packet
    from av.video.stream import VideoStream

    from greenroom.media.audio import Audio
    from greenroom.media.video.facts import VideoFacts

_PIECE = 1 << 14  # samples


def replace_sound(source: VideoFacts, sound: Audio, path: Path) -> tuple[str, ...]:
    """Write a video with other sound, from its first moment on; pictures keep their bytes, times and rotation.

    Subtitles, chapters and metadata are copied; the sound becomes AAC, or Opus in WebM. Returns notes on what was lost.
    Raises InputInvalid, UnknownName, EncodingImpossible where the container does not hold the pictures, FileUnreadable
    where the source breaks off, OutputUnwritable.
    """
    if len(sound.samples) not in LAYOUTS:
        raise InputInvalid(f"the sound has {len(sound.samples)} channels", mend="mix it down to one or two")
    muxer = Muxer(path, container_named(path.suffix), source.timeline.time_base, source, sound=False)
    with muxer, opened(source.path) as container:
        stream = picture_stream(container, source.path)
        try:
            pictures = muxer.copied_stream(stream)
        except ValueError as error:
            raise EncodingImpossible(
                f"{path.suffix} does not hold {source.codec}", mend="name the file .mkv, or encode the pictures again"
            ) from error
        heard = new_sound(muxer.container, sound.rate, len(sound.samples))
        muxer.begin()
        pieces = _pieces(sound)
        done = Fraction(0)
        for packet in _moved(container.demux(stream), source):
            while done <= (packet.dts or packet.pts or 0) * packet.time_base:
                piece = next(pieces, None)
                if piece is None:
                    break
                muxer.write_sound(heard.encode(piece))
                done = Fraction((piece.pts or 0) + piece.samples, sound.rate)
            packet.stream = pictures
            muxer.write(packet)
        for piece in pieces:
            muxer.write_sound(heard.encode(piece))
        muxer.write_sound(heard.encode(None))
    return muxer.notes


def _moved(packets: Iterator[Packet[VideoStream]], source: VideoFacts) -> Iterator[Packet[VideoStream]]:
    """Packets with times that count from the first moment."""
    try:
        for packet in packets:
            if packet.size:
                shift = round(source.origin / packet.time_base)
                packet.pts = None if packet.pts is None else packet.pts - shift
                packet.dts = None if packet.dts is None else packet.dts - shift
                yield packet
    except BROKEN as error:
        raise FileUnreadable(f"{quoted(source.path)} breaks off", mend="copy or download it again") from error


def _pieces(sound: Audio) -> Iterator[av.AudioFrame]:
    samples: Any = np.ascontiguousarray(sound.samples, np.float32)
    layout = LAYOUTS[len(samples)]
    for start in range(0, samples.shape[1], _PIECE):
        piece = np.ascontiguousarray(samples[:, start : start + _PIECE])
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
        frame.sample_rate, frame.pts, frame.time_base = sound.rate, start, Fraction(1, sound.rate)
        yield frame
