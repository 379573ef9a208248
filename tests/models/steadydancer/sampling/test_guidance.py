"""Which passes a step needs, and what becomes of their answers."""

from __future__ import annotations

import math

import pytest
import torch

from greenroom.errors import InputInvalid
from greenroom.models.steadydancer.sampling.guidance import Guidance, Pass

ALL = (Pass.CONDITIONAL, Pass.UNCONDITIONAL, Pass.OTHER_POSE)


@pytest.mark.parametrize(("steps", "count"), [(40, 91), (50, 114), (8, 19)])
def test_passes_of_a_schedule(steps: int, count: int) -> None:
    assert Guidance().count(steps) == count


def test_the_bounds_of_the_window_are_outside_of_it() -> None:
    posed = [at for at in range(40) if Pass.OTHER_POSE in Guidance().passes(at, 40)]
    assert posed == list(range(5, 16))


@pytest.mark.parametrize(
    ("guidance", "asked"),
    [
        (Guidance(1.0, 0.0), ALL[:1]),
        (Guidance(1.0, 1.0, 0.0, 1.0), (ALL[0], ALL[2])),
        (Guidance(5.0, 0.0), ALL[:2]),
        (Guidance(5.0, 1.0, 0.0, 1.0), ALL),
        (Guidance(5.0, 1.0, 0.5, 0.4), ALL[:2]),
    ],
)
def test_only_what_counts_is_asked(guidance: Guidance, asked: tuple[Pass, ...]) -> None:
    assert guidance.passes(2, 5) == asked


def test_terms_are_added_and_not_nested() -> None:
    c, u, p = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
    made = Guidance(5.0, 2.0).guided(dict(zip(ALL, (c, u, p), strict=True)))
    torch.testing.assert_close(made, u + 5 * (c - u) + 2 * (c - p))
    assert torch.equal(Guidance(1.0, 0.0).guided({Pass.CONDITIONAL: c}), c)
    torch.testing.assert_close(Guidance(1.0, 2.0).guided({ALL[0]: c, ALL[2]: p}), c + 2 * (c - p))


@pytest.mark.parametrize("name", ["text", "pose", "begin", "end"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_no_number_is_refused(name: str, value: float) -> None:
    with pytest.raises(InputInvalid, match=name):
        Guidance(**{name: value})
