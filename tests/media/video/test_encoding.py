"""What cannot go together is refused before anything is written, and what could is said."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from greenroom.errors import InputInvalid, UnknownName
from greenroom.media.video.encoding import (
    CODECS,
    Encoding,
    PictureFormat,
    container_named,
    container_of,
    encoder_for,
    part_suffix,
)
from greenroom.media.video.errors import EncodingImpossible

PICTURES = PictureFormat.constant(64, 48, Fraction(25))


@pytest.mark.parametrize(
    ("suffix", "codec", "mend"),
    [
        (".webm", "h264", ".mp4, .mov or .mkv"),
        (".mp4", "ffv1", ".mkv or .nut"),
        (".mp4", "prores", ".mov or .mkv"),
        (".mov", "av1", ".mp4, .mkv or .webm"),
    ],
)
def test_containers_say_what_they_hold(suffix: str, codec: Any, mend: str) -> None:
    with pytest.raises(EncodingImpossible, match=f"{suffix} does not hold {codec}") as caught:
        container_of(suffix, codec)
    assert mend in caught.value.mend


def test_unknown_names_are_told() -> None:
    with pytest.raises(UnknownName, match="video container"):
        container_of(".wmv", "h264")
    with pytest.raises(UnknownName, match="video codec"):
        encoder_for(Encoding("h266"), PICTURES)  # type: ignore[arg-type] # what a user may type
    with pytest.raises(UnknownName, match="quality"):
        encoder_for(Encoding(quality="best"), PICTURES)  # type: ignore[arg-type] # what a user may type
    with pytest.raises(UnknownName, match="preset of h265"):
        encoder_for(Encoding("h265", preset="quick"), PICTURES)


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        (Encoding("av1", chroma="444"), "av1 has no 8 bit 444"),
        (Encoding("prores"), "prores has no 8 bit 420"),
        (Encoding("h264", bit_depth=12), "h264 has no 12 bit 420"),
        (Encoding("av1", "lossless"), "not written without loss"),
        (Encoding("prores", 20, bit_depth=10, chroma="422"), "prores has no quality 20"),
        (Encoding("prores", "lossless", bit_depth=10, chroma="422"), "prores has no quality lossless"),
        (Encoding("ffv1", "draft", chroma="rgb"), "ffv1 has no quality draft"),
        (Encoding("ffv1", preset="fast", chroma="rgb"), "ffv1 has no presets"),
    ],
)
def test_pairs_that_cannot_be(encoding: Encoding, message: str) -> None:
    with pytest.raises(EncodingImpossible, match=message) as caught:
        encoder_for(encoding, PICTURES)
    assert caught.value.mend


def test_a_rate_factor_has_bounds() -> None:
    assert encoder_for(Encoding("av1", 63), PICTURES).options["crf"] == "63"
    with pytest.raises(InputInvalid, match="quality is 52") as caught:
        encoder_for(Encoding("h264", 52), PICTURES)
    assert "0 to 51" in caught.value.mend


def test_the_ending_of_parts_is_nobodys_name() -> None:
    """What a user may name is found out first."""
    with pytest.raises(UnknownName, match=r"\.ffv1"):
        container_named(".ffv1")


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_has_a_container_for_its_parts(codec: Any) -> None:
    assert container_of(part_suffix(codec), codec)
