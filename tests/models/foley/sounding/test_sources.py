"""What sound is made for, and what it is not made for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom.errors import FileUnreadable, InputInvalid
from greenroom.media.video import facts
from greenroom.media.video.images import write_image
from greenroom.media.video.timeline import repaired
from greenroom.models.foley.sounding import sources
from greenroom.models.foley.sounding.sources import ClipTooLong, look, shots_of
from greenroom.models.foley.watching.lengths import ClipTooShort
from greenroom.progress import silent
from greenroom.recipes.inputs.foley import FoleyFileInputs, FoleyInputs
from tests.media.video.clips import picture, video


def asked(path: Path | None = None, **inputs: object) -> FoleyInputs:
    return FoleyInputs.check({"prompt": "rain", **({"video": str(path)} if path else {}), **inputs})


def scenes(number: int) -> NDArray[np.uint8]:
    """Three shots of 20 frames that share nothing."""
    generator = np.random.default_rng(number // 20)
    colours = generator.integers(0, 255, (4, 4, 3), dtype=np.uint8)
    return np.kron(colours, np.ones((12, 16, 1), np.uint8))


def test_a_video_ends_with_its_last_frame(tmp_path: Path) -> None:
    source = look(asked(video(tmp_path / "in.mp4", frames=20)))
    assert (source.kind, source.end, source.notes) == ("video", Fraction(20, 25), ())


@pytest.mark.parametrize("rate", [16, 120])
def test_any_rate_is_taken(tmp_path: Path, rate: int) -> None:
    source = look(asked(video(tmp_path / "in.mp4", frames=rate, rate=Fraction(rate), time_base=Fraction(1, 48_000))))
    assert source.end == 1


def test_what_is_shorter_than_a_segment_is_refused(tmp_path: Path) -> None:
    assert look(asked(video(tmp_path / "just.mp4", frames=16))).end == Fraction(64, 100)
    with pytest.raises(ClipTooShort, match=r"in\.mp4' lasts 0\.60 s; the least is 0\.64 s") as caught:
        look(asked(video(tmp_path / "in.mp4", frames=15)))
    assert caught.value.mend == "give a longer video"


def test_what_is_longer_than_an_hour_is_refused(tmp_path: Path) -> None:
    times = [12_800 * 2700 * place for place in range(3)]
    with pytest.raises(ClipTooLong, match=r"lasts 90 min; the most is 60 min"):
        look(asked(video(tmp_path / "in.mp4", times=times)))


@pytest.mark.parametrize(
    ("times", "says"),
    [
        ([*range(0, 1000, 40), 3_601_000], r"lasts 60\.02 min; the most is 60 min"),
        ([*range(0, 1000, 40), 3_600_000], r"lasts 60\.0\d*[1-9] min; the most is 60 min"),
        ([*range(0, 600, 40), 600 - 3], r"lasts 0\.63\d* s; the least is 0\.64 s"),
        ([*range(0, 600, 40), 600 - 1], r"lasts 0\.639 s; the least is 0\.64 s"),
    ],
)
def test_what_is_said_to_be_too_much_is_not_the_most(tmp_path: Path, times: list[int], says: str) -> None:
    path = video(tmp_path / "in.mp4", times=times, time_base=Fraction(1, 1000))
    with pytest.raises(InputInvalid, match=says):
        look(asked(path))


def test_the_original_rule_says_what_it_does_not_see(tmp_path: Path) -> None:
    path = video(tmp_path / "in.mp4", frames=16, rate=Fraction(1), time_base=Fraction(1, 100))
    assert look(asked(path)).notes == ()
    [note] = look(asked(path, exact=False)).notes
    assert note == "the first 15 s are seen, and behind them it is silent: that is the original's rule"


def test_missing_times_are_made_up_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(stated: Sequence[int | None], step: int) -> tuple[list[int], int]:
        return repaired([None if place in (3, 4) else ticks for place, ticks in enumerate(stated)], step)

    monkeypatch.setattr(facts, "repaired", without)
    source = look(asked(video(tmp_path / "in.mp4", frames=25)))
    assert source.end == 1
    assert source.notes == ("2 frames have no time of their own in the file, and were given one",)


def test_a_container_that_keeps_no_times_is_taken(tmp_path: Path) -> None:
    assert look(asked(video(tmp_path / "in.avi", codec="mpeg4", frames=25, time_base=Fraction(1, 25)))).end == 1


def sound_only(folder: Path) -> Path:
    with av.open(str(folder / "in.wav"), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
    return folder / "in.wav"


def noise(folder: Path) -> Path:
    (folder / "in.mp4").write_bytes(bytes(range(256)) * 40)
    return folder / "in.mp4"


def nothing(folder: Path) -> Path:
    return folder / "none.mp4"


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (sound_only, "is no video: it holds sound only"),
        (noise, "is no video or picture that can be read"),
        (nothing, "there is no file"),
        (lambda folder: folder, "is a folder"),
    ],
)
def test_what_is_no_video_is_named(tmp_path: Path, made: Callable[[Path], Path], says: str) -> None:
    with pytest.raises(FileUnreadable, match=says) as caught:
        look(asked(made(tmp_path)))
    assert caught.value.mend


def test_a_picture_and_words_last_as_long_as_asked(tmp_path: Path) -> None:
    write_image(tmp_path / "in.png", picture(0))
    for path, kind in ((tmp_path / "in.png", "picture"), (None, "words")):
        source = look(asked(path))
        assert source.kind == kind
        assert source.end == 8
        assert look(asked(path, seconds=1.1)).end == Fraction(11, 10)
        assert (source.picture is not None) == (kind == "picture")
    with pytest.raises(InputInvalid, match="has no shots"):
        look(asked(tmp_path / "in.png", shot_prompts="a"))
    with pytest.raises(InputInvalid, match="is a video, which has its own length"):
        look(asked(video(tmp_path / "in.mp4", frames=20), seconds=3))


def test_a_length_gives_way_to_that_of_a_video_where_it_is_served_and_is_said(tmp_path: Path) -> None:
    source = look(FoleyFileInputs.check({"video": str(video(tmp_path / "in.mp4", frames=20)), "seconds": 3}))
    assert source.end == Fraction(4, 5)
    assert source.notes == ("seconds is 3, and is not looked at: a video has its own length",)


def test_shots_are_found_where_they_have_prompts(tmp_path: Path) -> None:
    path = video(tmp_path / "in.mp4", frames=60, draw=scenes)
    inputs = asked(path, shot_prompts="a\nb\nc")
    told: list[str] = []
    found = shots_of(look(inputs), inputs, lambda stage, done, total: told.append(stage))
    assert found == (Fraction(0), Fraction(20, 25), Fraction(40, 25))
    assert set(told) == {sources.FINDING}
    assert shots_of(look(asked(path)), asked(path), silent) == (Fraction(0),)
    inputs = asked(path, shot_prompts="a\nb")
    with pytest.raises(InputInvalid) as caught:
        shots_of(look(inputs), inputs, silent)
    assert "shot_prompts has 2 lines" in caught.value.message
    assert "has 3 shots: 0.00 to 0.80 s, 0.80 to 1.60 s, 1.60 to 2.40 s" in caught.value.message
