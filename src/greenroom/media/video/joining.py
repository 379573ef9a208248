"""Parts of a video, written one by one, joined into one file without being encoded again.

A long job writes each shot as a part, which is whole or absent; after a crash it goes on with the first that is absent.
Frames of parts bear the times that they have in the whole.
"""

from __future__ import annotations

import contextlib
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from greenroom.errors import FileUnreadable, InputInvalid, quoted
from greenroom.media.video.encoding import container_of, part_suffix
from greenroom.media.video.errors import EncodingImpossible
from greenroom.media.video.facts import codec_name, promised_packets
from greenroom.media.video.muxing import Muxer
from greenroom.media.video.opening import BROKEN, opened, picture_stream
from greenroom.media.video.writing import FINEST_RATE, VideoWriter
from greenroom.progress import Step, silent

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from fractions import Fraction

    from av.packet import Packet
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from greenroom.media.video.encoding import Encoding, PictureFormat, VideoCodec
    from greenroom.media.video.facts import VideoFacts

_TRIED = 3  # frames: of fewer, an encoder may tell no times of decoding
_CODECS: dict[str, VideoCodec] = {
    "h264": "h264", "hevc": "h265", "av1": "av1", "prores": "prores", "ffv1": "ffv1",
}  # fmt: skip


def join(
    parts: Sequence[Path], path: Path, *, source: VideoFacts | None = None, step: Step = silent
) -> tuple[str, ...]:
    """Write the pictures of parts, in this order, into one file; their compressed bytes stay as they are.

    source: a video whose sound, subtitles, chapters and metadata are copied. Returns notes on what was lost. Raises
    InputInvalid where parts do not follow each other, EncodingImpossible where they were not encoded alike or the
    container does not hold them, FileUnreadable, OutputUnwritable, and what ``step`` raises.
    """
    if not parts:
        raise InputInvalid("there are no parts to join", mend="name one at least")
    stamps = [_stamps(part) for part in parts]
    kinds = [_kind(part) for part in parts]
    for part, kind in zip(parts, kinds, strict=True):
        if kind != kinds[0]:
            raise EncodingImpossible(
                f"{quoted(part)} was not encoded as {quoted(parts[0])} was", mend="encode all parts alike"
            )
    for (before, after), part in zip(pairwise(stamps), parts[1:], strict=True):
        if after.min() <= before.max():
            raise InputInvalid(f"{quoted(part)} begins before the part ahead of it ends", mend="order parts by time")
    shown = np.concatenate(stamps)
    decoded = _decoding_times(shown)
    muxer = Muxer(path, container_of(path.suffix, kinds[0].codec), kinds[0].time_base, source)
    with muxer:
        stream = _begun(muxer, parts[0], source)
        for number, packet in enumerate(_packets(parts)):
            step("joining", number, len(shown))
            scale = packet.time_base / kinds[0].time_base
            packet.duration = round((packet.duration or 0) * scale)
            packet.pts, packet.dts = int(shown[number]), int(decoded[number])
            packet.time_base = kinds[0].time_base
            packet.stream = stream
            muxer.write(packet)
    return muxer.notes


def require_joinable(
    path: Path, pictures: PictureFormat, encoding: Encoding, source: VideoFacts | None = None
) -> tuple[str, ...]:
    """Try whether parts of this kind can be joined under this name, with all that comes from the source.

    For a look before long work: a few black frames are encoded in a temporary folder, and a header is written there.
    Gives the notes that ``join`` will give, as far as a header tells. Raises EncodingImpossible, UnknownName,
    FileUnreadable, OutputUnwritable.
    """
    container = container_of(path.suffix, encoding.codec)
    with TemporaryDirectory() as folder:
        part = Path(folder) / f"part{part_suffix(encoding.codec)}"
        step = max(1, round(1 / (pictures.rate * pictures.time_base))) * pictures.time_base
        black = np.zeros((pictures.height, pictures.width, 3), np.uint16 if encoding.bit_depth > 8 else np.uint8)
        with VideoWriter(part, pictures, encoding) as out:
            for number in range(_TRIED):
                out.write(black, number * step, step)
        muxer = Muxer(Path(folder) / f"whole{path.suffix}", container, _kind(part).time_base, source)
        with contextlib.suppress(_Tried), muxer:
            _begun(muxer, part, source)
            raise _Tried
    return muxer.notes


class _Tried(Exception):
    pass


def _begun(muxer: Muxer, part: Path, source: VideoFacts | None) -> VideoStream:
    """The stream of pictures of a file whose header is written, as a part of it tells."""
    with opened(part) as first:
        template = picture_stream(first, part)
        stream = muxer.copied_stream(template)
        if source is not None:  # a part's is about right, and differs with what is in it
            rate = source.timeline.constant or source.timeline.average
            stream.codec_context.framerate = rate.limit_denominator(FINEST_RATE)
        muxer.begin()
    return stream


class _Kind(NamedTuple):
    codec: VideoCodec
    width: int
    height: int
    pixel_format: str | None
    header: bytes | None
    time_base: Fraction


def _kind(part: Path) -> _Kind:
    with opened(part) as container:
        stream = picture_stream(container, part)
        context = stream.codec_context
        if codec_name(stream) not in _CODECS or stream.time_base is None:
            raise EncodingImpossible(f"{quoted(part)} is no part: it is {codec_name(stream)}", mend="encode it again")
        return _Kind(
            _CODECS[codec_name(stream)],
            context.width,
            context.height,
            context.pix_fmt,
            context.extradata,
            stream.time_base,
        )


def _packets(parts: Sequence[Path]) -> Iterator[Packet[VideoStream]]:
    for part in parts:
        with opened(part) as container:
            try:
                yield from (packet for packet in container.demux(picture_stream(container, part)) if packet.size)
            except BROKEN as error:
                raise FileUnreadable(
                    f"the part {quoted(part)} is damaged", mend="remove it, and write it again"
                ) from error


def _stamps(part: Path) -> NDArray[np.int64]:
    """When the frames of a part are shown, in the order of its packets."""
    stamps = [packet.pts for packet in _packets([part])]
    with opened(part) as container:
        promised = promised_packets(container, picture_stream(container, part))
    if not stamps or None in stamps or len(stamps) < promised:
        raise FileUnreadable(f"the part {quoted(part)} is not whole", mend="remove it, and write it again")
    return np.array(stamps, np.int64)


def _decoding_times(shown: NDArray[np.int64]) -> NDArray[np.int64]:
    """When each packet has to be decoded, so that none is shown before: they only grow, also from part to part.

    shown: times in the order of packets. A packet's time of decoding is the time at which the frame a few places ahead
    is shown: as many as the one that is moved furthest ahead. Encoders do the same, each part for itself.
    """
    order = np.sort(shown)
    rank = np.searchsorted(order, shown)
    delay = int((np.arange(len(shown)) - rank).max())
    step = int(order[1] - order[0]) if len(order) > 1 else 1
    ahead = order[0] - step * np.arange(delay, 0, -1)
    return np.concatenate([ahead, order])[: len(shown)]
