"""Steps of a denoiser whose blocks come from the host, recorded with their copies."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, UntypedStorage

from greenroom.errors import Cancelled
from greenroom.models.foley.mmdit import sampler as sampler_module
from greenroom.models.foley.mmdit.sampler import Sampler
from greenroom.models.foley.mmdit.transformer import MMDiT
from greenroom.models.foley.mmdit.windows import GRID
from greenroom.nn import streaming
from tests.models.f5tts.recorded import Repeated
from tests.models.foley.networks import TINY, denoiser_of, features_of, normal, parts_of
from tests.nn.lanes import Replayed, Watched

LENGTH = 21
NOISE = normal(2, TINY.latent, LENGTH)


@pytest.fixture
def lane(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Steps are recorded with their copies, and replayed as a GPU does it."""
    lane = Watched()
    monkeypatch.setattr(streaming, "lane_to", lambda _device: lane)
    monkeypatch.setattr(sampler_module, "Recorded", partial(Replayed, lane=lane))
    return lane


def graphs_of(sampler: Sampler) -> list[object]:
    return [own._graph for own in sampler._prepared.values()]


LENGTHS = (LENGTH, 13)


def requests() -> list[Tensor]:
    """By a sampler whose steps are done kernel by kernel, with the same room for texts."""
    sampler = Sampler(denoiser_of(), graphs=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampler_module, "Recorded", Repeated)
        return [sampler.sample(features_of(), normal(2, TINY.latent, length), steps=3) for length in LENGTHS]


@pytest.mark.parametrize("resident", [0, 1, 2, 3, None])
def test_streamed_steps_are_recorded_with_their_copies(resident: int | None, lane: Watched) -> None:
    wanted = requests()
    network = denoiser_of()
    assert len(network.blocks) == 4
    network.streaming.keep(resident)
    sampler = Sampler(network, graphs=True)
    sent = 0
    for again in range(2):
        for length, made in zip(LENGTHS, wanted, strict=True):
            noise = normal(2, TINY.latent, length)
            assert torch.equal(sampler.sample(features_of(), noise, steps=3), made)
        assert len(sampler._prepared) == 2
        assert not again or len(lane.sent) == sent  # by graphs alone
        sent = len(lane.sent)
    # Where nothing is recorded, copies are as ever, and graphs are right behind it.
    plain = Sampler(network, graphs=False)
    plain.sample(features_of(), NOISE, steps=2)
    with pytest.raises(Cancelled):
        plain.sample(features_of(), NOISE, steps=2, step=cancelled)
    assert torch.equal(sampler.sample(features_of(), NOISE, steps=3), wanted[0])


def cancelled(stage: str, done: float, total: float) -> None:
    if done:
        raise Cancelled


def memory(network: MMDiT) -> dict[int, UntypedStorage]:
    """That weights and slots are in."""
    tensors = [*network.parameters(), *network.buffers(), *(slot.row for slot in network.streaming._slots)]
    return {own.untyped_storage()._cdata: own.untyped_storage() for own in tensors}


def arrange(network: MMDiT, resident: int | None) -> None:
    """Have other weights away. What is given up is somebody else's from then on."""
    before = memory(network)
    network.streaming.keep(resident)
    network.streaming.forget()
    after = memory(network)
    for key, given_up in before.items():
        if key not in after:
            torch.empty(0, dtype=torch.uint8).set_(given_up).fill_(0xFF)


def test_what_was_recorded_goes_when_weights_lie_elsewhere(lane: Watched) -> None:
    wanted = requests()[0]
    network = denoiser_of()
    sampler = Sampler(network, graphs=True)
    before: list[object] = []
    for resident in (None, 2, 0, None, 1):
        arrange(network, resident)
        assert torch.equal(sampler.sample(features_of(), NOISE, steps=3), wanted)
        [graph] = graphs_of(sampler)
        assert graph not in before
        before.append(graph)
        assert torch.equal(sampler.sample(features_of(), NOISE, steps=3), wanted)
        assert graphs_of(sampler) == [graph]
    arrange(network, 1)
    assert torch.equal(sampler.sample(features_of(), NOISE, steps=3), wanted)
    assert graphs_of(sampler) != before[-1:]


def test_what_does_not_hold_is_gone_before_another_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two would take the memory of both."""
    there: list[weakref.ref[object]] = []
    found: list[bool] = []

    class Noted(Repeated[None]):
        def __init__(self, work: Callable[[], None], pool: object) -> None:
            found.append(any(graph() is not None for graph in there))
            super().__init__(work, pool)
            there.append(weakref.ref(self))

    monkeypatch.setattr(sampler_module, "Recorded", Noted)
    network = denoiser_of()
    sampler = Sampler(network, graphs=True)
    for resident in (None, 1, 2):
        network.streaming.keep(resident)
        sampler.sample(features_of(), NOISE, steps=1)
    assert found == [False] * 3


@pytest.mark.parametrize("then", [0, 1, 2, None])
def test_weights_that_move_between_steps_do_no_harm(then: int | None, lane: Watched) -> None:
    wanted = requests()[0]
    network = denoiser_of()
    network.streaming.keep(1)
    sampler = Sampler(network, graphs=True)

    def move(stage: str, done: float, total: float) -> None:
        if done == 1:
            arrange(network, then)

    assert torch.equal(sampler.sample(features_of(), NOISE, steps=3, step=move), wanted)
    assert torch.equal(sampler.sample(features_of(), NOISE, steps=3), wanted)


def test_slots_are_there_before_anything_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or they would be in the memory of graphs."""
    network = denoiser_of()
    taken: list[int] = []

    class Noted(Repeated[None]):
        def __init__(self, work: Callable[[], None], pool: object) -> None:
            taken.append(network.streaming.taken)
            super().__init__(work, pool)

    monkeypatch.setattr(sampler_module, "Recorded", Noted)
    network.streaming.keep(1)
    Sampler(network, graphs=True).sample(features_of(), NOISE, steps=1)
    assert taken == [network.streaming.taken]
    assert taken[0] > 0


@pytest.mark.parametrize("resident", [0, 1])
def test_groups_of_several_graphs_are_streamed_in_each_step(resident: int, lane: Watched) -> None:
    parts, noise = parts_of(10 * GRID, begins=(0, 5 * GRID)), normal(3, TINY.latent, 10 * GRID)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampler_module, "Recorded", Repeated)
        wanted = Sampler(denoiser_of(), graphs=True).sample_parts(parts, noise, steps=2, together=2)
    network = denoiser_of()
    network.streaming.keep(resident)
    sampler = Sampler(network, graphs=True)
    for _ in range(2):
        assert torch.equal(sampler.sample_parts(parts, noise, steps=2, together=2), wanted)
    assert len(graphs_of(sampler)) > 1
