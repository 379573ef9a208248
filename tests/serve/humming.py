"""The voice of the catalogue with all that it is but its network: it hums, for requests whose sound nobody hears."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from greenroom.cli.main import main
from greenroom.models import registry
from greenroom.models.voice.model import VoiceModel
from greenroom.models.voice.piper import Piper, Utterance

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

# A phoneme of ordinary speech.
_PHONEME_S = 0.08


class Hummer(Piper):
    """Reads a text as the voice does, and hums each phoneme. It does not say when: nobody listens to a hum."""

    def say(
        self, phonemes: list[str], *, pace: float, noise: np.random.Generator, speaker: int | None = None
    ) -> Utterance:
        import numpy as np

        self._speaker(speaker)
        times = np.arange(round(len(phonemes) * _PHONEME_S / pace * self.rate)) / self.rate
        return Utterance((0.3 * np.sin(2 * np.pi * 220 * times)).astype(np.float32), None)


class Humming(VoiceModel):
    """Takes what the voice takes, and gives what it gives."""

    @classmethod
    def load(cls, device: str) -> Self:
        from greenroom.models.voice.speak import LoadedVoice
        from greenroom.models.voice.voices import find_voice

        source = find_voice(cls.voice)
        return cls(LoadedVoice(source, Hummer.load(source.model)))


def main_humming(arguments: Sequence[str]) -> None:
    """The command line, where the voice hums."""
    registry._CLASSES["voice-joe"] = f"{__name__}:{Humming.__name__}"
    main(arguments)
