from __future__ import annotations

from fractions import Fraction

import torch

from greenroom.models.foley.watching.synthetic import synthetic_clip


def test_a_long_clip_comes_in_pieces_that_follow_each_other() -> None:
    first, second = synthetic_clip(Fraction(20), Fraction("20.16"))
    assert (len(first.pictures), len(second.pictures)) == (120, 42)
    assert (len(first.frames), len(second.frames)) == (375, 129)
    assert first.end == second.end == 20
    assert first.pictures.shape[1:] == (3, 512, 512)
    assert first.frames.shape[1:] == (3, 224, 224)


def test_the_same_seed_is_the_same_clip() -> None:
    [one], [again], [other] = (synthetic_clip(Fraction(1), Fraction(1), seed) for seed in (1, 1, 2))
    assert torch.equal(one.frames, again.frames)
    assert not torch.equal(one.frames, other.frames)
