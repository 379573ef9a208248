"""Where results go: named before the work, never over the source."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from greenroom.errors import FileUnreadable, GreenroomError, InputInvalid, OutputUnwritable
from greenroom.media.audio import AUDIO_FORMATS
from greenroom.media.video.errors import EncodingImpossible
from greenroom.models.foley.sounding.places import Place, fitting, form_of, places, require_own_sound, usual_output
from greenroom.models.foley.sounding.sounded import VIDEO_TYPES, type_of
from greenroom.models.foley.sounding.sources import Source, look
from greenroom.recipes.inputs.foley import FoleyFileInputs, FoleyInputs
from tests.media.video.clips import video

VIDEO, WORDS, PICTURE = (Source(kind, Fraction(8)) for kind in ("video", "words", "picture"))


def asked(**inputs: object) -> FoleyInputs:
    return FoleyInputs.check({"prompt": "rain", **inputs})


def test_one_sample_has_the_name_and_several_have_numbers(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out.mp4"
    assert places(out, VIDEO, asked(), wav=False) == (Place(out, None, None),)
    two = places(out, VIDEO, asked(samples=2), wav=True)
    assert [place.output.name for place in two] == ["out-1.mp4", "out-2.mp4"]
    assert [place.wav and place.wav.name for place in two] == ["out-1.wav", "out-2.wav"]
    [mixed] = places(tmp_path / "out.wav", VIDEO, asked(mix="under"), wav=True)
    assert mixed == Place(tmp_path / "out.wav", "wav", tmp_path / "out-alone.wav")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("suffix", [*VIDEO_TYPES, *(f".{form}" for form in AUDIO_FORMATS if form != "pcm")])
def test_every_ending_is_a_form_with_a_type(suffix: str) -> None:
    form = form_of(Path(f"x{suffix.upper()}"), VIDEO)
    assert (form is None) == (suffix in VIDEO_TYPES)
    assert type_of(Path(f"x{suffix}")).split("/")[0] in ("audio", "video")


@pytest.mark.parametrize(
    ("name", "source", "kind", "says"),
    [
        ("out", VIDEO, InputInvalid, "no ending"),
        ("out.m4a", VIDEO, InputInvalid, "has an ending that cannot be written"),
        ("out.pcm", VIDEO, InputInvalid, "would not say its own rate"),
        ("out.mp4", WORDS, InputInvalid, "the sound is of words alone"),
        ("out.mov", PICTURE, InputInvalid, "the sound is of a picture"),
        ("folder.wav", VIDEO, OutputUnwritable, "is a folder"),
        ("file/x.wav", VIDEO, OutputUnwritable, "not a folder"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, name: str, source: Source, kind: type[GreenroomError], says: str
) -> None:
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(kind, match=says):
        places(tmp_path / name, source, asked(), wav=False)


def test_pictures_that_a_container_does_not_hold_are_refused_before_the_work(tmp_path: Path) -> None:
    inputs = asked(video=str(video(tmp_path / "in.mp4", frames=20)))
    with pytest.raises(EncodingImpossible, match=r"\.webm does not hold h264"):
        places(tmp_path / "out.webm", look(inputs), inputs, wav=False)


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "usual"),
    [
        ("in.mov", "libx264", "yuv420p", "foley.mov"),
        ("in.avi", "mpeg4", "yuv420p", "foley.mkv"),
        ("in.gif", "gif", "rgb8", "foley.wav"),
    ],
)
def test_without_a_name_it_goes_where_it_can(
    tmp_path: Path, name: str, codec: str, pixel_format: str, usual: str
) -> None:
    path = video(tmp_path / name, codec=codec, pixel_format=pixel_format, frames=20)
    assert usual_output(look(asked(video=str(path))), path) == Path(usual)


def test_a_file_is_named_by_what_it_holds(tmp_path: Path) -> None:
    path = video(tmp_path / "in.gif", codec="gif", pixel_format="rgb8", frames=20).rename(tmp_path / "in.mp4")
    assert usual_output(look(asked(video=str(path))), path) == Path("foley.wav")
    assert usual_output(WORDS, None) == Path("foley.wav")


def test_a_broken_sound_is_refused_where_it_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = asked(video=str(video(tmp_path / "in.mp4", frames=20)), mix="under")

    def broken(*_: object) -> None:
        raise FileUnreadable("the sound does not decode")

    monkeypatch.setattr("greenroom.models.foley.sounding.places.require_sound", broken)
    with pytest.raises(FileUnreadable):
        require_own_sound(look(inputs), inputs)
    require_own_sound(look(inputs), inputs.model_copy(update={"mix": "replace"}))


def test_the_source_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "in-1.mp4"
    path.touch()
    with pytest.raises(InputInvalid, match="is the source itself"):
        places(tmp_path / "in.mp4", VIDEO, asked(video=str(path), samples=2), wav=False)
    with pytest.raises(InputInvalid, match="is what --wav would give"):
        places(tmp_path / "out.wav", VIDEO, asked(), wav=True)


def test_a_served_request_without_a_video_becomes_sound(tmp_path: Path) -> None:
    path = str(video(tmp_path / "in.mp4"))
    for inputs, form in (
        ({"prompt": "rain"}, "wav"),
        ({"prompt": "rain", "format": "flac"}, "flac"),
        ({"video": path}, "mp4"),
        ({"video": path, "format": "mkv"}, "mkv"),
    ):
        assert fitting(FoleyFileInputs.check(inputs)) == form
