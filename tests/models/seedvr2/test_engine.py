"""The whole way: as the original, the same by whatever way, in constant memory, and stopped at once."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from greenroom.errors import Cancelled, InputInvalid
from greenroom.models.golden import read_golden
from greenroom.models.landing import FramesNotFinite
from greenroom.models.seedvr2 import engine as module
from greenroom.models.seedvr2.draws import Purpose, Seeded
from greenroom.models.seedvr2.engine import Engine, Pixels, Shot
from greenroom.models.seedvr2.engines import Files
from greenroom.models.seedvr2.frames.framing import Framing
from greenroom.models.seedvr2.frames.sizes import Size
from greenroom.models.seedvr2.nadit.synthetic import synthetic_prompt
from greenroom.models.seedvr2.nadit.work import Work
from greenroom.models.seedvr2.parity_restoring import _vae_options
from greenroom.models.seedvr2.parity_transformer import transformer_of
from greenroom.models.seedvr2.parity_vae import vae_of
from greenroom.models.seedvr2.planning.costs import Job
from greenroom.models.seedvr2.planning.plan import plan
from greenroom.models.seedvr2.planning.way import Way
from greenroom.nn import parking as parking_module
from greenroom.nn.slices import Slices
from greenroom.runtime.rooms import BFloat16Missing
from tests.models.seedvr2.autoencoders import tiny_vae
from tests.models.seedvr2.engines import Given, a_shot, new_engine, read, some_frames, tiny_engine
from tests.models.seedvr2.networks import GOLDENS, V2, network_of

WAYS = (
    Way(),
    Way(encode=Slices(1, 1), decode=Slices(1, 1), work=Work(8)),
    Way(encode=Slices(2, 8), decode=Slices(1, 2), work=Work(8, on_host=True), parked=True),
)


def restored(engine: Engine, frames: Any, shot: Shot, way: Way = WAYS[0]) -> Any:
    return np.stack(list(engine.restore(read(frames), shot, way)))


@pytest.mark.parametrize("way", WAYS, ids=["usual", "lean", "parked"])
@pytest.mark.parametrize("name", ["e2e_3b", "e2e_7b"])
def test_a_shot_is_restored_as_the_original_does(name: str, way: Way) -> None:
    golden = read_golden(GOLDENS / f"{name}.json")
    config = golden.config
    network = transformer_of(name, config["dit"], config["arch"], golden.weights("dit."))
    engine = Engine(network, vae_of(golden, _vae_options(config), "vae."), golden.tensor("inputs.text"))
    frames = golden.tensor("inputs.frames").permute(0, 2, 3, 1).numpy()
    framing = Framing.as_the_makers(Size(*frames.shape[1:3]), Size(golden["res_h"], golden["res_w"]))
    posterior = golden.tensor("inputs.posterior_noise")[0].permute(1, 2, 3, 0)
    shot = Shot(len(frames), framing, Given(posterior, golden.tensor("inputs.noise")))

    ours = restored(engine, frames, shot, way)
    theirs = golden.tensor("outputs.frames").numpy()
    assert ours.shape == theirs.shape
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= golden["frames_max_abs_diff"]
    assert (ours != theirs).mean() < 0.01


@pytest.mark.parametrize("way", WAYS[1:], ids=["lean", "parked"])
@pytest.mark.parametrize("frames", [1, 6, 13])
def test_the_way_does_not_change_the_result(frames: int, way: Way) -> None:
    source, shot = some_frames(frames), a_shot(frames)
    ours, theirs = (restored(new_engine(), source, shot, each) for each in (way, WAYS[0]))
    assert ours.shape == (frames, 15, 25, 3)
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 1


@pytest.mark.parametrize("colour", ["lab", "wavelet-adaptive"])
def test_colours_do_not_depend_on_the_cut(colour: str) -> None:
    source, shot = some_frames(11), a_shot(11, colour=colour)
    ours, theirs = (restored(tiny_engine(), source, shot, way).astype(int) for way in WAYS[:2])
    # Where two values are nearly equal, which comes first is a matter of rounding.
    assert (np.abs(ours - theirs) > 1).mean() < 0.02


def test_what_is_drawn_depends_on_seed_and_shot_alone() -> None:
    source = some_frames(5)
    first = restored(tiny_engine(), source, a_shot(5))
    assert np.array_equal(first, restored(tiny_engine(), source, a_shot(5)))
    for draws in (Seeded(8), Seeded(7, shot=1)):
        other = restored(tiny_engine(), source, replace(a_shot(5), draws=draws))
        assert (other != first).mean() > 0.1


def test_strength_goes_from_the_resized_source_to_the_restored_frames() -> None:
    source = some_frames(5)
    made = {strength: restored(tiny_engine(), source, a_shot(5, strength=strength)) for strength in (0.0, 0.5, 1.0)}
    shot = a_shot(5)
    resized = shot.framing.source(torch.from_numpy(source), 255.0)
    plain = ((resized * 0.5 + 0.5) * 255).round().numpy().astype(int)
    assert np.array_equal(made[0.0], plain)
    # The whole effect may leave black and white, and is cut there; half of it is not.
    inside = (made[1.0] > 0) & (made[1.0] < 255)
    assert inside.mean() > 0.5
    half = (made[0.0].astype(float) + made[1.0]) / 2
    assert np.abs(made[0.5] - half)[inside].max() <= 1.0


def test_sixteen_bits_in_and_out_keep_more_than_eight() -> None:
    source = some_frames(5, wide=True)
    wide = restored(tiny_engine(), source, a_shot(5, wide=True))
    narrow = restored(tiny_engine(), (source / 257).round().astype(np.uint8), a_shot(5))
    assert wide.dtype == np.uint16
    assert len(np.unique(wide)) > 2000
    assert np.abs(wide / 257 - narrow).mean() < 3


def test_real_numbers_come_as_well() -> None:
    source = some_frames(1)
    made = restored(tiny_engine(), source.astype(np.float32) / 255, a_shot(1))
    assert np.abs(made.astype(int) - restored(tiny_engine(), source, a_shot(1))).max() <= 1


def test_what_a_plan_counts_on_does_not_change_when_weights_are_away() -> None:
    engine = new_engine()
    before = engine.networks("tiny")
    restored(engine, some_frames(1), a_shot(1), WAYS[2])
    assert engine.networks("tiny") == before
    assert before.transformer == sum(tensor.nbytes for tensor in network_of(V2).state_dict().values())
    found = plan(before, Job(16, 32, (10, 18), (5,)), engine.room())
    assert len(restored(engine, some_frames(5), a_shot(5), found.way)) == 5


def test_nothing_of_the_picture_is_lost_at_its_border() -> None:
    """A result whose sides are no multiples of 16 shows the same as one whose are, but for its last columns."""
    source = some_frames(1, 32, 48)
    framing = Framing.whole(Size(32, 47))
    assert (framing.inner, framing.kept) == (Size(32, 48), Size(32, 47))
    assert restored(tiny_engine(), source, a_shot(1, 32, 47)).shape == (1, 32, 47, 3)


def test_frames_are_handed_on_while_later_ones_are_still_decoded() -> None:
    stages: list[tuple[str, float, float]] = []
    way = Way(decode=Slices(1, 2))
    made = tiny_engine().restore(read(some_frames(13)), a_shot(13), way, lambda *said: stages.append(said))
    next(made)
    assert [stage for stage in stages if stage[0] == "decoding"] == [("decoding", 0, 13), ("decoding", 1, 13)]
    assert stages[:2] == [("encoding", 0, 13), ("encoding", 1, 13)]
    assert ("restoring", 2, 3) in stages
    assert len(list(made)) == 12


@pytest.mark.parametrize(("at", "place"), [("encoding", 2), ("restoring", 1), ("decoding", 0)])
@pytest.mark.parametrize("way", [WAYS[1], WAYS[2], Way(tile=256)], ids=["resident", "parked", "tiled"])
def test_it_stops_at_once_and_goes_on_with_the_next(at: str, place: int, way: Way) -> None:
    engine = new_engine()
    calls: list[tuple[str, float]] = []

    def stops(stage: str, done: float, total: float) -> None:
        calls.append((stage, done))
        if stage == at and done == place:
            raise Cancelled

    with pytest.raises(Cancelled):
        list(engine.restore(read(some_frames(6)), a_shot(6), way, stops))
    assert calls[-1] == (at, float(place))
    source, shot = some_frames(6), a_shot(6)
    assert np.array_equal(restored(engine, source, shot), restored(tiny_engine(), source, shot))


def test_memory_does_not_grow_with_the_shot() -> None:
    """Of what is read and decoded a few frames live at once, however many there are."""
    most = {frames: _most_alive(frames) for frames in (13, 29)}
    assert most[29] == most[13] < 8


def _most_alive(count: int) -> int:
    """Frames of the source, and of the result, that live at once."""
    alive = most = 0

    def died() -> None:
        nonlocal alive
        alive -= 1

    def reads(start: int, stop: int) -> Iterator[Pixels]:
        nonlocal alive, most
        for frame in some_frames(count, 16, 16)[start:stop]:
            own = frame.copy()
            weakref.finalize(own, died)
            alive += 1
            most = max(most, alive)
            yield own

    for frame in tiny_engine().restore(reads, a_shot(count, 16, 16), Way(Slices(1, 2), Slices(1, 2))):
        weakref.finalize(frame, died)
        alive += 1
        most = max(most, alive)
    return most


def test_squares_hold_the_frames_of_a_window_once(monkeypatch: pytest.MonkeyPatch) -> None:
    alive = most = 0
    filled = Framing.filled

    def died() -> None:
        nonlocal alive
        alive -= 1

    def counting(self: Framing, frames: torch.Tensor) -> torch.Tensor:
        nonlocal alive, most
        made = filled(self, frames)
        weakref.finalize(made, died)
        alive += 1
        most = max(most, alive)
        return made

    monkeypatch.setattr(Framing, "filled", counting)
    monkeypatch.setattr(module, "OVERLAP_OF_TILES", 16)
    made = tiny_engine().encode(read(some_frames(21)), a_shot(21, 32, 64), Way(tile=32), (0, 21))
    assert len(made) == 6
    assert most <= 2


@pytest.mark.parametrize("way", [WAYS[0], Way(tile=32)], ids=["whole", "squares"])
def test_numbers_are_drawn_a_latent_frame_at_a_time(monkeypatch: pytest.MonkeyPatch, way: Way) -> None:
    monkeypatch.setattr(module, "OVERLAP_OF_TILES", 16)
    drawn: list[tuple[str, int, int]] = []

    class Recorded(Seeded):
        def normal(self, purpose: Purpose, first: int, shape: tuple[int, int, int, int]) -> torch.Tensor:
            drawn.append((purpose, first, shape[0]))
            return super().normal(purpose, first, shape)

    source, shot = some_frames(9), a_shot(9, 32, 64)
    made = restored(tiny_engine(), source, replace(shot, draws=Recorded(7)), way)
    assert drawn == [(purpose, first, 1) for purpose in ("posterior", "noise") for first in (0, 4, 8)]
    assert np.array_equal(made, restored(tiny_engine(), source, shot, way))


@pytest.mark.parametrize(
    ("options", "times"), [({}, 2), ({"colour": "none"}, 1), ({"colour": "none", "strength": 0.5}, 2)]
)
def test_the_source_is_read_again_only_for_its_colours(options: dict[str, Any], times: int) -> None:
    source, spans = some_frames(5), []

    def reads(start: int, stop: int) -> Any:
        spans.append((start, stop))
        return source[start:stop]

    made = list(tiny_engine().restore(reads, a_shot(5, **options), WAYS[1]))
    assert len(made) == 5
    assert spans == [(0, 5)] * times


def test_a_plan_may_take_again_what_the_engine_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights on their device, and their copy on the host: the second clip is planned as the first one was."""
    asked: list[tuple[str, int, int]] = []
    monkeypatch.setattr(module, "room_beside", lambda *given: asked.append(given))
    monkeypatch.setattr(torch.Tensor, "is_pinned", lambda self: True)
    engine = new_engine()
    engine.room()
    restored(engine, some_frames(1), a_shot(1), WAYS[2])
    engine.room()
    networks = engine.networks("tiny")
    (device, weights, before), (_, _, after) = asked
    assert (device, weights, before) == ("cpu", networks.transformer + networks.vae, 0)
    assert after >= networks.transformer
    monkeypatch.setattr(parking_module, "_give_back_pinned", lambda: None)
    restored(engine, some_frames(1), a_shot(1), WAYS[0])
    assert engine.held == 0, "nothing waits there any more"


def test_an_old_card_is_refused_before_any_weights_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda device: (7, 0))
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: "Tesla V100")
    nothing = Files(*[tmp_path / name for name in ("transformer", "vae", "prompt")])
    with pytest.raises(BFloat16Missing, match="Tesla V100"):
        Engine.load(V2, nothing, "cuda:0")


def test_windows_are_restored_alone_and_fade_into_each_other() -> None:
    source, shot = some_frames(16), a_shot(16)
    way = Way(window=9, overlap=3)
    made = restored(tiny_engine(), source, shot, way)
    alone = restored(tiny_engine(), source[:9], a_shot(9))
    assert list(way.spans(16)) == [(0, 9), (6, 15), (12, 16)]
    assert len(made) == 16
    assert np.array_equal(made[:7], alone[:7])  # a third of three frames is the one alone
    assert not np.array_equal(made[8], alone[8])


@pytest.mark.parametrize("overlap", [0, 3])
def test_a_shot_goes_on_at_a_window_as_if_it_had_never_stopped(overlap: int) -> None:
    source, shot = some_frames(16), a_shot(16)
    way = Way(window=9, overlap=overlap)
    starts = [start for start, _ in way.spans(16)]
    whole = restored(tiny_engine(), source, shot, way)
    for number, start in enumerate(starts):
        again = np.stack(list(tiny_engine().restore(read(source), shot, way, first=number)))
        assert np.array_equal(again, whole[start:])


def test_all_frames_of_a_window_come_before_the_next_one_is_begun() -> None:
    encoded: list[float] = []

    def step(stage: str, done: float, total: float) -> None:
        if stage == "encoding":
            encoded.append(done)

    way = Way(window=5)
    made = tiny_engine().restore(read(some_frames(10)), a_shot(10), way, step)
    for _ in range(5):
        next(made)
    assert max(encoded) == 4
    made.close()


def test_tiles_are_told_apart_from_the_whole_and_join_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OVERLAP_OF_TILES", 16)
    source, shot = some_frames(5), a_shot(5, 32, 64)
    made = restored(tiny_engine(), source, shot, Way(tile=32))
    assert made.shape == (5, 32, 64, 3)
    assert np.array_equal(restored(tiny_engine(), source, shot, Way(tile=64)), restored(tiny_engine(), source, shot))


@pytest.mark.parametrize(
    ("frames", "says"),
    [
        (some_frames(4), "4 frames came of 5"),
        (np.zeros((5, 8, 8, 4), np.uint8), r"a frame has the shape \[8, 8, 4\]"),
    ],
    ids=["too few", "alpha"],
)
def test_frames_that_are_not_the_shot_are_refused(frames: Any, says: str) -> None:
    with pytest.raises(InputInvalid, match=says):
        restored(tiny_engine(), frames, a_shot(5))


def test_what_is_no_number_is_not_written() -> None:
    broken = network_of(V2)
    with torch.no_grad():
        next(broken.vid_out.parameters()).fill_(torch.nan)
    with pytest.raises(FramesNotFinite):
        restored(Engine(broken, tiny_vae(), synthetic_prompt(V2, 5)), some_frames(1), a_shot(1))
