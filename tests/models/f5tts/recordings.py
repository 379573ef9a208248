"""Recordings of a voice for tests: the embedded one says some words, and what can go wrong is done to them."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from greenroom.media.audio import Audio, AudioWriter, read_audio
from greenroom.models.spoken import Wanted
from greenroom.models.voice.speak import Request, speak_to_files
from greenroom.recipes.inputs.voice import SpeakInputs
from tests.voice import joe

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEXT = "The lamp in the hall is broken, and nobody has called the electrician."


@functools.cache
def spoken(text: str = TEXT) -> Audio:
    """The embedded voice says a text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.wav"
        speak_to_files(Request(SpeakInputs(text=text), "voice-joe", Wanted(path)), voice=joe())
        return read_audio(path)


def write(path: Path, samples: NDArray[np.float32], rate: int) -> Path:
    """A WAV of one channel, shape (n,)."""
    with path.open("wb") as file, AudioWriter(file, "wav", rate) as out:
        out.write(samples)
    return path


def recorded(folder: Path, text: str = TEXT) -> Path:
    """A file in which the embedded voice says a text."""
    sound = spoken(text)
    return write(folder / "reference.wav", sound.mono, sound.rate)


def noise(seconds: float, rate: int = 24_000, level: float = 0.1) -> Audio:
    """Sound without words."""
    samples = np.random.default_rng(0).normal(0, level, (1, round(seconds * rate)))
    return Audio(samples.astype(np.float32), rate)
