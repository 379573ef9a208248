"""Windows taken out of a clip and put together again."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from greenroom.errors import Cancelled
from greenroom.models.steadydancer.sampling.blending import Windowed, shares
from greenroom.models.steadydancer.sampling.guidance import Pass
from greenroom.models.steadydancer.sampling.windows import OVERLAP, sampled_length, windows

PASS = Pass.CONDITIONAL


def normal(length: int) -> Tensor:
    return torch.randn(3, length, 2, 2, generator=torch.Generator().manual_seed(length))


@given(st.integers(2, 200))
@settings(max_examples=50, deadline=None)
def test_what_is_only_taken_apart_is_the_same_again(length: int) -> None:
    latents = normal(sampled_length(length))
    whole = Windowed(windows(length), lambda place, own, time, which: own)(latents, 7, PASS)
    torch.testing.assert_close(whole, latents, atol=1e-6, rtol=1e-6)


def test_one_window_is_asked_as_it_is() -> None:
    latents = normal(21)
    asked: list[tuple[int, int, Pass]] = []

    def ask(place: int, own: Tensor, time: int, which: Pass) -> Tensor:
        asked.append((place, time, which))
        return own * 3

    assert torch.equal(Windowed(windows(21), ask)(latents, 7, PASS), latents * 3)
    assert asked == [(0, 7, PASS)]


def test_neighbours_go_over_into_each_other() -> None:
    first, second = shares(windows(37))
    assert torch.equal(first[: 21 - OVERLAP], torch.ones(21 - OVERLAP))
    torch.testing.assert_close(first[-OVERLAP:], torch.tensor([0.875, 0.625, 0.375, 0.125]))
    assert second[0] == 1  # its head, which is no other's
    torch.testing.assert_close(second[1 : 1 + OVERLAP], 1 - first[-OVERLAP:])


def test_each_window_has_its_own_latents() -> None:
    found = windows(75)
    latents = torch.arange(float(sampled_length(75))).view(1, -1, 1, 1)
    seen: list[list[int]] = []

    def ask(place: int, own: Tensor, time: int, which: Pass) -> Tensor:
        seen.append([int(number) for number in own[0, :, 0, 0]])
        return torch.full_like(own, float(place))

    whole = Windowed(found, ask)(latents, 7, PASS)
    assert seen == [list(window.places) for window in found]
    # Heads go where their own windows go, and latents of one window alone too.
    assert whole[0, 75:, 0, 0].tolist() == [1, 2, 3, 4]
    assert whole[0, 0, 0, 0] == 0
    assert whole[0, 74, 0, 0] == 4


def test_it_is_stopped_between_windows() -> None:
    asked: list[int] = []

    def gate() -> None:
        if len(asked) == 2:
            raise Cancelled

    def ask(place: int, own: Tensor, time: int, which: Pass) -> Tensor:
        asked.append(place)
        return own

    with pytest.raises(Cancelled):
        Windowed(windows(75), ask, gate)(normal(sampled_length(75)), 7, PASS)
    assert asked == [0, 1]
