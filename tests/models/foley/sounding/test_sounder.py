"""From a request to files: videos with sound, sound alone, several samples, mixes, shots, and what fails on the way."""

from __future__ import annotations

import resource
import signal
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from greenroom.errors import Cancelled, FileUnreadable, InputInvalid, OutputUnwritable
from greenroom.media.audio import Audio, read_audio
from greenroom.media.loudness import measure
from greenroom.media.video.facts import VideoFacts, read_facts
from greenroom.media.video.images import write_image
from greenroom.media.video.soundtrack import own_sound, replace_sound
from greenroom.models.foley.architecture import PUBLISHED
from greenroom.models.foley.engine import Engine
from greenroom.models.foley.parts_synthetic import synthetic_parts, tiny_sizes
from greenroom.models.foley.planning.plan import Plan
from greenroom.models.foley.planning.way import Way
from greenroom.models.foley.sounding import outlook
from greenroom.models.foley.sounding import sounder as sounding
from greenroom.models.foley.sounding.sounded import FoleyResult
from greenroom.models.foley.sounding.sounder import Sounder, Wanted
from greenroom.progress import Step, silent
from greenroom.recipes.inputs.foley import FoleyInputs
from greenroom.runtime.residency import MemoryShort
from greenroom.runtime.rooms import Room
from tests.media.video.clips import picture, planes_of, video
from tests.models.foley.media_parts import CPU
from tests.models.foley.sounding.test_sources import scenes
from tests.models.foley.tiny import sounder

FRAMES = 20
SECONDS = Fraction(FRAMES, 25)


@pytest.fixture(scope="module")
def made() -> Sounder:
    return sounder()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return video(tmp_path_factory.mktemp("clip") / "in.mp4", frames=FRAMES, turn=(90, False, False))


@pytest.fixture(scope="module")
def heard_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a sound of its own in two channels: a tone in its second half."""
    folder = tmp_path_factory.mktemp("heard")
    time = np.arange(40_000) / 48_000
    tone = (0.2 * np.sin(2 * np.pi * 3000 * time) * (time > 0.4)).astype(np.float32)
    facts = read_facts(video(folder / "silent.mp4", frames=FRAMES))
    replace_sound(facts, Audio(np.tile(tone, (2, 1)), 48_000), folder / "in.mp4")
    return folder / "in.mp4"


def sound(made: Sounder, output: Path, step: Step = silent, *, wav: bool = False, **inputs: object) -> FoleyResult:
    asked = FoleyInputs.check({"prompt": "rain", "steps": 10, "guidance": 1, **inputs})
    return made.sound(asked, Wanted(output, wav), step)


def test_a_video_gets_its_sound_and_keeps_its_pictures(made: Sounder, clip: Path, tmp_path: Path) -> None:
    result = sound(made, tmp_path / "out.mp4", video=str(clip))
    written = read_facts(tmp_path / "out.mp4")
    assert planes_of(tmp_path / "out.mp4") == planes_of(clip)
    assert written.orientation == read_facts(clip).orientation
    heard = own_sound(written, 48_000)
    assert heard is not None
    assert len(heard.samples) == 2
    assert heard.seconds == pytest.approx(float(SECONDS), abs=0.05)
    assert (result.source, result.length_s, result.rate) == ("video", float(SECONDS), 48_000)
    assert (result.shots, result.windows, result.mix, result.seed) == (1, 1, "replace", 1)
    assert result.samples[0].loudness_lufs == pytest.approx(-23, abs=0.3)
    assert set(result.seconds) == {"watching", "seeing", "sampling", "decoding", "writing"}
    assert [(file.path.name, file.media_type) for file in result.files] == [("out.mp4", "video/mp4")]
    assert "territory" in result.terms[0]


def test_samples_are_different_and_one_of_them_alone_is_the_same(made: Sounder, clip: Path, tmp_path: Path) -> None:
    three = sound(made, tmp_path / "out.wav", video=str(clip), samples=3, seed=5)
    sound(made, tmp_path / "one.wav", video=str(clip), seed=5)
    first, second, third = (read_audio(sample.output).samples for sample in three.samples)
    assert [sample.output.name for sample in three.samples] == ["out-1.wav", "out-2.wav", "out-3.wav"]
    assert first.shape == (1, int(SECONDS * 48_000))
    np.testing.assert_allclose(read_audio(tmp_path / "one.wav").samples, first, atol=1e-3)
    assert np.abs(first - second).max() > 1e-2
    assert np.abs(third - second).max() > 1e-2


@pytest.mark.parametrize("mix", ["under", "ducked"])
def test_the_own_sound_stays_beside_it(made: Sounder, heard_clip: Path, tmp_path: Path, mix: str) -> None:
    result = sound(made, tmp_path / "out.mp4", video=str(heard_clip), mix=mix, wav=True, loudness=-20)
    heard, alone = own_sound(read_facts(tmp_path / "out.mp4"), 48_000), read_audio(tmp_path / "out.wav")
    assert heard is not None

    def tone(audio: Audio) -> float:
        wave = audio.mono[24_000:36_000]
        return float(abs(np.mean(wave * np.exp(-2j * np.pi * 3000 * np.arange(len(wave)) / 48_000))))

    assert tone(heard) > 10 * tone(alone)
    assert result.mix == mix
    assert result.samples[0].loudness_lufs == pytest.approx(-20, abs=0.3)
    assert [file.media_type for file in result.files] == ["video/mp4", "audio/wav"]
    assert measure(alone).integrated == pytest.approx(-20, abs=0.5)


def test_without_a_sound_of_its_own_there_is_nothing_to_mix_with(made: Sounder, clip: Path, tmp_path: Path) -> None:
    result = sound(made, tmp_path / "out.mp4", video=str(clip), mix="under")
    assert result.mix == "replace"
    assert "there is no sound to mix with: what was made is heard alone" in result.notes


def test_words_and_pictures_become_sound(made: Sounder, tmp_path: Path) -> None:
    write_image(tmp_path / "in.png", picture(0))
    words = sound(made, tmp_path / "words.flac", seconds=0.8)
    seen = sound(made, tmp_path / "seen.wav", seconds=0.8, video=str(tmp_path / "in.png"))
    assert (words.source, seen.source, words.length_s) == ("words", "picture", 0.8)
    assert read_audio(tmp_path / "words.flac").seconds == 0.8
    with pytest.raises(InputInvalid, match="words alone"):
        sound(made, tmp_path / "x.mp4")


def test_shots_have_prompts_of_their_own(made: Sounder, tmp_path: Path) -> None:
    path = str(video(tmp_path / "in.mp4", frames=40, draw=scenes))
    plain = sound(made, tmp_path / "plain.wav", video=path)
    result = sound(made, tmp_path / "out.wav", video=path, shot_prompts="\nglass breaks")
    assert (plain.shots, result.shots, result.windows, result.length_s) == (1, 2, 2, 1.6)
    with pytest.raises(InputInvalid, match="has 3 lines"):
        sound(made, tmp_path / "x.wav", video=path, shot_prompts="a\nb\nc")


def test_a_clip_beyond_the_original_length_is_whole(made: Sounder, tmp_path: Path) -> None:
    path = video(tmp_path / "in.mp4", frames=33, rate=Fraction(2), time_base=Fraction(1, 1000))
    told: set[str] = set()

    def step(stage: str, done: float, total: float) -> None:
        told.add(stage)

    result = sound(made, tmp_path / "out.wav", step, video=str(path))
    assert (result.length_s, result.windows) == (16.5, 2)
    assert read_audio(tmp_path / "out.wav").seconds == 16.5
    assert told == {"watching", "seeing", "sampling", "decoding", "writing"}
    theirs = sound(made, tmp_path / "theirs.wav", video=str(path), exact=False)
    assert theirs.length_s == 15.04  # 376 frames
    assert any("the first 15 s are seen" in note for note in theirs.notes)


def test_what_was_cut_of_two_thousand_words_is_said(made: Sounder, clip: Path, tmp_path: Path) -> None:
    result = sound(made, tmp_path / "out.wav", video=str(clip), prompt="rain " * 2000, negative_prompt="x" * 90)
    assert any("the prompt has 2,000 words, of which the first" in note for note in result.notes)
    assert any("the negative prompt has 90 characters" in note for note in result.notes)


def test_no_prompt_is_said(made: Sounder, clip: Path, tmp_path: Path) -> None:
    result = sound(made, tmp_path / "out.wav", video=str(clip), prompt=" \n", negative_prompt="")
    assert "there is no prompt: the pictures alone say what is heard" in result.notes


def test_silence_is_said_and_is_no_number(
    made: Sounder, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = Audio(np.zeros((1, 38_400), np.float32), 48_000)
    monkeypatch.setattr(Engine, "sound", lambda *_: [nothing])
    result = sound(made, tmp_path / "out.mp4", video=str(clip))
    assert "out.mp4 is silent" in result.notes
    assert (result.samples[0].loudness_lufs, result.samples[0].true_peak_dbtp) == (None, None)


@pytest.mark.parametrize("where", ["watching", "seeing", "sampling", "decoding", "writing"])
def test_stopped_on_the_way_it_leaves_nothing(made: Sounder, clip: Path, tmp_path: Path, where: str) -> None:
    def stop(stage: str, done: float, total: float) -> None:
        if stage == where:
            raise Cancelled

    with pytest.raises(Cancelled):
        sound(made, tmp_path / "out.mp4", stop, video=str(clip), wav=True)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", ["out.mp4", "out.wav"])
def test_a_full_disk_leaves_nothing_half_written(made: Sounder, heard_clip: Path, tmp_path: Path, name: str) -> None:
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        with pytest.raises(OutputUnwritable):
            sound(made, tmp_path / name, video=str(heard_clip))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert [*tmp_path.iterdir()] == []


def test_a_video_that_breaks_off_is_refused(made: Sounder, heard_clip: Path, tmp_path: Path) -> None:
    path, data = tmp_path / "in.mp4", heard_clip.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(FileUnreadable, match="damaged or cut off"):
        sound(made, tmp_path / "out.mp4", video=str(path))
    assert [*tmp_path.iterdir()] == [path]


def test_a_place_that_takes_nothing_is_known_before_the_work(
    made: Sounder, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sounding, "worded", lambda *_: pytest.fail("it went on"))
    (tmp_path / "file").touch()
    with pytest.raises(OutputUnwritable):
        sound(made, tmp_path / "file" / "out.mp4", video=str(clip))


def test_a_broken_sound_is_found_before_anything_is_made(
    made: Sounder, heard_clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise FileUnreadable("the sound does not decode")

    monkeypatch.setattr(sounding, "sound_beside", broken)
    monkeypatch.setattr(Engine, "arrange", lambda *_: pytest.fail("it went on"))
    with pytest.raises(FileUnreadable, match="does not decode"):
        sound(made, tmp_path / "new" / "out.mp4", video=str(heard_clip), mix="under")
    assert [*tmp_path.iterdir()] == []


def test_its_own_sound_ends_with_the_pictures_and_what_is_cut_is_said(made: Sounder, tmp_path: Path) -> None:
    time = np.arange(2 * 48_000) / 48_000
    tone = (0.2 * np.sin(2 * np.pi * 3000 * time)).astype(np.float32)
    facts = read_facts(video(tmp_path / "silent.mp4", frames=FRAMES))
    replace_sound(facts, Audio(tone[None], 48_000), tmp_path / "in.mp4")
    result = sound(made, tmp_path / "out.wav", video=str(tmp_path / "in.mp4"), mix="under")
    assert read_audio(tmp_path / "out.wav").samples.shape == (1, SECONDS * 48_000)
    assert any("of its own sound, behind its pictures, are cut" in note for note in result.notes)


@pytest.mark.parametrize("name", ["out.mp4", "out.mp3", "out.opus", "out.wav"])
def test_a_file_is_as_loud_as_is_said(
    made: Sounder, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Of noise, codecs leave the highest tones out."""
    noise = 0.1 * np.random.default_rng(3).standard_normal((1, 38_400)).astype(np.float32)
    monkeypatch.setattr(Engine, "sound", lambda *_: [Audio(noise, 48_000)])
    [sample] = sound(made, tmp_path / name, video=str(clip), loudness=-18).samples
    held = measure(read_audio(tmp_path / name))
    assert held.integrated == pytest.approx(-18, abs=0.2)
    assert sample.loudness_lufs == pytest.approx(held.integrated, abs=0.11)
    assert sample.true_peak_dbtp == pytest.approx(held.true_peak, abs=0.11)


def test_a_loudness_that_is_not_reached_is_said(made: Sounder, clip: Path, tmp_path: Path) -> None:
    result = sound(made, tmp_path / "out.wav", video=str(clip), loudness=-6)
    [sample] = result.samples
    assert sample.loudness_lufs is not None
    assert sample.loudness_lufs < -6.5
    assert sample.true_peak_dbtp is not None
    assert sample.true_peak_dbtp <= -1
    assert any(note.startswith(f"out.wav has {sample.loudness_lufs:g} LUFS: for -6") for note in result.notes)


def test_where_the_disk_is_full_those_that_are_whole_are_named(
    made: Sounder, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(facts: VideoFacts, heard: Audio, path: Path) -> tuple[str, ...]:
        if path.name == "out-3.mp4":
            raise OutputUnwritable("no room on the disk for 'out-3.mp4'", mend="free some")
        return replace_sound(facts, heard, path)

    monkeypatch.setattr(sounding, "replace_sound", full)
    with pytest.raises(OutputUnwritable, match=r"no room .*; whole and in its place: out-1\.mp4, out-2\.mp4") as raised:
        sound(made, tmp_path / "out.mp4", video=str(clip), samples=4)
    assert raised.value.mend == "free some"
    assert {path.name for path in tmp_path.iterdir()} == {"out-1.mp4", "out-2.mp4"}


def test_it_warms_up(made: Sounder) -> None:
    made.warm()


class Hearing:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.plans: list[Plan] = []

    def planned(self, plan: Plan) -> None:
        self.plans.append(plan)


def a_sounder() -> Sounder:
    """Of its own, since ways change where weights are."""
    return sounder(parts=synthetic_parts(tiny_sizes(PUBLISHED["hunyuanvideo-foley-xl"]), CPU))


def by_plan(made: Sounder, clip: Path, output: Path, *, small: bool = False) -> tuple[FoleyResult, Plan]:
    asked = FoleyInputs.check({"prompt": "rain", "steps": 10, "guidance": 1, "video": str(clip)})
    told = Hearing()
    result = made.sound(asked, Wanted(output), told=told, small=small)
    [plan] = told.plans
    return result, plan


def test_the_plan_is_told_before_the_work_and_worked_by(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, ways = a_sounder(), list[Way]()
    arrange = Engine.arrange

    def arranged(engine: Engine, way: Way) -> None:
        ways.append(way)
        arrange(engine, way)

    monkeypatch.setattr(Engine, "arrange", arranged)
    sounds = []
    for name, free, small in (("wide", 10**10, False), ("narrow", 540_000_000, False), ("least", 540_000_000, True)):
        monkeypatch.setattr(Engine, "room", lambda _, free=free: Room("cuda:0", free, 10**11))
        result, plan = by_plan(own, clip, tmp_path / f"{name}.wav", small=small)
        assert ways[-1] == plan.way
        assert set(plan.notes) <= set(result.notes)
        sounds.append(read_audio(tmp_path / f"{name}.wav").samples)
    assert not ways[0].parked
    assert ways[1].parked
    assert ways[2].pictures < ways[1].pictures
    for sound_of_less in sounds[1:]:
        np.testing.assert_allclose(sound_of_less, sounds[0], atol=1e-3)


def test_a_plan_that_streams_gives_the_same_sound(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = a_sounder()
    plain, planned = by_plan(own, clip, tmp_path / "plain.wav")
    streams = replace(planned, way=Way(parked=True, resident=1, together=1, piece=40), notes=("it streams",))
    monkeypatch.setattr(outlook, "plan", lambda *_, **__: streams)
    result, _ = by_plan(own, clip, tmp_path / "streams.wav")
    assert "it streams" in result.notes
    assert "it streams" not in plain.notes
    first, second = (read_audio(tmp_path / name).samples for name in ("plain.wav", "streams.wav"))
    np.testing.assert_allclose(first, second, atol=1e-3)


def test_what_does_not_fit_is_refused_before_anything_is_watched(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = a_sounder()
    monkeypatch.setattr(Engine, "room", lambda _: Room("cuda:0", 10**6, 10**11))
    monkeypatch.setattr(Engine, "see", lambda *_: pytest.fail("it is watched"))
    with pytest.raises(MemoryShort):
        by_plan(own, clip, tmp_path / "out.wav")
    assert [*tmp_path.iterdir()] == []


def test_what_weights_do_to_a_sound_is_said_with_it(clip: Path, tmp_path: Path) -> None:
    result, plan = by_plan(sounder(("the weights are small",)), clip, tmp_path / "out.wav")
    assert "the weights are small" in plan.notes
    assert "the weights are small" in result.notes
    assert result.precision == "bf16"
