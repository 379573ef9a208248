"""Speech that the joe voice says, once a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from greenroom.captions.align.link import Span
from greenroom.media.audio import Audio
from greenroom.models.speech import join
from greenroom.models.voice.synthesis import plan, say
from greenroom.recipes.inputs.voice import SpeakInputs

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.models.voice.piper import Piper


class Said(NamedTuple):
    """Sound, the words in it, and when the voice said them."""

    audio: Audio
    words: tuple[str, ...]
    spans: tuple[Span, ...]


@pytest.fixture(scope="session")
def said(joe: Piper) -> Callable[[str], Said]:
    """Say a text with the embedded voice."""
    known: dict[str, Said] = {}

    def speak(text: str) -> Said:
        if text not in known:
            inputs = SpeakInputs(text=text)
            speech = join(say(joe, inputs, plan(joe, inputs)))
            assert speech.spans is not None
            words = tuple(word for token in speech.tokens for word in token.words)
            known[text] = Said(speech.audio, words, speech.spans)
        return known[text]

    return speak


def silence(seconds: float, rate: int = 22_050) -> Audio:
    return Audio(np.zeros((1, int(seconds * rate)), np.float32), rate)


def joined(*parts: Audio) -> Audio:
    return Audio(np.concatenate([part.samples for part in parts], axis=1), parts[0].rate)


def noisy(audio: Audio, snr_db: float) -> Audio:
    """White noise of so many decibels below the sound."""
    power = float(np.mean(audio.samples**2)) / 10 ** (snr_db / 10)
    noise = np.random.default_rng(1).normal(0, power**0.5, audio.samples.shape).astype(np.float32)
    return Audio(audio.samples + noise, audio.rate)


def at_rate(audio: Audio, rate: int) -> Audio:
    """The sound at another rate, by straight lines between its samples."""
    times = np.arange(int(audio.seconds * rate)) / rate
    samples = np.interp(times, np.arange(audio.samples.shape[-1]) / audio.rate, audio.mono)
    return Audio(samples[None].astype(np.float32), rate)
