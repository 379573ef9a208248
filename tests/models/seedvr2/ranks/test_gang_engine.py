"""Several ranks restore what one device does, bit for bit on the CPU; they stop together, and a lost one is said."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from greenroom.errors import Cancelled, InputInvalid
from greenroom.models.golden import read_golden
from greenroom.models.seedvr2 import engine as engine_module
from greenroom.models.seedvr2.architecture import Architecture
from greenroom.models.seedvr2.engine import Engine, Shot
from greenroom.models.seedvr2.frames.framing import Framing
from greenroom.models.seedvr2.frames.sizes import Size
from greenroom.models.seedvr2.nadit.work import Work
from greenroom.models.seedvr2.planning.costs import Job
from greenroom.models.seedvr2.planning.plan import plan
from greenroom.models.seedvr2.planning.way import Way
from greenroom.models.seedvr2.ranks import gang_engine as gang_module
from greenroom.models.seedvr2.ranks.gang_engine import GangEngine
from greenroom.nn.slices import Slices
from greenroom.runtime.gang.gang import RankLost, RanksApart, gang_on
from greenroom.runtime.memory import is_out_of_memory
from greenroom.runtime.rooms import Room
from tests.models.seedvr2 import gangs
from tests.models.seedvr2.engines import Given, a_shot, new_engine, read, some_frames, tiny_engine
from tests.models.seedvr2.networks import BOTH, GOLDENS, V2, normal

WAYS = {
    "usual": Way(),
    "long": Way(Slices(8, 32), Slices(8, 32)),
    "lean": Way(Slices(1, 1), Slices(1, 2), Work(8)),
    "parked": Way(Slices(2, 8), Slices(4, 16), Work(8, on_host=True), parked=True),
}


@pytest.fixture(scope="module", params=[2, 3])
def gang(request: pytest.FixtureRequest) -> Iterator[GangEngine]:
    """One for all tests: each of its ranks imports torch."""
    engine = GangEngine.among("+".join(["cpu"] * request.param), partial(gangs.own, V2), partial(gangs.other, V2))
    yield engine
    engine._gang.end()


def restored(engine: Engine, frames: Any, shot: Shot, way: Way = WAYS["usual"]) -> Any:
    return np.stack(list(engine.restore(read(frames), shot, way)))


def same_as_one(gang: GangEngine, frames: int, way: Way = WAYS["usual"], **options: Any) -> bool:
    """Whether ranks make what one device does; of few rows, kernels of the CPU round otherwise than of many."""
    source, shot = some_frames(frames), a_shot(frames, **options)
    one = tiny_engine() if not way.parked else new_engine()
    ours, theirs = (restored(engine, source, shot, way).astype(int) for engine in (gang, one))
    step = 257 if options.get("wide") else 1
    # Colours are matched by rank: where two values are nearly equal, which comes first is a matter of rounding.
    return ours.shape == theirs.shape and bool((np.abs(ours - theirs) > step).mean() < 0.01)


@pytest.mark.parametrize("frames", [1, 5, 9, 21])
def test_ranks_make_bit_for_bit_what_one_device_makes(gang: GangEngine, frames: int) -> None:
    source, shot = some_frames(frames, 24, 40), a_shot(frames, 60, 100)
    assert np.array_equal(restored(gang, source, shot), restored(tiny_engine(), source, shot))


@pytest.mark.parametrize("way", WAYS)
def test_they_do_so_by_every_way(gang: GangEngine, way: str) -> None:
    assert same_as_one(gang, 14, WAYS[way])


def test_windows_of_time_fade_into_each_other(gang: GangEngine) -> None:
    assert same_as_one(gang, 16, Way(window=9, overlap=3))


def test_squares_of_a_frame_are_rank_0s_alone(gang: GangEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "OVERLAP_OF_TILES", 16)
    source, shot, way = some_frames(9), a_shot(9, 32, 64), Way(tile=32)
    ours, theirs = (restored(engine, source, shot, way).astype(int) for engine in (gang, tiny_engine()))
    assert np.abs(ours - theirs).max() <= 1


@pytest.mark.parametrize("colour", ["lab", "wavelet-adaptive", "none"])
def test_colours_are_those_of_the_whole(gang: GangEngine, colour: str) -> None:
    assert same_as_one(gang, 11, colour=colour, strength=0.7, wide=colour == "lab")


@pytest.mark.parametrize("way", ["usual", "lean", "parked"])
@pytest.mark.parametrize("architecture", BOTH, ids=lambda architecture: architecture.design)
def test_windows_are_dealt_out_on_all_axes(gang: GangEngine, architecture: Architecture, way: str) -> None:
    """The transformer alone, of a grid of 3 x 23 x 27 tokens, and of one window, which leaves a rank with nothing."""
    kinds = partial(gangs.own, architecture), partial(gangs.other, architecture)
    engine, one = GangEngine.among("+".join(gang._gang.devices), *kinds), Engine(*gangs.tiny_parts(architecture))
    for size in ((3, 46, 54), (1, 4, 6)):
        latent, shot = normal(*size, 16), a_shot(4 * size[0] - 3)
        assert torch.equal(engine.sample(latent, shot, WAYS[way]), one.sample(latent, shot, WAYS[way]))


@pytest.mark.parametrize("name", ["e2e_3b", "e2e_7b"])
def test_a_shot_is_restored_as_the_original_does(gang: GangEngine, name: str) -> None:
    engine = GangEngine.among(
        "+".join(gang._gang.devices), partial(gangs.golden_own, name), partial(gangs.golden_other, name)
    )
    golden = read_golden(GOLDENS / f"{name}.json")
    frames = golden.tensor("inputs.frames").permute(0, 2, 3, 1).numpy()
    framing = Framing.as_the_makers(Size(*frames.shape[1:3]), Size(golden["res_h"], golden["res_w"]))
    posterior = golden.tensor("inputs.posterior_noise")[0].permute(1, 2, 3, 0)
    ours = restored(engine, frames, Shot(len(frames), framing, Given(posterior, golden.tensor("inputs.noise"))))
    theirs = golden.tensor("outputs.frames").numpy()
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= golden["frames_max_abs_diff"]


@pytest.mark.parametrize(("at", "place"), [("encoding", 0), ("encoding", 12), ("restoring", 1), ("decoding", 9)])
def test_it_stops_at_once_and_goes_on_with_the_next(gang: GangEngine, at: str, place: int) -> None:
    calls: list[tuple[str, float]] = []
    restored(gang, some_frames(1), a_shot(1))
    pids = gang._gang.pids

    def stops(stage: str, done: float, total: float) -> None:
        calls.append((stage, done))
        if stage == at and done >= place:
            raise Cancelled

    # While what was raised is known, so is the iterator that was left in the midst of it.
    with pytest.raises(Cancelled) as caught:
        list(gang.restore(read(some_frames(21)), a_shot(21), WAYS["usual"], stops))
    assert calls[-1][0] == at
    assert same_as_one(gang, 9)
    assert gang._gang.pids == pids
    assert caught.value.code == "cancelled"


def test_frames_that_nobody_goes_on_with_do_no_harm(gang: GangEngine) -> None:
    left = gang.restore(read(some_frames(21)), a_shot(21), WAYS["usual"])
    pids = gang._gang.pids
    next(left)
    assert same_as_one(gang, 9)
    assert gang._gang.pids == pids
    left.close()
    assert same_as_one(gang, 5)


def test_other_work_that_takes_the_ranks_ends_what_was_left_in_the_midst(gang: GangEngine) -> None:
    left = gang.restore(read(some_frames(37)), a_shot(37), Way(decode=Slices(1, 4)))
    next(left)
    other = GangEngine.among("+".join(gang._gang.devices), partial(gangs.own, V2), partial(gangs.other, V2))
    assert same_as_one(other, 5)
    with pytest.raises(RanksApart, match="put to other work"):
        list(left)
    assert same_as_one(other, 5)
    assert same_as_one(gang, 5)


@pytest.mark.parametrize(("count", "says"), [(7, "7 frames came of 9"), (10, "10 frames came of 9")])
def test_frames_that_are_not_the_shot_are_refused(gang: GangEngine, count: int, says: str) -> None:
    frames = some_frames(count)
    with pytest.raises(InputInvalid, match=says):
        list(gang.restore(lambda start, stop: frames, a_shot(9), WAYS["usual"]))
    assert same_as_one(gang, 5)


def test_frames_are_handed_on_while_later_ones_are_still_decoded(gang: GangEngine) -> None:
    stages: list[tuple[str, float, float]] = []
    made = gang.restore(read(some_frames(37)), a_shot(37), Way(decode=Slices(1, 4)), lambda *said: stages.append(said))
    next(made)
    assert ("restoring", 2, 3) in stages
    assert [done for stage, done, _ in stages if stage == "decoding"][-1] < 12
    assert len(list(made)) == 36


def test_a_plan_counts_on_the_ranks(gang: GangEngine) -> None:
    size = len(gang._gang.devices)
    networks, room = gang.networks("tiny"), gang.room()
    assert networks.ranks == size
    assert room.device == "+".join(["cpu"] * size)
    weights = networks.transformer + networks.vae
    assert room.free - weights < 1.1 * (tiny_engine().room().free - weights) / size
    found = plan(networks, Job(16, 32, (10, 18), (9,)), room)
    assert len(restored(gang, some_frames(9), a_shot(9), found.way)) == 9


def test_each_rank_tells_what_it_has_of_its_device_and_holds_of_the_host(
    gang: GangEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gang_module, "is_host", lambda device: False)
    monkeypatch.setattr(engine_module, "room_beside", lambda *_: Room("cuda:0", 100, 50, "a GPU"))
    room = gang.room()
    assert (room.free, room.host, room.gpu) == (100, 50, "a GPU")
    monkeypatch.setattr(engine_module, "room_beside", lambda *_: Room("cuda:0", 1 << 60, 50, "a GPU"))
    assert gang.room().free < 1 << 60  # another one has less


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("killed", r"a rank was lost: rank 1 on cpu: its process was killed \(SIGKILL"),
        ("memory", "a rank was lost: rank 1 on cpu: .*out of memory"),
        ("mistake", "a rank was lost: rank 1 on cpu: .*a mistake"),
    ],
)
def test_a_rank_that_is_lost_in_the_midst_of_a_clip_is_said(gang: GangEngine, how: str, says: str) -> None:
    engine = GangEngine.among("+".join(gang._gang.devices), partial(gangs.own, V2), partial(gangs.failing, how))
    handed_on: list[Any] = []
    began = time.monotonic()
    with pytest.raises(RankLost, match=says) as caught:
        for frame in engine.restore(read(some_frames(21)), a_shot(21), Way(decode=Slices(1, 4))):
            handed_on.append(frame)  # noqa: PERF402 - what came is looked at although the rest does not
    assert time.monotonic() - began < 60
    assert caught.value.code == "rank-lost"
    assert is_out_of_memory(caught.value) is (how == "memory")
    whole = restored(tiny_engine(), some_frames(21), a_shot(21))
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(handed_on, whole, strict=False))
    if how == "mistake":  # of the ranks that come now each has a new network
        assert same_as_one(gang, 9)


def test_what_an_engine_keeps_in_ranks_is_let_go_of_with_it(gang: GangEngine) -> None:
    assert same_as_one(gang, 1)
    known = gang._gang
    gc.collect()  # engines of other tests, which errors held
    before = set(known._users)
    engine = GangEngine.among("+".join(known.devices), partial(gangs.own, V2), partial(gangs.other, V2))
    assert known._users > before
    del engine
    gc.collect()
    assert known._users == before
    assert known.pids
    assert gang_on(known.devices) is known
