"""How a result is written: what was asked for, and for the rest what fits the source and the name of the output."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from greenroom.errors import InputInvalid, UnknownName, quoted
from greenroom.media.video.encoding import CODECS, Encoding, PictureFormat, container_named, container_of
from greenroom.media.video.errors import EncodingImpossible
from greenroom.media.video.images import IMAGE_SUFFIXES
from greenroom.media.video.sequences import is_pattern
from greenroom.media.video.writing import VideoWriter
from greenroom.models.seedvr2.frames.sizes import Size, Steps, wanted_size
from greenroom.models.seedvr2.restoring.targets import is_numbered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from greenroom.media.video.encoding import Chroma, Quality, VideoCodec
    from greenroom.media.video.images import ImageFormat
    from greenroom.models.seedvr2.restoring.restored import Kind
    from greenroom.models.seedvr2.restoring.restorer import Wanted
    from greenroom.models.seedvr2.restoring.sources import Source
    from greenroom.recipes.inputs.seedvr2 import RestoreInputs

_NUMBERED = "%06d.png"
_EIGHT = 8
_WIDE_FORMS = ("png", "tiff")
# h264 plays everywhere; ten bits of it do not, and h265's do.
_FOR_EIGHT: tuple[VideoCodec, ...] = ("h264", "h265", "av1", "ffv1", "prores")
_FOR_MORE: tuple[VideoCodec, ...] = ("h265", "h264", "av1", "ffv1", "prores")
_NARROWEST_H265 = 64  # pixels: its encoder takes no narrower pictures
_STEPS: dict[Chroma, Steps] = {"420": Steps(2, 2), "422": Steps(1, 2), "444": Steps(), "rgb": Steps()}


@dataclass(frozen=True, slots=True)
class Form:
    """What a result is.

    output: the file, or the pattern of pictures by number.  size: of its frames.  wide: they have 16 bits, and not 8.
    encoding, pictures: of a video.  image: the format of pictures.  notes: sentences on what is not as it was.
    """

    kind: Kind
    output: Path
    size: Size
    wide: bool
    encoding: Encoding | None = None
    pictures: PictureFormat | None = None
    image: ImageFormat | None = None
    notes: tuple[str, ...] = ()

    @property
    def codec(self) -> str:
        """Of a video, or the format of pictures."""
        return self.encoding.codec if self.encoding else str(self.image)

    @property
    def bits(self) -> int:
        """Of each colour."""
        return self.encoding.bit_depth if self.encoding else 16 if self.wide else _EIGHT


def form_of(source: Source, inputs: RestoreInputs, wanted: Wanted) -> Form:
    """What a source becomes.

    Raises InputInvalid, UnknownName, SizeImpossible, and EncodingImpossible with what would be possible.
    """
    _refuse_own(source, wanted.output)
    if is_numbered(wanted.output) or wanted.output.suffix.lower() in IMAGE_SUFFIXES:
        return _pictures(source, inputs, wanted)
    container_named(wanted.output.suffix)
    if source.kind == "picture":
        raise InputInvalid(
            f"{quoted(source.path)} is a picture, and {quoted(wanted.output)} would be a video",
            mend="name the output as a picture: .png, .tiff, .webp or .jpg",
        )
    return _video(source, inputs, wanted)


def _pictures(source: Source, inputs: RestoreInputs, wanted: Wanted) -> Form:
    numbered = is_numbered(wanted.output)
    output = wanted.output if is_pattern(wanted.output) or not numbered else wanted.output / _NUMBERED
    form = IMAGE_SUFFIXES.get(output.suffix.lower())
    if form is None:
        raise UnknownName("picture format", output.suffix, IMAGE_SUFFIXES)
    if not numbered and source.frames > 1:
        raise InputInvalid(
            f"{quoted(output)} is one picture, and {quoted(source.path)} has {source.frames:,} frames",
            mend=f"name pictures by number: {output.stem}%05d{output.suffix}; or name a video",
        )
    for name in ("codec", "quality", "preset", "chroma"):
        if getattr(wanted, name) is not None:
            raise InputInvalid(f"{name} is for videos, and the result is {form}", mend=f"leave {name} out")
    wide = form in _WIDE_FORMS and (source.bits if wanted.bits is None else wanted.bits) > _EIGHT
    size, notes = wanted_size(source.size, inputs, Steps())
    kind: Kind = "pictures" if numbered else "picture"
    return Form(kind, output, size, wide, image=form, notes=(*notes, *_lost_in_pictures(source, form, wide=wide)))


def _lost_in_pictures(source: Source, form: ImageFormat, *, wide: bool) -> Iterator[str]:
    if source.bits > _EIGHT and not wide and form not in _WIDE_FORMS:
        yield f"{form} keeps 8 of {source.bits} bits"
    facts = source.facts
    if facts is None:
        return
    if facts.colour.dynamic_range != "sdr":
        light = facts.colour.dynamic_range.upper()
        yield f"{form} does not say that its colours are {light}: whoever reads it must know"
    if any(track.kind == "audio" for track in facts.tracks):
        yield "pictures have no sound: that of the source is left out"
    if len(facts.timeline) > 1 and facts.timeline.constant is None:
        yield "pictures have no times: those of the source differ from frame to frame"


def _video(source: Source, inputs: RestoreInputs, wanted: Wanted) -> Form:
    suffix = wanted.output.suffix
    free, _ = wanted_size(source.size, inputs, Steps())
    codec = wanted.codec or _codec(source, wanted, free)
    if codec not in CODECS:
        raise UnknownName("video codec", codec, CODECS)
    container_of(suffix, codec)
    chroma = wanted.chroma or _chroma(codec)
    if chroma not in _STEPS:
        raise UnknownName("chroma", chroma, _STEPS)
    size, notes = wanted_size(source.size, inputs, _STEPS[chroma])
    quality: Quality | int = "good" if wanted.quality is None else wanted.quality
    encoding = Encoding(codec, quality, wanted.preset, wanted.bits or _bits(source, codec), chroma)
    pictures = _format(source, size)
    writer = VideoWriter(wanted.output, pictures, encoding)  # refuses what does not go together, and writes nothing
    notes = (*notes, *writer.notes, *_lost_colour(source, chroma))
    return Form("video", wanted.output, size, encoding.bit_depth > _EIGHT, encoding, pictures, notes=notes)


def _format(source: Source, size: Size) -> PictureFormat:
    if source.facts is None:
        return PictureFormat.constant(size.width, size.height, source.rate)
    return PictureFormat.like(source.facts, width=size.width, height=size.height)


def _codec(source: Source, wanted: Wanted, size: Size) -> VideoCodec:
    """The codec that fits the source, of those that the container holds."""
    wide = (wanted.bits or 0) > _EIGHT or (wanted.bits is None and source.bits > _EIGHT) or _is_hdr(source)
    for codec in _FOR_MORE if wide else _FOR_EIGHT:
        if codec == "h265" and size.width < _NARROWEST_H265:
            continue
        try:
            container_of(wanted.output.suffix, codec)
        except EncodingImpossible:
            continue
        return codec
    raise AssertionError("a container holds a codec")


def _chroma(codec: VideoCodec) -> Chroma:
    return cast("Chroma", {"prores": "422", "ffv1": "rgb"}.get(codec, "420"))


def _bits(source: Source, codec: VideoCodec) -> int:
    """As many as the source has, as far as the codec goes."""
    if codec == "ffv1":
        return next((bits for bits in (8, 10, 12) if source.bits <= bits), 16)
    return 10 if source.bits > _EIGHT or codec == "prores" or _is_hdr(source) else _EIGHT


def _is_hdr(source: Source) -> bool:
    return source.facts is not None and source.facts.colour.dynamic_range != "sdr"


def _lost_colour(source: Source, chroma: Chroma) -> Iterator[str]:
    found = re.search(r"4(22|44)", source.facts.pixel_format) if source.facts else None
    if found is None or chroma in ("444", "rgb") or (chroma == "422" and found[1] == "22"):
        return
    yield f"the source keeps colour in 4:{':'.join(found[1])}, and the result in 4:{':'.join(chroma[1:])}"


def _refuse_own(source: Source, output: Path) -> None:
    """A source is never replaced by what is made of it. Raises InputInvalid."""
    pattern = output if is_pattern(output) or not output.is_dir() else output / _NUMBERED
    names = re.compile(re.sub(r"%0?\d*d", "[0-9]+", re.escape(pattern.name))) if is_pattern(pattern) else None
    for file in source.files:
        is_one = names is not None and names.fullmatch(file.name) and file.parent.resolve() == pattern.parent.resolve()
        if is_one or file.resolve() == output.resolve():
            raise InputInvalid(f"{quoted(output)} would take the place of its source", mend="choose another output: -o")
