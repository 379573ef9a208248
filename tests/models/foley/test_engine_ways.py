"""The engine's way through its networks: where each waits and how much is done at once leaves the sound as it is."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from greenroom.errors import Cancelled
from greenroom.media.audio import Audio
from greenroom.media.video.reading import Frame
from greenroom.models.foley.architecture import PUBLISHED
from greenroom.models.foley.engine import Engine, Sampling, Scene
from greenroom.models.foley.parts import Parts
from greenroom.models.foley.parts_synthetic import synthetic_parts, tiny_sizes
from greenroom.models.foley.planning.way import Way
from greenroom.models.foley.watching.pictures import stretches
from greenroom.nn import parking as parking_module
from tests.models.foley.media_parts import CPU, frames_at
from tests.models.foley.whole_parts import SIZES, tiny_files

FEW = Sampling(steps=2)
WAYS = {
    "parked": Way(parked=True),
    **{f"{resident} of 4 blocks": Way(resident=resident) for resident in range(5)},
    **{f"{together} together": Way(together=together) for together in (1, 2, 3)},
    "small pieces": Way(pictures=3, segments=2, piece=60),
    "the least of all": Way(parked=True, resident=0, together=1, pictures=1, segments=1, piece=40),
}


def own_parts(way: Way | None = None, precision: str = "bf16") -> Parts:
    """Parts that nobody else has, since ways change where they are."""
    return synthetic_parts(tiny_sizes(PUBLISHED["hunyuanvideo-foley-xl"]), CPU, way, precision)


def an_engine(way: Way | None = None) -> Engine:
    return Engine(own_parts(way), way)


@pytest.fixture(scope="module")
def arranged() -> Engine:
    return an_engine()


def heard(engine: Engine, clip: list[Frame]) -> list[Audio]:
    """Two samples of two scenes, whose windows are of one size: four rows of each condition."""
    seen = engine.watch(stretches(clip, Fraction(len(clip), 25)))
    scenes = [Scene(0, engine.read("rain", "harsh")), Scene(80, engine.read("door", "noisy"))]
    return engine.sound(seen, scenes, replace(FEW, samples=2))


@pytest.fixture(scope="module")
def clip() -> list[Frame]:
    """3.2 s of frames that differ."""
    return [*frames_at([Fraction(number, 25) for number in range(80)])]


@pytest.fixture(scope="module")
def usual(clip: list[Frame]) -> list[Audio]:
    return heard(an_engine(), clip)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_way_gives_the_same_sound(arranged: Engine, usual: list[Audio], clip: list[Frame], way: Way) -> None:
    arranged.arrange(way)
    for sound, other in zip(heard(arranged, clip), usual, strict=True):
        np.testing.assert_allclose(sound.samples, other.samples, atol=2e-5)
    assert np.abs(usual[0].samples).max() > 1e-2


@pytest.mark.parametrize("way", [WAYS["parked"], WAYS["1 of 4 blocks"], WAYS["the least of all"]])
def test_it_may_be_so_from_the_begin(usual: list[Audio], clip: list[Frame], way: Way) -> None:
    for sound, other in zip(heard(an_engine(way), clip), usual, strict=True):
        np.testing.assert_allclose(sound.samples, other.samples, atol=2e-5)


def test_a_way_to_a_sound_of_files(tmp_path: Path) -> None:
    files = tiny_files(tmp_path)
    first, second = (
        engine.sound(engine.imagine(Fraction(1), grey()), engine.read("rain", ""), FEW)[0].samples
        for engine in (Engine.load(SIZES, files), Engine.load(SIZES, files, way=WAYS["the least of all"]))
    )
    np.testing.assert_allclose(first, second, atol=2e-5)


def grey() -> Tensor:
    return torch.full((1, 3, 512, 512), 90, dtype=torch.uint8)


def test_what_waits_is_not_on_the_device() -> None:
    parts = own_parts()
    engine = Engine(parts)
    engine.arrange(WAYS["the least of all"])
    assert all(taken(network) == 0 for network in parts.others.values())
    assert [taken(single) for single in parts.denoiser.singles] == [0, 0]
    assert all(taken(triple) < whole for triple, whole in zip(parts.denoiser.triples, sizes_of_blocks(), strict=False))
    engine.sound(engine.imagine(Fraction(1), grey()), engine.read("rain", ""), FEW)
    assert all(taken(network) == 0 for network in parts.others.values())
    engine.arrange(Way())
    assert all(taken(network) > 0 for network in parts.others.values())
    assert [taken(block) for block in blocks(parts)] == sizes_of_blocks()


def taken(network: nn.Module) -> int:
    return sum(weight.nbytes for weight in (*network.parameters(), *network.buffers()))


def blocks(parts: Parts) -> list[nn.Module]:
    return [*parts.denoiser.triples, *parts.denoiser.singles]


def sizes_of_blocks() -> list[int]:
    return [taken(block) for block in blocks(own_parts())]


def test_work_that_broke_off_leaves_nothing_behind_on_the_device() -> None:
    parts = own_parts()
    engine = Engine(parts, Way(parked=True))

    def stop(stage: str, done: float, total: float) -> None:
        if stage == "decoding" and done:
            raise Cancelled

    with pytest.raises(Cancelled):
        engine.sound(engine.imagine(Fraction(1)), engine.read("rain", ""), FEW, stop)
    assert taken(parts.vae) > 0
    engine.arrange(Way(parked=True))
    assert taken(parts.vae) == 0


def test_graphs_are_forgotten_when_weights_lie_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = an_engine()
    forgotten: list[bool] = []
    monkeypatch.setattr(engine, "forget", lambda: forgotten.append(True))
    for way in (Way(), Way(piece=100), Way(parked=True), Way(parked=True, resident=2), Way(parked=True, resident=2)):
        engine.arrange(way)
    assert len(forgotten) == 2


@pytest.mark.parametrize("precision", ["bf16", "fp8"])
def test_plans_are_told_what_there_is(precision: str) -> None:
    parts = own_parts(precision=precision)
    whole = taken(parts.denoiser)
    engine = Engine(parts)
    networks, room = engine.networks("tiny"), engine.room()
    assert (networks.name, networks.itemsize, networks.precision) == ("tiny", 4, precision)
    assert networks.denoiser + networks.modulation == pytest.approx(whole, rel=0 if precision == "bf16" else 2e-3)
    assert networks.others == {name: taken(network) for name, network in parts.others.items()}
    assert room.device == "cpu"
    engine.arrange(WAYS["the least of all"])
    assert engine.networks("tiny") == networks


def test_eight_bits_go_every_way_too(usual: list[Audio], clip: list[Frame]) -> None:
    engine = Engine(own_parts(precision="fp8"))
    assert engine.precision == "fp8"
    whole = heard(engine, clip)
    engine.arrange(WAYS["the least of all"])
    for sound, other, exact in zip(heard(engine, clip), whole, usual, strict=True):
        np.testing.assert_allclose(sound.samples, other.samples, atol=2e-5)
        assert np.abs(other.samples - exact.samples).max() > 1e-4


def test_a_way_that_parks_nothing_leaves_no_copies_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tensor, "is_pinned", lambda self: True)
    monkeypatch.setattr(parking_module, "_give_back_pinned", lambda: None)
    engine = Engine(own_parts(), Way(parked=True))
    assert engine.held > 0
    engine.arrange(Way())
    assert engine.held == 0
