"""F5-TTS and E2-TTS rehearsed: an invented voice, invented weights of the published shapes, and the real rest.

What comes out is noise of the right length, so nobody listens to it; it is made loud, encoded and decoded as speech is.
"""

from __future__ import annotations

import importlib.util
import time
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.models.f5tts.batching import BATCH_FRAMES, BATCH_ROWS
from greenroom.models.rehearsal import (
    Conditions,
    Did,
    Library,
    OptionalLibrary,
    Rehearsal,
    RehearsalFailed,
    Size,
    Stage,
    encode_and_read_back,
    load_libraries,
    open_device,
)
from greenroom.runtime.device import CPU, device_memory
from greenroom.runtime.residency import MemoryShort

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from greenroom.media.audio import Audio
    from greenroom.models.f5tts.engine import Engine
    from greenroom.models.f5tts.planning import Plan
    from greenroom.models.f5tts.prompts import Prompts
    from greenroom.models.f5tts.rows import Row
    from greenroom.models.f5tts.vocabulary import Vocabulary
    from greenroom.recipes.inputs.f5tts import F5SpeakInputs
    from greenroom.recipes.recipe import Recipe

_NEEDED = (
    Library("torch", "torch", "models"),
    Library("safetensors", "safetensors", "models"),
    Library("av", "av", "captions"),
    Library("numpy", "numpy", "models"),
    Library("rjieba", "rjieba", "models"),
    Library("pypinyin", "pypinyin", "models"),
    Library("num2words", "num2words", "captions"),
)
_OPTIONAL = (
    OptionalLibrary(
        Library("soundswallower", "soundswallower", "captions"),
        "nobody listens to references, and captions have estimated times",
    ),
    OptionalLibrary(
        Library("huggingface_hub", "huggingface_hub", "weights"), "weights in the model hub's cache are not found"
    ),
)


@dataclass(frozen=True, slots=True)
class _Speech:
    """What a size asks for: so many texts at once, each of so many seconds and in so many parts."""

    seconds: float
    texts: int = 1
    parts: int = 1


@dataclass(frozen=True, slots=True)
class _Voice:
    """A reference: how long it lasts, and words that fit it."""

    seconds: float
    words: str


# The reference that the family's figures were measured with, and a short one where a frame takes long.
_USUAL_VOICE = _Voice(5.25, "The ferry leaves the old harbour at seven o'clock.")
_SHORT_VOICE = _Voice(2.0, "The ferry is late.")
_TEXT = (
    "A lamp burned in the window, and someone had left the gate open. We carried the boxes in before the rain came,"
    " counted them twice, and wrote the numbers on the door."
)
# At the pace of both voices.
_BYTES_A_SECOND = 9.6
_FRAMES_A_SECOND = 24_000 / 256
_SPEECHES = {
    "1s": _Speech(1.0),
    "10s": _Speech(10.0),
    "30s": _Speech(30.0, parts=3),
    "10sx8": _Speech(10.0, 8),
    "10sx32": _Speech(10.0, 32),
}
# The published number; enough to know what memory it takes; and what a CPU does in reasonable time.
_STEPS, _FEW_STEPS, _STEPS_ON_CPU = 32, 2, 1


def _size(name: str, speech: _Speech) -> Size:
    at_once = f", {speech.texts} texts at once" if speech.texts > 1 else ""
    frames = speech.texts * (speech.seconds + speech.parts * _USUAL_VOICE.seconds) * _FRAMES_A_SECOND
    return Size(name, f"{speech.seconds:g} s of speech{at_once}", min(frames, BATCH_FRAMES))


class F5Rehearsal(Rehearsal):
    """A published model of the family, without its files."""

    sizes = tuple(_size(name, speech) for name, speech in _SPEECHES.items())

    # What the stages leave for those behind them.
    _vocabulary: Vocabulary
    _engine: Engine
    _prompts: Prompts
    _plans: list[Plan]
    _mels: list[Tensor]
    _sounds: list[NDArray[np.float32]]
    _speeches: list[Audio]

    def __init__(self, known: Recipe, conditions: Conditions) -> None:
        super().__init__(known, conditions)
        self._is_slow = self.on_cpu and not conditions.tiny
        self._voice = _SHORT_VOICE if self._is_slow else _USUAL_VOICE
        self._recording = conditions.folder / "reference.wav"
        self._precision = conditions.precision or ""

    @classmethod
    def precisions(cls, device: str) -> tuple[str, ...]:
        """Half precision is for GPUs: on a CPU it is no faster."""
        return ("fp32",) if device == CPU else ("fp16", "fp32")

    @classmethod
    def usual_size(cls, device: str) -> str:
        """What the recipe's figures are of, or the least where that takes minutes."""
        return "1s" if device == CPU else "10s"

    @property
    def precision(self) -> str:
        """Of the flow model; the vocoder is float32 everywhere."""
        return self._precision

    def prepare(self) -> tuple[Stage, ...]:
        """Libraries, a made-up voice, the device, both networks, and on a GPU the kernels that a server warms up."""
        return (
            Stage("libraries", partial(load_libraries, _NEEDED, _OPTIONAL)),
            Stage("recording", self._record, invents=True),
            Stage("device", partial(open_device, self.conditions.device)),
            Stage("weights", self._make_weights, invents=True),
            *(() if self.on_cpu else (Stage("warm-up", self._warm),)),
        )

    def request(self, size: Size, *, hurried: bool) -> tuple[Stage, ...]:
        """Texts of a size, from the recording to encoded files."""
        return (
            Stage("prompt", self._hear),
            Stage("text", partial(self._plan, _SPEECHES[size.name])),
            Stage("sampling", partial(self._sample, self._steps(hurried=hurried))),
            Stage("vocoder", self._vocode),
            Stage("level", self._level),
            Stage("encode", self._encode),
        )

    def forget(self) -> None:
        """Give back graphs and mels."""
        self._mels = []
        if hasattr(self, "_engine"):
            self._engine.forget()

    def _steps(self, *, hurried: bool) -> int:
        if self.on_cpu:
            return _STEPS_ON_CPU
        return _FEW_STEPS if hurried else _STEPS

    def _record(self) -> Did:
        from greenroom.media.audio import Audio
        from greenroom.models.f5tts.durations import RATE
        from greenroom.models.speech import write_audio

        with self._recording.open("wb") as file:
            write_audio(file, self._recording, "wav", Audio(_made_up_voice(self._voice.seconds, RATE)[None], RATE))
        return Did(f"{self._voice.seconds:g} s of a made-up voice")

    def _make_weights(self) -> Did:
        import torch

        from greenroom.models.f5tts.architecture import PUBLISHED
        from greenroom.models.f5tts.engine import Engine, usual_precision
        from greenroom.models.f5tts.synthetic import (
            TINY_VOCOS,
            synthetic_flow,
            synthetic_vocabulary,
            synthetic_vocos,
            tiny,
        )
        from greenroom.models.f5tts.vocabulary import Vocabulary

        device = torch.device(self.conditions.device)
        architecture = PUBLISHED[self.known.architecture or self.known.name]
        if self.conditions.tiny:
            architecture = tiny(architecture)
        dtype = {"fp16": torch.float16, "fp32": torch.float32}.get(self._precision) or usual_precision(device)
        self._precision = "fp16" if dtype == torch.float16 else "fp32"
        self._refuse_small_host(dtype.itemsize)
        flow = synthetic_flow(architecture, device, dtype)
        count = sum(weight.numel() for weight in flow.parameters())
        self._engine = Engine.of(flow, synthetic_vocos(device, TINY_VOCOS if self.conditions.tiny else None))
        self._vocabulary = Vocabulary.of_tokens(synthetic_vocabulary(architecture.vocabulary))
        return Did(
            f"{count / 1e6:.3g} million random parameters in {self._precision}, and a vocoder", self._plain_way()
        )

    def _refuse_small_host(self, width: int) -> None:
        """A process that fills the host is killed without a word. width: bytes a parameter. Raises MemoryShort."""
        memory = device_memory(CPU) if self._is_slow else None
        needs = (self.known.parameters or 0) * width
        if memory is not None and needs > memory.free:
            raise MemoryShort(self.known.name, needs, CPU, memory.free)

    def _plain_way(self) -> tuple[Finding, ...]:
        """Whether the slower way is taken for want of something that could be installed."""
        if self.on_cpu or self._engine.packs or self._precision != "fp16" or importlib.util.find_spec("triton"):
            return ()
        return (
            Finding(
                "library-missing",
                "warning",
                "Triton is not installed: plain PyTorch runs, which takes several times as long",
                "pip install triton, in the release that torch asks for",
            ),
        )

    def _warm(self) -> Did:
        self._engine.warm()
        return Did("kernels compiled and graphs recorded" if self._engine.packs else "")

    def _hear(self) -> Did:
        from greenroom.models.f5tts.prompts import Prompts
        from greenroom.models.f5tts.voices import FOLDER, Voices

        # A new one each time: it keeps what it has heard.
        self._prompts = Prompts(Voices(self.conditions.folder / FOLDER))
        prompt = self._prompts.of(self._inputs(_TEXT, _SPEECHES["1s"], seed=0), self.conditions.step)
        return Did(f"{prompt.seconds:.1f} s, {prompt.frames} frames")

    def _plan(self, speech: _Speech) -> Did:
        from greenroom.models.f5tts.planning import plan

        text = _text_of(speech.seconds)
        self._plans = [
            plan(self._inputs(text, speech, seed=seed), seed, self._prompts, self._vocabulary, self.conditions.step)
            for seed in range(speech.texts)
        ]
        tokens = sum(len(row.tokens) for row in self._rows())
        return Did(f"{tokens:,} tokens, the reference's included, in {len(self._rows())} of the sampler's rows")

    def _inputs(self, text: str, speech: _Speech, *, seed: int) -> F5SpeakInputs:
        from greenroom.recipes.inputs.f5tts import F5SpeakInputs

        return F5SpeakInputs(
            text=text,
            reference=str(self._recording),
            reference_text=self._voice.words,
            check_reference=False,  # nobody says these words in it
            duration=speech.seconds,
            seed=seed,
        )

    def _rows(self) -> list[Row]:
        return [utterance.row for plan in self._plans for utterance in plan.utterances]

    def _sample(self, steps: int) -> Did:
        from greenroom.models.f5tts.rows import Sampling

        began = time.perf_counter()
        self._mels = []
        for batch in _batches(self._rows()):
            self._mels += self._engine.sample(batch, Sampling(steps=steps), self.conditions.step)
        taken = time.perf_counter() - began
        frames = sum(row.frames for row in self._rows())
        words = f"{frames:,} frames, {steps} of {_STEPS} steps"
        return Did(f"{words}; all would take about {taken * _STEPS / steps:,.0f} s" if self._is_slow else words)

    def _vocode(self) -> Did:
        rows = self._rows()
        self._sounds = []
        for batch in _batches(rows):
            made = len(self._sounds)
            self._sounds += self._engine.vocode(batch, self._mels[made : made + len(batch)])
        return Did()

    def _level(self) -> Did:
        from greenroom.models.f5tts.durations import RATE
        from greenroom.models.f5tts.joining import join as joined
        from greenroom.models.speech import Piece, join, level
        from greenroom.recipes.inputs.speech import LOUDNESS_LUFS

        sounds = iter(self._sounds)
        self._speeches = []
        for plan in self._plans:
            samples = joined([next(sounds) for _ in plan.utterances], plan.overlap)[: plan.samples]
            if len(samples) != plan.samples:
                raise RehearsalFailed(
                    f"{len(samples) / RATE:.2f} s of sound were made, and {(plan.samples or 0) / RATE:.2f} s asked for",
                    mend="report this to greenroom",
                )
            words = tuple(word for utterance in plan.utterances for word in utterance.words)
            self._speeches.append(level(join([Piece(words, samples, RATE, spans=None)]), LOUDNESS_LUFS).audio)
        return Did(f"{sum(speech.seconds for speech in self._speeches):g} s of sound")

    def _encode(self) -> Did:
        did = Did()
        for speech in self._speeches:
            did = encode_and_read_back(speech, self.conditions.folder)
        return did


def _batches(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Rows as the batcher takes them together."""
    batch: list[Row] = []
    for row in rows:
        if batch and (len(batch) == BATCH_ROWS or sum(r.frames for r in batch) + row.frames > BATCH_FRAMES):
            yield batch
            batch = []
        batch.append(row)
    yield batch


def _text_of(seconds: float) -> str:
    """As many words as the made-up voices say in that time."""
    text = ""
    for word in cycle(_TEXT.split()):
        text = f"{text} {word}".lstrip()
        if len(text) >= seconds * _BYTES_A_SECOND:
            break
    return text.rstrip(".,") + "."


def _made_up_voice(seconds: float, rate: int) -> NDArray[np.float32]:
    """Harmonics of a gliding pitch in syllables of a fifth of a second, loud at both ends: nothing of it is trimmed.

    float32, shape (n,), at a level of speech.
    """
    import numpy as np

    moment = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * np.cumsum(120 * 2 ** (0.2 * np.sin(2.5 * moment))) / rate
    voiced = sum(np.sin(harmonic * phase) / harmonic for harmonic in range(1, 30))
    syllables = 0.6 + 0.4 * np.cos(2 * np.pi * round(5 * seconds) * moment / seconds)
    sound: NDArray[np.float32] = (0.15 * voiced * syllables).astype(np.float32)
    return sound
