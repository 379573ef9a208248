"""Speech of a tiny model: everything but its voice is real."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom.captions.align.chain import Alignment
from greenroom.captions.words import Word
from greenroom.errors import Cancelled, GreenroomError
from greenroom.media.audio import read_audio
from greenroom.models.f5tts import speaking
from greenroom.models.f5tts.batching import Batcher, Pending
from greenroom.models.f5tts.engine import Engine
from greenroom.models.f5tts.rows import Row, Sampling
from greenroom.models.model import Generated, Work
from greenroom.models.speech import Speech
from greenroom.progress import Step
from tests.models.f5tts.tiny import TinyF5

Say = Callable[..., Generated]
Sound = NDArray[np.float32]
LONG = "This is one sentence of a longer text, and another one follows it. " * 8
MANY = "[joe] Go on. [jim] Go on. " * 10  # a chunk each


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Pending]:
    """The rows that are asked for, in order."""
    found: list[Pending] = []
    submit = Batcher.submit

    def look(self: Batcher, row: Row, sampling: Sampling, *, place: int = 0) -> Pending:
        found.append(submit(self, row, sampling, place=place))
        return found[-1]

    monkeypatch.setattr(Batcher, "submit", look)
    return found


def sound_of(made: Generated) -> bytes:
    return made.files[0].path.read_bytes()


def test_a_text_becomes_sound_captions_and_facts(say: Say, tmp_path: Path) -> None:
    made = say("It cost $3.50. Really?", captions="vtt,json", format="mp3")
    assert [(file.path.name, file.media_type) for file in made.files] == [
        ("speech.mp3", "audio/mpeg"),
        ("speech.vtt", "text/vtt"),
        ("speech.json", "application/json"),
    ]
    assert (made.output["words"], made.output["language"], made.output["seed"]) == (4, "en", 1)
    assert made.output["rate"] == 24_000
    assert made.output["loudness_lufs"] == pytest.approx(-19, abs=0.3)
    assert any("non-commercial" in term for term in made.output["terms"])
    assert "$3.50." in made.files[1].path.read_text()
    assert str(tmp_path) not in str(made.output)


def test_a_seed_is_the_same_sound_whoever_speaks_beside_it(say: Say) -> None:
    """Company changes the last bit of a float, and so the last of sixteen bits here and there."""
    alone = read_audio(say(LONG).files[0].path).mono
    with ThreadPoolExecutor(4) as threads:
        together = [threads.submit(say, LONG, seed=seed) for seed in (5, 1, 6, 7)]
        sounds = [read_audio(made.result().files[0].path).mono for made in together]
    assert np.abs(sounds[1] - alone).max() < 3e-4
    assert all(np.abs(sound - alone).max() > 0.03 for sound in (sounds[0], *sounds[2:]))


def test_without_a_seed_each_run_differs_and_says_its_own(say: Say) -> None:
    first, second = say("Hello.", seed=None), say("Hello.", seed=None)
    assert first.output["seed"] != second.output["seed"]
    assert sound_of(say("Hello.", seed=first.output["seed"])) == sound_of(first)


@pytest.mark.parametrize(
    "text",
    [
        "One two three, four five.",
        LONG,
        "One two three, four five. [pause 0.7s] Six seven eight, nine ten. [pause 1s] Eleven and twelve.",
    ],
)
def test_a_duration_is_kept_to_the_sample(say: Say, text: str) -> None:
    usual = say(text).output["seconds"]
    wanted = round(usual * 1.15, 3)
    audio = read_audio(say(text, duration=wanted).files[0].path)
    assert audio.samples.shape[1] == round(wanted * 24_000)


def test_speed_makes_it_shorter(say: Say) -> None:
    slow, fast = (say(LONG, speed=speed).output["seconds"] for speed in (0.8, 1.6))
    assert fast == pytest.approx(slow / 2, rel=0.1)


def test_pauses_are_silence_of_their_length(say: Say) -> None:
    audio = read_audio(say("One two three. [pause 750ms] Four five six.").files[0].path)
    silent = np.flatnonzero(np.abs(audio.mono) < 1e-4)
    runs = np.split(silent, np.flatnonzero(np.diff(silent) > 1) + 1)
    assert max(map(len, runs)) == pytest.approx(18_000, abs=100)


def test_one_text_in_several_voices(say: Say) -> None:
    both = say("Hello there. [jim] Hello yourself. [joe] Well, well.", voice="joe", captions="json")
    assert both.output["words"] == 6
    assert "[jim]" not in both.files[1].path.read_text()
    with pytest.raises(GreenroomError, match="there is no voice 'jan'"):
        say("Hello. [jan] Hi.")
    with pytest.raises(GreenroomError, match="several voices"):
        say("Hello. [jim] Hello yourself.", duration=5.0)


def test_a_stored_voice_is_the_recording(say: Say) -> None:
    """It went through 16 bits once more, so the sound is close and not equal."""
    stored, sent = (read_audio(say("Hello there.", **voice).files[0].path) for voice in ({"voice": "joe"}, {}))
    assert abs(stored.seconds - sent.seconds) < 0.05
    with pytest.raises(GreenroomError, match="there is no stored voice 'jo'") as caught:
        say("Hello.", voice="jo")
    assert caught.value.mend.startswith("did you mean jo")


def test_a_stream_comes_in_parts_the_first_one_short(say: Say, tmp_path: Path) -> None:
    parts: list[bytes] = []
    made = say(LONG, Work(tmp_path, hand_on=parts.append), format="pcm")
    assert made.files == ()
    assert sum(map(len, parts)) == pytest.approx(made.output["seconds"] * 48_000, abs=10)
    assert len(parts) > 3
    assert len(parts[0]) < 48_000 * 4.5
    again: list[bytes] = []
    say(LONG, Work(tmp_path, hand_on=again.append), format="pcm")
    assert [len(part) for part in again] == [len(part) for part in parts]
    # Which chunks are made together depends on how busy the machine is, and company changes the last bit of a float.
    sound, same = (np.frombuffer(b"".join(said), "<i2").astype(np.int32) for said in (parts, again))
    assert np.abs(sound - same).max() < 10


def test_a_cancel_ends_all_chunks_and_leaves_nothing(say: Say, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    asked = iter(range(3))

    def stop(stage: str, done: float, total: float) -> None:
        if stage == "speaking" and next(asked, None) is None:
            raise Cancelled

    with pytest.raises(Cancelled):
        say(LONG, Work(tmp_path, step=stop))
    assert not [path for path in tmp_path.iterdir() if path.is_file()]
    assert len(set(threading.enumerate()) - before) <= 1  # the batcher's own
    assert say("Hello.").output["words"] == 1


@pytest.mark.parametrize(
    ("text", "code"), [("...", "nothing-to-say"), ("🎉 👍🏽", "nothing-to-say"), ("[pause 1s]", "nothing-to-say")]
)
def test_a_text_without_words_is_refused(say: Say, text: str, code: str) -> None:
    with pytest.raises(GreenroomError) as caught:
        say(text)
    assert caught.value.code == code
    assert caught.value.mend


def test_one_word_gets_time_to_be_said(say: Say) -> None:
    assert say("Hi.").output["seconds"] == pytest.approx(0.8, abs=0.02)


def test_what_is_not_said_is_told(say: Say) -> None:
    made = say("Hello 🎉 wor\u200bld ж.")
    assert made.output["removed"] == ["1 zero-width characters", "1 emoji, which nobody says"]
    assert any("does not know 'ж'" in warning for warning in made.output["warnings"])


def test_words_are_those_that_are_said(say: Say) -> None:
    assert say("Hello \N{GRINNING FACE} world").output["words"] == 2


def test_a_reading_that_the_model_cannot_say_is_refused(say: Say) -> None:
    with pytest.raises(GreenroomError, match="zzz4") as caught:
        say("Say {zzz4} now.")
    assert caught.value.code == "mark-invalid"


def test_mixed_scripts_are_one_speech(say: Say) -> None:
    made = say("你好世界, this is Python。 {行|hang2}", captions="srt")
    assert made.output["language"] == "zh"
    assert "行" in made.files[1].path.read_text()


def test_long_pauses_are_shortened(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = say("Hello there.").output["seconds"]

    def padded(self: Engine, rows: Sequence[Row], sampling: Sampling, step: Step) -> list[Sound]:
        sounds = spoken(self, rows, sampling, step)
        return [np.concatenate([sound, np.zeros(72_000, np.float32), sound]) for sound in sounds]

    spoken = Engine.speak
    monkeypatch.setattr(Engine, "speak", padded)
    assert say("Hello there.").output["seconds"] == pytest.approx(2 * whole + 3, abs=0.01)
    assert say("Hello there.", remove_silence=True).output["seconds"] == pytest.approx(2 * whole + 1, abs=0.1)


def test_chunks_with_unheard_words_are_said_again(say: Say, tiny: TinyF5, monkeypatch: pytest.MonkeyPatch) -> None:
    """The aligner misses the last word of the first take; the second take of that chunk is taken."""
    takes: list[Speech] = []

    def listen(speech: Speech, language: str, aligners: Sequence[object], step: object) -> Alignment:
        takes.append(speech)
        words = [Word(token.written, 0.1 * place, 0.1 * place + 0.05) for place, token in enumerate(speech.tokens)]
        if len(takes) == 1:
            words[-1] = Word(words[-1].text)
        return Alignment(tuple(words), "soundswallower")

    monkeypatch.setattr(speaking, "time_words", listen)
    made = say(LONG, captions="srt")
    assert made.output["warnings"] == []
    first, second = (take.audio.mono for take in takes)
    same = int(len(first) * 0.3)
    assert (first[:same] == second[:same]).all()
    assert (first[-20_000:] != second[-20_000:]).any()


def test_words_that_stay_unheard_are_a_warning(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    def deaf(speech: Speech, language: str, aligners: Sequence[object], step: object) -> Alignment:
        words = [Word(token.written, float(place), place + 0.5) for place, token in enumerate(speech.tokens)]
        return Alignment((Word(words[0].text), *words[1:]), "soundswallower")

    monkeypatch.setattr(speaking, "time_words", deaf)
    made = say("Hello there.", captions="srt")
    assert made.output["warnings"] == ["'Hello' was not heard; another seed may say it"]


def test_progress_only_grows_over_the_whole_text(say: Say, tmp_path: Path) -> None:
    seen: list[tuple[float, float]] = []

    def look(stage: str, done: float, total: float) -> None:
        if stage == "speaking":
            seen.append((done, total))

    say(LONG, Work(tmp_path, step=look), steps=14)
    (whole,) = {total for _, total in seen}
    assert all(one <= other for (one, _), (other, _) in pairwise(seen))
    assert (seen[-1][0], whole % 14) == (whole, 0)


def test_a_request_has_no_threads_of_its_own(say: Say, tmp_path: Path) -> None:
    say("Hello.")  # the batcher's own is there now
    before = set(threading.enumerate())
    seen: list[threading.Thread] = []
    say(LONG, Work(tmp_path, step=lambda stage, done, total: seen.extend(threading.enumerate())))
    assert seen
    assert set(seen) <= before


def test_a_stream_is_made_few_chunks_ahead_of_its_reader(say: Say, asked: list[Pending], tmp_path: Path) -> None:
    ahead: list[int] = []

    def read(part: bytes) -> None:
        """Slowly: all that was asked for is made before the next is read."""
        assert all(pending.wait(60) for pending in asked)
        ahead.append(len(asked) - len(ahead) - 1)

    say(MANY, Work(tmp_path, hand_on=read), format="pcm")
    assert len(asked) == 20
    assert max(ahead) == ahead[0] == 4


def test_files_are_made_as_fast_as_can_be(say: Say, asked: list[Pending], tmp_path: Path) -> None:
    at_first: list[int] = []

    def look(stage: str, done: float, total: float) -> None:
        if stage == "speaking":
            at_first.append(len(asked))

    say(MANY, Work(tmp_path, step=look))
    assert (at_first[0], len(asked)) == (16, 20)


@pytest.mark.parametrize("breaks", ["step", "reader", "engine"])
def test_whatever_ends_a_stream_gives_up_what_is_on_its_way(
    say: Say, asked: list[Pending], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, breaks: str
) -> None:
    def fail(*_: object) -> None:
        raise GreenroomError("it is broken")

    def stop(stage: str, done: float, total: float) -> None:
        if stage == "speaking":
            fail()

    work = {"step": Work(tmp_path, step=stop, hand_on=list[bytes]().append), "reader": Work(tmp_path, hand_on=fail)}
    if breaks == "engine":
        monkeypatch.setattr(Engine, "speak", fail)
    with pytest.raises(GreenroomError, match="it is broken") as caught:
        say(LONG, work.get(breaks, Work(tmp_path, hand_on=list[bytes]().append)), format="pcm")
    assert len(asked) > 2
    assert all(pending.gone for pending in asked[1:])
    assert caught.value.code  # it is held till here, and with it what it was raised through
