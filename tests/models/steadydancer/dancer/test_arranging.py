"""A dancer arranged for a request."""

from __future__ import annotations

import pytest
import torch

from greenroom.models.steadydancer.dancer.arranging import arranged, fixed_of
from greenroom.models.steadydancer.dancer.fixed import fix, velocity
from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.sampling.guidance import Pass
from tests.models.steadydancer.networks import conditions_of, dancer_of, latents_of, normal


def test_weights_lie_where_a_way_says() -> None:
    network = dancer_of()

    def where(way: Way) -> tuple[int | None, int | None]:
        arranged(network, way)
        return network.streaming.resident, network.hearing.resident

    assert where(Way(apart=True)) == (None, 0)
    assert where(Way(resident=1)) == (1, 0)
    assert where(Way(resident=0, apart=True)) == (0, 0)
    assert where(Way(parked=True)) == (None, None)


@pytest.mark.parametrize("keeps_said", [True, False])
def test_windows_have_all_but_their_poses_in_common(*, keeps_said: bool) -> None:
    network, given = dancer_of(), conditions_of()
    moved = conditions_of()
    object.__setattr__(moved, "pose", normal(*given.pose.shape, seed=20))
    first, second = fixed_of(network, [given, moved], Way(keeps_said=keeps_said))
    assert second.tables is first.tables
    assert second.heard is first.heard
    for fixed, conditions in ((first, given), (second, moved)):
        alone = fix(network, conditions, keeps_said=keeps_said)
        asked = [velocity(network, own, latents_of(), 300, Pass.CONDITIONAL) for own in (fixed, alone)]
        assert torch.equal(*asked)


def test_slots_of_what_hears_are_given_back_where_it_is_heard_once() -> None:
    network = dancer_of()
    arranged(network, Way(apart=True))
    for keeps in (False, True):
        fixed = fixed_of(network, [conditions_of()], Way(apart=True, keeps_said=keeps))
        velocity(network, fixed[0], latents_of(), 300, Pass.CONDITIONAL)
        assert (network.hearing.taken > 0) == (not keeps)
