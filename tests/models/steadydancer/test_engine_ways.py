"""The engine's way through its networks: where each waits and how much is done at once leaves the video as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from greenroom.errors import Cancelled
from greenroom.models.landing import FramesNotFinite
from greenroom.models.steadydancer.conditions.sizes import Size
from greenroom.models.steadydancer.dancer.precision import PRECISIONS
from greenroom.models.steadydancer.engine import Engine, Sampling
from greenroom.models.steadydancer.parts import Parts
from greenroom.models.steadydancer.planning.costs import Job
from greenroom.models.steadydancer.planning.plan import plan
from greenroom.models.steadydancer.planning.way import Way
from greenroom.nn import parking as parking_module
from greenroom.nn.slices import Slices
from greenroom.runtime.rooms import Room
from tests.models.steadydancer.whole_parts import SIZES, own_parts, tiny_files

SIZE = Size(32, 48)
FEW = Sampling(steps=4)
LEAST = Way(parked=True, apart=True, keeps_said=False, at_once=5, resident=0, slices=Slices(1, 1))
WAYS = {
    "parked": Way(parked=True),
    "apart": Way(apart=True),
    "nothing kept": Way(keeps_said=False),
    "nothing kept of what is away": Way(apart=True, keeps_said=False),
    "few tokens at once": Way(at_once=7),
    **{f"{resident} of 2 blocks": Way(resident=resident) for resident in range(3)},
    "small pieces": Way(slices=Slices(1, 2)),
    "the least of all": LEAST,
}

Made = tuple[Tensor, NDArray[np.uint8]]


def danced(engine: Engine, frames: int = 9, size: Size = SIZE) -> Made:
    """The latents of a clip, and its frames."""
    drawn = np.random.default_rng(3)
    picture = drawn.integers(0, 256, (40, 60, 3), np.uint8)
    poses = drawn.integers(0, 256, (frames, 64, 96, 3), np.uint8)
    texts, pictured = engine.read("a dancer", "blurred"), engine.picture(picture, size, frames)
    posed, others = (engine.poses([*shown], picture.shape[:2], size) for shown in (poses, poses[::-1]))
    made = engine.sample(texts, pictured, posed, others, FEW)
    return made.latents, np.concatenate([*engine.decode(made.latents)])


@pytest.fixture(scope="module")
def arranged() -> Engine:
    return Engine(own_parts())


@pytest.fixture(scope="module")
def usual() -> Made:
    return danced(Engine(own_parts()))


def same(made: Made, other: Made) -> None:
    torch.testing.assert_close(made[0], other[0], atol=1e-4, rtol=0)
    assert np.abs(made[1].astype(int) - other[1]).max() <= 1


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_way_gives_the_same_video(arranged: Engine, usual: Made, way: Way) -> None:
    arranged.arrange(way)
    arranged.forget()
    same(danced(arranged), usual)


@pytest.mark.parametrize("way", [WAYS["parked"], WAYS["apart"], WAYS["1 of 2 blocks"], LEAST])
def test_it_may_be_so_from_the_begin(usual: Made, way: Way) -> None:
    same(danced(Engine(own_parts(way), way)), usual)


def test_a_way_to_a_video_of_files(tmp_path: Path) -> None:
    files = tiny_files(tmp_path)
    same(danced(Engine.load(SIZES, files)), danced(Engine.load(SIZES, files, way=LEAST)))


def taken(network: nn.Module) -> int:
    return sum(weight.nbytes for weight in (*network.parameters(), *network.buffers()))


def waiting(parts: Parts) -> list[nn.Module]:
    return [*parts.waiting.values(), *parts.denoiser.listening, *_texts(parts)]


def _texts(parts: Parts) -> list[nn.Module]:
    return [*parts.texts.network.get_submodule("encoder.block").children()]


@pytest.mark.parametrize("from_the_begin", [True, False])
def test_what_waits_is_not_on_the_device(*, from_the_begin: bool) -> None:
    whole, parts = own_parts(), own_parts(LEAST if from_the_begin else None)
    engine = Engine(parts, LEAST if from_the_begin else None)
    engine.arrange(LEAST)
    stays = [block.stays for block in engine.networks("").blocks]
    for _ in range(2):
        assert all(taken(network) == 0 for network in waiting(parts))
        assert [taken(block) for block in parts.denoiser.layers] == stays
        danced(engine)
    engine.arrange(Way())
    assert [*map(taken, waiting(parts))] == [*map(taken, waiting(whole))]
    assert taken(parts.denoiser) == taken(whole.denoiser)
    assert parts.denoiser.streaming.resident is parts.denoiser.hearing.resident is None


def test_of_blocks_that_stay_what_hears_leaves_too() -> None:
    way = Way(resident=1)
    parts = own_parts(way)
    assert [taken(layer) for layer in parts.denoiser.listening] == [0] * 8
    Engine(parts, way).arrange(Way(resident=1))
    assert [taken(layer) for layer in parts.denoiser.listening] == [0] * 8


def test_slots_are_given_back_behind_the_work_they_were_for() -> None:
    parts = own_parts(LEAST)
    engine = Engine(parts, LEAST)
    engine.read("rain", "fog")
    assert parts.texts.streaming.taken == 0
    danced(engine)
    streams = parts.denoiser.streaming, parts.denoiser.hearing, parts.texts.streaming
    assert [stream.taken for stream in streams] == [0, 0, 0]


def test_what_hears_has_no_slots_while_steps_are_gone() -> None:
    way = Way(parked=True, resident=0)
    parts = own_parts(way)
    engine = Engine(parts, way)
    seen: list[tuple[bool, bool]] = []

    def look(stage: str, done: float, total: float) -> None:
        if done:
            seen.append((parts.denoiser.streaming.taken > 0, parts.denoiser.hearing.taken > 0))

    picture = np.zeros((32, 48, 3), np.uint8)
    posed = engine.poses([picture] * 5, (32, 48), SIZE)
    engine.sample(engine.read("", ""), engine.picture(picture, SIZE, 5), posed, posed, FEW, look)
    assert set(seen) == {(True, False)}


def test_work_that_broke_off_leaves_nothing_behind_on_the_device() -> None:
    parts = own_parts()
    engine = Engine(parts, Way(parked=True))

    def stop(stage: str, done: float, total: float) -> None:
        if stage == "posing" and done:
            raise Cancelled

    with pytest.raises(Cancelled):
        engine.poses([np.zeros((32, 48, 3), np.uint8)] * 5, (32, 48), SIZE, stop)
    assert taken(parts.vae) > 0
    engine.arrange(Way(parked=True))
    assert taken(parts.vae) == 0


def test_frames_that_nobody_takes_leave_nothing_behind_on_the_device() -> None:
    parts = own_parts()
    engine = Engine(parts, Way(parked=True, slices=Slices(1, 1)))
    frames = engine.decode(torch.zeros(16, 4, 4, 6))
    next(frames)
    assert taken(parts.vae) > 0
    frames.close()  # type: ignore[attr-defined]  # it is a generator
    assert taken(parts.vae) == 0


def test_frames_that_an_error_holds_take_no_weights_from_other_work() -> None:
    parts, way, latents = own_parts(), Way(parked=True, slices=Slices(1, 1)), torch.zeros(16, 4, 4, 6)
    engine = Engine(parts, way)
    held = engine.decode(latents)
    next(held)
    other = engine.decode(latents)
    next(other)
    held.close()  # type: ignore[attr-defined]  # it is a generator, whenever its error is forgotten
    assert 1 + len([*other]) == 13
    held = engine.decode(latents)
    next(held)
    engine.arrange(way)
    assert taken(parts.vae) == 0
    assert next(held, None) is None


def test_frames_that_are_no_numbers_take_no_weights_from_other_work() -> None:
    parts = own_parts()
    engine, latents = Engine(parts, Way(parked=True, slices=Slices(1, 1))), torch.zeros(16, 4, 4, 6)
    latents[:, 1] = torch.nan
    with pytest.raises(FramesNotFinite) as held:
        [*engine.decode(latents)]
    assert taken(parts.vae) == 0, "while the error is still looked at"
    del held


@pytest.mark.parametrize("precision", PRECISIONS)
def test_plans_are_told_what_there_is(precision: str) -> None:
    parts = own_parts(precision=precision)
    sizes = {name: taken(network) for name, network in parts.waiting.items()}
    denoiser, texts = taken(parts.denoiser), taken(parts.texts.network)
    engine = Engine(parts)
    networks, room = engine.networks("tiny"), engine.room()
    assert (networks.name, networks.itemsize, networks.precision) == ("tiny", 4, precision)
    assert networks.denoiser == denoiser
    assert {name: networks.others[name].weights for name in ("clip", "vae")} == {
        name: sizes[name] for name in ("clip", "vae")
    }
    assert networks.others["umt5"].weights == texts
    assert networks.others["umt5"].working == texts  # of two blocks
    assert (room.device, engine.precision) == ("cpu", precision)
    engine.arrange(LEAST)
    assert engine.networks("tiny") == networks
    assert plan(networks, Job(SIZE, 9), Room("cuda:0", 2 * 10**9, 2 * 10**9)).way == Way()


@pytest.mark.parametrize("precision", ["fp8", "fp8-products"])
def test_eight_bits_go_every_way_too(usual: Made, precision: str) -> None:
    engine = Engine(own_parts(precision=precision))
    whole = danced(engine)
    engine.arrange(LEAST)
    engine.forget()
    made = danced(engine)
    torch.testing.assert_close(made[0], whole[0], atol=1e-3, rtol=0)
    assert (whole[0] - usual[0]).abs().max() > 1e-3


def test_a_file_s_own_blocks_are_counted_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(own_parts(precision="fp8"))
    usual = engine.networks("tiny")
    layer = engine._parts.denoiser.layers[1].ffn[0]
    monkeypatch.setattr(type(layer), "size", property(lambda self: 5 if self is layer else self.stored.numel()))
    counted = engine.networks("tiny")
    assert usual.blocks[0] == counted.blocks[0]
    assert usual.blocks[1].travels - counted.blocks[1].travels == 64 * 32 - 5


def test_a_long_clip_goes_the_least_way_too() -> None:
    first, second = (danced(Engine(own_parts(way), way), 85, Size(16, 16)) for way in (Way(), LEAST))
    same(first, second)


def test_a_way_that_parks_nothing_leaves_no_copies_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tensor, "is_pinned", lambda self: True)
    monkeypatch.setattr(parking_module, "_give_back_pinned", lambda: None)
    engine = Engine(own_parts(LEAST), LEAST)
    assert engine.held > 0
    engine.arrange(Way())
    assert engine.held == 0
