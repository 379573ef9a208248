"""Codecs, containers and pixel formats: which go together, and what encoders are told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, get_args

from greenroom.errors import InputInvalid, UnknownName
from greenroom.media.video.colour import Colour
from greenroom.media.video.errors import EncodingImpossible

if TYPE_CHECKING:
    from greenroom.media.video.facts import VideoFacts
    from greenroom.media.video.hdr import ContentLight, MasteringDisplay

VideoCodec = Literal["h264", "h265", "av1", "prores", "ffv1"]
Chroma = Literal["420", "422", "444", "rgb"]
Quality = Literal["draft", "good", "high", "lossless"]
CODECS: tuple[VideoCodec, ...] = get_args(VideoCodec)
QUALITIES: tuple[Quality, ...] = get_args(Quality)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How pictures are compressed.

    quality: a name, or the codec's own constant rate factor, where less is better.  preset: of the encoder; slower ones
    make smaller files.  bit_depth: of each plane.  chroma: how often colour is kept; ``rgb`` keeps red, green and blue.
    """

    codec: VideoCodec = "h264"
    quality: Quality | int = "good"
    preset: str | None = None
    bit_depth: int = 8
    chroma: Chroma = "420"


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """The pictures that are to be written.

    width and height: pixels.  time_base: seconds, of which every time is a whole number.  rate: frames a second, on
    average.  sample_aspect: how much wider than high a pixel is.
    """

    width: int
    height: int
    rate: Fraction
    time_base: Fraction
    colour: Colour = Colour()  # noqa: RUF009 - frozen, so that one serves all
    sample_aspect: Fraction = Fraction(1)
    mastering: MasteringDisplay | None = None
    light: ContentLight | None = None

    @classmethod
    def constant(cls, width: int, height: int, rate: Fraction) -> PictureFormat:
        """Pictures at a constant rate, in the colours of HD."""
        return cls(width, height, rate, 1 / rate)

    @classmethod
    def like(cls, facts: VideoFacts, *, width: int | None = None, height: int | None = None) -> PictureFormat:
        """Pictures that keep a video's times, colours and shape of pixels, in its size or another."""
        colour = facts.colour
        if colour.matrix == "rgb":  # planes of video need a matrix; HD's is what players take
            colour = replace(colour, matrix="bt709", full_range=False)
        return cls(
            width or facts.width,
            height or facts.height,
            facts.timeline.constant or facts.timeline.average,
            facts.timeline.time_base,
            colour,
            facts.sample_aspect,
            facts.mastering,
            facts.light,
        )


@dataclass(frozen=True, slots=True)
class Encoder:
    """What FFmpeg is asked for. encoder: its name.  options: of the encoder, by its own names."""

    encoder: str
    pixel_format: str
    options: dict[str, str]


# FFmpeg's name of each container, and what players of it know.
_CONTAINERS: dict[str, tuple[str, tuple[VideoCodec, ...]]] = {
    ".mp4": ("mp4", ("h264", "h265", "av1")),
    ".mov": ("mov", ("h264", "h265", "prores")),
    ".mkv": ("matroska", ("h264", "h265", "av1", "prores", "ffv1")),
    ".webm": ("webm", ("av1",)),
    ".nut": ("nut", ("ffv1",)),
}
# Parts of ffv1 lie in an MP4, for its exact times and tags of colours. Players do not look for it there, so that the
# ending is nobody's but ours.
_OF_PARTS: dict[str, tuple[str, tuple[VideoCodec, ...]]] = {".ffv1": ("mp4", ("ffv1",))}
# Bits and chroma of each, as the encoder's pixel formats.
_PIXELS: dict[VideoCodec, dict[tuple[int, Chroma], str]] = {
    "h264": {
        (8, "420"): "yuv420p", (8, "422"): "yuv422p", (8, "444"): "yuv444p",
        (10, "420"): "yuv420p10le", (10, "422"): "yuv422p10le", (10, "444"): "yuv444p10le",
    },
    "h265": {
        (8, "420"): "yuv420p", (8, "422"): "yuv422p", (8, "444"): "yuv444p",
        (10, "420"): "yuv420p10le", (10, "422"): "yuv422p10le", (10, "444"): "yuv444p10le",
        (12, "420"): "yuv420p12le", (12, "422"): "yuv422p12le", (12, "444"): "yuv444p12le",
    },
    "av1": {(8, "420"): "yuv420p", (10, "420"): "yuv420p10le"},
    "prores": {(10, "422"): "yuv422p10le", (10, "444"): "yuv444p10le"},
    "ffv1": {
        (8, "rgb"): "bgr0", (10, "rgb"): "gbrp10le", (12, "rgb"): "gbrp12le", (16, "rgb"): "gbrp16le",
        (8, "420"): "yuv420p", (8, "444"): "yuv444p", (10, "420"): "yuv420p10le", (10, "422"): "yuv422p10le",
        (10, "444"): "yuv444p10le", (16, "444"): "yuv444p16le",
    },
}  # fmt: skip
# Constant rate factors that look alike: "good" is what encoders' own guides call visually lossless for most people.
_RATE_FACTORS: dict[VideoCodec, dict[str, int]] = {
    "h264": {"draft": 28, "good": 18, "high": 14},
    "h265": {"draft": 30, "good": 20, "high": 16},
    "av1": {"draft": 45, "good": 27, "high": 18},
}
_MOST: dict[VideoCodec, int] = {"h264": 51, "h265": 51, "av1": 63}
_PROFILES = {"draft": "lt", "good": "standard", "high": "hq"}
_SPEEDS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow", "placebo")
_AV1_SPEEDS = tuple(str(number) for number in range(14))
_AV1_DEFAULT = "6"  # twice as fast as SVT's own slow ones, for a few per cent more bytes


def container_of(suffix: str, codec: VideoCodec) -> str:
    """FFmpeg's name of the container that a file's ending means. Raises EncodingImpossible, UnknownName."""
    name, codecs = _OF_PARTS.get(suffix) or _container(suffix)
    if codec not in codecs:
        fitting = [ending for ending, (_, known) in _CONTAINERS.items() if codec in known]
        raise EncodingImpossible(
            f"{suffix} does not hold {codec}; it holds {', '.join(codecs)}",
            mend=f"name the file {', '.join(fitting[:-1])} or {fitting[-1]}, or choose another codec"
            if fitting[1:]
            else f"name the file {fitting[0]}, or choose another codec",
        )
    return name


def container_named(suffix: str) -> str:
    """FFmpeg's name of the container that a file's ending means. Raises UnknownName."""
    return _container(suffix)[0]


def _container(suffix: str) -> tuple[str, tuple[VideoCodec, ...]]:
    suffix = {".m4v": ".mp4"}.get(suffix.lower(), suffix.lower())
    if suffix not in _CONTAINERS:
        raise UnknownName("video container", suffix, _CONTAINERS)
    return _CONTAINERS[suffix]


def part_suffix(codec: VideoCodec) -> str:
    """The ending of a codec's parts, whose container keeps exact times and colours until they are joined."""
    return {"prores": ".mov", "ffv1": ".ffv1"}.get(codec, ".mp4")


def encoder_for(encoding: Encoding, pictures: PictureFormat) -> Encoder:
    """What FFmpeg is asked for. Raises EncodingImpossible, InputInvalid, UnknownName; says what would be possible."""
    codec = encoding.codec
    if codec not in CODECS:
        raise UnknownName("video codec", codec, CODECS)
    known = _PIXELS[codec]
    pixel_format = known.get((encoding.bit_depth, encoding.chroma))
    if pixel_format is None:
        listed = ", ".join(f"{bits} bit {chroma}" for bits, chroma in known)
        raise EncodingImpossible(
            f"{codec} has no {encoding.bit_depth} bit {encoding.chroma} here", mend=f"it has {listed}"
        )
    _require_depth(encoding, pictures)
    options = _options(encoding)
    _add_light(options, encoding, pictures)
    name = {"h264": "libx264", "h265": "libx265", "av1": "libsvtav1", "prores": "prores_ks", "ffv1": "ffv1"}[codec]
    return Encoder(name, pixel_format, options)


def _options(encoding: Encoding) -> dict[str, str]:
    quality = encoding.quality
    if isinstance(quality, str) and quality not in QUALITIES:
        raise UnknownName("quality", quality, QUALITIES)
    match encoding.codec:
        case "ffv1":
            _require_no_choice(encoding, ("lossless", "high", "good"))
            # Slices with checksums: decoded in parallel, and damage is found.
            return {"level": "3", "slicecrc": "1", "g": "1"}
        case "prores":
            _require_no_choice(encoding, tuple(_PROFILES))
            return {"profile": "4444" if encoding.chroma == "444" else _PROFILES[str(quality)], "vendor": "apl0"}
        case "av1":
            if quality == "lossless":
                raise EncodingImpossible("av1 is not written without loss here", mend="choose ffv1, h264 or h265")
            return {"crf": str(_rate_factor(encoding)), "preset": _known_preset(encoding, _AV1_SPEEDS, _AV1_DEFAULT)}
    options = {"preset": _known_preset(encoding, _SPEEDS, "medium")}
    if encoding.codec == "h264":
        # What x264's rate control (mbtree) computes with AVX-512 depends on what memory held before, so that the same
        # frames became other bytes in each run. Said to be independent of the CPU, it computes that part in C.
        # Measured at 1280x720: as fast, and files of the same size within 0.2 %.
        options["x264-params"] = "cpu-independent=1"
    if encoding.codec == "h265":
        options["x265-params"] = "log-level=error"
    if quality != "lossless":
        return options | {"crf": str(_rate_factor(encoding))}
    if encoding.codec == "h265":
        return options | {"x265-params": "log-level=error:lossless=1"}
    return options | {"qp": "0"}


def _rate_factor(encoding: Encoding) -> int:
    quality, most = encoding.quality, _MOST[encoding.codec]
    if isinstance(quality, str):
        return _RATE_FACTORS[encoding.codec][quality]
    if not 0 <= quality <= most:
        raise InputInvalid(f"quality is {quality}", mend=f"a rate factor of {encoding.codec} is 0 to {most}")
    return quality


def _known_preset(encoding: Encoding, known: tuple[str, ...], usual: str) -> str:
    if encoding.preset is not None and encoding.preset not in known:
        raise UnknownName(f"preset of {encoding.codec}", encoding.preset, known)
    return encoding.preset or usual


def _require_no_choice(encoding: Encoding, qualities: tuple[str, ...]) -> None:
    if encoding.quality not in qualities:
        raise EncodingImpossible(
            f"{encoding.codec} has no quality {encoding.quality}", mend=f"it has {', '.join(qualities)}"
        )
    if encoding.preset is not None:
        raise EncodingImpossible(f"{encoding.codec} has no presets", mend="leave the preset out")


def _require_depth(encoding: Encoding, pictures: PictureFormat) -> None:
    if pictures.colour.dynamic_range != "sdr" and encoding.bit_depth < 10:
        raise EncodingImpossible(
            f"{pictures.colour.dynamic_range.upper()} in {encoding.bit_depth} bits shows bands",
            mend="choose h265, av1 or prores with 10 bits",
        )


def _add_light(options: dict[str, str], encoding: Encoding, pictures: PictureFormat) -> None:
    """HDR10's metadata, in each encoder's own words."""
    display, light = pictures.mastering, pictures.light
    if display is None and light is None:
        return
    words: list[str] = []
    match encoding.codec:
        case "h264":
            key = "x264-params"
            words += [f"mastering-display={display.in_steps()}"] if display else []
            words += [f"cll={light.brightest},{light.brightest_mean}"] if light else []
        case "h265":
            key = "x265-params"
            words += [f"master-display={display.in_steps()}"] if display else []
            words += [f"max-cll={light.brightest},{light.brightest_mean}"] if light else []
        case "av1":
            key = "svtav1-params"
            words += [f"mastering-display={display.in_decimals()}"] if display else []
            words += [f"content-light={light.brightest},{light.brightest_mean}"] if light else []
        case _:
            return  # their container says it (declaring.py)
    options[key] = ":".join([*filter(None, [options.get(key)]), *words])
