"""Sound as recognisers want it."""

from __future__ import annotations

import io
import wave

import numpy as np

from greenroom.captions.align.pcm import RATE, speech_pcm, wav_bytes
from greenroom.media.audio import Audio
from tests.captions.align.conftest import silence


def test_any_sound_becomes_one_channel_at_16_khz_and_half_of_full_scale() -> None:
    wave_ = (0.01 * np.sin(2 * np.pi * 440 * np.arange(44_100 * 25) / 44_100)).astype(np.float32)
    pcm = speech_pcm(Audio(np.stack([wave_, wave_]), 44_100))
    assert pcm.dtype == np.int16
    assert abs(len(pcm) - 25 * RATE) <= 2
    assert 0.45 < np.abs(pcm[1000:-1000]).max() / 32_768 < 0.55


def test_silence_stays_silent_and_nothing_stays_nothing() -> None:
    assert not speech_pcm(silence(1)).any()
    assert len(speech_pcm(silence(0))) == 0


def test_the_wav_is_a_wav() -> None:
    with wave.open(io.BytesIO(wav_bytes(speech_pcm(silence(1))))) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (1, RATE, RATE)
