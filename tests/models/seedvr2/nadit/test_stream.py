"""However many windows a block works on at once, and wherever the stream lies, the answer is the same."""

from __future__ import annotations

import pytest
import torch

from greenroom.models.seedvr2.architecture import Architecture
from greenroom.models.seedvr2.nadit.layout import lay_out
from greenroom.models.seedvr2.nadit.stream import OnHost
from greenroom.models.seedvr2.nadit.work import Work
from tests.models.seedvr2.networks import BOTH, V2, network_of, normal

LATENT = normal(5, 44, 44, 33)
TEXT = normal(6, 32, seed=1)


@pytest.mark.parametrize("architecture", BOTH, ids=lambda a: a.name)
@pytest.mark.parametrize("work", [Work(1), Work(900), Work(on_host=True), Work(900, on_host=True)], ids=str)
def test_groups_of_windows_answer_as_the_whole(architecture: Architecture, work: Work) -> None:
    network = network_of(architecture)
    at = network.modulations(1000.0)
    whole = network(LATENT, TEXT, at)
    parts = network(LATENT, TEXT, at, work)
    torch.testing.assert_close(parts, whole, atol=2e-5, rtol=0)


def test_the_work_is_in_parts() -> None:
    network, taken = network_of(V2), []
    shared = network.get_submodule("blocks.1.mlp.all")
    shared.register_forward_hook(lambda _module, args, _out: taken.append(len(args[0])))
    network(LATENT, TEXT, network.modulations(1000.0), Work(900, on_host=True))
    *video, text = taken
    assert text == len(TEXT)
    assert len(video) > 2
    assert max(video) <= 900
    assert sum(video) == 5 * 22 * 22


def test_rows_come_back_to_their_places() -> None:
    layouts = lay_out(V2, (9, 22, 23), 6)
    first, second = (layouts.of(layer) for layer in (0, 1))
    rows = normal(first.tokens, 4)
    stream = OnHost(torch.empty_like(rows), torch.device("cpu"), 500)
    for part in first.parts(500):
        stream.put(first, part, rows[first.order[part.rows]])
    for part, values, placement in stream.each(second):
        assert torch.equal(values, rows[second.order[part.rows]])
        assert torch.equal(placement.places, second.placement_of(part).places)
        values.add_(1)
    for part, values, _ in stream.each(first, keep=False):
        assert torch.equal(values, rows[first.order[part.rows]] + 1)
        values.add_(1)
    assert all(torch.equal(values, rows[first.order[part.rows]] + 1) for part, values, _ in stream.each(first))
