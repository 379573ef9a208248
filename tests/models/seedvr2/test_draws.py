"""Random numbers of a shot."""

from __future__ import annotations

import torch

from greenroom.models.seedvr2.draws import Seeded


def test_a_latent_frame_has_the_same_numbers_however_the_shot_is_cut() -> None:
    whole = Seeded(1, 2).normal("noise", 0, (4, 2, 3, 16))
    later = Seeded(1, 2).normal("noise", 8, (2, 2, 3, 16))
    assert torch.equal(whole[2:], later)
    assert whole.dtype == torch.float32


def test_seeds_shots_purposes_and_frames_differ() -> None:
    shape = (1, 2, 3, 16)
    drawn = [
        Seeded(1).normal("noise", 0, shape),
        Seeded(2).normal("noise", 0, shape),
        Seeded(1, 1).normal("noise", 0, shape),
        Seeded(1).normal("posterior", 0, shape),
        Seeded(1).normal("noise", 4, shape),
    ]
    assert len({tensor.numpy().tobytes() for tensor in drawn}) == len(drawn)


def test_they_are_normal() -> None:
    drawn = Seeded(5).normal("noise", 0, (2, 90, 160, 16))
    assert abs(float(drawn.mean())) < 0.01
    assert abs(float(drawn.std()) - 1) < 0.01


def test_they_are_those_of_every_release() -> None:
    """Results are to be had again: these numbers do not change."""
    drawn = Seeded(666).normal("noise", 0, (1, 1, 1, 3)).flatten().tolist()
    assert [round(number, 4) for number in drawn] == PINNED


PINNED = [0.1361, 1.0003, -1.6475]
