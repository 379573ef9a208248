"""The prompts of a process: stored voices and requests' own recordings, each looked at and listened to once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.media.audio import read_audio
from greenroom.models.f5tts.prompt import Prompt
from greenroom.models.f5tts.recording import Recording, sha256_of, take_recording

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.models.f5tts.voices import Voices
    from greenroom.progress import Step
    from greenroom.recipes.inputs.f5tts import F5SpeakInputs

# 12 s of sound and its spectrogram are 1.6 MB.
_KEPT = 64


class Prompts:
    """Makes prompts, and keeps the last ones. Safe for many threads."""

    def __init__(self, voices: Voices) -> None:
        self._voices = voices
        self._kept: OrderedDict[object, Prompt] = OrderedDict()
        self._lock = threading.Lock()

    def names(self) -> tuple[str, ...]:
        """The stored voices."""
        return tuple(voice.name for voice in self._voices.all())

    def stored(self, name: str) -> Prompt:
        """The prompt of a stored voice. Raises VoiceUnknown, FileUnreadable."""
        voice = self._voices.get(name)

        def make() -> Prompt:
            sound = read_audio(self._voices.recording(name))
            return Prompt.of_recording(Recording(sound.mono, sound.rate, voice.transcript, voice.language))

        return self._keep(voice, make)

    def of(self, inputs: F5SpeakInputs, step: Step) -> Prompt:
        """The prompt of the voice or the recording that a request names.

        Raises VoiceUnknown, FileUnreadable, and what ``take_recording`` raises.
        """
        if inputs.voice is not None:
            return self.stored(inputs.voice)
        path, text, check = Path(inputs.reference or ""), inputs.reference_text or "", inputs.check_reference
        return self._keep(
            (sha256_of(path), text, check),
            lambda: Prompt.of_recording(take_recording(read_audio(path), text, check=check, step=step)),
        )

    def _keep(self, key: object, make: Callable[[], Prompt]) -> Prompt:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = make()
        with self._lock:
            # Of two that made it at once, both go on with the same: chunks of one prompt fade into each other.
            made = self._kept.setdefault(key, made)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made
