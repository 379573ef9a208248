"""What comes with pictures: sound, subtitles, chapters and names, copied from one file into another as they are."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from av.audio.stream import AudioStream
from av.stream import Disposition

from greenroom.errors import quoted
from greenroom.media.video.facts import Chapter, VideoFacts, codec_name
from greenroom.media.video.opening import BROKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import Chapter as ContainerChapter
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.stream import Stream

_TIMECODE_NAME = "timecode"
# Of the file that was read, and not true of another.
_OF_THE_FILE = (
    "major_brand", "minor_version", "compatible_brands", "encoder", "duration", "rotate", _TIMECODE_NAME,
)  # fmt: skip
_TIMECODE = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}([:;.])([0-9]{2})")
# What players of a container know; of Matroska whatever FFmpeg puts there.
_HELD: dict[str, tuple[str, ...]] = {
    "mp4": ("aac", "mp3", "ac3", "eac3", "alac", "flac", "opus", "mov_text"),
    "mov": ("aac", "mp3", "ac3", "eac3", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "mov_text"),
    "webm": ("opus", "vorbis", "webvtt"),
}
LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
# What is made of sound that a container cannot hold, and its bits a second for each channel.
_AUDIO_CODECS = {"webm": ("libopus", 48_000)}
_USUAL_AUDIO = ("aac", None)
_BITS_A_CHANNEL = 96_000
_MILLISECOND = Fraction(1, 1000)


class Tracks:
    """Copies everything but the pictures from one open file into another, a stretch of time at a go.

    notes: sentences on what could not be copied as it was.
    """

    def __init__(
        self, source: InputContainer, facts: VideoFacts, target: OutputContainer, *, sound: bool = True
    ) -> None:
        """Adds the streams to the target, whose header must not be written yet. sound: copy it as well."""
        self.notes: list[str] = []
        self._path = facts.path
        self._origin = facts.origin
        self._container = target.format.name
        self._copied: dict[int, Stream] = {}
        self._encoded: dict[int, _Reencoded] = {}
        kinds = {track.index: track.kind for track in facts.tracks}
        for stream in source.streams:
            if stream.index in kinds and (sound or kinds[stream.index] != "audio"):
                self._add(stream, kinds[stream.index], target)
        self._copy_names(source, facts, target)
        wanted = [stream for stream in source.streams if stream.index in {*self._copied, *self._encoded}]
        self._packets = source.demux(wanted) if wanted else iter(())
        self._decoded_at: dict[int, int] = {}
        self._waiting: Packet[Any] | None = None
        self._target = target

    def _add(self, stream: Stream, kind: str, target: OutputContainer) -> None:
        name = codec_name(stream)
        fits = kind != "attachment" or self._container == "matroska"
        if kind == "data" and _TIMECODE_NAME in stream.metadata:
            return  # a new one is made, with the names of the file
        if kind in ("cover", "data") or not fits:
            self.notes.append(f"the {kind} track {stream.index} ({name}) is left out")
            return
        copy = self._copy_of(stream, target)
        if copy is None:
            if isinstance(stream, AudioStream):
                self._encoded[stream.index] = _Reencoded(stream, target, self.notes)
            else:
                self.notes.append(f"{self._container} holds no {name}: the {kind} track {stream.index} is left out")
            return
        copy.metadata.update(stream.metadata)
        copy.disposition = stream.disposition & ~Disposition.attached_pic
        if kind != "attachment":  # those stand in the header, and have no packets
            self._copied[stream.index] = copy

    def _copy_of(self, stream: Stream, target: OutputContainer) -> Stream | None:
        """A stream that takes the packets of another as they are; None where the container has no place for them."""
        if stream.type != "attachment" and codec_name(stream) not in _HELD.get(self._container, (codec_name(stream),)):
            return None
        try:
            return target.add_stream_from_template(stream, opaque=True)
        except ValueError:
            return None

    def copy_until(self, time: Fraction | None) -> None:
        """Write what begins before ``time`` (seconds from the first moment); everything that is left where None."""
        while True:
            packet = self._next() if self._waiting is None else self._waiting
            self._waiting = packet
            if packet is None or (time is not None and self._begins(packet) > time):
                return
            self._waiting = None
            self._write(packet)

    def finish(self) -> None:
        """Write what is left."""
        self.copy_until(None)
        for encoded in self._encoded.values():
            self._target.mux(encoded.rest())

    def _next(self) -> Packet[Any] | None:
        try:
            return next((packet for packet in self._packets if packet.size), None)
        except BROKEN:
            # What there is of a file that was cut off is kept; the reader of its pictures says the same.
            self.notes.append(f"{quoted(self._path)} breaks off, and with it what was copied from it")
            self._packets = iter(())
            return None

    def _begins(self, packet: Packet[Any]) -> Fraction:
        stamp = packet.dts if packet.dts is not None else packet.pts
        return (stamp or 0) * packet.time_base - self._origin

    def _write(self, packet: Packet[Any]) -> None:
        index = packet.stream.index
        if index in self._encoded:
            self._target.mux(self._encoded[index].encoded(packet, self._origin))
            return
        # A run-up that nobody hears has a time before 0; Matroska would move everything else for it.
        if packet.is_discard and self._container in ("matroska", "webm"):
            return
        shift = round(self._origin / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts - shift
        packet.dts = None if packet.dts is None else packet.dts - shift
        # Of a source whose clock jumps back, what FFmpeg would refuse is left out.
        stamp = packet.dts if packet.dts is not None else packet.pts
        if stamp is None or stamp < self._decoded_at.get(index, stamp):
            return
        self._decoded_at[index] = stamp
        packet.stream = self._copied[index]
        self._target.mux(packet)

    def _copy_names(self, source: InputContainer, facts: VideoFacts, target: OutputContainer) -> None:
        # An MXF says nothing else than how it was made.
        given = {} if facts.container == "mxf" else source.metadata
        target.metadata.update({name: text for name, text in given.items() if name.lower() not in _OF_THE_FILE})
        if facts.chapters:
            target.set_chapters(list(_chapters(facts.chapters, facts.origin)))
        timecode = _timecode(source)
        if not timecode:
            return
        # FFmpeg makes a track of it in an MP4 or MOV, and gives up the whole file where it cannot.
        if self._container not in ("mp4", "mov") or _keeps_timecode(timecode, facts):
            target.metadata[_TIMECODE_NAME] = timecode
        else:
            rate = (
                "of a rate that varies" if facts.timeline.constant is None else f"at {facts.timeline.constant} a second"
            )
            self.notes.append(f"{self._container} does not keep the timecode {timecode} of frames {rate}")


def _timecode(source: InputContainer) -> str:
    """What the first frame's moment is called, by the file or by its pictures."""
    for metadata in (source.metadata, *(stream.metadata for stream in source.streams.video)):
        for name, text in metadata.items():
            if name.lower() == _TIMECODE_NAME:
                return text
    return ""


def new_sound(target: OutputContainer, rate: int, channels: int) -> Any:
    """A stream of sound that a container's players know, AAC or Opus, to be encoded.

    PyAV types a stream by the codec's name where that is a literal; here it comes from a table.
    """
    codec, only_rate = _AUDIO_CODECS.get(target.format.name, _USUAL_AUDIO)
    # AVI and others count channels and do not say where they are.
    made: Any = target.add_stream(codec, rate=only_rate or rate, layout=LAYOUTS.get(channels, "stereo"))
    made.bit_rate = _BITS_A_CHANNEL * channels
    return made


class _Reencoded:
    """A sound track in another codec, since the container has no place for its own."""

    def __init__(self, stream: AudioStream, target: OutputContainer, notes: list[str]) -> None:
        self._source = stream
        self._made = new_sound(target, stream.rate, stream.codec_context.channels)
        self._made.metadata.update(stream.metadata)
        self._made.disposition = stream.disposition
        notes.append(
            f"{target.format.name} holds no {codec_name(stream)}: "
            f"the sound of track {stream.index} is encoded again, as {self._made.codec.canonical_name}"
        )

    def encoded(self, packet: Packet[Any] | None, origin: Fraction) -> list[Packet[Any]]:
        """What becomes of a packet; None is the end."""
        made: list[Packet[Any]] = []
        for frame in self._decoded(packet):
            if frame.pts is not None and frame.time_base is not None:
                frame.pts -= round(origin / frame.time_base)
            made += self._made.encode(frame)
        return made

    def _decoded(self, packet: Packet[Any] | None) -> list[av.AudioFrame]:
        try:
            return self._source.decode(packet)
        except av.error.InvalidDataError:
            return []  # players leave a packet out that does not decode, too

    def rest(self) -> list[Packet[Any]]:
        """What the encoder still holds."""
        return [*self.encoded(None, Fraction(0)), *self._made.encode(None)]


def _keeps_timecode(text: str, facts: VideoFacts) -> bool:
    """Whether an MP4 or MOV takes a timecode: it counts frames, and drops numbers (;) at NTSC's rates alone."""
    rate, found = facts.timeline.constant, _TIMECODE.fullmatch(text)
    if rate is None or found is None or int(found[2]) >= rate:
        return False
    return found[1] == ":" or (rate.numerator % 30_000 == 0 and rate.denominator == 1001)


def _chapters(chapters: tuple[Chapter, ...], origin: Fraction) -> Iterator[ContainerChapter]:
    for number, chapter in enumerate(chapters):
        yield {
            "id": number + 1,
            "start": round((chapter.start - origin) / _MILLISECOND),
            "end": round((chapter.end - origin) / _MILLISECOND),
            "time_base": _MILLISECOND,
            "metadata": {"title": chapter.title} if chapter.title else {},
        }
