"""A picture and poses to a video on the CPU: as the original does it, and what is asked for besides."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from greenroom.errors import Cancelled, InputInvalid, UnknownName
from greenroom.models.golden import Golden, read_golden
from greenroom.models.landing import FramesNotFinite
from greenroom.models.steadydancer import engine as module
from greenroom.models.steadydancer.conditions.sizes import Size, size_within
from greenroom.models.steadydancer.engine import Engine, Sampling
from greenroom.models.steadydancer.given import Pictured, Posed, Texts
from greenroom.models.steadydancer.parity_dancer import dancer_of
from greenroom.models.steadydancer.parity_generating import _enlarged
from greenroom.models.steadydancer.sampling.guidance import Guidance
from greenroom.models.steadydancer.sampling.sampler import Sampled, VelocityNotFinite
from greenroom.models.steadydancer.sampling.standing import Standing
from greenroom.models.steadydancer.vae.config import WanVaeConfig
from greenroom.models.steadydancer.vae.vae import WanVae
from greenroom.runtime.memory import is_out_of_memory
from tests.models.steadydancer.networks import GOLDENS
from tests.models.steadydancer.whole_parts import SIZES, own_parts, tiny_files

SIZE = Size(32, 48)
HEIGHT, WIDTH = 40, 60
FRAMES = 9
FEW = Sampling(steps=4)

Told = list[tuple[str, float, float]]


def pictures(count: int, height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), np.uint8)


PICTURE = pictures(1, HEIGHT, WIDTH, seed=1)[0]
POSES = pictures(FRAMES, 64, 96, seed=2)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(own_parts())


@pytest.fixture(scope="module")
def texts(engine: Engine) -> Texts:
    return engine.read("a dancer in a red coat", "blurred")


@pytest.fixture(scope="module")
def pictured(engine: Engine) -> Pictured:
    return engine.picture(PICTURE, SIZE, FRAMES)


@pytest.fixture(scope="module")
def posed(engine: Engine) -> tuple[Posed, Posed]:
    driving, others = (engine.poses([*shown], (HEIGHT, WIDTH), SIZE) for shown in (POSES, POSES[::-1]))
    return driving, others


def made(engine: Engine, texts: Texts, pictured: Pictured, posed: tuple[Posed, Posed], sampling: Sampling) -> Tensor:
    return engine.sample(texts, pictured, *posed, sampling).latents


def of_golden(golden: Golden) -> Engine:
    """Its denoiser and autoencoder; nothing is read or seen by towers."""
    parts = own_parts()
    vae = WanVae.of(golden.weights("vae."), WanVaeConfig(width=golden.config["vae_dim"]))
    return Engine(replace(parts, denoiser=dancer_of(golden, golden.config["dit"], "dit."), vae=vae))


def test_it_answers_as_the_original(monkeypatch: pytest.MonkeyPatch) -> None:
    golden = read_golden(GOLDENS / "generate.json")
    config, engine = golden.config, of_golden(golden)
    picture = golden.tensor("inputs.image_u8")
    height, width = picture.shape[:2]
    size = size_within(config["max_area"], height, width)

    def theirs(_seed: int, *shape: Any) -> Tensor:
        noise = golden.tensor("inputs.noise")
        assert tuple(noise.shape[1:]) == shape[:3]
        return noise

    def shown(name: str) -> list[Tensor]:
        return _enlarged(golden.tensor(f"inputs.{name}"), *config["pose_frame_w_h"])

    monkeypatch.setattr(module, "draw", theirs)
    texts = Texts(golden.tensor("inputs.context"), golden.tensor("inputs.context_neg"))
    seen = golden.tensor("inputs.clip_fea_x")[0], golden.tensor("inputs.clip_fea_c")[0]
    pictured = replace(engine.picture(picture, size, config["frames"]), image=seen[0])
    posed, others = (
        replace(engine.poses(shown(name), (height, width), size), image=seen[1])
        for name in ("pose_pos_u8_4x4", "pose_neg_u8_4x4")
    )
    guidance = Guidance(
        config["guide_scale"], config["condition_guide_scale"], config["st_cond_cfg"], config["end_cond_cfg"]
    )
    sampling = Sampling(config["steps"], config["solver"], config["shift"], guidance)
    sampled = engine.sample(texts, pictured, posed, others, sampling)
    assert sampled.passes == config["model_calls"]
    torch.testing.assert_close(sampled.latents, golden.tensor("outputs.latents")[-1], atol=1e-3, rtol=0)
    frames = np.concatenate([*engine.decode(sampled.latents)])
    theirs_shown = golden.tensor("outputs.video_frames")
    ours = torch.from_numpy(frames[config["video_frame_index"]]).float() / 127.5 - 1
    assert (ours.permute(3, 0, 1, 2) - theirs_shown).abs().max() < 2 / 127.5


def test_from_files_to_frames(tmp_path: Path) -> None:
    engine = Engine.load(SIZES, tiny_files(tmp_path))
    texts = engine.read("a dancer", "a street at night")
    pictured = engine.picture(PICTURE, SIZE, FRAMES)
    posed = engine.poses([*POSES], (HEIGHT, WIDTH), SIZE)
    sampled = engine.sample(texts, pictured, posed, posed, FEW)
    frames = [*engine.decode(sampled.latents)]
    assert all(some.dtype == np.uint8 and some.shape[1:] == (32, 48, 3) for some in frames)
    assert sum(map(len, frames)) == FRAMES
    assert np.concatenate(frames).std() > 1
    assert (engine.precision, sampled.passes) == ("bf16", 9)


def test_what_was_given_lies_on_the_host(texts: Texts, pictured: Pictured, posed: tuple[Posed, Posed]) -> None:
    assert texts.prompt.shape == (23, SIZES.denoiser.text_in)
    assert texts.notes == ()
    assert (pictured.y.shape, pictured.ref_x.shape) == ((20, 3, 4, 6), (16, 1, 4, 6))
    assert pictured.image.shape == (17, 20)
    assert [window.shape for window in posed[0].windows] == [(16, 3, 4, 6)]
    assert posed[0].frames == FRAMES
    every = (texts.prompt, texts.negative, pictured.y, pictured.image, *posed[0].windows, posed[0].image)
    assert all(tensor.device.type == "cpu" for tensor in every)


def test_texts_and_pictures_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(own_parts())
    used: list[str] = []
    using = Engine._using

    def noted(self: Engine, name: str) -> Any:
        used.append(name)
        return using(self, name)

    monkeypatch.setattr(Engine, "_using", noted)
    first, second = (engine.read("rain", "fog") for _ in range(2))
    assert second.prompt is first.prompt
    assert engine.picture(PICTURE, SIZE, 81) is engine.picture(PICTURE.copy(), SIZE, 297), "of one window each"
    assert used == ["umt5", "clip", "vae"]
    engine.read("rain", "sun")
    engine.picture(PICTURE, SIZE, 5)
    engine.picture(PICTURE[::-1].copy(), SIZE, 5)
    assert used == ["umt5", "clip", "vae", "umt5", *["clip", "vae"] * 2]
    engine.forget()
    engine.read("rain", "sun")
    assert used[-1] == "umt5"


def test_no_more_is_remembered_than_little() -> None:
    engine = Engine(own_parts())
    for number in range(12):
        engine.read(str(number), "")
    assert len(engine._texts) == 8


def test_a_text_that_is_cut_off_says_so(engine: Engine) -> None:
    read = engine.read("word " * 200, "")
    assert len(read.prompt) == 512
    [note] = read.notes
    assert note.startswith("the prompt")
    other = engine.read("", "word " * 200)
    assert other.negative is read.prompt
    [note] = other.notes
    assert note.startswith("the negative prompt")
    assert len(engine.read("word " * 200, "word " * 200).notes) == 2


def test_a_seed_gives_the_same_again_and_another_seed_another(
    engine: Engine, texts: Texts, pictured: Pictured, posed: tuple[Posed, Posed]
) -> None:
    first, again, other = (made(engine, texts, pictured, posed, replace(FEW, seed=seed)) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert (first - other).abs().max() > 0.1


def test_what_is_given_counts(engine: Engine, texts: Texts, pictured: Pictured, posed: tuple[Posed, Posed]) -> None:
    usual = made(engine, texts, pictured, posed, FEW)
    others = {
        "prompt": made(engine, replace(texts, prompt=texts.prompt.flip(0)), pictured, posed, FEW),
        "negative": made(engine, replace(texts, negative=-texts.negative), pictured, posed, FEW),
        "picture": made(engine, texts, engine.picture(PICTURE[::-1].copy(), SIZE, FRAMES), posed, FEW),
        "poses": made(engine, texts, pictured, (posed[1], posed[1]), FEW),
        "other poses": made(engine, texts, pictured, (posed[0], posed[0]), FEW),
        "guidance": made(engine, texts, pictured, posed, replace(FEW, guidance=Guidance(text=3.0))),
        "shift": made(engine, texts, pictured, posed, replace(FEW, shift=3.0)),
        "solver": made(engine, texts, pictured, posed, replace(FEW, solver="dpm++")),
    }
    assert {name for name, other in others.items() if torch.equal(other, usual)} == set()


def test_what_does_not_guide_is_not_asked_for(
    engine: Engine, texts: Texts, pictured: Pictured, posed: tuple[Posed, Posed]
) -> None:
    alone = replace(FEW, guidance=Guidance(text=1.0, pose=0.0))
    sampled = engine.sample(texts, pictured, posed[0], None, alone)
    assert sampled.passes == 4
    other = engine.sample(replace(texts, negative=-texts.negative), pictured, *posed, alone)
    assert torch.equal(other.latents, sampled.latents)


def test_caching_asks_less(engine: Engine, texts: Texts, pictured: Pictured, posed: tuple[Posed, Posed]) -> None:
    sampled = engine.sample(texts, pictured, *posed, replace(FEW, steps=8, caching=1e3))
    assert sampled.reused > 0
    assert sampled.passes + sampled.reused == FEW.guidance.count(8)


class Drawing(Sequence[NDArray[np.uint8]]):
    """Poses that are drawn when they are asked for."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.asked: list[int] = []

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, place: Any) -> Any:
        self.asked.append(place)
        drawn = pictures(1, 48, 48, seed=place)[0]
        drawn.flags.writeable = False
        return drawn


LONG = 105  # frames of two windows


def test_a_long_clip_is_sampled_in_windows(engine: Engine, texts: Texts) -> None:
    drawing = Drawing(LONG)
    posed = engine.poses(drawing, (HEIGHT, WIDTH), SIZE)
    assert [window.shape[1] for window in posed.windows] == [21, 21]
    assert drawing.asked == [0, *range(81), 0, *range(25, 105)]
    pictured = engine.picture(PICTURE, SIZE, LONG)
    assert pictured.y.shape[1] == 21
    told: Told = []
    sampled = engine.sample(texts, pictured, posed, posed, replace(FEW, steps=2), lambda *said: told.append(said))
    assert sampled.latents.shape == (16, 27, 4, 6)
    # Told again before each window, so that whoever hears it may say stop.
    assert len(told) == 1 + 4 + 2 * 4
    assert sum(map(len, engine.decode(sampled.latents))) == LONG


def test_work_is_told_as_it_goes_on(engine: Engine, texts: Texts, pictured: Pictured) -> None:
    told: Told = []

    def step(stage: str, done: float, total: float) -> None:
        told.append((stage, done, total))

    engine.read("never read before", "", step)
    engine.picture(PICTURE[:, ::-1].copy(), SIZE, FRAMES, step)
    posed = engine.poses([*POSES], (HEIGHT, WIDTH), SIZE, step)
    sampled = engine.sample(texts, pictured, posed, posed, FEW, step)
    assert sum(map(len, engine.decode(sampled.latents, step))) == FRAMES
    stages = {stage: [done for other, done, _ in told if other == stage] for stage, _, _ in told}
    assert {name: (done[0], done[-1]) for name, done in stages.items()} == {
        "reading": (0, 1), "seeing": (0, 2), "posing": (0, 9), "sampling": (0, 9), "decoding": (0, 9),
    }  # fmt: skip
    assert all(done == sorted(done) for done in stages.values())


@pytest.mark.parametrize("stage", ["reading", "seeing", "posing", "sampling", "decoding"])
def test_work_ends_when_it_is_told_to(
    engine: Engine, texts: Texts, pictured: Pictured, posed: tuple[Posed, Posed], stage: str
) -> None:
    wanted = stage

    def stop(stage: str, done: float, total: float) -> None:
        if stage == wanted and done:
            raise Cancelled

    with pytest.raises(Cancelled):
        engine.read("rain", "", stop)
        engine.picture(PICTURE[::2].copy(), SIZE, FRAMES, stop)
        engine.poses([*POSES], (HEIGHT, WIDTH), SIZE, stop)
        [*engine.decode(engine.sample(texts, pictured, *posed, FEW, stop).latents, stop)]
    assert made(engine, texts, pictured, posed, FEW).isfinite().all()


def test_sampling_goes_on_where_it_stood(
    engine: Engine, texts: Texts, pictured: Pictured, posed: tuple[Posed, Posed]
) -> None:
    stood: list[Standing] = []
    whole = engine.sample(texts, pictured, *posed, FEW, save=stood.append)
    assert [standing.at for standing in stood] == [1, 2, 3, 4]
    told: Told = []
    other = Engine(own_parts())
    again = other.sample(texts, pictured, *posed, FEW, lambda *said: told.append(said), resume=stood[1])
    assert torch.equal(again.latents, whole.latents)
    assert told[0] == ("sampling", 5, 9)


def test_what_cannot_be_is_refused(
    engine: Engine, texts: Texts, pictured: Pictured, posed: tuple[Posed, Posed]
) -> None:
    with pytest.raises(InputInvalid, match="seed is -1"):
        Sampling(seed=-1)
    with pytest.raises(InputInvalid, match="steps is 0"):
        Sampling(steps=0)
    with pytest.raises(InputInvalid, match="caching"):
        Sampling(caching=-1.0)
    with pytest.raises(UnknownName, match="solver"):
        Sampling(solver="euler")  # type: ignore[arg-type]  # that is what is refused
    with pytest.raises(InputInvalid, match="which are missing"):
        engine.sample(texts, pictured, posed[0], None, FEW)
    with pytest.raises(InputInvalid, match="of another length"):
        engine.sample(texts, pictured, posed[0], replace(posed[1], frames=5), FEW)
    with pytest.raises(InputInvalid, match="8 frames are asked for"):
        engine.poses([*POSES[:8]], (HEIGHT, WIDTH), SIZE)
    with pytest.raises(InputInvalid, match="8 frames are asked for"):
        engine.picture(PICTURE, SIZE, 8)
    with pytest.raises(InputInvalid, match="y is"):
        engine.sample(texts, engine.picture(PICTURE, SIZE, 5), *posed, FEW)


def test_what_is_no_number_is_not_handed_on(
    engine: Engine, texts: Texts, pictured: Pictured, posed: tuple[Posed, Posed]
) -> None:
    with pytest.raises(VelocityNotFinite):
        made(engine, texts, replace(pictured, y=pictured.y * torch.nan), posed, FEW)
    with pytest.raises(FramesNotFinite):
        [*engine.decode(torch.full((16, 2, 4, 6), torch.nan))]


def test_frames_are_cut_off_as_the_original_does_it(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    grey = torch.tensor([-1.0, -0.9999, 0.0, 0.0039, 0.9999, 1.0])

    def decoded(latents: Tensor, slices: object) -> Any:
        yield grey.expand(3, 1, 1, 6).clone()

    monkeypatch.setattr(engine._parts.vae, "decoded", decoded)
    [frames] = engine.decode(torch.zeros(16, 1, 1, 1))
    assert frames[0, 0, :, 0].tolist() == [0, 0, 127, 127, 254, 255]


def test_when_memory_runs_out_what_was_remembered_is_given_back(
    texts: Texts, pictured: Pictured, posed: tuple[Posed, Posed], monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[bool] = []
    engine = Engine(own_parts())
    monkeypatch.setattr(engine, "forget", lambda: forgotten.append(True))

    def full(stage: str, done: float, total: float) -> None:
        raise MemoryError("out of memory")

    with pytest.raises(MemoryError) as caught:
        engine.sample(texts, pictured, *posed, FEW, full)
    assert is_out_of_memory(caught.value)
    assert forgotten == [True]


def test_a_sampled_clip_is_whole(engine: Engine, texts: Texts, pictured: Pictured, posed: tuple[Posed, Posed]) -> None:
    sampled = engine.sample(texts, pictured, *posed, FEW)
    assert isinstance(sampled, Sampled)
    assert (sampled.latents.dtype, tuple(sampled.latents.shape)) == (torch.float32, (16, 3, 4, 6))


def test_libraries_of_networks_are_loaded_with_them_and_not_before() -> None:
    names = "('transformers', 'tokenizers', 'huggingface_hub', 'cv2', 'onnxruntime', 'ftfy')"
    asked = (
        f"import sys, greenroom.models.steadydancer.engine; print([name for name in {names} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
