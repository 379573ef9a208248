"""A driver at any rate becomes 16 frames a second, by the times at which its frames are shown."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import InputInvalid
from greenroom.media.video.reading import VideoReader
from greenroom.models.steadydancer.conditions.lengths import RATE
from greenroom.models.steadydancer.pose.driving import (
    distinct,
    driving,
    driving_of,
    frames_of,
    nearest,
    size_of,
    sound_of,
)
from greenroom.models.steadydancer.pose.errors import DriverTooShort
from tests.media.video.clips import picture, video


def steady(rate: int, seconds: float) -> tuple[list[Fraction], Fraction]:
    count = round(rate * seconds)
    return [Fraction(number, rate) for number in range(count)], Fraction(count, rate)


@pytest.mark.parametrize("rate", [8, 12, 15, 16, 24, 25, 30, 50, 60, 120, 240])
def test_a_clip_is_as_fast_as_its_driver(rate: int) -> None:
    made = driving(*steady(rate, 6))
    assert made.frames == 81
    assert made.notes == ()
    for number, place in enumerate(made.places):
        assert abs(Fraction(place, rate) - Fraction(number, RATE)) <= Fraction(1, 2 * rate)


def test_a_driver_of_16_frames_a_second_is_taken_as_it_is() -> None:
    assert driving(*steady(16, 81 / 16)).places == tuple(range(81))


def test_120_frames_a_second_are_thinned_and_8_are_repeated() -> None:
    assert driving(*steady(120, 6)).places[:4] == (0, 7, 15, 22)
    assert driving(*steady(8, 6)).places[:6] == (0, 0, 1, 1, 2, 2)


def test_variable_rates_go_by_time() -> None:
    times = [Fraction(0), Fraction(1, 100), Fraction(2, 100), Fraction(1, 2), Fraction(51, 100)]
    assert driving(times, Fraction(6, 10)).places == (0, 2, 2, 2, 2, 3, 3, 3, 3)


def test_of_two_as_near_it_is_the_earlier() -> None:
    assert nearest([Fraction(0), Fraction(1)], Fraction(1, 2)) == 0
    assert nearest([Fraction(0), Fraction(1)], Fraction(51, 100)) == 1
    assert nearest([Fraction(3)], Fraction(0)) == 0


@pytest.mark.parametrize(("seconds", "frames"), [(5.0625, 81), (5.0, 77), (3.2, 49), (0.3125, 5), (60, 81)])
def test_a_shorter_driver_gives_the_longest_clip_that_fits(seconds: float, frames: int) -> None:
    made = driving(*steady(16, seconds))
    assert made.frames == frames
    assert bool(made.notes) == (frames < 81)


def test_a_shorter_clip_is_told_of() -> None:
    [note] = driving(*steady(30, 3)).notes
    assert note == "the driver lasts 3.00 s: the clip has 45 frames, 2.81 s, and not 81"


def test_frames_that_no_clip_can_have_are_told_of() -> None:
    made = driving(*steady(30, 10), frames=80)
    assert made.frames == 77
    assert made.notes == ("the clip has 77 frames and not 80: only 4n + 1 are possible",)


def test_too_short_is_refused_with_the_least() -> None:
    with pytest.raises(DriverTooShort, match=r"lasts 0.20 s from its start, 4 frames at 16 a second; the least is 5"):
        driving(*steady(30, 0.2))
    with pytest.raises(DriverTooShort, match=r"is to begin at 7.00 s, and the driver ends at 5.00 s"):
        driving(*steady(30, 5), start=Fraction(7))
    with pytest.raises(DriverTooShort, match="no frames"):
        driving([], Fraction(0))
    with pytest.raises(InputInvalid, match="4 frames are asked for; the least is 5"):
        driving(*steady(30, 5), frames=4)


def test_a_clip_may_begin_later() -> None:
    made = driving(*steady(30, 10), start=Fraction(2))
    assert (made.places[0], made.start, made.frames) == (60, Fraction(2), 81)
    late = [time + 3 for time in steady(30, 6)[0]]
    assert driving(late, Fraction(9), start=Fraction(1)).start == 3
    assert driving(late, Fraction(9)).start == 3  # a video whose pictures begin behind its first moment


def test_frames_that_are_needed_are_read_once() -> None:
    needed, places = distinct(driving(*steady(8, 2)))
    assert needed == list(range(15))
    assert places[:5] == [0, 0, 1, 1, 2]
    assert len(places) == 29


@given(
    st.lists(st.integers(1, 90), min_size=1, max_size=300),
    st.integers(5, 200),
    st.fractions(0, 3, max_denominator=50),
)
def test_any_times_give_a_clip_in_order_or_an_error(steps: list[int], frames: int, start: Fraction) -> None:
    times = [Fraction(sum(steps[:place]), 240) for place in range(len(steps))]
    end = Fraction(sum(steps), 240)
    try:
        made = driving(times, end, frames=frames, start=start)
    except DriverTooShort:
        assert (end - max(start, times[0])) * RATE <= 4
        return
    assert made.frames % 4 == 1
    assert 5 <= made.frames <= frames
    assert list(made.places) == sorted(made.places)
    assert 0 <= made.places[0] <= made.places[-1] < len(times)
    assert made.start + made.seconds < end + Fraction(1, RATE)
    needed, places = distinct(made)
    assert [needed[place] for place in places] == list(made.places)


def tone(path: Path, seconds: int, rate: int = 48_000) -> None:
    """A video of 30 frames a second whose sound rises with time."""
    with av.open(str(path), "w") as out:
        pictures = out.add_stream("ffv1", rate=30)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        sound = out.add_stream("pcm_s16le", rate=rate, layout="mono")
        for number in range(30 * seconds):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24").reformat(format="yuv420p")
            frame.pts = number
            out.mux(pictures.encode(frame))
        ramp = np.linspace(0, 1, rate * seconds, dtype=np.float32)
        samples = av.AudioFrame.from_ndarray((ramp[None] * 32_000).astype(np.int16), format="s16", layout="mono")
        samples.sample_rate, samples.pts = rate, 0
        out.mux(sound.encode(samples))
        out.mux(sound.encode(None))
        out.mux(pictures.encode(None))


def test_sound_is_cut_to_the_clip_and_as_fast_as_before(tmp_path: Path) -> None:
    tone(tmp_path / "a.mkv", 4)
    facts = VideoReader(tmp_path / "a.mkv").facts
    made = driving_of(facts, frames=17, start=Fraction(1))
    sound, notes = sound_of(facts, made)
    assert sound is not None
    assert sound.samples.shape == (1, 51_000)  # 17/16 s
    ramp = np.linspace(0, 32_000 / 32_768, 4 * 48_000)[48_000:99_000]
    assert np.abs(sound.samples[0] - ramp).max() < 1e-3
    assert notes == ("the driver's sound goes on behind the clip, and is cut there",)


def test_sound_that_ends_earlier_is_silent_then_and_none_is_none(tmp_path: Path) -> None:
    tone(tmp_path / "a.mkv", 1)
    facts = VideoReader(tmp_path / "a.mkv").facts
    made = driving(*steady(30, 2), frames=29)
    sound, notes = sound_of(facts, made)
    assert sound is not None
    assert sound.samples.shape == (1, 87_000)
    assert not sound.samples[0, 49_000:].any()
    assert notes == ()
    silent = VideoReader(video(tmp_path / "b.mp4", frames=12)).facts
    assert sound_of(silent, driving_of(silent, frames=5)) == (None, ())


def test_pixels_that_are_not_square_become_so(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mp4", frames=16, sample_aspect_ratio=Fraction(3, 2))
    reader = VideoReader(path)
    assert size_of(reader.facts) == (96, 48)
    assert next(frames_of(reader, driving_of(reader.facts))).shape == (48, 96, 3)


def test_a_turned_driver_is_upright(tmp_path: Path) -> None:
    """As telephones film: the pixels that are not square turn with the picture."""
    path = video(
        tmp_path / "a.mp4", frames=16, turn=(90.0, False, False), sample_aspect_ratio=Fraction(3, 2),
        draw=lambda number: np.stack([np.full((48, 64), 200 * side, np.uint8) for side in (1, 0, 0)], -1)
        * (np.arange(64) < 32)[None, :, None],
    )  # fmt: skip
    reader = VideoReader(path)
    assert size_of(reader.facts) == (32, 64)
    shown = next(frames_of(reader, driving_of(reader.facts)))
    assert shown.shape == (64, 32, 3)
    halves = shown[:30, :, 0].mean(), shown[34:, :, 0].mean()
    assert max(halves) > 150
    assert min(halves) < 50


def test_pixels_that_make_a_strip_are_refused_before_a_frame_is_made(tmp_path: Path) -> None:
    reader = VideoReader(video(tmp_path / "a.mp4", frames=16, sample_aspect_ratio=Fraction(40)))
    with pytest.raises(InputInvalid, match=r"a.mp4' is 2560x48, more than 16 times as long as wide"):
        size_of(reader.facts)
    with pytest.raises(InputInvalid):
        next(frames_of(reader, driving_of(reader.facts)))


def test_frames_of_a_file_are_those_of_their_times(tmp_path: Path) -> None:
    path = video(tmp_path / "a.mkv", codec="ffv1", frames=25, rate=Fraction(25), pixel_format="bgr0")
    reader = VideoReader(path)
    made = driving_of(reader.facts)
    assert made.frames == 13
    needed, _ = distinct(made)
    shown = list(frames_of(reader, made))
    assert len(shown) == len(needed)
    for place, frame in zip(needed, shown, strict=True):
        assert (frame == picture(place)).all()
