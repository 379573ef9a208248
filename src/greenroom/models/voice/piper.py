"""A Piper voice: phonemes in, samples and phoneme lengths out.

The engine, piper-tts, is GPL-3.0-or-later and therefore an optional extra; it brings the phonemizer (espeak-ng). The
network is run here, so that noise comes from the request's own seed and phoneme lengths come out with the sound.
"""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Self

from greenroom.errors import ExtraMissing, FileUnreadable, GreenroomError, InputInvalid, quoted
from greenroom.models.voice.onnx_graph import open_graph
from greenroom.models.voice.timing import Sound

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from piper import PiperVoice

# Values of noise for each phoneme id: 192 channels (all published Piper sizes have as many or fewer) by 6 frames, twice
# what speech at half pace takes; more is drawn when a sentence needs it.
_NOISE_PER_ID = 192 * 6
_MOST_NOISE_TRIES = 4
# The node that fails when there is less noise than its shape takes.
_NOISE_RAN_OUT = "Reshape"
PAD, BEGIN, END = "_", "^", "$"


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the network said. samples: float32, shape (n,), as it came.  sounds: every phoneme, None if unknown."""

    samples: NDArray[np.float32]
    sounds: tuple[Sound, ...] | None


class Piper:
    """One loaded voice. Safe to call from several threads: nothing in it changes after loading."""

    def __init__(self, engine: PiperVoice, session: Any, noise: tuple[str, ...], durations: str | None) -> None:
        self._engine = engine
        self._session = session
        self._noise = noise
        self._durations = durations
        self._reader = lru_cache(maxsize=16)(self._phonemizer)
        self._word_phonemes = lru_cache(maxsize=16_384)(self._phonemize_word)

    @classmethod
    def load(cls, model: Path) -> Self:
        """Load MODEL.onnx with the MODEL.onnx.json beside it.

        Raises ExtraMissing without piper-tts, FileUnreadable when a file is absent or not a Piper voice.
        """
        config = _read_config(model)
        try:
            import onnxruntime
            from piper import PiperConfig, PiperVoice
        except ModuleNotFoundError as error:
            raise ExtraMissing("the voice engine (piper-tts)", "voice") from error
        try:
            settings = PiperConfig.from_dict(config)
        except (KeyError, TypeError, ValueError) as error:
            raise FileUnreadable(
                f"{quoted(model.name + '.json')} is not a Piper voice's description ({error})",
                mend="take both files of the voice from one place",
            ) from error
        opened = open_graph(_read_model(model))
        options = onnxruntime.SessionOptions()
        # Threads that spin while they wait take the processor from whoever has work: benchmarks/NOTES.md, 1.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(opened.model, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own types are not public
            raise FileUnreadable(
                f"{quoted(model.name)} does not load as a Piper voice", mend="download it again"
            ) from error
        return cls(PiperVoice(session, settings), session, opened.noise, opened.durations)

    @property
    def rate(self) -> int:
        """Samples a second."""
        return int(self._engine.config.sample_rate)

    @property
    def language(self) -> str:
        """What espeak-ng calls the voice's language, such as en-us."""
        return str(self._engine.config.espeak_voice)

    @property
    def speakers(self) -> int:
        """How many people this voice can be."""
        return int(self._engine.config.num_speakers)

    def languages(self) -> tuple[str, ...]:
        """The languages that this voice can be asked to read, sorted; those of espeak-ng for voices that use it."""
        from piper.config import PhonemeType
        from piper.phonemize_espeak import ESPEAK_DATA_DIR

        if self._engine.config.phoneme_type != PhonemeType.ESPEAK:
            return (self.language,)
        return tuple(sorted(_espeak_voices(ESPEAK_DATA_DIR / "lang")))

    def phonemize(self, text: str, language: str | None = None) -> list[list[str]]:
        """Phonemes of each sentence in the text, spaces and punctuation among them."""
        return self._reader(language or self.language).phonemize(text)

    def phonemes_of(self, word: str, language: str | None = None) -> str:
        """The phonemes of one word said alone; remembered."""
        return self._word_phonemes(word, language or self.language)

    def _phonemize_word(self, word: str, language: str) -> str:
        return " ".join("".join(sentence) for sentence in self.phonemize(word, language))

    def _phonemizer(self, language: str) -> PiperVoice:
        from piper.phonemize_espeak import ESPEAK_DATA_DIR

        if language == self.language:
            return self._engine
        name = _espeak_voices(ESPEAK_DATA_DIR / "lang").get(language, language)
        return dataclasses.replace(self._engine, config=dataclasses.replace(self._engine.config, espeak_voice=name))

    def say(
        self, phonemes: list[str], *, pace: float, noise: np.random.Generator, speaker: int | None = None
    ) -> Utterance:
        """Speak one sentence of phonemes.

        pace: 1.0 is the voice's own, 2.0 twice as fast.  noise: where the network's randomness comes from; the same
        generator state gives the same samples.  speaker: which of the voice's people.
        Raises InputInvalid for a speaker that the voice does not have.
        """
        import numpy as np

        ids, owners = self._ids(phonemes)
        settings = self._engine.config
        feeds: dict[str, NDArray[Any]] = {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array(
                [settings.noise_scale, settings.length_scale / pace, settings.noise_w_scale], np.float32
            ),
        }
        chosen = self._speaker(speaker)
        if self.speakers > 1:
            feeds["sid"] = np.array([chosen], np.int64)
        samples, *rest = self._run(feeds, noise, enough=round(_NOISE_PER_ID * len(ids) / pace))
        sound: NDArray[np.float32] = samples.reshape(-1)
        if not rest:
            return Utterance(sound, None)
        ends = np.cumsum(rest[0].reshape(-1).astype(np.int64)) * settings.hop_length
        if len(ends) != len(ids) or ends[-1] != len(sound):
            return Utterance(sound, None)
        return Utterance(sound, _sounds(phonemes, owners, ends.tolist()))

    def _speaker(self, wanted: int | None) -> int:
        speaker = self._engine.config.default_speaker_id if wanted is None else wanted
        if not 0 <= speaker < self.speakers:
            raise InputInvalid(
                f"speaker is {speaker}; this voice has {self.speakers}",
                mend=f"speaker is 0 to {self.speakers - 1}" if self.speakers > 1 else "leave speaker out",
            )
        return speaker

    def _run(self, feeds: dict[str, NDArray[Any]], noise: np.random.Generator, *, enough: int) -> list[Any]:
        """Run the network; should a very slow sentence outrun its noise, draw the same and more."""
        import numpy as np

        outputs = [self._session.get_outputs()[0].name, *([self._durations] if self._durations else [])]
        seed = int(noise.integers(2**63))
        for attempt in range(_MOST_NOISE_TRIES):
            drawn = {
                name: np.random.default_rng([seed, place]).standard_normal(enough << 2 * attempt, dtype=np.float32)
                for place, name in enumerate(self._noise)
            }
            try:
                result: list[Any] = self._session.run(outputs, {**feeds, **drawn})
            except Exception as error:  # onnxruntime's own types are not public
                if _NOISE_RAN_OUT in str(error):
                    continue
                raise self._failure(feeds) from error
            return result
        raise self._failure(feeds)

    def _failure(self, feeds: dict[str, NDArray[Any]]) -> GreenroomError:
        return GreenroomError(
            f"the voice failed at a sentence of {feeds['input'].shape[1]} phonemes",
            mend="shorten it, or leave out what is no speech",
        )

    def _ids(self, phonemes: list[str]) -> tuple[list[int], list[int | None]]:
        """Ids with padding between, and for each id the index of its phoneme (None for begin and end).

        A phoneme that the voice never learned is left out, as Piper does.
        """
        known = self._engine.config.phoneme_id_map
        pad = list(known[PAD])
        ids, owners = [*known[BEGIN], *pad], [None] * (len(known[BEGIN]) + len(pad))
        marked: list[int | None] = list(owners)
        for index, phoneme in enumerate(phonemes):
            of_phoneme = [*known[phoneme], *pad] if phoneme in known else []
            ids += of_phoneme
            marked += [index] * len(of_phoneme)
        ids += known[END]
        marked += [None] * len(known[END])
        return ids, marked


def _sounds(phonemes: list[str], owners: list[int | None], ends: list[int]) -> tuple[Sound, ...]:
    """Each phoneme from the end of what came before it to the end of its own last id."""
    last: dict[int, int] = {owner: end for owner, end in zip(owners, ends, strict=True) if owner is not None}
    first = next((index for index, owner in enumerate(owners) if owner is not None), 0)
    position = ends[first - 1] if first else 0
    sounds: list[Sound] = []
    for index, phoneme in enumerate(phonemes):
        end = last.get(index, position)
        sounds.append(Sound(phoneme, position, end))
        position = end
    return tuple(sounds)


@cache
def _espeak_voices(folder: Path) -> dict[str, str]:
    """espeak-ng's voice for each language code: its files answer to their names, and say ``language CODE`` inside."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    voices = {path.name.lower(): path.name.lower() for path in files}
    for path in files:
        for code in re.findall(r"^language\s+(\S+)", path.read_text(errors="replace"), re.MULTILINE):
            voices.setdefault(code.lower(), path.name.lower())
    return voices


def _read_model(model: Path) -> bytes:
    try:
        return model.read_bytes()
    except OSError as error:
        raise FileUnreadable(
            f"the voice {quoted(model)} cannot be read: {error.strerror}", mend="give the path of a MODEL.onnx"
        ) from error


def _read_config(model: Path) -> dict[str, Any]:
    path = model.with_name(model.name + ".json")
    try:
        config = json.loads(path.read_bytes())
    except OSError as error:
        raise FileUnreadable(
            f"{quoted(path)} cannot be read: {error.strerror}", mend="put the voice's .onnx.json beside its .onnx"
        ) from error
    except ValueError as error:
        raise FileUnreadable(f"{quoted(path)} is not JSON", mend="download it again") from error
    if not isinstance(config, dict):
        raise FileUnreadable(f"{quoted(path)} is not a Piper voice's description", mend="download it again")
    return config
