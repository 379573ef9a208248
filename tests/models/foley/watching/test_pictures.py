"""What is looked at of a video: real files, read once and no further than they are looked at."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch
from torch import Tensor

from greenroom.errors import Cancelled
from greenroom.media.video.reading import Frame, VideoReader
from greenroom.models.foley.mmdit.windows import grid_end
from greenroom.models.foley.watching import pictures as pictures_module
from greenroom.models.foley.watching import preprocess
from greenroom.models.foley.watching.cadence import Cadence, picked
from greenroom.models.foley.watching.lengths import MOST_FRAMES, MOST_PICTURES, STRETCH, ClipTooShort, frames_until
from greenroom.models.foley.watching.pictures import WATCHING, Pictures, look, picture_of, stretches
from greenroom.models.foley.watching.preprocess import centred, squashed
from tests.media.video.clips import video, with_sound
from tests.models.foley.media_parts import frames_at

if TYPE_CHECKING:
    from greenroom.media.video.colour import Pixels


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of 8 x 8, where only their times matter: minutes of the encoders' own are gigabytes."""
    for module in (preprocess, pictures_module):
        monkeypatch.setattr(module, "PICTURE_SIDE", 8)
        monkeypatch.setattr(module, "SYNC_SIDE", 8)


def test_a_file_is_looked_at_at_both_rates(tmp_path: Path) -> None:
    reader = VideoReader(video(tmp_path / "clip.mp4", frames=30, rate=Fraction(30)))
    seen = look(reader.frames())
    decoded = torch.stack([torch.from_numpy(frame.pixels) for frame in reader.frames()]).permute(0, 3, 1, 2)
    times = [float(reader.facts.time(number)) for number in range(30)]
    assert torch.equal(seen.pictures, squashed(decoded)[picked(times, 8)])
    assert torch.equal(seen.frames, centred(decoded)[picked(times, 25)])
    assert (len(seen.pictures), len(seen.frames)) == (8, 25)


def test_a_turned_video_is_seen_as_it_is_shown(tmp_path: Path) -> None:
    upright = look(VideoReader(video(tmp_path / "a.mp4", frames=20)).frames())
    turned = look(VideoReader(video(tmp_path / "b.mp4", frames=20, turn=(90, False, False))).frames())
    assert not torch.equal(turned.frames, upright.frames)
    off = (turned.frames.rot90(-1, (2, 3)).int() - upright.frames.int()).abs()
    assert off.float().mean() < 3  # the other way round is 20 and more


def test_nothing_behind_the_fifteenth_second_is_read() -> None:
    def endless() -> Iterator[Frame]:
        yield from frames_at([Fraction(number, 10) for number in range(152)])
        pytest.fail("read on")

    seen = look(endless())
    assert (len(seen.pictures), len(seen.frames)) == (121, 376)
    assert int(seen.frames[-1].max()) == 150


def test_a_frame_that_is_repeated_is_the_same() -> None:
    seen = look(frames_at([0, 0.5, 1]))
    assert seen.frames[:, 0, 0, 0].tolist() == [0] + [1] * 12 + [2] * (len(seen.frames) - 13)


def numbers(frames: Tensor) -> list[int]:
    """Of the frames of ``frames_at``."""
    return frames[:, 0, 0, 0].tolist()


def test_an_exact_clip_is_looked_at_until_it_ends() -> None:
    """The original would look at 199 frames of these, one of them twice."""
    times = [Fraction(number, 25) for number in range(200)]
    seen = look(frames_at(times), exact=True)
    assert numbers(seen.frames) == [*range(200)]
    assert len(seen.pictures) == 64
    assert seen.end == 8
    assert look(frames_at(times)).end is None


def test_a_last_picture_is_held_for_as_long_as_it_is_shown() -> None:
    """It may begin between two of a stream's frames, and is looked at all the same."""
    frames = [*frames_at([Fraction(0), Fraction(1, 10)])]
    last = replace(frames[-1], duration=Fraction(19, 10))
    seen = look([frames[0], last], exact=True)
    assert seen.end == 2
    assert numbers(seen.frames) == [0] + [1] * 49
    assert numbers(seen.pictures) == [0] + [1] * 15


def test_an_exact_clip_is_looked_at_for_fifteen_seconds() -> None:
    times = [Fraction(number, 10) for number in range(200)]
    seen = look(frames_at(times), exact=True)
    assert (len(seen.pictures), len(seen.frames)) == (120, 375)
    assert seen.end == 15
    long = replace(next(frames_at([Fraction(0)])), duration=Fraction(60))
    assert look([long], exact=True).end == 15


def test_white_of_sixteen_bits_is_that_of_eight() -> None:
    """And so is every level, to the nearest."""
    levels = np.arange(256)
    values = np.concatenate([levels[:-1] * 257 + 128, levels * 257, levels[1:] * 257 - 128]).astype(np.uint16)
    frames = [
        Frame(np.full((8, 8, 3), value, np.uint16), number, Fraction(number, 60), Fraction(1, 60))
        for number, value in enumerate(values)
    ]
    picked_values = values[picked([float(frame.time) for frame in frames], 25)]
    assert look(frames).frames[:, 0, 0, 0].tolist() == np.round(picked_values / 257).astype(int).tolist()


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("count", [0, 1, 16])
def test_a_clip_that_is_too_short_is_refused(count: int, exact: bool) -> None:
    with pytest.raises(ClipTooShort):
        look(frames_at([Fraction(number, 30) for number in range(count)]), exact=exact)


class Lazy:
    """A frame that tells when its pixels are asked for."""

    def __init__(self, frame: Frame, asked: list[int]) -> None:
        self.time, self.duration, self._frame, self._asked = frame.time, frame.duration, frame, asked

    @property
    def pixels(self) -> Pixels:
        assert threading.current_thread() is not threading.main_thread()
        self._asked.append(self._frame.index)
        return self._frame.pixels


def joined(pieces: list[Pictures]) -> tuple[Tensor, Tensor]:
    return torch.cat([piece.pictures for piece in pieces]), torch.cat([piece.frames for piece in pieces])


@pytest.mark.parametrize("rate", [24, 25, 60, 120])
def test_a_frame_that_nobody_looks_at_is_never_made_rgb(rate: int) -> None:
    asked: list[int] = []
    times = [Fraction(number, rate) for number in range(2 * rate)]
    seen = look((Lazy(frame, asked) for frame in frames_at(times)), exact=True)
    wanted = {*numbers(seen.frames), *numbers(seen.pictures)}
    # Nobody may look at the last one, but for how long it is shown: it is asked for again when that is known.
    assert wanted <= {*asked} <= wanted | {len(times) - 1}
    assert len(asked) <= len(wanted) + 1


def test_the_last_frame_is_not_made_twice_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be in one stream already when it is known to be in the other, too."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    busy = threading.Lock()

    class Slow(Lazy):
        @property
        def pixels(self) -> Pixels:
            assert busy.acquire(blocking=False)
            sleep(0.05)
            busy.release()
            return super().pixels

    asked: list[int] = []
    frames = [*frames_at([Fraction(number, 25) for number in range(21)])]
    last = replace(frames[-1], duration=Fraction(1))
    look([*frames[:-1], Slow(last, asked)], exact=True)
    assert asked == [20, 20]
    asked.clear()
    last = replace(frames[-2], duration=Fraction(1))
    look([*frames[:-2], Slow(last, asked)], exact=True)
    assert asked == [19], "it was in both already"


def test_threads_end_and_what_they_raise_is_raised() -> None:
    class Broken(Lazy):
        @property
        def pixels(self) -> Pixels:
            raise ZeroDivisionError

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        look(Broken(frame, []) for frame in frames_at([Fraction(number, 25) for number in range(50)]))
    assert threading.active_count() == before


def test_reading_that_breaks_off_leaves_no_thread() -> None:
    def cut() -> Iterator[Frame]:
        yield from frames_at([Fraction(number, 25) for number in range(9)])
        raise ZeroDivisionError

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        look(cut())
    assert threading.active_count() == before


def test_whoever_stops_it_leaves_no_thread() -> None:
    def stop(stage: str, done: float, total: float) -> None:
        if done == 5:
            raise Cancelled

    before = threading.active_count()
    frames = frames_at([Fraction(number, 25) for number in range(50)])
    with pytest.raises(Cancelled):
        look(frames, step=stop)
    with pytest.raises(Cancelled):
        list(stretches(frames_at([Fraction(number, 25) for number in range(50)]), Fraction(2), step=stop))
    half = stretches(frames_at([Fraction(number, 10) for number in range(400)]), Fraction(40))
    next(half)
    half.close()  # type: ignore[attr-defined]  # it is a generator
    assert threading.active_count() == before


def test_it_says_how_many_frames_were_read() -> None:
    times = [Fraction(number, 30) for number in range(40)]
    told: list[tuple[str, float, float]] = []
    look(frames_at(times), step=lambda *step: told.append(step), total=40)
    assert told == [(WATCHING, done, 40) for done in range(41)]
    again: list[tuple[str, float, float]] = []
    list(stretches(frames_at(times), Fraction(4, 3), step=lambda *step: again.append(step), total=40))
    assert again == told


def test_stretches_join_to_the_whole() -> None:
    times = [Fraction(number, 10) for number in range(330)]
    pieces = list(stretches(frames_at(times), Fraction(33)))
    assert [len(piece.frames) for piece in pieces[:2]] == [376, 375]
    pictures, frames = joined(pieces)
    clock = Cadence(25, exact=True, longest=None)
    wanted = [number % 256 for number, time in enumerate(times) for _ in range(clock.shown(time))]
    assert numbers(frames)[: len(wanted)] == wanted
    assert {*numbers(frames)[len(wanted) :]} == {329 % 256}
    assert (pictures.shape[1:], frames.shape[1:]) == ((3, 512, 512), (3, 224, 224))


def as_one(times: list[Fraction], end: Fraction, rate: int) -> list[int]:
    """Which frame each of a stream's shows until the grid, by their times alone."""
    count = frames_until(grid_end(end), rate)
    return [min(bisect_left(times, Fraction(place, rate)), len(times) - 1) for place in range(count)]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("times", "last_s"),
    [
        ([*range(25), 625], 1),  # a gap of 24 s
        ([*range(25), 15_025, 15_026], 1),  # one of 10 min
        ([*range(27)], 600),  # a last frame that is shown for as long
        ([0, 1500], 60),  # two pictures of a minute
        ([1000, 1001], 1),  # a first frame that is late
        ([*range(125, 600)], 1),
        ([0, 390, 780, 1170], 1),
        ([0, 391, 782, 1173], 1),
        ([*range(374), 374 + 15, 374 + 400], 1),
    ],
)
def test_a_frame_is_in_no_stretch_for_longer_than_it_lasts(times: list[int], last_s: int) -> None:
    """However long it is shown. times: in frames of 25 a second."""
    asked: list[int] = []
    begins = [Fraction(time, 25) for time in times]
    frames = [*frames_at(begins)]
    frames[-1] = replace(frames[-1], duration=Fraction(last_s))
    end = begins[-1] + last_s
    seen: tuple[list[int], list[int]] = [], []
    for piece in stretches((Lazy(frame, asked) for frame in frames), end):
        assert len(piece.frames) <= MOST_FRAMES
        assert len(piece.pictures) <= MOST_PICTURES
        seen[0].extend(numbers(piece.frames))
        seen[1].extend(numbers(piece.pictures))
    for rate, own in zip((25, 8), seen, strict=True):
        assert own == [number % 256 for number in as_one(begins, end, rate)]
    assert len(asked) <= len(times) + 1, "a frame is made small once"


@pytest.mark.usefixtures("small")
def test_a_gap_is_cut_every_fifteen_seconds() -> None:
    lengths = [len(piece.frames) for piece in stretches(frames_at([Fraction(0), Fraction(100)]), Fraction(101))]
    assert lengths == [STRETCH] * 6 + [2528 - 6 * STRETCH]


def test_memory_does_not_grow_with_the_video() -> None:
    """Of what is decoded ahead no more is alive at once than threads have to do."""
    alive, most = 0, 0
    lock = threading.Lock()

    class Counted(Lazy):
        def __init__(self, frame: Frame) -> None:
            nonlocal alive, most
            super().__init__(frame, [])
            with lock:
                alive += 1
                most = max(most, alive)

        def __del__(self) -> None:
            nonlocal alive
            with lock:
                alive -= 1

    frames = (Counted(frame) for frame in frames_at([Fraction(number, 25) for number in range(300)]))
    look(frames)
    assert most <= 2 * min(torch.get_num_threads(), 8) + 3


def test_a_video_that_begins_late_is_looked_at_from_its_first_frame_on() -> None:
    """What the clock came due for before is that frame: its stream is as long as the sound."""
    times = [Fraction(1) + Fraction(number, 25) for number in range(25)]
    seen = look(frames_at(times), exact=True)
    assert seen.end == 2
    assert numbers(seen.frames) == [0] * 26 + [*range(1, 25)]
    assert len(seen.pictures) == 16


def test_a_still_picture_is_seen_like_a_frame() -> None:
    frame = next(frames_at([0]))
    assert torch.equal(picture_of(frame.pixels)[0], look(frames_at([Fraction(n, 25) for n in range(16)])).pictures[0])


@pytest.mark.usefixtures("small")
def test_a_file_of_two_slides_is_seen_for_as_long_as_they_are_shown(tmp_path: Path) -> None:
    reader = VideoReader(video(tmp_path / "in.mp4", times=[0, 60_000, 119_960], time_base=Fraction(1, 1000)))
    pieces = list(stretches(reader.decoded(), Fraction(120)))
    assert max(len(piece.frames) for piece in pieces) <= MOST_FRAMES
    pictures, frames = joined(pieces)
    assert (len(pictures), len(frames)) == (960, 3000)
    small = [centred(torch.from_numpy(frame.pixels).permute(2, 0, 1)[None])[0] for frame in reader.frames()]
    assert all(torch.equal(frames[place], small[1]) for place in (1, 750, 1500))
    assert all(torch.equal(frames[place], small[2]) for place in (1501, 2250, 2999))


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_sound_that_begins_before_the_pictures_is_no_reason_to_see_less(tmp_path: Path, ending: str) -> None:
    """The file's first moment is the sound's; its first picture is shown half a second later."""
    reader = VideoReader(with_sound(tmp_path / f"clip.{ending}", delay_s=Fraction(1, 2)))
    assert reader.facts.time(0) == Fraction(13, 25)
    seen = look(reader.decoded(), exact=True)
    assert seen.end == 1
    assert (len(seen.pictures), len(seen.frames)) == (8, 25)
    assert all(torch.equal(frame, seen.frames[0]) for frame in seen.frames[:14])


def test_a_rate_that_varies_is_no_rate(tmp_path: Path) -> None:
    """Each frame is looked at for as long as it is shown."""
    ticks = [0, 100, 5000, 5100, 12_800, 25_600]
    reader = VideoReader(video(tmp_path / "clip.mp4", times=ticks))
    seen = look(reader.decoded(), exact=True)
    assert seen.end == Fraction(25_600 + 512, 12_800)
    frames = [frame.pixels for frame in reader.frames()]
    shown = [bisect_left(ticks, number * 512) for number in range(51)]
    small = torch.cat([centred(torch.from_numpy(pixels).permute(2, 0, 1)[None]) for pixels in frames])
    assert torch.equal(seen.frames, small[shown])
