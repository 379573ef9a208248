"""Parts that come one by one, and leave or stay."""

from __future__ import annotations

from torch import nn

from greenroom.models.arrivals import Arrivals


def test_each_leaves_before_the_next_one_is_there() -> None:
    arrivals, parts = Arrivals(parked=True, stays=lambda _: None), {"first": nn.Linear(2, 3), "second": nn.Linear(3, 4)}
    for name, part in parts.items():
        arrivals.take(name, part)
        assert arrivals.parkings[name].away
        assert part.weight.numel() == 0
    assert [*arrivals.parkings] == [*parts]


def test_what_stays_is_told() -> None:
    told: list[nn.Module] = []
    arrivals, part = Arrivals(parked=False, stays=told.append), nn.Linear(2, 3)
    arrivals.take("first", part)
    assert (told, arrivals.parkings) == ([part], {})
    assert part.weight.numel() == 6
