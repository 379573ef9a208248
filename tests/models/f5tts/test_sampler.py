"""The published sampler's corners. Equality with the original: test_parity."""

from __future__ import annotations

import pytest
import torch

from greenroom.errors import Cancelled, InputInvalid, UnknownName
from greenroom.models.f5tts.sampler import draw_noise, row_frames, sample
from tests.models.f5tts.networks import V1, flow_of, normal

COND = normal(2, 24, 20)
TEXT = torch.tensor([[3, 7, 1, 0, 9, -1], [5, 5, 8, 2, 2, 2]])
FLOW = flow_of(V1)


def test_the_trajectory_is_kept_only_when_it_is_asked_for() -> None:
    assert sample(FLOW, COND[:1], TEXT[:1], 40, steps=3, seed=1).trajectory is None
    sampled = sample(FLOW, COND[:1], TEXT[:1], 40, steps=3, seed=1, trajectory=True)
    assert sampled.trajectory is not None
    assert sampled.trajectory.shape == (4, 1, 40, 20)
    assert torch.equal(sampled.trajectory[-1, :, 24:], sampled.mel[:, 24:])


def test_conditioning_comes_out_as_it_went_in() -> None:
    sampled = sample(FLOW, COND, TEXT, [40, 30], lens=[10, 24], steps=2, seed=1)
    assert torch.equal(sampled.mel[0, :10], COND[0, :10])
    assert torch.equal(sampled.mel[1, :24], COND[1])
    assert not torch.isclose(sampled.mel[0, 10:24], COND[0, 10:24]).any()


def test_an_edit_mask_keeps_what_it_marks() -> None:
    keep = torch.ones(1, 24, dtype=torch.bool)
    keep[0, 5:9] = False
    sampled = sample(FLOW, COND[:1], TEXT[:1], 24, steps=2, seed=1, edit_mask=keep)
    assert sampled.mel.shape == (1, 25, 20)
    assert torch.equal(sampled.mel[0, :24][keep[0]], COND[0][keep[0]])
    assert not torch.isclose(sampled.mel[0, 5:9], COND[0, 5:9]).any()


def test_what_the_mask_leaves_out_is_not_seen() -> None:
    keep = torch.ones(1, 24, dtype=torch.bool)
    keep[0, 5:9] = False
    other = COND[:1].clone()
    other[0, 5:9] = 9.0
    mels = [sample(FLOW, cond, TEXT[:1], 30, steps=2, seed=1, edit_mask=keep).mel for cond in (COND[:1], other)]
    assert torch.equal(*mels)


@pytest.mark.parametrize(
    ("duration", "most", "frames"), [(40, 65_536, [40, 40]), (3, 65_536, [25, 25]), ([90, 26], 31, [31, 26])]
)
def test_frames_have_a_least_and_a_most(duration: int | list[int], most: int, frames: list[int]) -> None:
    assert row_frames(COND, TEXT, duration, max_duration=most) == frames


def test_a_text_longer_than_the_reference_sets_the_least() -> None:
    assert row_frames(COND[:, :4], TEXT, 1, lens=[2, 4]) == [6, 7]


def test_noise_is_of_the_seed_and_leaves_torch_s_own_alone() -> None:
    torch.manual_seed(5)
    expected = torch.randn(4, 3)
    torch.manual_seed(5)
    assert torch.equal(draw_noise(4, 3, 5), expected)
    assert torch.equal(draw_noise(4, 3, None), expected)
    assert not torch.equal(draw_noise(4, 3, None), expected)


def test_rows_of_a_seed_have_the_same_noise() -> None:
    sampled = sample(FLOW, COND, TEXT, [40, 30], steps=1, seed=7, trajectory=True)
    assert sampled.trajectory is not None
    noise = sampled.trajectory[0]
    assert torch.equal(noise[0], draw_noise(40, 20, 7))
    assert torch.equal(noise[1, :30], draw_noise(30, 20, 7))
    assert not noise[1, 30:].any()


def test_given_noise_takes_the_place_of_the_seed_s() -> None:
    drawn = sample(FLOW, COND[:1], TEXT[:1], 40, steps=2, seed=7)
    given = sample(FLOW, COND[:1], TEXT[:1], 40, steps=2, seed=8, noise=draw_noise(40, 20, 7)[None])
    assert torch.equal(drawn.mel, given.mel)


def test_noise_of_another_shape_is_refused() -> None:
    with pytest.raises(InputInvalid, match=r"\[1, 39, 20\]"):
        sample(FLOW, COND[:1], TEXT[:1], 40, noise=torch.zeros(1, 39, 20))


def test_an_unknown_solver_is_refused() -> None:
    with pytest.raises(UnknownName, match="dopri5"):
        sample(FLOW, COND[:1], TEXT[:1], 40, ode_method="dopri5")


def test_steps_are_told_and_may_stop_the_work() -> None:
    told: list[tuple[str, float, float]] = []

    def step(stage: str, done: float, total: float) -> None:
        told.append((stage, done, total))
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        sample(FLOW, COND[:1], TEXT[:1], 40, steps=4, seed=1, step=step)
    assert told == [("sampling", done, 4) for done in (0, 1, 2)]
