"""Frames: the published rules are held by ``durations``; here is what is ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.f5tts.durations import (
    SHORTEST_FRAMES,
    DurationImpossible,
    Pace,
    ReferenceTooLong,
    exact_frames,
    fixed_frames,
    frames_in,
    frames_of,
    prompt_text,
    requested_frames,
    samples_of,
    seconds_of,
    size,
)

PROMPT = prompt_text("Some call me nature, others call me mother nature. ")
FRAMES = frames_of(127_920)


def test_worked_values_of_the_specification() -> None:
    assert (FRAMES, size(PROMPT)) == (499, 52)
    text = "I don't really care what you call me."
    assert [requested_frames(text, PROMPT, FRAMES, speed) for speed in (1.0, 0.7, 1.5)] == [854, 1006, 735]
    assert [requested_frames("Hi.", PROMPT, FRAMES, speed) for speed in (1.0, 0.7, 1.5)] == [594] * 3
    assert frames_in(9.3) == 871


def test_a_fixed_time_is_shared_as_in_either_release() -> None:
    chunks = ["x" * 17, "x" * 31, "x" * 15]
    assert fixed_frames(20.0, chunks, frames_of(120_000), 0.15) == [855, 1174, 809]
    assert fixed_frames(20.0, chunks, frames_of(120_000), 0.15, shared=False) == [1875] * 3
    assert fixed_frames(20.0, chunks[:1], frames_of(120_000), 0.15) == [1875]


def test_the_prompt_ends_in_a_space_where_its_last_letter_is_latin() -> None:
    assert prompt_text("Yes. ") == "Yes.  "
    assert prompt_text("好。") == "好。"


def test_one_text_has_one_pace_whatever_the_chunk() -> None:
    pace = Pace.of(PROMPT, FRAMES)
    assert pace.frames("x" * 100) == round(100 * FRAMES / 52)
    assert pace.frames("x" * 104) == pytest.approx(2 * pace.frames("x" * 52), abs=1)
    assert Pace.of(PROMPT, FRAMES, speed=2.0).frames("x" * 104) == pace.frames("x" * 52)


def test_a_chunk_is_neither_too_short_nor_too_long_to_be_spoken() -> None:
    pace = Pace.of(PROMPT, FRAMES)
    assert pace.frames("Hi") == SHORTEST_FRAMES
    assert FRAMES + pace.frames("x" * 1000) == frames_in(30.0)
    assert FRAMES + pace.frames("x" * pace.most_bytes) <= frames_in(22.0)


def test_a_reference_that_leaves_no_time_is_refused() -> None:
    assert Pace.of(PROMPT, frames_in(29.0)).most_bytes >= 1
    with pytest.raises(ReferenceTooLong, match=r"lasts 29.7 s; with the speech it may last 30 s"):
        _ = Pace.of(PROMPT, frames_in(29.7)).most_frames


@given(
    st.floats(2.0, 60.0),
    st.lists(st.integers(1, 200), min_size=1, max_size=6),
    st.sampled_from([0, 1200, 3600]),
)
def test_exact_seconds_are_held_over_any_chunks(seconds: float, sizes: list[int], cross_fade: int) -> None:
    chunks = ["x" * length for length in sizes]
    pace = Pace.of(PROMPT, FRAMES)
    try:
        frames = exact_frames(seconds, chunks, pace, cross_fade)
    except DurationImpossible:
        return
    joined = sum(map(samples_of, frames)) - cross_fade * (len(chunks) - 1)
    assert 0 <= joined - round(seconds * 24_000) < 256
    assert all(SHORTEST_FRAMES <= count <= pace.most_frames for count in frames)
    # Like texts get like times, but for those too short for theirs.
    longer = [(count, length) for count, length in zip(frames, sizes, strict=True) if count > SHORTEST_FRAMES]
    for count, length in longer:
        per_byte = sum(count for count, _ in longer) / sum(length for _, length in longer)
        assert abs(count - length * per_byte) <= 2 + length / min(sizes)


def test_a_short_chunk_gets_time_to_be_said_and_the_longer_ones_share_the_rest() -> None:
    pace = Pace.of(PROMPT, FRAMES)
    chunks = ["x" * 150, "Seven.", "x" * 50]
    natural = seconds_of(sum(map(pace.frames, chunks)))
    long, short, half = exact_frames(natural, chunks, pace, 0)
    assert short == SHORTEST_FRAMES
    assert long == pytest.approx(pace.frames("x" * 150), abs=3)
    assert long == pytest.approx(3 * half, abs=3)


def test_a_time_is_refused_only_where_the_shortest_chunks_do_not_fit() -> None:
    chunks = ["x" * 40, "Seven.", "Yes."]
    pace = Pace.of(PROMPT, FRAMES)
    least = 3 * samples_of(SHORTEST_FRAMES) / 24_000
    assert exact_frames(least, chunks, pace, 0) == [SHORTEST_FRAMES] * 3
    with pytest.raises(DurationImpossible, match=r"each chunk of it \(3 in all\) may take 0\.8 to"):
        exact_frames(least - 0.02, chunks, pace, 0)


@pytest.mark.parametrize("seconds", [0.1, 1000.0])
def test_impossible_seconds_are_refused(seconds: float) -> None:
    with pytest.raises(DurationImpossible, match="are asked for; at the voice's own pace the text takes 11"):
        exact_frames(seconds, ["x" * 50, "x" * 60], Pace.of(PROMPT, FRAMES), 3600)


def test_frames_samples_and_seconds() -> None:
    assert frames_of(255) == 0
    assert samples_of(855 - 499) == 355 * 256
    assert seconds_of(frames_in(10.0)) == pytest.approx(10.0, abs=0.011)
