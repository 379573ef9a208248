"""A video and texts to sound on the CPU: as the original does it, and what is asked for besides."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from greenroom.errors import Cancelled, InputInvalid
from greenroom.media.audio import Audio
from greenroom.media.video.reading import Frame, VideoReader
from greenroom.models.finite import SoundNotFinite
from greenroom.models.foley import engine as module
from greenroom.models.foley.dac.pieces import decode
from greenroom.models.foley.engine import Engine, Sampling, Scene, Seen
from greenroom.models.foley.mmdit.windows import grid_end
from greenroom.models.foley.parity_denoiser import denoiser_of
from greenroom.models.foley.parity_media import dac_vae_of, synchformer_of
from greenroom.models.foley.parity_sounding import encoders_of
from greenroom.models.foley.parts import Parts
from greenroom.models.foley.planning.way import Way
from greenroom.models.foley.recognising import VISUAL
from greenroom.models.foley.towers import encoders
from greenroom.models.foley.towers.clap import ClapTexts
from greenroom.models.foley.towers.encoders import Texts, Tokens
from greenroom.models.foley.towers.siglip2 import SiglipPictures
from greenroom.models.foley.watching.lengths import MOST_FRAMES, MOST_PICTURES, SEGMENT, ClipTooShort, frames_until
from greenroom.models.foley.watching.pictures import look, stretches
from greenroom.models.foley.watching.preprocess import PICTURE_SIDE, SYNC_SIDE, normalised
from greenroom.models.golden import Golden, read_golden
from greenroom.runtime.memory import is_out_of_memory
from tests.media.video.clips import video
from tests.models.counting import Counting
from tests.models.foley.media_parts import frames_at
from tests.models.foley.networks import GOLDENS
from tests.models.foley.whole_parts import SIZES, tiny_files, tiny_parts

FEW = Sampling(steps=2)
LENGTH = 34  # latents of 17 frames


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(tiny_parts())


@pytest.fixture(scope="module")
def seen(engine: Engine) -> Seen:
    return engine.see(look(frames_at([Fraction(number, 25) for number in range(18)])))


@pytest.fixture(scope="module")
def texts(engine: Engine) -> Texts:
    return engine.read("rain", "a harsh noise")


def parts_of(golden: Golden) -> Parts:
    """Of a golden case, whose texts are numbers already."""
    config, encoders = golden.config, encoders_of(golden)
    assert isinstance(encoders.pictures, SiglipPictures)
    assert isinstance(encoders.text, ClapTexts)
    tokens = Tokens(golden.tensor("inputs.input_ids"), golden.tensor("inputs.attention_mask").bool())
    return Parts(
        denoiser=denoiser_of(golden, "foley."),
        vae=dac_vae_of(golden, config["dac"], "dac.", encoder=False),
        synchformer=synchformer_of(golden, config["synchformer"], f"synchformer.{VISUAL}"),
        pictures=encoders.pictures,
        texts=encoders.text,
        tokenizer=lambda _: tokens,
    )


def frames_of(golden: Golden) -> Iterator[Frame]:
    pixels = golden.tensor("inputs.frames").numpy()
    for number, time in enumerate(golden["frame_times"]):
        yield Frame(pixels[number], number, Fraction(time), Fraction(1, 25))


def test_it_answers_as_the_original(monkeypatch: pytest.MonkeyPatch) -> None:
    golden = read_golden(GOLDENS / "13_pipeline_video_to_audio.json")
    config = golden.config

    def theirs(_seed: int, samples: int, channels: int, length: int) -> Tensor:
        drawn = golden.tensor("inputs.noise")
        assert drawn.shape == (samples, channels, length)
        return drawn

    monkeypatch.setattr(module, "noise", theirs)
    engine = Engine(parts_of(golden))
    seen = engine.see(look(frames_of(golden)))
    [sound] = engine.sound(seen, engine.read("", ""), Sampling(config["steps"], config["guidance_scale"]))
    np.testing.assert_allclose(sound.samples, golden.tensor("outputs.audio")[0].numpy(), atol=1e-4)
    assert sound.rate == config["dac"]["sample_rate"]


def test_from_files_to_a_sound_as_long_as_its_video(tmp_path: Path) -> None:
    engine = Engine.load(SIZES, tiny_files(tmp_path))
    reader = VideoReader(video(tmp_path / "clip.mp4", frames=20, rate=Fraction(24), time_base=Fraction(1, 24_000)))
    texts = engine.read("rain on a roof", "noisy")
    [exact] = engine.sound(engine.see(look(reader.frames(), exact=True)), texts, FEW)
    [theirs] = engine.sound(engine.see(look(reader.frames())), texts, FEW)
    assert exact.samples.shape == (1, 40_000)  # 20/24 s
    assert theirs.samples.shape == (1, 40 * 960)
    assert exact.rate == 48_000
    assert exact.samples.dtype == np.float32
    assert 0 < np.abs(exact.samples).max() < 1


def test_a_sample_is_the_same_whatever_is_made_beside_it(engine: Engine, seen: Seen, texts: Texts) -> None:
    four, two = (engine.sound(seen, texts, replace(FEW, samples=samples, seed=9)) for samples in (4, 2))
    [one] = engine.sound(seen, texts, replace(FEW, seed=9))
    for sound, other in zip(four[:2], two, strict=True):
        np.testing.assert_allclose(sound.samples, other.samples, atol=1e-5)
    np.testing.assert_allclose(one.samples, two[0].samples, atol=1e-5)
    assert np.abs(two[0].samples - two[1].samples).max() > 1e-2


def test_a_seed_gives_the_same_sound_again_and_another_seed_another(engine: Engine, seen: Seen, texts: Texts) -> None:
    [first], [again], [other] = (engine.sound(seen, texts, replace(FEW, seed=seed)) for seed in (3, 3, 4))
    assert np.array_equal(first.samples, again.samples)
    assert np.abs(first.samples - other.samples).max() > 1e-2


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_guidance_is_what_was_asked_for(engine: Engine, seen: Seen, texts: Texts, guidance: float) -> None:
    plain, asked = (engine.sample(seen, texts, Sampling(2, strength)) for strength in (4.5, guidance))
    assert (plain - asked).abs().max() > 1e-3
    swapped = replace(texts, negative=texts.prompt)
    away = (engine.sample(seen, swapped, Sampling(2, guidance)) - asked).abs().max()
    assert (away > 1e-5) == (guidance > 1), "without guidance nothing is heard of what should not be"


def test_what_was_seen_serves_other_texts(engine: Engine, seen: Seen, texts: Texts) -> None:
    kept = seen.visual.clone(), seen.sync.clone()
    first = engine.sample(seen, texts, FEW)
    other = engine.sample(seen, engine.read("a door", ""), FEW)
    assert (first - other).abs().max() > 1e-4
    assert torch.equal(engine.sample(seen, texts, FEW), first)
    assert all(torch.equal(now, then) for now, then in zip((seen.visual, seen.sync), kept, strict=True))


def test_a_clip_is_as_long_as_one_of_both_rules_says(engine: Engine) -> None:
    frames = [*frames_at([Fraction(number, 25) for number in range(29)])]
    theirs, exact = (engine.see(look(frames, exact=exact)) for exact in (False, True))
    assert (theirs.latents, theirs.samples) == (56, 56 * 960)  # a frame is lost to the original's clock
    assert (exact.latents, exact.samples) == (58, 58 * 960)
    assert len(theirs.sync) == len(exact.sync) == 16
    assert (theirs.visual.shape, exact.visual.shape) == ((9, 24), (10, 24))
    frames[-1] = replace(frames[-1], duration=Fraction(1, 30))
    between = engine.see(look(frames, exact=True))
    assert (between.latents, between.samples) == (58, round(48_000 * (Fraction(28, 25) + Fraction(1, 30))))


def test_work_is_told_as_it_goes_on(engine: Engine, seen: Seen, texts: Texts) -> None:
    told: list[tuple[str, float, float]] = []

    def step(stage: str, done: float, total: float) -> None:
        told.append((stage, done, total))

    engine.see(look(frames_at([Fraction(number, 25) for number in range(18)])), step)
    engine.sound(seen, texts, replace(FEW, samples=2), step)
    stages = {stage: [done for other, done, _ in told if other == stage] for stage, _, _ in told}
    assert stages == {"seeing": [0, 1, 2], "sampling": [0, 1, 2], "decoding": [0, 1, 2]}
    assert {total for _, _, total in told} == {2}


def test_work_ends_when_it_is_told_to(engine: Engine, seen: Seen, texts: Texts) -> None:
    def stop(stage: str, done: float, total: float) -> None:
        if (stage, done) == ("sampling", 1):
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        engine.sound(seen, texts, FEW, stop)
    assert isinstance(engine.sound(seen, texts, FEW)[0], Audio)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"samples": 0}, "samples is 0"), ({"seed": -1}, "seed is -1"), ({"steps": 101}, "101 steps")],
)
def test_what_cannot_be_is_refused(
    engine: Engine, seen: Seen, texts: Texts, options: dict[str, int], words: str
) -> None:
    with pytest.raises(InputInvalid, match=words):
        engine.sound(seen, texts, replace(FEW, **options))


def test_sound_that_is_no_number_is_not_handed_on(engine: Engine, seen: Seen, texts: Texts) -> None:
    broken = replace(seen, sync=torch.full_like(seen.sync, torch.nan))
    with pytest.raises(SoundNotFinite) as caught:
        engine.sound(broken, texts, FEW)
    assert "published hash" in caught.value.mend


def test_when_memory_runs_out_what_was_recorded_is_given_back(
    seen: Seen, texts: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[bool] = []
    engine = Engine(tiny_parts())
    monkeypatch.setattr(engine, "forget", lambda: forgotten.append(True))

    def full(stage: str, done: float, total: float) -> None:
        raise MemoryError("out of memory")

    with pytest.raises(MemoryError) as caught:
        engine.sound(seen, texts, FEW, full)
    assert is_out_of_memory(caught.value)
    assert forgotten == [True]


def test_libraries_of_networks_are_loaded_with_them_and_not_before() -> None:
    names = "('transformers', 'tokenizers', 'huggingface_hub')"
    asked = f"import sys, greenroom.models.foley.engine; print([name for name in {names} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


LONG_S = Fraction(1604, 100)


@pytest.fixture(scope="module")
def long_clip() -> list[Frame]:
    """16.04 s of frames that differ."""
    return [*frames_at([Fraction(number, 25) for number in range(401)])]


@pytest.fixture(scope="module")
def watched(engine: Engine, long_clip: list[Frame]) -> Seen:
    return engine.watch(stretches(long_clip, LONG_S))


def test_a_clip_of_any_length_is_watched_once_piece_by_piece(
    engine: Engine, long_clip: list[Frame], watched: Seen
) -> None:
    seen = watched
    assert (seen.latents, seen.samples) == (816, 769_920)
    assert seen.visual.shape == (131, 24)
    assert len(seen.sync) == 8 * (816 // 16 - 1)
    late = engine.watch(stretches(frames_at([Fraction(number, 25) for number in range(40)]), Fraction(8, 5)))
    torch.testing.assert_close(seen.sync[: 8 * 4], late.sync)
    torch.testing.assert_close(seen.visual[:12], late.visual[:12])
    # Over the join of two pieces, too.
    around = long_clip[360:400]
    assert 360 < 15 * 25 < 376
    moved = [replace(frame, time=frame.time - Fraction(360, 25)) for frame in around]
    torch.testing.assert_close(seen.sync[8 * 45 : 8 * 49], engine.watch(stretches(moved, Fraction(8, 5))).sync)


def test_of_a_frame_that_is_shown_for_long_no_more_is_on_the_device_at_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more than a plan has counted on."""
    most: list[tuple[int, int]] = []

    def kept(given: Tensor) -> Tensor:
        most.append((given.shape[2], len(given)))
        return normalised(given)

    monkeypatch.setattr(module, "normalised", kept)
    monkeypatch.setattr(encoders, "normalised", kept)
    frames = [*frames_at([*(Fraction(number, 25) for number in range(30)), Fraction(18)])]
    frames[-1] = replace(frames[-1], duration=Fraction(17))
    engine.arrange(Way(pictures=1000))
    seen = engine.watch(stretches(frames, Fraction(35)))
    engine.arrange(Way())
    assert (len(seen.visual), len(seen.sync)) == (frames_until(grid_end(Fraction(35)), 8), 8 * (seen.latents // 16 - 1))
    assert max(count for side, count in most if side == SYNC_SIDE) <= MOST_FRAMES + SEGMENT
    assert max(count for side, count in most if side == PICTURE_SIDE) <= MOST_PICTURES
    same = seen.visual[-130:-1]
    torch.testing.assert_close(same, seen.visual[-1:].expand_as(same))


def test_short_clips_are_watched_as_they_are_looked_at(engine: Engine, long_clip: list[Frame]) -> None:
    watched, looked = (
        engine.watch(stretches(long_clip[:48], Fraction(48, 25))),
        engine.see(look(long_clip[:48], exact=True)),
    )
    assert (watched.latents, watched.samples) == (looked.latents, looked.samples)
    torch.testing.assert_close(watched.visual, looked.visual)
    torch.testing.assert_close(watched.sync, looked.sync)


def test_a_long_clip_gets_a_sound_to_the_sample(engine: Engine, watched: Seen, texts: Texts) -> None:
    seen = watched
    [sound] = engine.sound(seen, texts, FEW)
    assert sound.samples.shape == (1, seen.samples)
    two = engine.sound(seen, texts, replace(FEW, samples=2))
    np.testing.assert_allclose(two[0].samples, sound.samples, atol=1e-5)


@pytest.mark.parametrize("samples", [40 * 960, 39 * 960 + 7])
def test_a_sound_leaves_the_device_piece_by_piece(samples: int) -> None:
    """What is there meanwhile does not grow with its length, and what is heard is the same."""
    parts = tiny_parts()
    engine = Engine(parts, Way(piece=5))
    latents = torch.randn(1, parts.denoiser.architecture.latent, 160, generator=torch.Generator().manual_seed(1))
    peaks = []
    for length in (40, 160):
        seen = Seen(torch.zeros(0), torch.zeros(0), length, samples + (length - 40) * 960)
        with Counting() as counted:
            [sound] = engine.decode(latents[:, :, :length], seen)
        peaks.append(counted.peak)
        with torch.inference_mode():
            whole = decode(parts.vae, latents[:, :, :length], 5)[0, :, : seen.samples]
        assert np.array_equal(sound.samples, whole.numpy())
    assert peaks[1] == peaks[0]


def test_scenes_hear_their_own_texts(engine: Engine, long_clip: list[Frame], texts: Texts) -> None:
    seen = engine.watch(stretches(long_clip[:100], Fraction(4)))
    other = engine.read("a door falls shut", "")
    step = replace(FEW, steps=1)
    both = engine.sample(seen, [Scene(0, texts), Scene(96, other)], step)
    same = engine.sample(seen, [Scene(0, texts), Scene(96, texts)], step)
    assert torch.equal(both[:, :, :80], same[:, :, :80]), "in a step no word is heard before the overlap"
    assert (both - same)[:, :, 112:].abs().max() > 1e-4
    assert engine.sample(seen, texts, step).shape == both.shape


def test_a_clip_that_is_too_short_is_not_watched(engine: Engine, long_clip: list[Frame]) -> None:
    with pytest.raises(ClipTooShort):
        engine.watch(stretches(long_clip[:2], Fraction(2, 25)))


def test_texts_and_pictures_sound_without_a_video(engine: Engine, texts: Texts) -> None:
    nothing = engine.imagine(Fraction(2))
    grey, white = (torch.full((1, 3, 512, 512), value, dtype=torch.uint8) for value in (90, 255))
    assert (nothing.latents, nothing.samples, nothing.visual.shape[0], len(nothing.sync)) == (100, 96_000, 16, 40)
    [sound] = engine.sound(nothing, texts, FEW)
    assert sound.seconds == 2
    made = [
        engine.sample(seen, texts, FEW)
        for seen in (nothing, *(engine.imagine(Fraction(2), one) for one in (grey, white)))
    ]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert (made[first] - made[second]).abs().max() > 1e-4
    assert engine.imagine(Fraction(64, 100)).latents == 32
    with pytest.raises(ClipTooShort):
        engine.imagine(Fraction(6, 10))


def test_longer_than_a_window_can_be_imagined(engine: Engine, texts: Texts) -> None:
    seen = engine.imagine(Fraction(1601, 100))
    assert engine.sound(seen, texts, replace(FEW, steps=1))[0].samples.shape == (1, 768_480)
