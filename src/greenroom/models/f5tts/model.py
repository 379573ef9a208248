"""F5-TTS and E2-TTS as they are served: loaded once, asked by many at once, heard while they speak."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, ClassVar, Self

from greenroom.models.model import Generated, Work
from greenroom.models.published import PublishedModel
from greenroom.progress import silent
from greenroom.recipes.inputs.f5tts import F5SpeechInputs

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.captions.align.link import Aligner
    from greenroom.inputs import Inputs
    from greenroom.models.f5tts.architecture import Architecture
    from greenroom.models.f5tts.engine import Engine
    from greenroom.models.f5tts.speaking import Speaker
    from greenroom.models.spoken import SpeakResult, Wanted
    from greenroom.progress import Step
    from greenroom.recipes.inputs.f5tts import F5SpeakInputs
    from greenroom.recipes.inputs.speech import SpeechFileInputs
    from greenroom.settings import Settings


@dataclass(frozen=True, slots=True)
class Sources:
    """What a model is loaded from."""

    architecture: Architecture
    flow: Path
    vocabulary: Path
    vocoder: Path


class F5Model(PublishedModel):
    """A published model of the family. Subclasses say which."""

    inputs: ClassVar[type[Inputs]] = F5SpeechInputs
    streams: ClassVar[bool] = True
    # As many rows as a batch holds: with more, requests wait here instead of in the queue, where they can be seen.
    concurrency: ClassVar[int] = 32
    # What torch reserved under 40 requests at once of all lengths, on an H100; one at a time peaks at 1.5 GB.
    memory: ClassVar[int] = 4_200_000_000

    def __init__(self, engine: Engine, speaker: Speaker, aligners: tuple[Aligner, ...]) -> None:
        self.speaker = speaker
        self._engine = engine
        self._aligners = aligners
        # The thread that batches holds the networks; it ends with the model.
        weakref.finalize(self, speaker.batcher.close)

    @classmethod
    def sources(cls, settings: Settings) -> Sources:
        """Where its files are. Raises WeightsMissing, WeightsDamaged."""
        from greenroom.models.f5tts.architecture import PUBLISHED
        from greenroom.recipes.catalogue import recipe
        from greenroom.weights.store.finding import Need, find_weights
        from greenroom.weights.store.places import Places

        needs = (
            Need(cls.known, "weights"),
            Need(cls.known, "vocabulary"),
            Need("vocos-24khz", "weights"),
        )
        flow, vocabulary, vocoder = find_weights(cls.known, needs, Places.of(settings))
        return Sources(PUBLISHED[recipe(cls.known).architecture or cls.known], flow, vocabulary, vocoder)

    @classmethod
    def engine(cls, sources: Sources, device: str) -> Engine:
        """Both networks on a device. Raises WeightsUnreadable, WeightsUnfit."""
        from greenroom.models.f5tts.engine import Engine

        return Engine.load(sources.architecture, sources.flow, sources.vocoder, device)

    @classmethod
    def load(cls, device: str) -> Self:
        """Find the weights and put them on a device.

        Raises WeightsMissing, WeightsDamaged, WeightsUnreadable, WeightsUnfit, VocabularyInvalid, ExtraMissing.
        """
        from greenroom.captions.align.chain import default_aligners
        from greenroom.settings import resolve

        settings = resolve().settings
        sources = cls.sources(settings)  # before torch is imported: weights that are missing are said at once
        from greenroom.models.f5tts.batching import Batcher
        from greenroom.models.f5tts.prompts import Prompts
        from greenroom.models.f5tts.speaking import Speaker
        from greenroom.models.f5tts.vocabulary import Vocabulary
        from greenroom.models.f5tts.voices import FOLDER, Voices

        vocabulary = Vocabulary.read(sources.vocabulary)
        engine = cls.engine(sources, device)
        prompts = Prompts(Voices(settings.data / FOLDER))
        speaker = Speaker(cls.known, cls.terms(), Batcher(engine), vocabulary, prompts)
        aligners = default_aligners(
            whisperx_python=settings.whisperx_python, google_credentials=settings.google_credentials
        )
        return cls(engine, speaker, aligners)

    def warm_up(self, work: Work) -> None:
        """Make sound of some usual lengths."""
        work.step("warming", 0, 1)
        self._engine.warm()
        work.step("warming", 1, 1)

    def generate(self, inputs: F5SpeechInputs, work: Work) -> Generated:
        """Say a text: the sound first, then its captions. Streamed, there are no captions and no files.

        Raises InputInvalid, FileUnreadable, OutputUnwritable, Cancelled.
        """
        from greenroom.models.spoken import HandedOn, Wanted

        wanted = Wanted.of(inputs, work, self._aligners)
        if work.hand_on:
            out = HandedOn(work.hand_on)
            seconds = self.speak_into(inputs, wanted, out, work.step)
            out.flush()
            return Generated({"seconds": round(seconds, 3), "terms": list(self.speaker.terms)})
        made = self.speak(inputs, wanted, work.step)
        return Generated(made.facts, made.files)

    def speak(self, inputs: F5SpeakInputs, wanted: Wanted, step: Step = silent) -> SpeakResult:
        """Say a text into files. Raises as ``speak_to_files`` does."""
        from greenroom.models.f5tts.speaking import speak_to_files

        return speak_to_files(self.speaker, inputs, wanted, step)

    def speak_into(self, inputs: F5SpeakInputs, wanted: Wanted, file: IO[bytes], step: Step = silent) -> float:
        """Say a text into a pipe; gives the seconds. Raises as ``speak_to_stream`` does."""
        from greenroom.models.f5tts.speaking import speak_to_stream

        return speak_to_stream(self.speaker, inputs, wanted, file, step)

    @classmethod
    def stream_type(cls, inputs: SpeechFileInputs) -> str:
        """The media type of the sound."""
        from greenroom.media.audio import media_type

        return media_type(inputs.format)


class F5TTSV1Base(F5Model):
    """F5-TTS v1 Base."""

    known = "f5tts-v1-base"


class F5TTSBase(F5Model):
    """F5-TTS Base."""

    known = "f5tts-base"


class E2TTSBase(F5Model):
    """E2-TTS Base."""

    known = "e2tts-base"
