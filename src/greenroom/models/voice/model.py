"""The embedded voice as it is served: loaded once, asked many times, heard while it speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from greenroom.models.model import Generated, Model, Work
from greenroom.recipes.inputs.voice import SpeechInputs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenroom.captions.align.link import Aligner
    from greenroom.inputs import Inputs
    from greenroom.models.voice.speak import LoadedVoice, Request

# Long enough for every part that a request goes through: the network, the listener, captions.
_WARM_UP = "The lamp in the hall is broken."


class VoiceModel(Model):
    """The voice of the catalogue, on the CPU."""

    voice: ClassVar[str] = "voice-joe"
    inputs: ClassVar[type[Inputs]] = SpeechInputs
    memory: ClassVar[int] = 460_000_000
    streams: ClassVar[bool] = True

    def __init__(self, voice: LoadedVoice, aligners: Sequence[Aligner] = ()) -> None:
        self._voice = voice
        self._aligners = tuple(aligners)

    @classmethod
    def load(cls, device: str) -> Self:
        """Load the voice and find its aligners. Raises ExtraMissing, FileUnreadable."""
        from greenroom.captions.align.chain import default_aligners
        from greenroom.models.voice.speak import load_voice
        from greenroom.settings import resolve

        settings = resolve().settings
        aligners = default_aligners(
            whisperx_python=settings.whisperx_python, google_credentials=settings.google_credentials
        )
        return cls(load_voice(cls.voice), aligners)

    def warm_up(self, work: Work) -> None:
        """Say a sentence, with captions."""
        self.generate(SpeechInputs(text=_WARM_UP), work)

    def generate(self, inputs: SpeechInputs, work: Work) -> Generated:
        """Say a text: the sound first, then its captions. Streamed, there are no captions and no files.

        Raises InputInvalid, UnknownName, OutputUnwritable, Cancelled.
        """
        from greenroom.models.spoken import Wanted
        from greenroom.models.voice.speak import Request, speak_to_files

        request = Request(inputs, self.voice, Wanted.of(inputs, work, self._aligners))
        if work.hand_on:
            return self._streamed(request, work, work.hand_on)
        made = speak_to_files(request, voice=self._voice, step=work.step)
        return Generated(made.facts, made.files)

    @classmethod
    def stream_type(cls, inputs: SpeechInputs) -> str:
        """The media type of the sound."""
        from greenroom.media.audio import media_type

        return media_type(inputs.format)

    def _streamed(self, request: Request, work: Work, hand_on: Callable[[bytes], None]) -> Generated:
        from greenroom.models.spoken import HandedOn
        from greenroom.models.voice.speak import speak_to_stream

        out = HandedOn(hand_on)
        seconds = speak_to_stream(request, out, voice=self._voice, step=work.step)
        out.flush()
        return Generated({"seconds": round(seconds, 3), "terms": list(self._voice.source.terms)})
