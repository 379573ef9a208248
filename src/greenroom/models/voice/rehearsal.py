"""The embedded voice rehearsed: it comes whole with its package, so nothing of it is invented."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from greenroom.models.rehearsal import (
    Did,
    Library,
    OptionalLibrary,
    Rehearsal,
    Size,
    Stage,
    encode_and_read_back,
    load_libraries,
)

if TYPE_CHECKING:
    from greenroom.models.speech import Piece, Speech
    from greenroom.models.voice.speak import LoadedVoice
    from greenroom.models.voice.synthesis import Plan
    from greenroom.recipes.inputs.voice import SpeakInputs

_NEEDED = (
    Library("piper", "piper-tts", "voice"),
    Library("onnxruntime", "onnxruntime", "voice"),
    Library("av", "av", "captions"),
    Library("numpy", "numpy", "captions"),
    Library("num2words", "num2words", "captions"),
)
_LISTENER = OptionalLibrary(
    Library("soundswallower", "soundswallower", "captions"), "nobody listens whether the voice says its text"
)
_SENTENCE = "The lamp in the hall is broken, and nobody has called the electrician."
_SENTENCES = {"sentence": 1, "paragraph": 6}


class VoiceRehearsal(Rehearsal):
    """The voice of the catalogue, on the CPU, as it is."""

    sizes = (
        Size("sentence", "one sentence", 1),
        Size("paragraph", "six sentences", 6),
    )
    runs_on = ("cpu",)
    invented = False

    # What the stages leave for those behind them.
    _voice: LoadedVoice
    _planned: Plan
    _pieces: list[Piece]
    _speech: Speech

    @classmethod
    def precisions(cls, device: str) -> tuple[str, ...]:
        """What the file is in."""
        return ("fp32",)

    @classmethod
    def usual_size(cls, device: str) -> str:
        """What one asks of it first."""
        return "sentence"

    @property
    def precision(self) -> str:
        """What the file is in."""
        return "fp32"

    def prepare(self) -> tuple[Stage, ...]:
        """Libraries, and the voice's own file."""
        return (
            Stage("libraries", partial(load_libraries, _NEEDED, (_LISTENER,))),
            Stage("weights", self._load),
        )

    def request(self, size: Size, *, hurried: bool) -> tuple[Stage, ...]:
        """A text from its words to encoded files."""
        inputs = self._inputs(_SENTENCES[size.name])
        return (
            Stage("text", partial(self._plan, inputs)),
            Stage("speaking", partial(self._say, inputs)),
            Stage("listening", self._listen),
            Stage("level", partial(self._level, inputs)),
            Stage("encode", self._encode),
        )

    def _inputs(self, sentences: int) -> SpeakInputs:
        from greenroom.recipes.inputs.voice import SpeakInputs

        return SpeakInputs(text=" ".join([_SENTENCE] * sentences))

    def _load(self) -> Did:
        from greenroom.models.voice.speak import load_voice

        self._voice = load_voice(self.known.name)
        return Did("the voice itself, which its package carries")

    def _plan(self, inputs: SpeakInputs) -> Did:
        from greenroom.models.voice.synthesis import plan

        self._planned = plan(self._voice.piper, inputs)
        return Did(f"{len(self._planned.pieces)} of {self._planned.letters} letters")

    def _say(self, inputs: SpeakInputs) -> Did:
        from greenroom.models.voice.synthesis import say

        self._pieces = list(say(self._voice.piper, inputs, self._planned, self.conditions.step))
        return Did(f"{sum(piece.audio.seconds for piece in self._pieces):.1f} s of speech")

    def _listen(self) -> Did:
        from greenroom.captions.align.check import check

        checks = [
            check(piece.audio, piece.words, piece.spans, language=self._planned.language)
            for piece in self._pieces
            if piece.spans is not None
        ]
        return Did(f"{sum(done.agrees is True for done in checks)} of {len(checks)} heard as written")

    def _level(self, inputs: SpeakInputs) -> Did:
        from greenroom.models.speech import join, level
        from greenroom.models.spoken import measured

        self._speech = level(join(self._pieces), inputs.loudness)
        loudness, _ = measured(self._speech.audio)
        return Did(f"{loudness} LUFS")

    def _encode(self) -> Did:
        return encode_and_read_back(self._speech.audio, self.conditions.folder)
