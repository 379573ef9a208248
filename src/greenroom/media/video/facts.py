"""What a video is: read from its container, its first frame and the times of all its packets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from av.stream import Disposition
from av.video.reformatter import ColorRange

from greenroom.errors import FileUnreadable, quoted
from greenroom.media.video import orientation
from greenroom.media.video.colour import Colour, colour_of
from greenroom.media.video.hdr import ContentLight, MasteringDisplay
from greenroom.media.video.opening import BROKEN, opened, picture_stream
from greenroom.media.video.timeline import REORDERED, Timeline, counted, repaired
from greenroom.media.video.wholeness import ending_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.format import VideoFormat
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from greenroom.media.video.orientation import Orientation

TrackKind = Literal["audio", "subtitle", "cover", "attachment", "data"]

# Their clocks begin anywhere; players show the first moment as 0.
_FREE_CLOCKS = ("mpegts", "mpeg")
_DYNAMIC = {
    "DYNAMIC_HDR_PLUS": "HDR10+ metadata of each scene",
    "DOVI_METADATA": "Dolby Vision metadata",
    "DOVI_RPU_BUFFER": "Dolby Vision metadata",
    "DYNAMIC_HDR_VIVID": "HDR Vivid metadata",
}
_CODECS = {"libdav1d": "av1", "libaom-av1": "av1", "libvpx": "vp8", "libvpx-vp9": "vp9", "mp3float": "mp3"}
_USUAL_RATE = Fraction(25)
_DURATION = re.compile(r"([0-9]+):([0-9]{2}):([0-9]{2}(?:\.[0-9]+)?)")
# AVI has no times of frames, and these codecs store them in another order than they are shown.
_UNTIMED, _UNORDERED = "avi", ("h264", "hevc")
_PROGRESSIVE = (0, 1)  # AVFieldOrder: unknown, progressive


@dataclass(frozen=True, slots=True)
class Track:
    """Something besides the pictures. index: of the stream in its file."""

    index: int
    kind: TrackKind
    codec: str
    language: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Chapter:
    """A named part of a video; times in seconds."""

    title: str
    start: Fraction
    end: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class VideoFacts:
    """What a video is.

    width and height: of what is shown, after rotation, in pixels; sample_aspect: how much wider than high such a pixel
    is.  colour: as tagged, or as guessed where notes say so.  origin: what the container calls the first moment, in
    seconds; the times of frames are counted from there.  timeline: as in the container.
    counted: packets do not tell when they are shown; the times of frames follow from their order.  missing: frames that
    the header promises and the file does not hold.  notes: sentences on what was guessed, repaired, or will be lost.
    """

    path: Path
    container: str
    codec: str
    width: int
    height: int
    orientation: Orientation
    sample_aspect: Fraction
    pixel_format: str
    bit_depth: int
    alpha: bool
    colour: Colour
    mastering: MasteringDisplay | None
    light: ContentLight | None
    interlaced: bool
    timeline: Timeline
    origin: Fraction
    seekable: bool
    counted: bool
    missing: int
    tracks: tuple[Track, ...]
    chapters: tuple[Chapter, ...]
    metadata: dict[str, str]
    notes: tuple[str, ...]

    @property
    def frames(self) -> int:
        """How many there are."""
        return len(self.timeline)

    def time(self, frame: int) -> Fraction:
        """When a frame begins, in seconds from the file's first moment."""
        return self.timeline.time(frame) - self.origin


def read_facts(path: Path) -> VideoFacts:
    """The facts of a video file; every packet is looked at, and as a rule only the first frame is decoded.

    Raises FileUnreadable where there is no such file, no video in it, or not one frame that decodes.
    """
    with opened(path) as container:
        stream = picture_stream(container, path)
        scanned = _scan(container, stream)
    with opened(path) as container:
        stream = picture_stream(container, path)
        first = _first_frame(container, stream, path)
        # A broadcast may hold two packets for the two fields of each frame.
        if scanned is None or (first.interlaced_frame and _has_free_clock(container)):
            scanned = _scan_decoded(path)
        return _facts(container, stream, first, scanned, path)


class _Scan(NamedTuple):
    stated: list[int | None]
    last_duration: int
    missing: int
    counted: bool = False


def _scan(container: InputContainer, stream: VideoStream) -> _Scan | None:
    """The times of all frames by their packets; None where those do not tell, and frames have to be decoded."""
    if container.format.name == _UNTIMED and codec_name(stream) in _UNORDERED:
        return None
    times: list[tuple[int, int]] = []
    packets, begun, first_key = 0, False, 0
    try:
        for packet in container.demux(stream):
            if not packet.size:
                continue
            packets += 1
            if packet.pts is None:
                return None
            if not begun and packet.is_keyframe:
                begun, first_key = True, packet.pts
            # Nothing is shown before the first keyframe, of what an edit list cuts off, and of a hidden packet.
            if begun and packet.pts >= first_key and not packet.is_discard and not _is_hidden(packet, stream):
                times.append((packet.pts, packet.duration or 0))
    except BROKEN:
        pass  # the file breaks off; what was promised is missing
    if not times:
        return None
    times.sort()
    return _Scan([pts for pts, _ in times], times[-1][1], max(0, promised_packets(container, stream) - packets))


def promised_packets(container: InputContainer, stream: VideoStream) -> int:
    """How many packets the table of an MP4 lists, without those that an edit list cuts off; 0 for other containers."""
    return len(stream.index_entries) if "mp4" in container.format.name else 0


def _is_hidden(packet: Packet[VideoStream], stream: VideoStream) -> bool:
    """Whether a packet is decoded and never shown: VP8 has such, with a bit that says so."""
    return codec_name(stream) == "vp8" and not bytes(packet)[0] >> 4 & 1


def _scan_decoded(path: Path) -> _Scan:
    stated: list[int | None] = []
    duration = 0
    with opened(path) as container:
        stream = picture_stream(container, path)
        stream.thread_type = "AUTO"
        try:
            for frame in container.decode(stream):
                stated.append(frame.pts)
                duration = frame.duration
        except BROKEN:
            pass  # whoever reads the frames is told
        untimed, first = container.format.name == _UNTIMED, stream.start_time or 0
    times = [time for time in stated if time is not None]
    if not untimed or not times or (len(times) == len(stated) and times == sorted(set(times))):
        return _Scan(stated, duration, 0)
    return _Scan([*counted(times, first)], duration, 0, counted=True)


def _first_frame(container: InputContainer, stream: VideoStream, path: Path) -> VideoFrame:
    try:
        for frame in container.decode(stream):
            return frame
    except BROKEN as error:
        raise FileUnreadable(
            f"{quoted(path)} holds video that does not decode", mend="copy or download it again"
        ) from error
    raise FileUnreadable(f"{quoted(path)} has a video track without a single frame", mend="record or export it again")


def _facts(container: InputContainer, stream: VideoStream, first: VideoFrame, scanned: _Scan, path: Path) -> VideoFacts:
    notes: list[str] = []
    turned, mastering, light = _side_data(first, codec_name(stream), notes)
    colour, guessed = colour_of(first, is_rgb=holds_rgb(first), lines=first.height)
    if guessed:
        notes.append(f"no {', '.join(guessed)} tagged: {colour.matrix} is taken, as is usual for {first.height} lines")
    timeline = _timeline(stream, scanned, notes)
    aspect = stream.sample_aspect_ratio or Fraction(1)
    width, height = (first.height, first.width) if turned.transposed else (first.width, first.height)
    interlaced = first.interlaced_frame or stream.codec_context.field_order not in _PROGRESSIVE
    if interlaced:
        notes.append("the video is interlaced: its frames hold lines of two moments")
    if scanned.counted:
        notes.append("its frames have no time of their own in the file: they are counted")
    missing = scanned.missing or _cut_off(container, stream, timeline, path, notes)
    if missing:
        notes.append(f"the file breaks off: {missing} frames that it promises are not there")
    if alpha := _tags_alpha(stream):
        notes.append("its alpha lies beside its pictures, and is not read")
    return VideoFacts(
        path=path,
        container=container.format.name,
        codec=codec_name(stream),
        width=width,
        height=height,
        orientation=turned,
        sample_aspect=1 / aspect if turned.transposed else aspect,
        pixel_format=first.format.name,
        bit_depth=max(part.bits for part in first.format.components),
        alpha=has_alpha(first.format) or alpha,
        colour=colour,
        mastering=mastering,
        light=light,
        interlaced=interlaced,
        timeline=timeline,
        origin=_origin(container, timeline),
        seekable=not scanned.counted and scanned.stated == list(timeline.ticks),
        counted=scanned.counted,
        missing=missing,
        tracks=tuple(_tracks(container, stream)),
        chapters=_chapters(container),
        metadata=dict(container.metadata),
        notes=tuple(notes),
    )


def _cut_off(container: InputContainer, stream: VideoStream, timeline: Timeline, path: Path, notes: list[str]) -> int:
    """About how many frames are absent of a file whose header says that it is longer."""
    ending = ending_of(path, container.format.name)
    if ending == "unknown":
        notes.append("its header does not say how long the file is: whether it is whole cannot be told")
    if ending != "cut":
        return 0
    if container.format.name in _FREE_CLOCKS:
        notes.append("the file ends within a packet: it may have been cut off there")
        return 0
    stated = _stated_end(container, stream)
    if stated is None:
        return 1
    steps = np.diff(timeline.ticks)
    usual = int(np.median(steps)) if len(steps) else timeline.end - int(timeline.ticks[0])
    behind = round((stated / timeline.time_base - timeline.end) / usual)
    # Frames lie in another order than they are shown: of those around the end, some may be absent before the last.
    absent = max(0, behind) + int((np.rint(steps[-REORDERED:] / usual) - 1).clip(0).sum())
    if not absent:
        notes.append("the file is shorter than its header says, but its last frame is there")
    return absent


def _stated_end(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """When the pictures end by what the header says, in seconds: AVI counts them, Matroska has a tag for each track."""
    if container.format.name == "avi" and stream.time_base is not None:
        return stream.frames * stream.time_base
    tagged = _DURATION.fullmatch(stream.metadata.get("DURATION", ""))
    if tagged:
        hours, minutes, seconds = tagged.groups()
        return 3600 * int(hours) + 60 * int(minutes) + Fraction(seconds)
    return Fraction(container.duration, 1_000_000) if container.duration else None


def _tags_alpha(stream: VideoStream) -> bool:
    """Whether WebM keeps transparency beside the pictures of VP8 and VP9, as others that their decoders do not see."""
    return {name.lower(): value for name, value in stream.metadata.items()}.get("alpha_mode") == "1"


def holds_rgb(frame: VideoFrame) -> bool:
    """Whether pixels are red, green and blue, an index into a table of such, or grey from black to white."""
    name = frame.format.name
    grey = name.startswith(("gray", "ya", "mono")) and frame.color_range != ColorRange.MPEG
    return frame.format.is_rgb or name == "pal8" or grey


def has_alpha(form: VideoFormat) -> bool:
    """Whether pixels say how far they are seen through."""
    return any(part.is_alpha for part in form.components) or form.name == "pal8"


def _side_data(
    first: VideoFrame, codec: str, notes: list[str]
) -> tuple[Orientation, MasteringDisplay | None, ContentLight | None]:
    # PNG gives a colour profile with its name, which PyAV 18 frees twice, and the process dies of it.
    if codec in ("png", "apng"):
        return orientation.of_turn(first.rotation), None, None
    try:
        listed: Any = first.side_data  # a mapping that iterates over its values, unlike what its stub says
        found = {data.type.name: bytes(data) for data in listed}
    except ValueError:
        # PyAV 18 cannot list side data when one is of a kind that it does not name; the turn it tells still.
        return orientation.of_turn(first.rotation), None, None
    notes.extend(f"{what} will not be carried over" for name, what in _DYNAMIC.items() if name in found)
    matrix = found.get("DISPLAYMATRIX")
    mastering = found.get("MASTERING_DISPLAY_METADATA")
    light = found.get("CONTENT_LIGHT_LEVEL")
    return (
        orientation.of_matrix(matrix) if matrix else orientation.UPRIGHT,
        MasteringDisplay.parsed(mastering) if mastering else None,
        ContentLight.parsed(light) if light else None,
    )


def _timeline(stream: VideoStream, scanned: _Scan, notes: list[str]) -> Timeline:
    assert stream.time_base is not None  # noqa: S101 - FFmpeg gives every stream one
    rate = stream.average_rate or stream.guessed_rate or _USUAL_RATE
    step = max(1, round(1 / (rate * stream.time_base)))
    ticks, made = repaired(scanned.stated, step)
    if made:
        notes.append(f"{made} frames have no time of their own in the file, and were given one")
    # A last frame without a length is shown as long as the one before it.
    length = scanned.last_duration or (ticks[-1] - ticks[-2] if len(ticks) > 1 else step)
    return Timeline(stream.time_base, np.array(ticks, np.int64), ticks[-1] + length, stream.average_rate)


def _origin(container: InputContainer, timeline: Timeline) -> Fraction:
    """The container's first moment, as a whole number of the pictures' own ticks."""
    starts = [
        stream.start_time * stream.time_base
        for stream in (*container.streams.video, *container.streams.audio)
        if stream.start_time is not None and stream.time_base is not None
    ]
    first, base = min([*starts, timeline.time(0)]), timeline.time_base
    if first >= 0 and not _has_free_clock(container):
        return Fraction(0)
    return first // base * base


def _has_free_clock(container: InputContainer) -> bool:
    return container.format.name in _FREE_CLOCKS


def _tracks(container: InputContainer, pictures: VideoStream) -> Iterator[Track]:
    for stream in container.streams:
        # MOV keeps the names of chapters as a track, which FFmpeg tells as chapters besides.
        of_chapters = stream.type == "data" and codec_name(stream) == "bin_data" and container.chapters()
        if stream.index != pictures.index and not of_chapters:
            yield _track(stream)


def _track(stream: Stream) -> Track:
    kind: TrackKind = "data"
    if stream.disposition & Disposition.attached_pic or stream.type == "video":
        kind = "cover"
    elif stream.type == "attachment" or (stream.type in ("audio", "subtitle") and not is_unknown(stream)):
        kind = stream.type
    codec = codec_name(stream)
    language = stream.metadata.get("language", "").replace("und", "")  # MP4's word for none
    return Track(stream.index, kind, codec, language, stream.metadata.get("title", ""))


def codec_name(stream: Stream) -> str:
    """The name of a stream's codec, whichever library decodes it."""
    if is_unknown(stream):
        return getattr(stream, "name", None) or "unknown"
    return _CODECS.get(stream.codec_context.name, stream.codec_context.name)


def is_unknown(stream: Stream) -> bool:
    """Whether FFmpeg has no decoder for a stream, as for attachments and data."""
    context: Any = stream.codec_context  # PyAV's stub says that it is always there
    return context is None


def _chapters(container: InputContainer) -> tuple[Chapter, ...]:
    return tuple(
        Chapter(one["metadata"].get("title", ""), one["start"] * one["time_base"], one["end"] * one["time_base"])
        for one in container.chapters()
        if one["time_base"]
    )
