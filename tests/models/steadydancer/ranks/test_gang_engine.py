"""An engine of several devices is asked as that of one, and answers the same."""

from __future__ import annotations

import json
import os
import pickle
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from greenroom.errors import Cancelled, InputInvalid
from greenroom.models.steadydancer.animating.animator import Animator, Made, Wanted
from greenroom.models.steadydancer.animating.journal import journal_folder
from greenroom.models.steadydancer.architecture import PUBLISHED
from greenroom.models.steadydancer.conditions.sizes import Size
from greenroom.models.steadydancer.dancer.checkpoint import without_weights
from greenroom.models.steadydancer.dancer.synthetic import synthesise_dancer
from greenroom.models.steadydancer.engine import Engine, Sampling
from greenroom.models.steadydancer.engines import load_engine
from greenroom.models.steadydancer.lora.merging import open_lora
from greenroom.models.steadydancer.parts import Sizes
from greenroom.models.steadydancer.planning.costs import Job, Networks
from greenroom.models.steadydancer.planning.plan import plan
from greenroom.models.steadydancer.planning.rates import RATES, Rates
from greenroom.models.steadydancer.planning.stages import Costs
from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.ranks import gang_engine as gang_module
from greenroom.models.steadydancer.ranks.gang_engine import GangEngine
from greenroom.models.steadydancer.sampling.guidance import Guidance
from greenroom.models.steadydancer.sampling.sampler import Sampled
from greenroom.models.steadydancer.sampling.standing import keep, kept
from greenroom.progress import Step, silent
from greenroom.recipes.inputs.steadydancer import AnimateInputs
from greenroom.runtime.gang.gang import Gang, RankLost
from greenroom.runtime.rooms import Room
from greenroom.weights.fitting import shapes_of
from tests.models.steadydancer import gangs
from tests.models.steadydancer.tiny import keypoint_frames, picture_file, pose_files, small_sizes

SIZE = Size(32, 48)
SAMPLING = Sampling(steps=3, guidance=Guidance(begin=0.1, end=0.5))  # other poses guide in the second step


@pytest.fixture(scope="module")
def gang() -> Iterator[GangEngine]:
    """One for all tests: each of its ranks imports torch."""
    engine = GangEngine.among("cpu+cpu", gangs.own_engine, gangs.other_dancer)
    yield engine
    engine._crew.gang.end()


@pytest.fixture(scope="module")
def one() -> Engine:
    """Of one device."""
    return Engine(gangs.parts())


def asked(
    engine: Engine, frames: int = 9, step: Step = silent, sampling: Sampling = SAMPLING, **options: Any
) -> Sampled:
    """A clip's latents."""
    drawn = np.random.default_rng(7)
    picture = drawn.integers(0, 256, (40, 60, 3), np.uint8)
    poses, others = drawn.integers(0, 256, (2, frames, 64, 96, 3), np.uint8)
    texts, pictured = engine.read("a woman dances", "blurred"), engine.picture(picture, SIZE, frames)
    posed, negative = (engine.poses(each, (40, 60), SIZE) for each in (poses, others))
    return engine.sample(texts, pictured, posed, negative, sampling, step, **options)


def hear(gang: Gang) -> None:
    """Wait until it is known that a rank is gone."""
    deadline = time.monotonic() + 60
    while gang._watch is not None and not gang._watch.is_losing and time.monotonic() < deadline:
        time.sleep(0.001)


@pytest.mark.parametrize("way", [Way(), Way(keeps_said=False, at_once=5), Way(parked=True, resident=1)], ids=str)
def test_several_devices_make_what_one_makes(gang: GangEngine, one: Engine, way: Way) -> None:
    gang.arrange(way)
    ours, theirs = asked(gang), asked(one)
    assert ours.passes == theirs.passes == 7
    torch.testing.assert_close(ours.latents, theirs.latents, rtol=1e-4, atol=1e-4)
    several, alone = (np.concatenate(list(engine.decode(ours.latents))) for engine in (gang, one))
    assert np.array_equal(several, alone)
    gang.arrange(Way())


def test_long_clips_and_no_guidance(gang: GangEngine, one: Engine) -> None:
    bare = replace(SAMPLING, steps=2, guidance=Guidance(1.0, 0.0))
    for sampling, frames in ((bare, 5), (replace(SAMPLING, steps=2), 85)):
        ours, theirs = (asked(engine, frames, sampling=sampling).latents for engine in (gang, one))
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_it_stops_where_it_is_told_and_resumes(gang: GangEngine) -> None:
    pids = gang._crew.gang.pids
    whole = asked(gang)
    stood: list[Any] = []

    def stops(stage: str, done: float, total: float) -> None:
        if stage == "sampling" and done >= 6:
            raise Cancelled

    with pytest.raises(Cancelled):
        asked(gang, step=stops, save=stood.append)
    assert len(stood) == 2
    assert torch.equal(asked(gang, resume=stood[-1]).latents, whole.latents)
    assert gang._crew.gang.pids == pids


def test_what_is_refused_ends_no_rank(gang: GangEngine) -> None:
    asked(gang)
    pids, network = gang._crew.gang.pids, gang._parts.denoiser
    wide = replace(network.architecture, text_in=network.architecture.text_in + 1)
    network.architecture, usual = wide, network.architecture
    try:
        with pytest.raises(InputInvalid, match="a text of"):
            asked(gang)
    finally:
        network.architecture = usual
    asked(gang)
    assert gang._crew.gang.pids == pids


def test_a_rank_that_is_killed_between_steps_is_said_and_replaced(gang: GangEngine, one: Engine) -> None:
    stood: list[Any] = []

    def kill(standing: Any) -> None:
        stood.append(standing)
        os.kill(gang._crew.gang.pids[0], signal.SIGKILL)

    with pytest.raises(RankLost, match=r"rank 1 on cpu: its process was killed \(SIGKILL"):
        asked(gang, save=kill)
    assert len(stood) == 1
    ours = asked(gang, resume=stood[0])
    torch.testing.assert_close(ours.latents, asked(one).latents, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("heard", [True, False])
def test_a_rank_that_is_killed_behind_the_last_step_costs_nothing(gang: GangEngine, one: Engine, heard: bool) -> None:
    stood: list[Any] = []
    gang._crew.ready()
    pids = gang._crew.gang.pids

    def kill_last(standing: Any) -> None:
        stood.append(standing)
        if len(stood) == SAMPLING.steps:
            os.kill(pids[0], signal.SIGKILL)
            if heard:
                hear(gang._crew.gang)

    ours = asked(gang, save=kill_last).latents
    assert len(stood) == SAMPLING.steps
    theirs = asked(one).latents
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)
    assert all(len(frames) for frames in gang.decode(ours))
    hear(gang._crew.gang)
    torch.testing.assert_close(asked(gang).latents, theirs, rtol=1e-4, atol=1e-4)
    assert gang._crew.gang.pids != pids


@pytest.mark.parametrize("begins", ["one", "several"])
def test_what_one_device_began_several_go_on_with_and_the_other_way(
    gang: GangEngine, one: Engine, begins: str, tmp_path: Path
) -> None:
    first, second = (one, gang) if begins == "one" else (gang, one)
    stood: list[Any] = []
    whole = asked(first, save=stood.append).latents
    keep(tmp_path / "standing", stood[1], {})  # as on its way to another process
    found = kept(tmp_path / "standing", {})
    assert found is not None
    torch.testing.assert_close(asked(second, resume=found).latents, whole, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("then", ["one", "several"])
def test_a_clip_whose_rank_was_lost_goes_on_behind_its_last_step_with_as_many_devices_as_there_are(
    gang: GangEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    small_sizes(monkeypatch)
    picture, place = picture_file(tmp_path / "me.png"), tmp_path / "out.mp4"
    asked = AnimateInputs(picture=str(picture), keypoints=json.dumps(keypoint_frames(9)), prompt="", steps=4, seed=3)
    finder = partial(pose_files().load, "cpu")
    several, alone = (Animator(engine, finder, Made("tiny")) for engine in (gang, Engine(gangs.parts())))

    def kill(stage: str, done: float, total: float) -> None:
        if stage == "sampling" and done == 4:
            os.kill(gang._crew.gang.pids[0], signal.SIGKILL)

    with pytest.raises(RankLost) as caught:
        several.animate(asked, Wanted(place), kill)
    assert caught.value.code == "rank-lost"
    result = (alone if then == "one" else several).animate(asked, Wanted(place))
    assert result.resumed == 1
    assert place.is_file()
    assert not journal_folder(place).exists()


def test_a_plan_counts_on_the_ranks(gang: GangEngine, one: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    job, room = Job(SIZE, 9, picture=(40, 60), poses=(64, 96)), gang.room()
    found = plan(gang.networks("tiny"), job, room)
    assert found.device == room.device == "cpu+cpu"
    assert room.free < 0.7 * one.room().free
    monkeypatch.setattr(gang_module, "is_host", lambda device: False)
    monkeypatch.setattr(Engine, "room", lambda _: replace(room, free=1 << 60, host=50))
    least = gang.room()
    assert (least.free < 1 << 60, least.host, least.device) == (True, 50, "cpu+cpu")


def test_ranks_divide_the_passes_and_each_has_its_own_weights_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = Rates(linear=5e14, attention=5e14, products=1e15, encode=1e14, decode=1e14, from_host=5e10)
    monkeypatch.setitem(RATES, "a GPU", rates)
    networks, job = Networks.of("whole", PUBLISHED["steadydancer-14b"]), Job(SIZE, 81)
    streamed, parked = Way(parked=True, apart=True, resident=0), Way(parked=True)
    one, two = (Costs.of(networks, job, device) for device in ("cuda:0", "cuda:0+cuda:1"))
    assert two.host(streamed) - one.host(streamed) == one.host(streamed) - one.host(parked) > 0
    assert two.host(parked) == one.host(parked)
    alone, together = (
        plan(networks, job, Room(name, 1 << 40, 1 << 40, "a GPU")) for name in ("cuda:0", "cuda:0+cuda:1")
    )
    assert alone.seconds is not None
    assert together.seconds is not None
    assert alone.seconds / 2 < together.seconds < 0.7 * alone.seconds
    assert (together.device, together.estimated, alone.estimated) == ("cuda:0+cuda:1", True, False)


def test_what_other_ranks_load_by_goes_to_their_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of published sizes, too, whose towers' options cannot be sent."""
    made: list[Any] = []
    monkeypatch.setattr(GangEngine, "among", classmethod(lambda cls, device, own, make: made.append(make)))
    files = gangs.files_of(tmp_path / "dancer.safetensors")
    GangEngine.load(Sizes(PUBLISHED["steadydancer-14b"]), files, "cpu+cpu", way=Way(resident=7), precision="fp8")
    [make] = made
    sent = pickle.loads(pickle.dumps(make))
    asked: list[Any] = []
    monkeypatch.setattr(gang_module, "load_dancer", lambda *said, **more: asked.append((said, more)))
    sent(SimpleNamespace(ranks=SimpleNamespace(device="cpu")))
    [(said, more)] = asked
    assert said == (files.denoiser, PUBLISHED["steadydancer-14b"])
    assert (more["device"], more["resident"], more["apart"], more["precision"]) == ("cpu", 7, True, "fp8")


def test_it_is_loaded_by_the_names_of_its_devices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The denoiser's file and what changes it in both processes; what else there is comes from elsewhere here."""
    path, files = tmp_path / "dancer.safetensors", gangs.files_of(tmp_path / "dancer.safetensors")
    synthesise_dancer(path, gangs.SIZES.denoiser, seed=3)
    width = gangs.SIZES.denoiser.width
    save_file({"blocks.0.self_attn.q.diff": torch.ones(width, width)}, tmp_path / "small.safetensors")
    lora = open_lora(tmp_path / "small.safetensors", shapes_of(without_weights(gangs.SIZES.denoiser)), 0.3)
    made = partial(gangs.loading, path)
    monkeypatch.setattr("greenroom.models.steadydancer.engine.load_parts", made)
    engine = load_engine(gangs.SIZES, files, "cpu+cpu", loras=[lora])
    assert isinstance(engine, GangEngine)
    ours = asked(engine).latents
    torch.testing.assert_close(ours, asked(Engine(made(loras=[lora]))).latents, rtol=1e-4, atol=1e-4)
    assert not torch.allclose(ours, asked(Engine(made())).latents, rtol=1e-2, atol=1e-2)
    assert not isinstance(load_engine(gangs.SIZES, files, "cpu"), GangEngine)
