"""A voice and its words as the model goes on from them: at its rate, with their spectrogram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import torch

from greenroom.models.f5tts.durations import RATE, Pace, frames_of, prompt_text
from greenroom.models.f5tts.mel import log_mel, resample
from greenroom.models.f5tts.reference import ended

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from greenroom.models.f5tts.recording import Recording


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """What the model goes on from.

    samples: float32, shape (n,), 24 kHz, as loud as the model wants it.  mel: their log mel, shape (frames + 1, bands).
    transcript: the words as they were given, cut where the sound was.  language: of them.  warnings: what may make the
    speech worse.
    """

    samples: NDArray[np.float32]
    mel: Tensor
    transcript: str
    language: str
    warnings: tuple[str, ...] = ()

    @classmethod
    def of(cls, samples: NDArray[np.float32], transcript: str, language: str, warnings: Sequence[str] = ()) -> Self:
        """A prompt of samples that are ready."""
        return cls(samples, mel_of(samples), transcript, language, tuple(warnings))

    @classmethod
    def of_recording(cls, recording: Recording) -> Self:
        """A prompt of what was recorded, at the model's rate."""
        samples = resample(torch.from_numpy(recording.samples), recording.rate, RATE).numpy()
        return cls.of(samples, recording.transcript, recording.language, recording.warnings)

    @property
    def text(self) -> str:
        """The words as they stand before the text to say."""
        return prompt_text(ended(self.transcript))

    @property
    def frames(self) -> int:
        """Whole frames of the samples."""
        return frames_of(len(self.samples))

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / RATE

    def pace(self, speed: float) -> Pace:
        """How fast the voice reads, ``speed`` times its own pace."""
        return Pace.of(self.text, self.frames, speed)


def mel_of(samples: NDArray[np.float32]) -> Tensor:
    """The log mel of samples at 24 kHz, shape (samples // 256 + 1, bands), on the CPU: a device may be busy."""
    return log_mel(torch.from_numpy(samples)[None])[0].transpose(0, 1).contiguous()
