"""What F5-TTS is measured on: a voice to follow, a text, durations of a batch, and a vocabulary.

The lengths are those of the published baseline: 5.3 s of reference (496 frames of 256 samples at 24 kHz) whose text has
52 bytes as the duration rule counts them, 98 bytes to speak, so 496 + int(496 / 52 * 98) = 1430 frames, of which 934
(9.96 s) are made. Words, voice and tokens are invented here; neither side needs a file that it was published with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 24_000
HOP = 256
REFERENCE_SAMPLES = 127_200
REFERENCE_FRAMES = REFERENCE_SAMPLES // HOP
FRAMES = 1430
TOKENS = 2545
GUIDANCE = 2.0
SWAY = -1.0

# 50 bytes: the space that a full stop is given, and the one before the text to speak, make 52.
REFERENCE_TEXT = "The ferry leaves the old harbour at seven o'clock."
TEXT = "We packed bread, cheese and three maps, and followed the river north until the last farm was gone."

# What trimming a recording leaves behind it.
_TAIL_SAMPLES = 1_200
_REFERENCE_BYTES = len(REFERENCE_TEXT.encode()) + 2


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a batch. text: to speak.  frames: of the whole sound, the reference's 496 among them."""

    text: str
    frames: int

    @property
    def seconds(self) -> float:
        """Of the sound that is made."""
        return (self.frames - REFERENCE_FRAMES) * HOP / RATE


def equal(rows: int) -> list[Line]:
    """A batch of the standard text."""
    return [Line(TEXT, FRAMES)] * rows


def spread(rows: int) -> list[Line]:
    """A batch of 0.6 to 1.4 times the standard frames, evenly apart, each with as much text as the rule expects."""
    steps = 5 * (rows - 1)
    # Whole numbers throughout: 1430 * 1.4 in floating point is not 2002.
    frames = [FRAMES * (3 * (rows - 1) + 4 * row) // steps for row in range(rows)]
    return [Line(text_for(count), count) for count in frames]


def text_for(frames: int) -> str:
    """As many bytes of the standard text, over and over, as the duration rule gives so many frames."""
    length = round((frames - REFERENCE_FRAMES) * _REFERENCE_BYTES / REFERENCE_FRAMES)
    again = f"{TEXT} " * (length // len(TEXT) + 1)
    return f"{again[: length - 1].rstrip():.<{length}}"


def recording(seed: int = 0) -> NDArray[np.float32]:
    """5.25 s that have the shape of speech: a gliding pitch, formants, syllables, and noise under all of it.

    Float32, (126000,), about 0.14 of loudness (root mean square) and loud at both ends, so that trimming takes nothing
    away and no gain is applied. The same samples for the same seed.
    """
    draw = np.random.default_rng(seed)
    count = REFERENCE_SAMPLES - _TAIL_SAMPLES
    time = np.arange(count) / RATE
    pitch = 120 * 2 ** (0.25 * np.sin(2 * np.pi * 0.4 * time) + 0.05 * np.sin(2 * np.pi * 5.3 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    syllables = draw.uniform(0, 1, (3, 22))
    formants = np.array([[300.0], [900.0], [2300.0]]) + np.array([[500.0], [1200.0], [700.0]]) * syllables
    places = np.linspace(0, time[-1], formants.shape[1])
    moving = [np.interp(time, places, formant) for formant in formants]
    voiced = np.zeros(count)
    for harmonic in range(1, 40):
        height = sum(np.exp(-(((harmonic * pitch - formant) / 180) ** 2)) for formant in moving)
        voiced += (0.02 + height) / harmonic**0.5 * np.sin(harmonic * phase + draw.uniform(0, 2 * np.pi))
    # Cosine, so that the first and the last syllable stand at their height.
    envelope = 0.55 + 0.45 * np.cos(2 * np.pi * 21 * np.arange(count) / (count - 1))
    sound = voiced * envelope + 0.05 * draw.standard_normal(count)
    level: NDArray[np.float32] = (sound * 0.14 / np.sqrt(np.mean(sound**2))).astype(np.float32)
    return level


def reference(seed: int = 0) -> NDArray[np.float32]:
    """The recording as trimming leaves it: with 50 ms of silence behind, float32, (127200,)."""
    return np.concatenate([recording(seed), np.zeros(_TAIL_SAMPLES, dtype=np.float32)])


def vocabulary() -> list[str]:
    """2545 tokens: the space, the rest of printable ASCII, then names that no text brings up."""
    printable = [chr(code) for code in range(ord(" "), ord("~") + 1)]
    return printable + [f"token{number}" for number in range(len(printable), TOKENS)]


def write_vocabulary(file: Path) -> Path:
    """Write the vocabulary as it is published, a token a line; gives ``file``."""
    file.write_text("".join(f"{token}\n" for token in vocabulary()), encoding="utf-8", newline="\n")
    return file
