"""A reference is made ready, with a note of what was done, or refused by name."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom.models.f5tts.reference import (
    ReferenceClipped,
    ReferenceNotFinite,
    ReferenceSilent,
    ReferenceTextEmpty,
    ReferenceTextMismatch,
    ReferenceTooShort,
    ReferenceUnusable,
    check_text,
    clipped_share,
    ended,
    prepare,
    raised,
)

RATE = 16_000


def tone(seconds: float, level: float = 0.3, channels: int = 1, rate: int = RATE) -> NDArray[np.float32]:
    wave = level * np.sin(2 * np.pi * 220 * np.arange(round(seconds * rate)) / rate)
    return np.repeat(wave[None].astype(np.float32), channels, axis=0)


def still(seconds: float) -> NDArray[np.float32]:
    return np.zeros((1, round(seconds * RATE)), np.float32)


def after(*parts: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.concatenate(parts, axis=1)


def test_a_good_reference_passes_without_a_note() -> None:
    ready = prepare(tone(5.0), RATE)
    assert (ready.cuts, ready.notes, ready.rate) == ((), (), RATE)
    assert ready.seconds == pytest.approx(5.05, abs=0.001)
    assert ready.rms == pytest.approx(0.3 / 2**0.5, rel=0.01)
    np.testing.assert_allclose(ready.samples[:80_000], tone(5.0)[0], atol=1 / 32_768)


@pytest.mark.parametrize(("level", "rms"), [(0.02, 0.1), (0.5, 0.5 / 2**0.5)])
def test_a_quiet_reference_is_raised_and_a_loud_one_left_alone(level: float, rms: float) -> None:
    ready = prepare(tone(5.0, level), RATE)
    assert float(np.sqrt(np.square(ready.samples).mean())) == pytest.approx(rms, rel=0.01)
    assert ready.rms == pytest.approx(level / 2**0.5, rel=0.02)


def test_channels_are_averaged() -> None:
    both = tone(2.0, channels=2)
    both[1] = 0
    mono, rms = raised(both, target_rms=0.01)
    np.testing.assert_allclose(mono, both[0] / 2, atol=1e-7)
    assert rms == pytest.approx(0.3 / 2 / 2**0.5, rel=1e-3)
    assert prepare(tone(5.0, channels=2), RATE).samples.ndim == 1


def test_silence_is_raised_to_silence() -> None:
    mono, rms = raised(still(0.1))
    assert (mono.any(), rms) == (np.False_, 0.0)
    assert raised(np.zeros((1, 0), np.float32))[1] == 0.0


def test_8_khz_is_raised_to_what_silence_can_be_joined_to() -> None:
    assert prepare(tone(5.0, rate=8000), 8000).rate == 11_025


def test_a_recording_of_40_s_is_cut_and_says_so() -> None:
    paused = after(tone(8.0), still(1.5), tone(30.5))
    ready = prepare(paused, RATE)
    assert ready.cuts == (1,)
    assert ready.seconds == pytest.approx(8.05, abs=0.02)
    assert "lasts 40.0 s; 8.0 s of it are used" in ready.notes[0]
    assert "at a pause" in ready.notes[0]
    assert "middle of speech" in prepare(tone(40.0), RATE).notes[0]


@pytest.mark.parametrize(
    ("samples", "error", "reason"),
    [
        (tone(0.4), ReferenceTooShort, "the reference lasts 0.40 s; at least 1 s"),
        (np.zeros((1, 0), np.float32), ReferenceTooShort, "lasts 0.00 s"),
        (after(still(2.0), tone(0.5), still(2.0)), ReferenceTooShort, "without the silence around it"),
        (still(5.0), ReferenceSilent, "digital silence"),
        (tone(5.0, 0.0005), ReferenceSilent, "its level is -69 dBFS, and under -42"),
        (tone(5.0, 0.002), ReferenceSilent, "nothing can be heard"),
        (np.clip(tone(5.0, 1.5), -1, 1), ReferenceClipped, "are cut off at full scale"),
        (np.where(np.arange(80_000) == 7, np.nan, tone(5.0)).astype(np.float32), ReferenceNotFinite, "1 samples"),
        (np.where(np.arange(80_000) < 2, np.inf, tone(5.0)).astype(np.float32), ReferenceNotFinite, "2 samples"),
    ],
)
def test_an_unusable_reference_is_named(
    samples: NDArray[np.float32], error: type[ReferenceUnusable], reason: str
) -> None:
    with pytest.raises(error, match=reason) as refused:
        prepare(samples, RATE)
    assert refused.value.mend
    assert refused.value.code.startswith("reference-")


def test_each_kind_of_trouble_has_a_code_of_its_own() -> None:
    kinds = ReferenceUnusable.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds)


def test_a_little_clipping_is_noted() -> None:
    wave = tone(5.0)
    wave[0, 1000:1100] = 1.0
    (note,) = prepare(wave, RATE).notes
    assert note.startswith("0.12% of the reference's samples are cut off")
    wave = tone(5.0)
    wave[0, ::1000] = 1.0  # peaks alone are no clipping
    assert prepare(wave, RATE).notes == ()


def test_only_runs_at_full_scale_are_clipped() -> None:
    samples = np.zeros((10, 1), np.int16)
    samples[[0, 1, 4, 5, 6, 9]] = 32_767
    assert clipped_share(samples) == pytest.approx(0.3)
    assert clipped_share(-samples) == pytest.approx(0.3)
    assert clipped_share(samples[:2]) == 0.0


def test_the_text_ends_as_published() -> None:
    assert [ended(text) for text in ("No dot", "Dot.", "Bang!", "中文", "中文。", "")] == [
        "No dot. ",
        "Dot. ",
        "Bang!. ",
        "中文. ",
        "中文。",
        ". ",
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Some call me nature, others call me mother nature.", 5.3),
        ("对，这就是我，万人敬仰的太乙真人。", 6.3),
        ("Hi.", 1.2),
        ("1 800 555 0199", 6.0),
        ("Добрый день, как поживаете?", 2.0),
        ("x" * 150, 12.0),
    ],
)
def test_words_that_fit_the_time_are_taken(text: str, seconds: float) -> None:
    check_text(text, seconds)


@pytest.mark.parametrize(
    ("text", "seconds", "reason"),
    [
        ("Yes.", 10.0, "too little for speech"),
        ("Some call me nature, others call me mother nature. " * 8, 8.0, "too much for speech"),
        ("了解了没这款棉服不易起球" * 5, 5.0, "too much for speech"),
    ],
)
def test_words_that_cannot_be_those_of_the_recording_are_refused(text: str, seconds: float, reason: str) -> None:
    with pytest.raises(ReferenceTextMismatch, match=reason):
        check_text(text, seconds)


@pytest.mark.parametrize("text", ["", "  ", "...", "😀"])
def test_a_text_without_words_is_refused(text: str) -> None:
    with pytest.raises(ReferenceTextEmpty, match="has no words"):
        check_text(text, 5.0)
